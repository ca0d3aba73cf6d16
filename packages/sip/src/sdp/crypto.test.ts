import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { acceptsParameters, answeredParameters, cryptosOf, formatCrypto, parseCrypto } from "./crypto.ts";
import { parseSdp } from "./sdp.ts";

const KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const octets = Uint8Array.from(Buffer.from(KEY, "base64"));

test("RFC 4568 4.1, 9.1: tag, suite, key, lifetime, MKI and session parameters are read and written", () => {
  const line = `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4 KDR=0 UNENCRYPTED_SRTCP`;
  const read = parseCrypto(line);
  assert.ok(read.ok);
  assert.deepEqual(read.value, {
    tag: 1,
    suite: "AES_CM_128_HMAC_SHA1_80",
    keys: [{ keySalt: octets, lifetime: "2^20", mki: Uint8Array.of(0, 0, 0, 1) }],
    sessionParameters: ["KDR=0", "UNENCRYPTED_SRTCP"],
  });
  assert.equal(formatCrypto(read.value), line);
  assert.deepEqual(answeredParameters(read.value), ["UNENCRYPTED_SRTCP"]);
});

test("RFC 4568 6.1: several keys are told apart by MKIs of one length; lifetime and MKI may each be left out", () => {
  const two = parseCrypto(`2 F8_128_HMAC_SHA1_80 inline:${KEY}|1:4;inline:${KEY}|2:4`);
  assert.ok(two.ok);
  assert.deepEqual(
    two.value.keys.map(({ mki, lifetime }) => [Array.from(mki), lifetime]),
    [
      [[0, 0, 0, 1], undefined],
      [[0, 0, 0, 2], undefined],
    ],
  );
  const plain = parseCrypto(`3 aes_cm_128_hmac_sha1_32 INLINE:${KEY}|1048576`);
  assert.ok(plain.ok);
  assert.deepEqual([plain.value.suite, plain.value.keys[0]?.lifetime], ["AES_CM_128_HMAC_SHA1_32", "1048576"]);
});

for (const value of [
  "",
  "1 AES_CM_128_HMAC_SHA1_80",
  `x AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
  `1234567890 AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
  "1 AES_CM_128_HMAC_SHA1_80 inline:",
  "1 AES_CM_128_HMAC_SHA1_80 inline:not*base64",
  `1 AES_CM_128_HMAC_SHA1_80 url:${KEY}`,
  `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1:4|2^20`,
  `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|256:1`,
  `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1:129`,
  `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY};inline:${KEY}`,
  `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|1:4;inline:${KEY}|2:2`,
]) {
  test(`RFC 4568 9.1: "${value}" is refused`, () => assert.equal(parseCrypto(value).ok, false));
}

test("RFC 4568 6.3: a session parameter that we cannot do makes a line unacceptable, a hint or an optional one does not", () => {
  const accepts = (parameters: string): boolean => {
    const read = parseCrypto(`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY} ${parameters}`);
    return read.ok && acceptsParameters(read.value);
  };
  for (const fine of ["", "WSH=128", "KDR=0", "UNENCRYPTED_SRTCP", "-FEC_ORDER=FEC_SRTP", "WSH=64 unencrypted_srtcp"])
    assert.ok(accepts(fine), fine);
  for (const not of ["KDR=4", "UNENCRYPTED_SRTP", "UNAUTHENTICATED_SRTP", "FEC_ORDER=SRTP_FEC", "NEW=1"])
    assert.ok(!accepts(not), not);
});

test("RFC 4568 5.1.1: the readable lines of a stream in their order, each tag once", () => {
  const sdp = parseSdp(
    `v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4 RTP/SAVP 0\r\na=crypto:2 B inline:${KEY}\r\na=crypto:bad\r\n` +
      `a=crypto:1 A inline:${KEY}\r\na=crypto:2 C inline:${KEY}\r\n`,
  );
  assert.ok(sdp.ok);
  const [media] = sdp.value.media;
  assert.ok(media !== undefined);
  assert.deepEqual(
    cryptosOf(media).map(({ tag, suite }) => [tag, suite]),
    [
      [2, "B"],
      [1, "A"],
    ],
  );
});

test("property: what is written is read back", () => {
  const key = fc.record({
    keySalt: fc.uint8Array({ minLength: 28, maxLength: 46 }),
    mki: fc.constantFrom(new Uint8Array(0), Uint8Array.of(9), Uint8Array.of(0, 1, 0)),
  });
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.stringMatching(/^[A-Z0-9_]{1,30}$/), key, (tag, suite, one) => {
      const crypto = { tag, suite, keys: [{ ...one }], sessionParameters: [] };
      const read = parseCrypto(formatCrypto(crypto));
      assert.ok(read.ok);
      assert.deepEqual(read.value, crypto);
    }),
  );
});
