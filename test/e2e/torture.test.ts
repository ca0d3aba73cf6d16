// RFC 4475: the 49 torture messages, sent by UDP to a running SIP Server. The table of file, section, layer and status
// is packages/sip/test-data/rfc4475.ts; what the server behind parser and validator answers is here.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type RunningSystem, startSystem, tone, talk } from "@sidetone/testing";
import { RFC4475, torturePath } from "../../packages/sip/test-data/rfc4475.ts";
import { connect, hearsEachOther, phone } from "./phones.ts";

let system: RunningSystem;

before(async () => {
  system = await startSystem({ mode: "one-process" });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

/**
 * Status seen where the message is sound and the server behind the parser decides: 401 = its caller must say who it is, 404 = no DN or
 * domain of ours, 481 = its To tag names no dialog of ours, 405 and 501 = a method that is not served, 200 = served. Where the RFC leaves a
 * choice, this is ours.
 */
const served: Readonly<Record<string, number | "drop">> = {
  "wsinv.dat": 481,
  "intmeth.dat": 501,
  "esc01.dat": 401,
  "escnull.dat": 404,
  "esc02.dat": 501,
  "lwsdisp.dat": 200,
  "longreq.dat": 401,
  "dblreq.dat": 404,
  "semiuri.dat": 200,
  "transports.dat": 200,
  "mpart01.dat": 405,
  "badbranch.dat": 200,
  "unksm2.dat": 404,
  "regaut01.dat": 404,
  "zeromf.dat": 200,
  "cparam01.dat": 404,
  "cparam02.dat": 404,
  "regescrt.dat": 404,
  "inv2543.dat": 401,
};

/** Sends the bytes from a socket of its own; gives the first final status that comes back, or `drop`. */
function answerTo(bytes: Buffer, waitMs: number): Promise<number | "drop"> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    const over = (answer: number | "drop"): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => over("drop"), waitMs);
    socket.once("error", reject);
    socket.on("message", (data) => {
      const status = Number(/^SIP\/2\.0 (\d{3}) /.exec(data.toString("latin1", 0, 20))?.[1] ?? 0);
      if (status >= 200) over(status);
    });
    socket.send(bytes, system.sip.port, system.sip.host, (error) => {
      if (error !== null) reject(error);
    });
  });
}

let branch = 0;
async function alive(): Promise<void> {
  branch += 1;
  const ping = [
    `OPTIONS sip:127.0.0.1:${system.sip.port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKalive${branch};rport`,
    "Max-Forwards: 70",
    "From: <sip:tester@127.0.0.1>;tag=alive",
    `To: <sip:127.0.0.1:${system.sip.port}>`,
    `Call-ID: alive-${branch}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
  assert.equal(await answerTo(Buffer.from(ping), 1000), 200, "the server does not answer any more");
}

/** What makes two requests one transaction (RFC 3261 17.2.3): several of the messages have it in common. */
function transactionKey(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  const via = /^(?:via|v)\s*:[^\r\n]*?\s([^\s;]+)[^\r\n]*?;branch=([^\s;,]+)/im.exec(text);
  return `${text.split(" ")[0]} ${via?.[1]} ${via?.[2]}`;
}
const sent = new Set<string>();

for (const row of RFC4475) {
  test(`RFC 4475 ${row.section} (${row.file}): ${row.layer} → ${row.expect === "processed" ? served[row.file] : row.expect}`, async () => {
    const bytes = readFileSync(torturePath("rfc4475", row.file));
    if (sent.has(transactionKey(bytes))) {
      await system.stop(); // to a server that saw its twin it would be a retransmission
      await system.start();
      sent.clear();
    }
    sent.add(transactionKey(bytes));
    const answer = await answerTo(bytes, row.expect === "drop" ? 400 : 1200);
    assert.equal(answer, row.expect === "processed" ? served[row.file] : row.expect);
    await alive();
  });
}

test("after all of them a call goes through and is heard", async (t) => {
  const a = await phone(t, system, "7001", { source: tone(437) });
  const b = await phone(t, system, "7002", { source: tone(1013) });
  const call = await connect(a, b);
  await hearsEachOther(call, 437, 1013);
  await call.caller.bye();
  await talk(100);
});
