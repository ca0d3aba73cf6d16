// mode: both
// A person's view of calls: the console gives a token, the session goes through the console's address, with that user's rights.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { passwordOf, type RunningSystem, startSystem, systemMode, talk, tone, until } from "@sidetone/testing";
import { connect as connectTlib, type TlibClient } from "@sidetone/tlib/client";
import { refusal } from "./desk.ts";
import { connect, phone } from "./phones.ts";

let system: RunningSystem;

before(async () => {
  // In one process nothing need be said; roles in processes of their own need a key that both know.
  const key = systemMode === "one-process" ? {} : { "token-secret": "0123456789abcdef0123456789abcdef" };
  system = await startSystem({
    config: {
      "sip-server": {
        ...key,
        dns: Object.fromEntries(
          ["7401", "7402", "7403"].map((dn) => [dn, { type: "extension", password: passwordOf(dn) }]),
        ),
      },
      console: {
        ...key,
        users: {
          sue: {
            password: "demo-sue",
            role: "supervisor",
            grants: [
              { dns: "7401", rights: ["monitor", "record"] },
              { dns: "7402", rights: ["monitor"] },
            ],
          },
          al: { password: "demo-al", role: "agent" },
        },
      },
    },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

async function askToken(user: string): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${user}:demo-${user}`).toString("base64")}`;
  return fetch(`${system.http("console")}/api/v1/tlib-token`, { method: "POST", headers: { authorization } });
}

async function open(t: TestContext, user: string): Promise<TlibClient> {
  const client = await connectTlib({
    url: `${system.http("console").replace("http", "ws")}/tlib/v1`,
    applicationName: "console",
    accessToken: async () => ((await (await askToken(user)).json()) as { token: string }).token,
  });
  t.after(() => client.close());
  return client;
}

test("tlib-wire.md, Rights: a supervisor sees and records what the console says, and stands in the audit by name", async (t) => {
  const client = await open(t, "sue");
  const states: unknown[] = [];
  let connId = "";
  client.on("EventEstablished", ({ attributes }) => (connId = attributes.ConnID));
  client.on("EventAttachedDataChanged", ({ attributes }) => {
    if (attributes.ThisDN === "7401") states.push(attributes.UserData["GSIP_RECORD"]);
  });
  for (const dn of ["7401", "7402"]) await client.register(dn);
  assert.equal(await refusal(client.register("7403")), "PermissionDenied");
  const a = await phone(t, system, "7402", { source: tone(437) });
  const b = await phone(t, system, "7401", { source: tone(1013), answering: { kind: "answer", afterMs: 100 } });
  const call = await connect(a, b);
  assert.ok(await until(() => connId !== "", 5000), "no EventEstablished");
  assert.equal(await refusal(client.recordStart({ ThisDN: "7402", ConnID: connId })), "PermissionDenied");
  assert.equal(await refusal(client.holdCall({ ThisDN: "7401", ConnID: connId })), "PermissionDenied");
  assert.equal(await refusal(client.recordStart({ ThisDN: "7401", ConnID: connId })), "accepted");
  assert.ok(await until(() => states.includes("On"), 5000), JSON.stringify(states));
  await talk(500);
  assert.equal(await refusal(client.recordStop({ ThisDN: "7401", ConnID: connId })), "accepted");
  await call.caller.bye();
  const trace = await system.get(`${system.http("sip-server")}/api/v1/trace?conn-id=${connId}`);
  const { trace: lines } = (await trace.json()) as { trace: { kind: string; data: Record<string, unknown> }[] };
  const audit = lines.filter(({ kind }) => kind === "audit");
  assert.deepEqual(
    audit.map(({ data }) => data["actor"] ?? data["application"]),
    ["user:sue", "user:sue"],
    JSON.stringify(audit),
  );
});

test("an administrator may all, an agent without grants nothing, and a token that is none is refused", async (t) => {
  const client = await open(t, "admin");
  assert.equal(await refusal(client.register("7403")), "accepted");
  assert.equal((await askToken("al")).status, 403);
  const url = `${system.http("sip-server").replace("http", "ws")}/tlib/v1`;
  const bad = connectTlib({ url, applicationName: "console", accessToken: "x" });
  await assert.rejects(bad, (error) => error instanceof Error && error.name === "AuthenticationFailed");
  assert.match(system.output, /access token refused/);
});
