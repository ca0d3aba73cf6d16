import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { answerChallenge, DigestVerifier, GuessGuard, isStaleChallenge } from "./index.ts";
import type { DigestAlgorithm } from "./index.ts";

const REALM = "http-auth@example.org";
const vector = (algorithm: string) =>
  answerChallenge({
    challenge: [
      `Digest realm="${REALM}", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
    ],
    method: "GET",
    uri: "/dir/index.html",
    username: "Mufasa",
    password: "Circle of Life",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
  });

test("RFC 7616 3.9.1: the example's responses, MD5 and SHA-256", () => {
  const md5 = vector("MD5");
  const sha = vector("SHA-256");
  assert.ok(md5.ok && sha.ok);
  assert.ok(md5.value.includes('response="8ca523f5e9506fed4657c9700eebdbec"'));
  assert.ok(sha.value.includes('response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"'));
  assert.ok(sha.value.includes("qop=auth, nc=00000001"));
});

function stage(password = "s3cret") {
  const clock = new ManualClock();
  const verifier = new DigestVerifier({ clock });
  const passwordOf = (user: string) => (user === "zoë" ? "s3cret" : undefined);
  const answer = (challenge: string[], nonceCount = 1, username = "zoë") => {
    const a = answerChallenge({ challenge, method: "REGISTER", uri: "sip:x.com", username, password, nonceCount });
    assert.ok(a.ok);
    return a.value;
  };
  const verify = (value: string | string[] | undefined, uri = "sip:x.com") =>
    verifier.verify(value, { method: "REGISTER", realm: "x", uri, passwordOf });
  return { clock, verifier, answer, verify };
}

for (const algorithm of ["MD5", "SHA-256", "SHA-512-256"] satisfies DigestAlgorithm[]) {
  test(`RFC 8760: ${algorithm} is accepted, user names in UTF-8`, () => {
    const { verifier, answer, verify } = stage();
    assert.deepEqual(verify(answer(verifier.challenge("x", [algorithm]))), { kind: "accepted", user: "zoë" });
  });
}

test("RFC 8760 2.4: the client takes the first challenge that it knows", () => {
  const { verifier, answer } = stage();
  assert.ok(
    answer([
      'Digest realm="x", nonce="n", algorithm=SHA-1024',
      ...verifier.challenge("x", ["SHA-256", "MD5"]),
    ]).includes("algorithm=SHA-256"),
  );
});

test("RFC 7616 5.8: a wrong password, an unknown user, another URI and another method are refused", () => {
  const { verifier, answer, verify } = stage("wrong");
  assert.deepEqual(verify(answer(verifier.challenge("x", ["MD5"]))), {
    kind: "refused",
    reason: "wrong password",
    user: "zoë",
  });
  assert.deepEqual(verify(answer(verifier.challenge("x", ["MD5"]), 1, "nobody")), {
    kind: "refused",
    reason: "unknown user",
    user: "nobody",
  });
  const right = stage();
  const value = right.answer(right.verifier.challenge("x", ["MD5"]));
  assert.equal(right.verify(value, "sip:y.com").kind, "refused");
  // A phone that names the server alone (SIPp does) binds them to this server too.
  assert.equal(right.verify(value, "sip:7001@x.com:5060").kind, "accepted");
  assert.equal(
    right.verifier.verify(value, { method: "INVITE", realm: "x", passwordOf: () => "s3cret" }).kind,
    "refused",
  );
});

test("RFC 7616 3.3: an old nonce is stale, and so is one of a server that was restarted", () => {
  const { clock, verifier, answer, verify } = stage();
  const value = answer(verifier.challenge("x", ["MD5"]));
  clock.advance(60_001);
  assert.equal(verify(value).kind, "stale");
  assert.ok(isStaleChallenge(verifier.challenge("x", ["MD5"], true)));
  assert.equal(stage().verify(answer(verifier.challenge("x", ["MD5"]))).kind, "stale");
});

test("RFC 7616 5.4: each count of a nonce is taken once, a little out of order too", () => {
  const { verifier, answer, verify } = stage();
  const challenge = verifier.challenge("x", ["SHA-256"]);
  const kinds = [1, 1, 3, 2, 2, 3, 40, 4, 39].map((count) => verify(answer(challenge, count)).kind);
  assert.deepEqual(kinds, [
    "accepted",
    "stale",
    "accepted",
    "accepted",
    "stale",
    "stale",
    "accepted",
    "stale",
    "accepted",
  ]);
});

test("RFC 8760 4: a challenge cannot be answered with a weaker algorithm", () => {
  const { verifier, answer, verify } = stage();
  const weaker = verifier.challenge("x", ["SHA-256"]).map((c) => c.replace("SHA-256", "MD5"));
  assert.equal(verify(answer(weaker)).kind, "stale");
});

test("RFC 4475 3.3.7: an unknown scheme counts as no credentials; malformed ones are refused", () => {
  const { verify } = stage();
  assert.equal(verify(undefined).kind, "absent");
  assert.equal(verify("NoOneKnowsThisScheme opaque-data=here").kind, "absent");
  assert.equal(verify('Digest username="a", realm="other"').kind, "absent");
  assert.equal(verify("Digest nonsense").kind, "refused");
  assert.equal(verify('Digest username="zoe", realm="x"').kind, "refused");
});

test("guessing is slowed after the free tries, for that key alone, and forgotten after success", () => {
  const clock = new ManualClock();
  const guard = new GuessGuard({ clock, freeTries: 3 });
  for (let i = 0; i < 3; i++) {
    assert.equal(guard.allow("u@1"), true);
    guard.failed("u@1");
  }
  assert.deepEqual(guard.allow("u@1"), { retryAfterS: 1 });
  assert.equal(guard.allow("u@2"), true);
  clock.advance(1_000);
  assert.equal(guard.allow("u@1"), true);
  guard.failed("u@1");
  assert.deepEqual(guard.allow("u@1"), { retryAfterS: 2 });
  for (let i = 0; i < 20; i++) guard.failed("u@1");
  assert.deepEqual(guard.allow("u@1"), { retryAfterS: 60 });
  guard.succeeded("u@1");
  assert.equal(guard.allow("u@1"), true);
});

test("limits.guessKeys: a flood of keys does not grow without end, and the newest are kept", () => {
  const guard = new GuessGuard({ clock: new ManualClock(), freeTries: 1 });
  for (let i = 0; i < 50_010; i++) guard.failed(`k${i}`);
  assert.equal(guard.allow("k5"), true);
  assert.notEqual(guard.allow("k50009"), true);
});
