import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type TestContext, test } from "node:test";
import { AccessTokenMint } from "@sidetone/access-token";
import type { GrantConfig } from "@sidetone/config";
import { type LogFields, type Logger, silentLogger } from "@sidetone/foundation";
import { testCall } from "./calls.fixture.ts";
import { errorOf, startTlib, type TestClient, type TlibRig } from "./rig.fixture.ts";

const ConnID = "0110031f8ab2c001";
const tokenSecret = "0123456789abcdef0123456789abcdef";
const grants: readonly GrantConfig[] = [{ dns: "70*", rights: ["monitor", "record"] }];

interface TokenRig extends TlibRig {
  /** Fields of the warnings so far. */
  readonly warnings: LogFields[];
  mint(user?: string, granted?: readonly GrantConfig[]): string;
  /** A connection that has shown the token. */
  show(token: string, more?: Readonly<Record<string, unknown>>): Promise<TestClient>;
}

async function tokenRig(t: TestContext, o: { readonly tokenSecret?: string } = { tokenSecret }): Promise<TokenRig> {
  const warnings: LogFields[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields), child: () => log };
  const rig = await startTlib(t, { ...o, log });
  return {
    ...rig,
    warnings,
    mint: (user = "anna", granted = grants) =>
      new AccessTokenMint({ secret: tokenSecret, clock: rig.clock }).mint(user, granted).token,
    show: async (token, more = {}) => {
      const client = await rig.connect();
      client.say("SessionOpen", {
        ProtocolVersion: "1.0",
        ApplicationName: "console",
        AccessToken: token,
        ...more,
      });
      return client;
    },
  };
}

/** A token with other claims, or signed with another key. */
function forged(token: string, change: (claims: Record<string, unknown>) => object, secret = tokenSecret): string {
  const [head = "", payload = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const signed = `${head}.${Buffer.from(JSON.stringify(change(claims))).toString("base64url")}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

test("tlib-wire.md, Rights: a person's token opens a session with that user's DNs and rights", async (t) => {
  const rig = await tokenRig(t);
  const client = await rig.show(rig.mint());
  await client.next("SessionOpened");
  await client.nextWhere(({ message }) => message === "EventLinkConnected");
  assert.equal((await client.ask("RequestRegisterAddress", { ThisDN: "7001" })).message, "EventRegistered");
  assert.equal(errorOf(await client.ask("RequestRegisterAddress", { ThisDN: "8000" })), "PermissionDenied");
  rig.calls.publish(testCall("7001", "7002"));
  assert.equal(errorOf(await client.ask("RequestHoldCall", { ThisDN: "7001", ConnID })), "PermissionDenied");
  const start = { PrivateMsgID: 3013, ThisDN: "7001", ConnID };
  assert.equal((await client.ask("RequestPrivateService", start)).message, "EventACK");
  const foreign = { ...start, Extensions: { dest: "sip:172.24.0.1" } };
  assert.equal(errorOf(await client.ask("RequestPrivateService", foreign)), "PermissionDenied");
});

test("audit and trace name a person so that no application can have the name", async (t) => {
  const rig = await tokenRig(t);
  const client = await rig.show(rig.mint("desk"));
  await client.nextWhere(({ message }) => message === "EventLinkConnected");
  await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  await client.ask("RequestPrivateService", { PrivateMsgID: 3013, ThisDN: "7001", ConnID });
  assert.deepEqual(
    rig.audit.map(({ actor }) => actor),
    ["user:desk"],
  );
  const applications = rig.journal.map(({ data }) => (data as { application?: string }).application);
  assert.deepEqual(new Set(applications.filter((name) => name !== undefined)), new Set(["user:desk"]));
});

for (const [what, bad, reason] of [
  [
    "tampered with",
    (token: string) => token.replace(/\.[^.]*\./, `.${Buffer.from("{}").toString("base64url")}.`),
    /signature/,
  ],
  ["of another key", (token: string) => forged(token, (c) => c, "f".repeat(32)), /signature/],
  ["for another audience", (token: string) => forged(token, (c) => ({ ...c, aud: "recorder" })), /audience/],
  ["without an algorithm", (token: string) => token.replace(/^[^.]*/, "eyJhbGciOiJub25lIn0"), /header/],
  ["that lives too long", (token: string) => forged(token, (c) => ({ ...c, exp: Number(c["exp"]) + 3600 })), /longer/],
  ["that is none", () => "x", /no token/],
] as const) {
  test(`a token ${what} is 4001, and the log says why`, async (t) => {
    const rig = await tokenRig(t);
    const client = await rig.show(bad(rig.mint()));
    assert.equal(await client.closed, 4001);
    assert.match(String(rig.warnings[0]?.["reason"]), reason);
    assert.equal(rig.server.stats().failedLogins, 1);
    assert.ok(!JSON.stringify(client.heard).includes("signature"), "the client is not told why");
  });
}

test("an expired token is 4001, also one that has opened a session before; that session lives on", async (t) => {
  const rig = await tokenRig(t);
  const token = rig.mint();
  const client = await rig.show(token);
  await client.nextWhere(({ message }) => message === "EventLinkConnected");
  for (let second = 0; second < 61; second += 10) {
    rig.clock.advance(10_000);
    await client.ask("RequestQueryServer"); // it is heard of, so its heartbeat is not lost
  }
  const late = await rig.show(token);
  assert.equal(await late.closed, 4001);
  assert.match(String(rig.warnings[0]?.["reason"]), /expired/);
  assert.equal((await client.ask("RequestQueryServer")).message, "EventServerInfo");
});

test("a session is resumed with a new token of the same user, with the rights of that token, and by nobody else", async (t) => {
  const rig = await tokenRig(t);
  const client = await rig.show(rig.mint());
  const { SessionID, ResumeToken } = (await client.next("SessionOpened")).attributes;
  await client.nextWhere(({ message }) => message === "EventLinkConnected");
  await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  client.socket.terminate();
  await client.closed;
  const resume = { SessionID, ResumeToken, LastSeq: 3 };
  const other = await rig.show(rig.mint("bert"), resume);
  assert.equal((await other.next("SessionOpened")).attributes["ResumeFailure"], "NotOwner");
  const again = await rig.show(rig.mint("anna", [{ dns: "70*", rights: ["monitor"] }]), resume);
  assert.equal((await again.next("SessionOpened")).attributes["Resumed"], true);
  again.send("RequestQueryServer");
  const start = { ReferenceID: 50, PrivateMsgID: 3013, ThisDN: "7001", ConnID };
  again.say("RequestPrivateService", start);
  const answer = await again.nextWhere(({ attributes }) => attributes["ReferenceID"] === 50);
  assert.equal(errorOf(answer), "PermissionDenied");
});

test("without a key every token is refused, and the log names the key of the configuration", async (t) => {
  const rig = await tokenRig(t, {});
  const client = await rig.show(rig.mint());
  assert.equal(await client.closed, 4001);
  assert.match(String(rig.warnings[0]?.["reason"]), /sip-server\.token-secret/);
});

test("bad tokens are refused ever more slowly; a good one from the same address is taken at once", async (t) => {
  const rig = await tokenRig(t);
  for (let n = 0; n < 5; n += 1) assert.equal(await (await rig.show("x")).closed, 4001);
  const slow = await rig.show("x");
  while (rig.server.stats().failedLogins < 6) await new Promise(setImmediate);
  assert.equal(slow.socket.readyState, slow.socket.OPEN);
  const good = await rig.show(rig.mint());
  assert.equal((await good.next("SessionOpened")).message, "SessionOpened");
  assert.equal(slow.socket.readyState, slow.socket.OPEN);
  await rig.clock.advanceAsync(4_000);
  assert.equal(await slow.closed, 4001);
});
