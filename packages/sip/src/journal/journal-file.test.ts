import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMessage } from "../message/index.ts";
import { journalLine } from "./journal-file.ts";

const KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const SDP = [
  "v=0",
  "m=audio 4000 RTP/SAVP 0",
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4;inline:${KEY}|2^20|2:4 WSH=64`,
  `a=crypto:2 AES_CM_128_HMAC_SHA1_32 INLINE:${KEY}`,
  "a=label:1",
  "",
].join("\r\n");

function lineOf(bytes: Buffer): string {
  const parsed = parseMessage(bytes);
  const message = parsed.ok ? parsed.value : undefined;
  const where = { direction: "in", transport: "tcp", local: "a:1", remote: "b:2", wallMicros: 0 } as const;
  return JSON.stringify(journalLine({ ...where, bytes, ...(message === undefined ? {} : { message }) }));
}

test("RFC 4568 9: no key of a=crypto stands in a journal; whatever else was said does", () => {
  const head = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK1\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n";
  const line = lineOf(Buffer.from(`${head}Content-Length: ${SDP.length}\r\n\r\n${SDP}`));
  assert.ok(!line.includes(KEY.slice(0, 8)));
  assert.ok(line.includes("inline:(masked)|2^20|1:4;inline:(masked)|2^20|2:4 WSH=64"));
  assert.ok(line.includes("INLINE:(masked)\\r\\na=label:1"));
});

test("RFC 4568 9: nor does it where the frame is malformed, or ends within the key", () => {
  assert.ok(!lineOf(Buffer.from(`nonsense ${SDP}`)).includes(KEY.slice(0, 8)));
  const cut = lineOf(Buffer.from(`nonsense inline:${KEY.slice(0, 20)}`));
  assert.ok(cut.includes("nonsense inline:(masked)") && !cut.includes(KEY.slice(0, 8)));
});
