import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers, parseMessage, serialize, SipRequest } from "./index.ts";

test("RFC 3261 7.3.3: compact forms and any case name the same header", () => {
  const headers = Headers.of([
    ["i", "1@a"],
    ["CONTENT-type", "application/sdp"],
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
  assert.equal(headers.get("Call-ID"), "1@a");
  assert.equal(headers.get("c"), "application/sdp");
  assert.equal(headers.get("__PROTO__"), "x");
  assert.equal(headers.get("Constructor"), "y");
  assert.equal(headers.get("toString"), undefined);
  assert.deepEqual(Array.from(headers.entries())[0], ["Call-ID", "1@a"]);
});

test("RFC 3261 7.3.1: list headers are split at commas, but not inside quotes, angle brackets or single-valued headers", () => {
  const headers = Headers.of([
    ["Contact", '"a, b" <sip:a@x?h=1,2>, <sip:c@y>'],
    ["m", "<sip:d@z>"],
    ["Authorization", 'Digest username="a", realm="b"'],
  ]);
  assert.deepEqual(headers.list("contact"), ['"a, b" <sip:a@x?h=1,2>', "<sip:c@y>", "<sip:d@z>"]);
  assert.deepEqual(headers.list("authorization"), ['Digest username="a", realm="b"']);
});

test("RFC 3261 16.7: the topmost Via element is removed or replaced, the rest of the line stays", () => {
  const headers = Headers.of([
    ["Via", "SIP/2.0/UDP a, SIP/2.0/UDP b"],
    ["Via", "SIP/2.0/TCP c"],
  ]);
  headers.replaceFirst("via", "SIP/2.0/UDP a;received=1.2.3.4");
  assert.equal(headers.get("via"), "SIP/2.0/UDP a;received=1.2.3.4, SIP/2.0/UDP b");
  headers.removeFirst("via");
  assert.deepEqual(headers.all("via"), ["SIP/2.0/UDP b", "SIP/2.0/TCP c"]);
  headers.removeFirst("via").prepend("Via", "SIP/2.0/UDP d");
  assert.deepEqual(headers.all("via"), ["SIP/2.0/UDP d", "SIP/2.0/TCP c"]);
});

test("set keeps the place of the first line and drops the others", () => {
  const headers = Headers.of([
    ["X-A", "1"],
    ["X-B", "2"],
    ["X-A", "3"],
    ["X-C", "4"],
  ]).set("x-a", "5");
  assert.deepEqual(Array.from(headers), [
    ["X-A", "5"],
    ["X-B", "2"],
    ["X-C", "4"],
  ]);
});

test("a value cannot add a header, nor a start line a second line", () => {
  const request = new SipRequest(
    "INFO",
    "sip:a@b\r\nEvil: 1",
    Headers.of([
      ["Subject", "x\r\nEvil: 2"],
      ["Bad\r\nEvil", "3"],
    ]),
  );
  assert.ok(!serialize(request).toString().includes("\r\nEvil"));
});

test("text beyond latin1 is written as UTF-8, and Content-Length counts bytes", () => {
  const request = new SipRequest("MESSAGE", "sip:a@b", Headers.of([["Subject", "€"]]), Buffer.from("€€"));
  const bytes = serialize(request);
  assert.ok(bytes.includes(Buffer.from("Subject: €\r\n")));
  assert.ok(bytes.includes("Content-Length: 6\r\n"));
});

test("forwarding keeps order, spelling and values", () => {
  const text =
    "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP  h ;branch=z\r\nx-Odd:  a  ,b\r\nl: 0\r\nTo: <sip:a@b>\r\n\r\n";
  const parsed = parseMessage(Buffer.from(text));
  assert.ok(parsed.ok);
  const written = serialize(parsed.value).toString();
  assert.equal(written, text.replace("x-Odd:  a", "x-Odd: a"));
});

test("a clone has headers of its own and the views follow the headers", () => {
  const request = new SipRequest("INVITE", "sip:a@b", Headers.of([["From", "<sip:x@y>;tag=1"]]));
  assert.equal(request.fromTag, "1");
  const copy = request.clone();
  copy.headers.set("from", "<sip:x@y>;tag=2");
  assert.equal(copy.fromTag, "2");
  assert.equal(request.fromTag, "1");
});
