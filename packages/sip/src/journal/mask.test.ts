import assert from "node:assert/strict";
import { test } from "node:test";
import { maskSecrets } from "./mask.ts";

const KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

test("RFC 7616: no digest answer is left, however its header is spelt or folded", () => {
  for (const name of [
    "Authorization",
    "AUTHORIZATION",
    "proxy-authorization",
    "Proxy-Authorization ",
    "Authentication-Info",
  ]) {
    const text = `INVITE sip:a@b SIP/2.0\r\nCall-ID: c\r\n${name}: Digest username="a",\r\n response="cafe"\r\nCSeq: 1 INVITE\r\n\r\nbody`;
    const masked = maskSecrets(text);
    assert.ok(!masked.includes("cafe") && !masked.includes('"a"'), masked);
    assert.ok(masked.includes("(masked)\r\nCSeq: 1 INVITE\r\n\r\nbody"), masked);
  }
});

test("a challenge is no secret", () => {
  const text = 'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n';
  assert.equal(maskSecrets(text), text);
});

test("RFC 4566 5.12, RFC 4567, RFC 4568: no key of a description is left", () => {
  const sdp = [
    "v=0",
    `k=clear:${KEY}`,
    `a=key-mgmt:mikey ${KEY}`,
    `a=crypto:1 AES inline:${KEY}|2^20`,
    "a=label:1",
    "",
  ];
  const masked = maskSecrets(`INVITE sip:a@b SIP/2.0\r\nCall-ID: c\r\n\r\n${sdp.join("\r\n")}`);
  assert.ok(!masked.includes(KEY.slice(0, 8)), masked);
  assert.ok(masked.includes("k=(masked)\r\n") && masked.includes("|2^20\r\na=label:1\r\n"), masked);
});

test("R19: a digit that was told by INFO is left out, how long is not", () => {
  const masked = maskSecrets("INFO sip:a@b SIP/2.0\r\nCall-ID: c\r\n\r\nSignal=4\r\nDuration=160\r\n");
  assert.ok(masked.endsWith("Signal=(masked)\r\nDuration=160\r\n"), masked);
});

test("what has no secret is given as it is", () => {
  const text = "BYE sip:a@b SIP/2.0\r\nCall-ID: c\r\nX-Signal=1: yes\r\n\r\n";
  assert.equal(maskSecrets(text), text);
});
