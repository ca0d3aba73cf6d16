import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { DigestVerifier, type Flow, GuessGuard, type SipRequest } from "@sidetone/sip";
import { type AuthResult, Authenticator } from "./authenticator.ts";
import { type RequestParts, authorization, dnConfig, flowFrom, request, valuesOf } from "./phone.fixture.ts";

const flow = flowFrom("192.0.2.1", 5062);

function setUp(dns: DnConfig[] = [dnConfig("7001"), dnConfig("7002"), dnConfig("open", { password: undefined })]) {
  const clock = new ManualClock();
  const authenticator = new Authenticator({
    realm: "sidetone.local",
    dns: () => new Map(dns.map((dn) => [dn.dn, dn])),
    verifier: new DigestVerifier({ clock }),
    guard: new GuessGuard({ clock }),
    log: silentLogger,
  });
  const challenge = (message: SipRequest, from: Flow = flow): string[] => {
    const result = authenticator.check(message, from);
    assert.equal(result.kind, "challenge");
    return result.kind === "challenge" ? valuesOf(result, "WWW-Authenticate") : [];
  };
  /** A request whose credentials answer a fresh challenge. */
  const attempt = (user: string, password: string, parts: RequestParts = {}, from: Flow = flow): AuthResult => {
    const message = request({ from: `<sip:${user}@sidetone.local>`, ...parts });
    message.headers.set("Authorization", authorization(challenge(message, from), message, user, password));
    return authenticator.check(message, from);
  };
  return { clock, authenticator, challenge, attempt };
}

/** A challenge without what differs each time. */
const shape = (challenges: readonly string[]): string[] =>
  challenges.map((text) => text.replace(/nonce="[^"]*"/, 'nonce=""'));

test("the right password is accepted, for REGISTER and for INVITE", () => {
  const { attempt } = setUp();
  assert.deepEqual(attempt("7001", "demo-7001"), { kind: "accepted", dn: "7001" });
  assert.deepEqual(attempt("7001", "demo-7001", { method: "INVITE", uri: "sip:7002@sidetone.local" }), {
    kind: "accepted",
    dn: "7001",
  });
});

test("no credentials, a wrong password, an unknown user and a DN without password: the same challenge", () => {
  const { challenge, attempt } = setUp();
  const fresh = shape(challenge(request()));
  assert.deepEqual(fresh, ['Digest realm="sidetone.local", nonce="", algorithm=MD5, qop="auth"']);
  for (const [user, password] of [
    ["7001", "wrong"],
    ["nobody", "wrong"],
    ["open", ""],
    ["open", "undefined"],
  ] as const) {
    const result = attempt(user, password);
    assert.equal(result.kind, "challenge", user);
    if (result.kind === "challenge")
      assert.deepEqual([result.status, shape(valuesOf(result, "WWW-Authenticate"))], [401, fresh], user);
  }
});

test("RFC 4475 regaut01: credentials of an unknown scheme are as none", () => {
  const { challenge } = setUp();
  const message = request({ headers: ["Authorization: NoOneKnowsThisScheme opaque-data=here"] });
  assert.deepEqual(shape(challenge(message)), shape(challenge(request())));
});

test("RFC 7616 3.3: an old nonce with the right password is challenged again with stale=true", () => {
  const { clock, challenge, authenticator } = setUp();
  const message = request();
  message.headers.set("Authorization", authorization(challenge(message), message, "7001", "demo-7001"));
  clock.advance(61_000);
  assert.match(challenge(message)[0] ?? "", /stale=true/);
  message.headers.set("Authorization", authorization(challenge(message), message, "7001", "demo-7001"));
  assert.equal(authenticator.check(message, flow).kind, "accepted");
});

test("credentials that were used before are not accepted again", () => {
  const { challenge, authenticator } = setUp();
  const message = request();
  message.headers.set("Authorization", authorization(challenge(message), message, "7001", "demo-7001"));
  assert.equal(authenticator.check(message, flow).kind, "accepted");
  assert.equal(authenticator.check(message, flow).kind, "challenge");
});

test("RFC 8760: a DN's digest-algorithms are offered in their order, and no other is taken", () => {
  const { challenge, attempt, authenticator } = setUp([
    dnConfig("7001", { digestAlgorithms: ["SHA-256", "MD5"] }),
    dnConfig("7002", { digestAlgorithms: ["SHA-256"] }),
  ]);
  const algorithms = challenge(request()).map((text) => /algorithm=([^,]+)/.exec(text)?.[1]);
  assert.deepEqual(algorithms, ["SHA-256", "MD5"]);
  assert.equal(attempt("7001", "demo-7001").kind, "accepted");
  const message = request({ from: "<sip:7002@sidetone.local>" });
  const weakened = challenge(message).map((text) => text.replace("SHA-256", "MD5"));
  message.headers.set("Authorization", authorization(weakened, message, "7002", "demo-7002"));
  assert.equal(authenticator.check(message, flow).kind, "challenge");
  const borrowed = challenge(request()).filter((text) => text.includes("algorithm=MD5"));
  message.headers.set("Authorization", authorization(borrowed, message, "7002", "demo-7002"));
  assert.equal(authenticator.check(message, flow).kind, "challenge");
});

test("only the authenticated DN may stand in From: 403; an anonymous one may hide (RFC 3323)", () => {
  const { attempt } = setUp();
  const spoofed = attempt("7002", "demo-7002", { method: "INVITE", from: "<sip:7001@sidetone.local>" });
  assert.equal(spoofed.kind === "refused" && spoofed.status, 403);
  const hidden = attempt("7002", "demo-7002", {
    method: "INVITE",
    from: '"Anonymous" <sip:anonymous@anonymous.invalid>',
  });
  assert.deepEqual(hidden, { kind: "accepted", dn: "7002" });
});

test("a DN that hides its name is challenged by the algorithms of the name in its credentials", () => {
  const { authenticator, challenge } = setUp([
    dnConfig("7001", { digestAlgorithms: ["SHA-256"] }),
    dnConfig("7002", { digestAlgorithms: ["MD5"] }),
  ]);
  const message = request({ method: "INVITE", from: "<sip:anonymous@anonymous.invalid>" });
  const md5 = challenge(request({ from: "<sip:7002@sidetone.local>" }));
  message.headers.set("Authorization", authorization(md5, message, "7001", "demo-7001"));
  const second = authenticator.check(message, flow);
  assert.ok(second.kind === "challenge");
  const own = valuesOf(second, "WWW-Authenticate");
  assert.match(own[0] ?? "", /algorithm=SHA-256/);
  message.headers.set("Authorization", authorization(own, message, "7001", "demo-7001"));
  assert.deepEqual(authenticator.check(message, flow), { kind: "accepted", dn: "7001" });
});

for (const user of ["7001", "nobody"]) {
  test(`guessing is slowed: after five wrong passwords for ${user} comes 503 with a growing Retry-After`, () => {
    const { clock, attempt, challenge, authenticator } = setUp();
    const from = `<sip:${user}@sidetone.local>`;
    for (let n = 0; n < 5; n += 1) assert.equal(attempt(user, `guess-${n}`).kind, "challenge");
    assert.deepEqual(attempt(user, "guess"), {
      kind: "refused",
      status: 503,
      reason: "Service Unavailable",
      retryAfter: 1,
    });
    clock.advance(1000);
    assert.equal(attempt(user, "guess").kind, "challenge");
    const slowed = attempt(user, "guess");
    assert.equal(slowed.kind === "refused" && slowed.retryAfter, 2);
    assert.equal(challenge(request({ from })).length, 1);
    assert.deepEqual([authenticator.counts().failed, authenticator.counts().slowed], [6, 2]);
  });
}

test("while guessing is slowed nothing tells whether the password is right: not accepted, not stale", () => {
  const { clock, attempt, challenge, authenticator } = setUp();
  for (let n = 0; n < 8; n += 1) attempt("7001", "guess");
  assert.equal(attempt("7001", "demo-7001").kind, "refused");
  const message = request();
  const ownNonce = challenge(message).map((text) => text.replace(/nonce="[^"]*"/, 'nonce="mine"'));
  message.headers.set("Authorization", authorization(ownNonce, message, "7001", "demo-7001"));
  assert.equal(authenticator.check(message, flow).kind, "refused");
  clock.advance(60_000);
  assert.equal(attempt("7001", "demo-7001").kind, "accepted");
});

test("who guesses from elsewhere locks nobody out", () => {
  const { attempt } = setUp();
  const elsewhere = flowFrom("198.51.100.9", 5060);
  for (let n = 0; n < 10; n += 1) attempt("7001", "guess", {}, elsewhere);
  assert.equal(attempt("7001", "demo-7001", {}, elsewhere).kind, "refused");
  assert.equal(attempt("7001", "demo-7001").kind, "accepted");
  assert.equal(attempt("7002", "demo-7002", {}, elsewhere).kind, "accepted");
});

test("malformed credentials, and those for another URI, are challenged and are no guess", () => {
  const { challenge, attempt, authenticator } = setUp();
  for (let n = 0; n < 10; n += 1) {
    const message = request();
    const other = request({ uri: "sip:other.example.com" });
    const value = authorization(challenge(message), other, "7001", "demo-7001");
    message.headers.set("Authorization", n % 2 === 0 ? value : "Digest username=7001");
    assert.equal(authenticator.check(message, flow).kind, "challenge");
  }
  assert.equal(attempt("7001", "demo-7001").kind, "accepted");
});

test("a trunk with digest is the trunk by its name and password, whatever number stands in From", () => {
  const { attempt } = setUp([dnConfig("gw", { type: "trunk", inboundAuthentication: "digest" })]);
  const call = { method: "INVITE", uri: "sip:7002@sidetone.local", from: "<sip:+4930123@gw.example>" };
  assert.deepEqual(attempt("gw", "demo-gw", call), { kind: "accepted", dn: "gw" });
  assert.equal(attempt("gw", "wrong", call).kind, "challenge");
  assert.equal(attempt("gw", "demo-gw", { ...call, method: "REGISTER" }).kind, "refused");
});

test("a trunk that is known by its address is nobody by its password: that is for what it asks of us", () => {
  const { attempt } = setUp([dnConfig("gw", { type: "trunk", inboundAuthentication: "address" })]);
  assert.equal(attempt("gw", "demo-gw", { method: "INVITE", uri: "sip:7002@sidetone.local" }).kind, "challenge");
  assert.equal(attempt("gw", "demo-gw").kind, "challenge");
});

test("a stranger who calls is offered the digests of the trunks that are known by one, whatever others are offered", () => {
  const { challenge } = setUp([
    dnConfig("7001", { digestAlgorithms: ["SHA-256"] }),
    dnConfig("gw", { type: "trunk", inboundAuthentication: "digest" }),
  ]);
  for (let n = 0; n < 20; n += 1) {
    const from = `<sip:+49301${n}@gw.example>`;
    assert.match(challenge(request({ method: "INVITE", from })).join(), /algorithm=MD5/);
  }
  assert.match(challenge(request({ method: "INVITE", from: "<sip:7001@sidetone.local>" })).join(), /algorithm=SHA-256/);
});
