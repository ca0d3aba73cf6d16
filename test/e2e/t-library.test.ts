// A T-Library client at a running system: it watches calls of phones that know nothing of it, and leaves a trace.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { type RunningSystem, startSystem, talk, tone, until } from "@sidetone/testing";
import { connect as connectTlib, type TlibClient } from "@sidetone/tlib/client";
import { connect, phone } from "./phones.ts";

let system: RunningSystem;

before(async () => {
  system = await startSystem({
    config: {
      "sip-server": {
        "agent-logins": { "1001": { password: "demo-1001", record: true } },
        applications: {
          desk: {
            password: "demo-desk",
            grants: [{ dns: "7*", rights: ["monitor", "control", "userdata", "record"] }],
          },
        },
      },
    },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

/** One event as the client saw it: `Ringing(7002)`. */
interface Seen {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

async function watch(t: TestContext, ...dns: readonly string[]): Promise<{ client: TlibClient; seen: Seen[] }> {
  const url = `${system.http("sip-server").replace("http", "ws")}/tlib/v1`;
  const client = await connectTlib({ url, applicationName: "desk", applicationPassword: "demo-desk" });
  t.after(() => client.close());
  const seen: Seen[] = [];
  void (async () => {
    for await (const event of client.events()) {
      if (!("attributes" in event)) continue;
      const { ThisDN } = event.attributes as Readonly<Record<string, unknown>>;
      if (typeof ThisDN === "string")
        seen.push({ name: `${event.message.slice(5)}(${ThisDN})`, attributes: event.attributes });
    }
  })();
  for (const dn of dns) await client.register(dn);
  return { client, seen };
}

/** What `GSIP_RECORD` said, in order, to one DN. */
function indications(seen: readonly Seen[], dn: string): unknown[] {
  return seen
    .filter(({ name }) => name === `AttachedDataChanged(${dn})`)
    .map(({ attributes }) => (attributes["UserData"] as Record<string, unknown>)["GSIP_RECORD"]);
}

const callEvents = (seen: readonly Seen[]): string[] =>
  seen.map(({ name }) => name).filter((name) => !/^(Registered|AttachedDataChanged|ACK|ServerInfo)/.test(name));

test("tlib-wire.md: a recorded call of two phones, as a desktop sees it; afterwards it is traced", async (t) => {
  const { seen } = await watch(t, "7001", "7002");
  const a = await phone(t, system, "7002", { source: tone(437) });
  const b = await phone(t, system, "7001", { source: tone(1013), answering: { kind: "answer", afterMs: 300 } });
  const call = await connect(a, b);
  await talk(1500);
  await call.caller.bye();
  assert.ok(await until(() => seen.some(({ name }) => name === "Released(7001)"), 5000), JSON.stringify(seen));
  assert.deepEqual(callEvents(seen), [
    "Dialing(7002)",
    "Ringing(7001)",
    "Established(7001)",
    "Established(7002)",
    "Released(7002)",
    "Released(7001)",
  ]);
  assert.deepEqual(indications(seen, "7001"), ["On", "Off"]);
  const last = seen.at(-1)?.attributes;
  assert.equal(last?.["CallState"], "RemoteRelease");
  const trace = await system.get(`${system.http("sip-server")}/api/v1/trace?conn-id=${String(last?.["ConnID"])}`);
  const { trace: lines } = (await trace.json()) as { trace: { kind: string; data: { message?: string } }[] };
  const events = lines.filter(({ kind }) => kind === "tlib-event").map(({ data }) => data.message);
  assert.equal(events.length, 10);
  assert.equal(events.at(-1), "EventReleased");
  assert(lines.some(({ kind }) => kind === "call-ended"));
});

test("R3, R18, R21: a client starts, pauses, resumes and stops; the ACK comes before the data event, the audit names it", async (t) => {
  const { client, seen } = await watch(t, "7101", "7102");
  const a = await phone(t, system, "7101", { source: tone(437) });
  const b = await phone(t, system, "7102", { source: tone(1013), answering: { kind: "answer", afterMs: 100 } });
  const call = await connect(a, b);
  await talk(500);
  assert.ok(await until(() => seen.some(({ name }) => name === "Established(7101)"), 3000));
  const ConnID = String(seen.find(({ name }) => name === "Established(7101)")?.attributes["ConnID"]);
  const asked = { ThisDN: "7102", ConnID };
  const states: string[] = [];
  for (const [run, state] of [
    [() => client.recordStart({ ...asked, Reasons: { why: "complaint" } }), "On"],
    [() => client.recordPause(asked), "Paused"],
    [() => client.recordResume(asked), "On"],
    [() => client.recordStop(asked), "Off"],
  ] as const) {
    const { message } = await run();
    assert.equal(message, "EventACK");
    states.push(state);
    const told = await until(() => indications(seen, "7102").length === states.length, 5000);
    assert.ok(told, `${state}: ${JSON.stringify(indications(seen, "7102"))}\n${system.output.slice(-2000)}`);
    await talk(300);
  }
  assert.deepEqual(indications(seen, "7102"), states);
  const order = seen.map(({ name }) => name).filter((name) => /^(ACK|AttachedDataChanged)\(7102\)$/.test(name));
  const pair = ["ACK(7102)", "AttachedDataChanged(7102)"];
  assert.deepEqual(order, [...pair, ...pair, ...pair, ...pair]);
  await call.caller.bye();
  const trace = await system.get(`${system.http("sip-server")}/api/v1/trace?conn-id=${ConnID}`);
  const { trace: lines } = (await trace.json()) as { trace: { kind: string; data: { action?: string } }[] };
  assert.deepEqual(
    lines.filter(({ kind }) => kind === "audit").map(({ data }) => data.action),
    ["recording-start", "recording-pause", "recording-resume", "recording-stop"],
  );
});

test("a client makes a call, holds, retrieves, attaches data and releases; every request has its own event as answer", async (t) => {
  const { client, seen } = await watch(t, "7103", "7104");
  await phone(t, system, "7103", { source: tone(437), answering: { kind: "answer", afterMs: 200 } });
  await phone(t, system, "7104", { source: tone(1013), answering: { kind: "answer", afterMs: 200 } });
  const dialing = await client.makeCall({ ThisDN: "7103", OtherDN: "7104", UserData: { order: 17 } });
  const { ConnID } = dialing.attributes;
  assert.deepEqual(dialing.attributes.UserData, { order: 17 });
  assert.ok(await until(() => seen.some(({ name }) => name === "Established(7103)"), 8000), JSON.stringify(seen));
  await talk(500);
  const about = { ThisDN: "7104", ConnID };
  assert.equal((await client.holdCall(about)).message, "EventHeld");
  assert.equal((await client.retrieveCall(about)).message, "EventRetrieved");
  const attached = await client.attachUserData({ ...about, UserData: { note: "x" } });
  assert.equal(attached.message, "EventAttachedDataChanged");
  assert.equal((await client.releaseCall(about)).attributes.ThisDN, "7104");
  assert.ok(await until(() => seen.some(({ name }) => name === "Released(7103)"), 5000), JSON.stringify(seen));
  assert.deepEqual(callEvents(seen), [
    "Dialing(7103)",
    "Ringing(7104)",
    "Established(7104)",
    "Established(7103)",
    "Held(7104)",
    "Retrieved(7104)",
    "Released(7104)",
    "Released(7103)",
  ]);
});

test("R1: an agent's login with record: true counts from the DN's next answer", async (t) => {
  const { client, seen } = await watch(t, "7102");
  await client.agentLogin({ ThisDN: "7102", AgentID: "1001", AgentPassword: "demo-1001" });
  const a = await phone(t, system, "7101", { source: tone(437) });
  const b = await phone(t, system, "7102", { source: tone(1013), answering: { kind: "answer", afterMs: 100 } });
  const call = await connect(a, b);
  const recorded = await until(() => indications(seen, "7102").includes("On"), 5000);
  assert.ok(recorded, JSON.stringify(seen));
  assert.equal(seen.find(({ name }) => name === "Established(7102)")?.attributes["AgentID"], "1001");
  await call.caller.bye();
  await client.agentLogout({ ThisDN: "7102" });
});
