// Trunks over real sockets: failover in a group, digest in both directions.
import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { silentLogger, systemClock } from "@sidetone/foundation";
import { DigestVerifier, nameAddr, parseUri, SipEndpoint, type ServerTransaction } from "@sidetone/sip";
import { freePort, type RunningSystem, startSystem, until } from "@sidetone/testing";
import { phone } from "./phones.ts";

const sdp =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

let system: RunningSystem;
let goodPort = 0;

before(async () => {
  goodPort = await freePort();
  const deadPort = await freePort();
  const dns = {
    dead: { type: "trunk", contact: `sip:127.0.0.1:${deadPort};transport=tcp` },
    mute: { type: "trunk", contact: `sip:127.0.0.1:${deadPort}` },
    good: {
      type: "trunk",
      contact: `sip:127.0.0.1:${goodPort}`,
      user: "we",
      password: "secret",
      "replace-prefix": "0049",
    },
    out: { type: "trunk-group", prefix: "0", members: ["dead", "good"] },
    slow: { type: "trunk-group", prefix: "1", members: ["mute", "good"] },
    roaming: { type: "trunk", contact: "sip:192.0.2.1", password: "known", "inbound-authentication": "digest" },
  };
  system = await startSystem({ roles: ["sip-server"], config: { "sip-server": { dns } } });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

/** A gateway that lets in who knows its password, and takes every call. */
async function gateway(
  t: TestContext,
  port: number,
): Promise<{ readonly endpoint: SipEndpoint; readonly asked: string[] }> {
  const endpoint = new SipEndpoint({ clock: systemClock, log: silentLogger, userAgent: "gateway" });
  const verifier = new DigestVerifier({ clock: systemClock });
  const asked: string[] = [];
  t.after(() => endpoint.close());
  await endpoint.listen({ transport: "udp", host: "127.0.0.1", port });
  endpoint.onRequest = (tx: ServerTransaction) => {
    const verdict = verifier.verify(tx.request.headers.all("Authorization"), {
      method: tx.request.method,
      realm: "gateway",
      passwordOf: (user) => (user === "we" ? "secret" : undefined),
    });
    if (verdict.kind !== "accepted") {
      const headers = verifier.challenge("gateway", ["MD5"]).map((value) => ["WWW-Authenticate", value] as const);
      return tx.respond(401, { headers });
    }
    asked.push(tx.request.uri);
    endpoint.accept(tx).accept({ body: sdp });
  };
  return { endpoint, asked };
}

describe("a trunk group", () => {
  test("a member that refuses the connection, or says nothing for 4 s, is passed over; the next one asks for a password", async (t) => {
    const { asked } = await gateway(t, goodPort);
    const caller = await phone(t, system, "7101");
    for (const [number, atLeast, atMost] of [
      ["01234", 0, 2000],
      ["15678", 3900, 8000],
    ] as const) {
      const from = performance.now();
      const call = await caller.call(number);
      await call.answered;
      const took = performance.now() - from;
      assert.ok(took >= atLeast && took <= atMost, `${number} was answered after ${Math.round(took)} ms`);
      await call.bye();
    }
    assert.deepEqual(asked, [`sip:00491234@127.0.0.1:${goodPort}`, `sip:00495678@127.0.0.1:${goodPort}`]);
  });
});

describe("a trunk that is known by digest", () => {
  test("calls from any address, with any number, if it knows the password", async (t) => {
    const callee = await phone(t, system, "7102");
    const { endpoint } = await gateway(t, 0);
    const uri = `sip:7102@127.0.0.1:${system.sip.port}`;
    const from = parseUri("sip:%2B49301234@gw.example");
    assert.ok(from.ok);
    for (const [password, status] of [
      ["wrong", 401],
      ["known", 200],
    ] as const) {
      const session = endpoint.invite({
        uri,
        to: { uri },
        from: nameAddr(from.value),
        body: sdp,
        contentType: "application/sdp",
        credentials: { username: "roaming", password },
      });
      let told: number | undefined;
      session.on("rejected", (response) => (told = response.status));
      session.on("accepted", (response) => (told = response.status));
      assert.ok(await until(() => told !== undefined, 5000));
      assert.equal(told, status);
      if (status === 200) await session.bye();
    }
    const taken = await callee.nextCall();
    assert.match(taken.session.invite.headers.get("From") ?? "", /sip:%2B49301234@sidetone\.local/);
  });
});
