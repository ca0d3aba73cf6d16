import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { answerChallenge, DigestVerifier } from "./auth/index.ts";
import { LIMITS } from "./limits.ts";
import { parseMessage, parseMultipart, parseNameAddr, parseUri, validateRequest } from "./message/index.ts";
import { parseSdp } from "./sdp/index.ts";

const BASE = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n";

function reasonFor(text: string): string | undefined {
  const parsed = parseMessage(Buffer.from(text, "latin1"));
  if (!parsed.ok) return parsed.error.reason;
  return parsed.value.kind === "request" ? validateRequest(parsed.value)?.reason : undefined;
}

test("limits.datagramBytes", () => {
  assert.equal(parseMessage(Buffer.alloc(LIMITS.datagramBytes + 1, "x")).ok, false);
});

test("limits.methodBytes", () => {
  const request = (method: string) => `${method} sip:a@b SIP/2.0\r\n${BASE}CSeq: 1 ${method}\r\n\r\n`;
  assert.equal(reasonFor(request("M".repeat(LIMITS.methodBytes))), undefined);
  assert.equal(reasonFor(request("M".repeat(LIMITS.methodBytes + 1))), "Method Too Long");
});

test("limits.headerNameBytes", () => {
  const request = (name: string) => `INFO sip:a@b SIP/2.0\r\n${BASE}CSeq: 1 INFO\r\n${name}: x\r\n\r\n`;
  assert.equal(reasonFor(request("N".repeat(LIMITS.headerNameBytes))), undefined);
  assert.equal(reasonFor(request("N".repeat(LIMITS.headerNameBytes + 1))), "Malformed header line");
});

test("limits.routeCount", () => {
  const request = (count: number) =>
    `INFO sip:a@b SIP/2.0\r\n${BASE}CSeq: 1 INFO\r\nRoute: ${Array(count).fill("<sip:p;lr>").join(",")}\r\n\r\n`;
  assert.equal(reasonFor(request(LIMITS.routeCount)), undefined);
  assert.equal(reasonFor(request(LIMITS.routeCount + 1)), "Too Many Route");
});

test("limits.paramCount", () => {
  assert.equal(parseUri(`sip:a@b${";x".repeat(LIMITS.paramCount)}`).ok, true);
  assert.equal(parseUri(`sip:a@b${";x".repeat(LIMITS.paramCount + 1)}`).ok, false);
  assert.equal(parseNameAddr(`<sip:a@b>${";x".repeat(LIMITS.paramCount)}`).ok, true);
  assert.equal(parseNameAddr(`<sip:a@b>${";x".repeat(LIMITS.paramCount + 1)}`).ok, false);
});

test("limits.cseqMax: RFC 3261 8.1.1.5", () => {
  assert.equal(reasonFor(`INFO sip:a@b SIP/2.0\r\n${BASE}CSeq: ${LIMITS.cseqMax} INFO\r\n\r\n`), undefined);
  assert.equal(reasonFor(`INFO sip:a@b SIP/2.0\r\n${BASE}CSeq: ${LIMITS.cseqMax + 1} INFO\r\n\r\n`), "Malformed CSeq");
});

test("limits.multipartBoundaryBytes", () => {
  const boundary = "b".repeat(LIMITS.multipartBoundaryBytes + 1);
  assert.equal(parseMultipart(`multipart/mixed;boundary=${boundary}`, Buffer.from(`--${boundary}--`)).ok, false);
});

test("limits.sdpBytes, sdpLines and sdpMedia", () => {
  const head = "v=0\r\no=- 1 1 IN IP4 h\r\n";
  const media = "m=audio 1 RTP/AVP 0\r\n";
  assert.equal(parseSdp(head + media.repeat(LIMITS.sdpMedia)).ok, true);
  assert.equal(parseSdp(head + media.repeat(LIMITS.sdpMedia + 1)).ok, false);
  assert.equal(parseSdp(head + "a=x\r\n".repeat(LIMITS.sdpLines)).ok, false);
  assert.equal(parseSdp(`${head}a=${"x".repeat(LIMITS.sdpBytes)}`).ok, false);
});

test("limits.digestChallenges: the client and the server look no further", () => {
  const verifier = new DigestVerifier({ clock: new ManualClock() });
  const [good] = verifier.challenge("x", ["MD5"]);
  assert.ok(good !== undefined);
  const others = Array<string>(LIMITS.digestChallenges).fill("Basic realm=x");
  const question = { method: "INFO", uri: "sip:a@b", username: "u", password: "p" };
  assert.equal(answerChallenge({ ...question, challenge: [...others, good] }).ok, false);
  assert.equal(answerChallenge({ ...question, challenge: [...others.slice(1), good] }).ok, true);
});

test("limits.digestNonces: when counts are given up for room, their nonces are stale, not replayable", () => {
  const clock = new ManualClock();
  const verifier = new DigestVerifier({ clock, maxNonces: 10 });
  const question = { method: "INFO", realm: "x", passwordOf: () => "p" };
  const credentials = () => {
    const a = answerChallenge({
      challenge: verifier.challenge("x", ["MD5"]),
      method: "INFO",
      uri: "sip:a@b",
      username: "u",
      password: "p",
    });
    assert.ok(a.ok);
    return a.value;
  };
  const first = credentials();
  assert.equal(verifier.verify(first, question).kind, "accepted");
  clock.advance(1);
  for (let i = 0; i < 10; i++) verifier.verify(credentials(), question);
  assert.equal(verifier.verify(first, question).kind, "stale");
});
