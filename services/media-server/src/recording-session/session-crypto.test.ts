import assert from "node:assert/strict";
import { test } from "node:test";
import { cryptosOf, parseSdp } from "@sidetone/sip";
import { type OfferedStream, readRecordingAnswer, recordingOffer } from "./sdp.ts";
import { SessionCrypto } from "./session-crypto.ts";

let made = 0;
const random = (size: number): Uint8Array => new Uint8Array(size).fill(++made);
const STREAMS = ["1", "2"].map((label, i): OfferedStream => {
  return { label, port: 4000 + 2 * i, rtcpPort: 4001 + 2 * i, codec: "PCMU", live: true };
});
const identity = { address: "127.0.0.1", sessionId: 1, version: 1 };

const offerOf = (crypto: SessionCrypto): string => recordingOffer(identity, crypto.protect(STREAMS), false);
const keysIn = (sdp: string): string[] => Array.from(sdp.matchAll(/inline:(\S+)/g), ([, key]) => key ?? "");

/** A recorder's answer: the same m-lines, each with the attribute and protocol that are given. */
function answerOf(protocol: string, attributes: readonly string[]): string {
  const lines = attributes.map((attribute) => `m=audio 6000 ${protocol} 0\r\n${attribute}a=recvonly\r\n`);
  return `v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\nc=IN IP4 10.0.0.9\r\n${lines.join("")}`;
}

const lineOf = (tag: number, suite = "AES_CM_128_HMAC_SHA1_80"): string =>
  `a=crypto:${tag} ${suite} inline:${Buffer.alloc(30, 9).toString("base64")}\r\n`;

test("contract srtp off: no crypto, RTP/AVP", () => {
  const offer = offerOf(new SessionCrypto("off", random));
  assert.doesNotMatch(offer, /crypto|SAVP/);
});

test("RFC 7866 12.2, RFC 4568 6.1: every stream and line has a key of its own, the same over re-INVITEs, others for the next INVITE", () => {
  const crypto = new SessionCrypto("required", random);
  const first = offerOf(crypto);
  const keys = keysIn(first);
  assert.equal(first.match(/RTP\/SAVP/g)?.length, 2);
  assert.equal(new Set(keys).size, 10);
  assert.equal(offerOf(crypto), first);
  crypto.renew(false);
  assert.equal(new Set([...keys, ...keysIn(offerOf(crypto))]).size, 20);
});

test("RFC 4568 5.1.3: our key of the line that the answer names protects the stream; then only that line is offered", () => {
  const crypto = new SessionCrypto("required", random);
  const offered = crypto.protect(STREAMS);
  const answer = answerOf("RTP/SAVP", [lineOf(1), lineOf(2, "AES_CM_128_HMAC_SHA1_32")]);
  const read = readRecordingAnswer(answer, offered);
  assert.ok(read.ok);
  for (const [i, { destination }] of read.value.entries()) {
    assert.deepEqual(destination?.srtp, { suite: offered[i]?.crypto[i]?.suite, keys: offered[i]?.crypto[i]?.keys });
  }
  crypto.took(read.value);
  const again = parseSdp(offerOf(crypto));
  assert.ok(again.ok);
  assert.deepEqual(
    again.value.media.map((media) => cryptosOf(media).map(({ tag }) => tag)),
    [[1], [2]],
  );
});

for (const [name, protocol, attribute] of [
  ["without a line", "RTP/AVP", ""],
  ["with a tag that was not offered", "RTP/SAVP", lineOf(77)],
  ["with another suite than its tag's", "RTP/SAVP", lineOf(1, "AES_CM_128_HMAC_SHA1_32")],
] as const) {
  test(`contract srtp required: an answer ${name} gets no audio`, () => {
    const offered = new SessionCrypto("required", random).protect(STREAMS);
    assert.equal(readRecordingAnswer(answerOf(protocol, [attribute, attribute]), offered).ok, false);
  });
}

test("contract srtp optional: plain RTP to a recorder that refuses, once, until another recorder is asked; required never", () => {
  const crypto = new SessionCrypto("optional", random);
  assert.match(offerOf(crypto), /SAVP/);
  assert.equal(crypto.fallBack(), true);
  crypto.renew(false);
  assert.doesNotMatch(offerOf(crypto), /SAVP|crypto/);
  assert.equal(crypto.fallBack(), false);
  crypto.renew(true);
  assert.match(offerOf(crypto), /SAVP/);
  assert.equal(new SessionCrypto("required", random).fallBack(), false);
  assert.equal(new SessionCrypto("off", random).fallBack(), false);
});
