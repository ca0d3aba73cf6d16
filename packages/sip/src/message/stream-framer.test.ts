import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { torturePath } from "../../test-data/rfc4475.ts";
import { LIMITS } from "../limits.ts";
import { parseMessage, serialize, StreamFramer } from "./index.ts";
import type { FramedItem } from "./index.ts";

const HEAD =
  "INFO sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INFO\r\n";
const withBody = (body: string, length: string = String(body.length)) =>
  Buffer.from(`${HEAD}Content-Length: ${length}\r\n\r\n${body}`);
const kinds = (items: readonly FramedItem[]) => items.map((i) => (i.kind === "error" ? `error: ${i.reason}` : i.kind));

test("RFC 3261 18.3: however the bytes are cut, the messages are the same", () => {
  const stream = Buffer.concat([
    withBody("hello"),
    Buffer.from("\r\n\r\n"),
    withBody(""),
    withBody("INVITE sip:x@y SIP/2.0\r\n\r\n"),
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }), (cuts) => {
      const framer = new StreamFramer();
      const bodies: string[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = cuts[i % cuts.length] ?? 1;
        for (const item of framer.push(Buffer.from(stream.subarray(at, at + size)))) {
          assert.notEqual(item.kind, "error");
          if (item.kind === "message") bodies.push(item.message.body.toString());
        }
        at += size;
      }
      assert.deepEqual(bodies, ["hello", "", "INVITE sip:x@y SIP/2.0\r\n\r\n"]);
      assert.equal(framer.partial, false);
    }),
    { numRuns: 200 },
  );
});

test("RFC 5626 4.4.1: two line ends are a ping, one is a pong", () => {
  const framer = new StreamFramer();
  assert.deepEqual(kinds(framer.push(Buffer.from("\r\n\r\n"))), ["ping"]);
  assert.deepEqual(kinds(framer.push(Buffer.from("\r\n"))), ["pong"]);
  assert.deepEqual(kinds(new StreamFramer().push(Buffer.concat([Buffer.from("\r\n\r\n"), withBody("x")]))), [
    "ping",
    "message",
  ]);
});

test("a flood of line ends gives one ping per piece", () => {
  assert.deepEqual(kinds(new StreamFramer().push(Buffer.from("\r\n".repeat(30_000)))), ["ping"]);
});

for (const length of ["abc", "-1", "1e3", "5, 5", "99999999999", "0x10", "", "+5"]) {
  test(`RFC 3261 20.14: Content-Length "${length}" ends the stream with a request to answer`, () => {
    const items = new StreamFramer().push(withBody("hello", length));
    const last = items.at(-1);
    assert.ok(last?.kind === "error" && last.request?.method === "INFO");
  });
}

test("two Content-Lengths, even equal ones, end the stream", () => {
  const bytes = Buffer.from(`${HEAD}Content-Length: 5\r\nl: 5\r\n\r\nhello`);
  assert.deepEqual(kinds(new StreamFramer().push(bytes)), ["error: Duplicate Content-Length"]);
});

test("RFC 3261 18.3: a message on a stream without Content-Length ends the stream", () => {
  assert.deepEqual(kinds(new StreamFramer().push(Buffer.from(`${HEAD}\r\n`))), ["error: No Content-Length"]);
});

test("a bare line feed ends no header: nobody can hide a Content-Length behind it", () => {
  for (const bare of ["\n", "\r"]) {
    const bytes = Buffer.from(`${HEAD}X: a${bare}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello`);
    assert.deepEqual(kinds(new StreamFramer().push(bytes)), ["error: bare CR or LF"]);
    assert.equal(parseMessage(bytes).ok, false);
  }
});

test("limits.streamHeadBytes: headers without an end are cut off", () => {
  const framer = new StreamFramer();
  let seen: FramedItem[] = [];
  for (let sent = 0; sent < 100 && seen.length === 0; sent++) seen = framer.push(Buffer.alloc(1024, "x"));
  assert.deepEqual(kinds(seen), ["error: headers too long"]);
  assert.deepEqual(framer.push(withBody("")), []);
});

test("limits.streamMessageBytes: a body that is announced too long is refused at once", () => {
  const [item] = new StreamFramer().push(withBody("", String(LIMITS.streamMessageBytes)));
  assert.ok(item?.kind === "error" && item.request !== undefined);
});

test("a long body in single bytes costs linear time", () => {
  const bytes = withBody("y".repeat(200_000));
  const framer = new StreamFramer();
  const start = performance.now();
  let messages = 0;
  for (const byte of bytes) messages += framer.push(Buffer.of(byte)).length;
  assert.equal(messages, 1);
  assert.ok(performance.now() - start < 2_000);
});

test("stream and datagram read the same message", () => {
  for (const file of ["wsinv.dat", "longreq.dat", "mpart01.dat", "intmeth.dat"]) {
    const bytes = readFileSync(torturePath("rfc4475", file));
    const datagram = parseMessage(bytes);
    const [item] = new StreamFramer().push(bytes);
    assert.ok(datagram.ok && item?.kind === "message");
    assert.deepEqual(serialize(item.message), serialize(datagram.value));
  }
});
