import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { AccessTokenMint, AccessTokenVerifier } from "./index.ts";
import { sign } from "./signed.ts";

const secret = "0123456789abcdef0123456789abcdef";
const grants = [{ dns: "70*", rights: ["monitor", "record"] }] as const;

function pair(): { clock: ManualClock; mint: AccessTokenMint; verifier: AccessTokenVerifier } {
  const clock = new ManualClock();
  return { clock, mint: new AccessTokenMint({ secret, clock }), verifier: new AccessTokenVerifier({ secret, clock }) };
}

const b64 = (text: string): string => Buffer.from(text).toString("base64url");

describe("access token", () => {
  test("what was minted is read: user, grants, and 60 s of life", () => {
    const { clock, mint, verifier } = pair();
    const read = verifier.verify(mint.mint("anna", grants).token);
    assert(read.ok);
    const issuedAt = Math.floor(clock.wallMicros() / 1e6);
    assert.deepEqual(read.value, { user: "anna", grants, issuedAt, expiresAt: issuedAt + 60 });
  });

  test("RFC 7515 A.1: anybody can check the signature with HMAC-SHA-256", () => {
    const [head = "", payload = "", signature] = pair().mint.mint("anna", grants).token.split(".");
    assert.equal(Buffer.from(head, "base64url").toString(), '{"alg":"HS256","typ":"JWT"}');
    assert.equal(createHmac("sha256", secret).update(`${head}.${payload}`).digest("base64url"), signature);
  });

  test("it is valid until its last second, and never after", () => {
    const { clock, mint, verifier } = pair();
    const { token } = mint.mint("anna", grants);
    clock.advance(59_000);
    assert(verifier.verify(token).ok);
    clock.advance(1000);
    assert.deepEqual(verifier.verify(token), { ok: false, error: "it expired 0 s ago" });
  });

  test("another key, a changed payload or signature, another algorithm, or none: refused", () => {
    const { mint, clock, verifier } = pair();
    const { token } = mint.mint("anna", grants);
    const [head = "", payload = "", signature = ""] = token.split(".");
    const claims = Buffer.from(payload, "base64url").toString();
    const forged = b64(claims.replace("70*", "*"));
    const other = new AccessTokenMint({ secret: secret.toUpperCase(), clock }).mint("anna", grants).token;
    for (const [why, bad] of [
      [/signature/, other],
      [/signature/, `${head}.${forged}.${signature}`],
      [/signature/, `${head}.${payload}.${signature.slice(0, -2)}`],
      [/signature/, `${head}.${payload}.${signature}=`],
      [/signature/, `${head}.${payload}.`],
      [/header/, `${b64('{"alg":"none","typ":"JWT"}')}.${payload}.`],
      [/header/, `${b64('{"alg":"HS512","typ":"JWT"}')}.${payload}.${signature}`],
      [/no token/, ""],
      [/no token/, "a.b"],
      [/no token/, `${token}.x`],
      [/too long/, "a".repeat(40_000)],
    ] as const) {
      const read = verifier.verify(bad);
      assert(!read.ok, bad);
      assert.match(read.error, why);
    }
  });

  test("signed, but not what SIP Server takes: refused with the reason", () => {
    const { clock, verifier } = pair();
    const now = Math.floor(clock.wallMicros() / 1e6);
    const good = { v: 1, aud: "sip-server", sub: "anna", iat: now, exp: now + 60, grants };
    assert(verifier.verify(sign(JSON.stringify(good), secret)).ok);
    for (const [why, change] of [
      [/version/, { v: 2 }],
      [/audience/, { aud: "recorder" }],
      [/no user/, { sub: "" }],
      [/no user/, { sub: 7 }],
      [/issued and expires/, { exp: "never" }],
      [/issued and expires/, { iat: undefined }],
      [/longer than 60 s/, { exp: now + 61 }],
      [/clocks/, { iat: now + 31, exp: now + 60 }],
      [/grants/, { grants: "all" }],
      [/grants/, { grants: [{ dns: "7*" }] }],
      [/grants/, { grants: Array.from({ length: 201 }, () => grants[0]) }],
    ] as const) {
      const read = verifier.verify(sign(JSON.stringify({ ...good, ...change }), secret));
      assert(!read.ok, JSON.stringify(change));
      assert.match(read.error, why);
    }
    for (const text of ["", "7", "[]", "{"]) assert(!verifier.verify(sign(text, secret)).ok, text);
  });

  test("a right that this version does not know is none", () => {
    const { clock, verifier } = pair();
    const iat = Math.floor(clock.wallMicros() / 1e6);
    const foreign = [{ dns: "*", rights: ["monitor", "rule-the-world"] }];
    const text = JSON.stringify({ v: 1, aud: "sip-server", sub: "anna", iat, exp: iat + 60, grants: foreign });
    const read = verifier.verify(sign(text, secret));
    assert(read.ok);
    assert.deepEqual(read.value.grants, [{ dns: "*", rights: ["monitor"] }]);
  });
});
