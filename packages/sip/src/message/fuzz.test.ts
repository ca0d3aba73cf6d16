import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSdp } from "../sdp/index.ts";
import { parseMessage, parseMultipart, serialize, StreamFramer, validateRequest, validateResponse } from "./index.ts";

const seeds = ["rfc4475", "rfc5118"].flatMap((set) => {
  const folder = fileURLToPath(new URL(`../../test-data/${set}/`, import.meta.url));
  return readdirSync(folder).map((file) => readFileSync(`${folder}${file}`));
});

/** Everything that wire input reaches in this layer. */
function swallow(bytes: Buffer): void {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) return;
  const message = parsed.value;
  if (message.kind === "request") validateRequest(message);
  else validateResponse(message);
  void [message.contact, message.topVia, message.from, message.to, message.cseq, message.contentType];
  parseSdp(message.body);
  parseMultipart(message.headers.get("content-type") ?? "", message.body);
  const written = serialize(message);
  const again = parseMessage(written);
  if (written.length > 65_535) return;
  assert.ok(again.ok, "what was written can be read");
  assert.deepEqual(serialize(again.value), written);
  // Smuggling: a stream must see in our output exactly the one message that we meant.
  if (bytes.length < 10_000 && message.flaws.length === 0) {
    const items = new StreamFramer().push(written);
    assert.ok(items.length === 1 && items[0]?.kind === "message", "one message on a stream");
  }
}

test("20 000 mutations of the torture messages: nothing throws, what is written reads the same", () => {
  let state = 0x2545f491;
  const random = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const bits = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    ";",
    ",",
    "<",
    ">",
    '"',
    "\\",
    ":",
    "@",
    "%",
    "%00",
    "[",
    "]",
    "=",
    " ",
    "\t",
    "\r\n ",
    "SIP/2.0",
    "-1",
    "4294967296",
    "Content-Length: 3\r\n",
    "ÿ",
    "\r\n\r\n",
  ];
  for (let i = 0; i < 20_000; i++) {
    let bytes = Buffer.from(seeds[random(seeds.length)] ?? "");
    for (let n = 1 + random(4); n > 0; n--) {
      const at = random(bytes.length + 1);
      switch (random(5)) {
        case 0:
          if (at < bytes.length) bytes[at] = random(256);
          break;
        case 1:
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            Buffer.from(bits[random(bits.length)] ?? "", "latin1"),
            bytes.subarray(at),
          ]);
          break;
        case 2:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(30))]);
          break;
        case 3:
          bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1), at), bytes.subarray(at)]);
          break;
        default:
          bytes = bytes.subarray(0, at);
      }
    }
    swallow(bytes);
  }
});

const HEAD =
  "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";
const repeated = (unit: string, length = 60_000) => unit.repeat(Math.floor(length / unit.length));
const HOSTILE: readonly [string, string][] = [
  ["From: a + blanks + @", `${HEAD}From: a${repeated(" ")}@\r\n\r\n`],
  ["blanks before a parameter", `${HEAD}From: <sip:a@b>${repeated(" ")};tag=1\r\n\r\n`],
  ["From of quotes", `${HEAD}From: ${repeated('"')}\r\n\r\n`],
  ["From of backslashes", `${HEAD}From: "${repeated("\\")}\r\n\r\n`],
  ["Contact of commas", `${HEAD}From: <sip:a@b>\r\nContact: ${repeated(",")}\r\n\r\n`],
  ["Contact of <", `${HEAD}From: <sip:a@b>\r\nContact: ${repeated("<")}\r\n\r\n`],
  ["parameters", `${HEAD}From: <sip:a@b>${repeated(";a")}\r\n\r\n`],
  ["URI parameters", `INVITE sip:a@b${repeated(";a")} SIP/2.0\r\nVia: x\r\n\r\n`],
  ["folds", `${HEAD}Subject: a${repeated("\r\n ")}\r\n\r\n`],
  ["headers without a colon", `${HEAD}${repeated("a\r\n")}\r\n`],
  ["colons", `${HEAD}${repeated(":\r\n")}\r\n`],
  ["line feeds", `${HEAD}X: ${repeated("\n")}\r\n\r\n`],
  ["carriage returns", `${HEAD}X: ${repeated("\r")}\r\n\r\n`],
  ["one header each of eight kilobytes", `${HEAD}${repeated(`Contact: ${'"<,'.repeat(2600)}\r\n`)}\r\n`],
  ["Via elements", `${HEAD}${repeated(`Via: ${",".repeat(8000)}\r\n`)}\r\n`],
  ["escapes", `INVITE sip:${repeated("%41")}@b SIP/2.0\r\n\r\n`],
  ["no end", repeated("INVITE ")],
  ["line ends only", repeated("\r\n")],
];
for (const [name, text] of HOSTILE) {
  test(`one datagram never blocks the event loop: ${name}`, () => {
    const bytes = Buffer.from(text, "latin1");
    const start = performance.now();
    swallow(bytes);
    assert.ok(performance.now() - start < 100, `${performance.now() - start} ms`);
  });
}
