// runs: alone
// R31: a recorder dies, hangs, is cut off, hangs up, comes back: what the phones said is there to the sample, whoever has it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test, type TestContext } from "node:test";
import {
  inNamespace,
  missingOf,
  numbered,
  NumberedAudio,
  readWav,
  ScriptedPhone,
  type ScriptedCall,
  startTopology,
  type StoredRecording,
  type Stretch,
  talk,
  type Topology,
  until,
} from "@sidetone/testing";
import { connect as connectTlib, type TlibClient } from "@sidetone/tlib/client";

const CALLER = 1;
const CALLEE = 2;
const SECONDS = 40;
const said = new Map([CALLER, CALLEE].map((seed) => [seed, new NumberedAudio(seed, SECONDS)]));

interface Call {
  readonly topology: Topology;
  readonly caller: ScriptedCall;
  readonly callee: ScriptedCall;
  readonly desk: TlibClient;
  readonly about: { ThisDN: string; ConnID: string };
}

/** ConnID of an event about a call. */
function connIdOf(event: object): string | undefined {
  const { attributes } = event as { attributes?: { ConnID?: string } };
  return attributes?.ConnID;
}

/** One Media Server, some recorders, and a recorded call of two phones that say what can be told apart to the sample. */
async function recorded(t: TestContext, recorders: number, recorderConfig = {}): Promise<Call> {
  const topology = await startTopology({
    mediaServers: 1,
    recorders,
    config: {
      "sip-server": {
        applications: { desk: { password: "demo-desk", grants: [{ dns: "7*", rights: ["monitor", "record"] }] } },
      },
      recorder: recorderConfig,
    },
  });
  t.after(() => topology.dispose());
  const [a, b] = await Promise.all(
    [
      ["7101", CALLER],
      ["7001", CALLEE],
    ].map(([user, seed]) =>
      ScriptedPhone.open({
        user: String(user),
        password: topology.passwordOf(String(user)),
        server: topology.sip,
        source: numbered(Number(seed)),
      }),
    ),
  );
  assert.ok(a !== undefined && b !== undefined);
  t.after(() => Promise.all([a.close(), b.close()]));
  await Promise.all([a.registered(), b.registered()]);
  const url = `${topology.http("sip-server").replace("http", "ws")}/tlib/v1`;
  const desk = await connectTlib({ url, applicationName: "desk", applicationPassword: "demo-desk" });
  t.after(() => desk.close());
  let connId = "";
  void (async () => {
    for await (const event of desk.events()) connId = connIdOf(event) ?? connId;
  })();
  await desk.register("7001");
  const incoming = b.nextCall(10_000);
  const caller = await a.call("7001");
  const [callee] = await Promise.all([incoming, caller.answered]);
  await callee.answered;
  const on = await until(async () => (await topology.recordings()).length === 1 && connId !== "", 5000);
  assert.ok(on, "not recorded");
  return { topology, caller, callee, desk, about: { ThisDN: "7001", ConnID: connId } };
}

/** Where the phone is in what it says; samples. */
function position(call: ScriptedCall): number {
  return Math.round((performance.now() - call.sender.startedAt) * 8);
}

/** Recordings that are closed, or in a state: one that broke off is `partial` until it goes on. */
async function closed(topology: Topology, count: number, state?: string): Promise<StoredRecording[]> {
  let rows: StoredRecording[] = [];
  const done = await until(async () => {
    rows = await topology.recordings();
    return (
      rows.length === count &&
      rows.every((row) => (state === undefined ? row.state !== "recording" : row.state === state))
    );
  }, 20_000);
  assert.ok(
    done,
    `${count} closed recordings wanted: ${JSON.stringify(rows)}\n${topology.output("media-server-1").slice(-5000)}`,
  );
  return rows;
}

/** What recordings have of a phone's words. */
async function stretchesOf(topology: Topology, rows: readonly StoredRecording[], seed: number): Promise<Stretch[]> {
  const found: Stretch[] = [];
  for (const row of rows) {
    const { channels } = readWav(await topology.audio(row));
    const own = channels.map((channel) => said.get(seed)?.find(channel) ?? []).filter((list) => list.length > 0);
    assert.ok(own.length <= 1, "one phone is in both channels");
    const [list = []] = own;
    // Within one file nothing is twice, and nothing in the wrong order.
    for (const [i, stretch] of list.entries()) {
      const before = list[i - 1];
      assert.ok(before === undefined || stretch.from >= before.to, `${row.at}: ${JSON.stringify(list)}`);
    }
    found.push(...list);
  }
  return found;
}

/** Asserts that all that both phones said from the first sample to `until` is in the recordings. */
async function whole(call: Call, rows: readonly StoredRecording[], ends: readonly [number, number]): Promise<void> {
  for (const [i, seed] of [CALLER, CALLEE].entries()) {
    const found = await stretchesOf(call.topology, rows, seed);
    const first = Math.min(...found.map(({ from }) => from));
    const missing = missingOf(found, first, (ends[i] ?? 0) - 2400);
    assert.deepEqual(missing, [], `phone ${seed}: ${JSON.stringify(found)} of ${first} to ${ends[i]}`);
    assert.ok(first < 8000, `the beginning of phone ${seed} is missing: ${first}`);
  }
}

async function hangUp({ caller, callee }: Call): Promise<[number, number]> {
  const ends = [position(caller), position(callee)] as const;
  await caller.bye();
  await callee.ended;
  for (const { heard } of [caller, callee])
    assert.ok(heard.longestPauseMs < 800, `${heard.longestPauseMs} ms without a packet`);
  return [...ends];
}

async function outcome(topology: Topology, wanted: string): Promise<void> {
  let said: unknown;
  const good = await until(async () => {
    [said] = await topology.ledger("?dn=7001");
    return (said as { outcome?: string } | undefined)?.outcome === wanted;
  }, 5000);
  assert.ok(good, `ledger ${wanted} wanted: ${JSON.stringify(said)}`);
}

async function home(topology: Topology): Promise<string> {
  const [row] = await topology.recordings();
  assert.ok(row !== undefined);
  return row.at;
}

describe("R31: one of two recorders", () => {
  test("is killed (kill -9): the other one goes on with the same id; both together have every sample", async (t) => {
    const call = await recorded(t, 2);
    const { topology } = call;
    await talk(4000);
    const lost = await home(topology);
    await topology.kill(lost);
    await talk(4000);
    const ends = await hangUp(call);
    await outcome(topology, "recorded");
    await topology.restart(lost);
    const rows = await closed(topology, 2);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 1, "the same id");
    await whole(call, rows, ends);
    await topology.stop();
  });

  test("freezes (SIGSTOP) and wakes up again: the same, and what the woken one does is no harm", async (t) => {
    const call = await recorded(t, 2);
    const { topology } = call;
    await talk(4000);
    const lost = await home(topology);
    topology.freeze(lost);
    await talk(7000);
    topology.thaw(lost);
    await talk(2000);
    const ends = await hangUp(call);
    await outcome(topology, "recorded");
    const rows = await closed(topology, 2);
    const other = rows.find(({ at }) => at !== lost);
    const woken = rows.find(({ at }) => at === lost);
    assert.equal(woken?.state, "partial", "it says that it has not all");
    assert.ok(other !== undefined && woken !== undefined);
    // Without what the frozen one had in its sockets: what was sent again is enough.
    const wokenUntil = Math.max(...(await stretchesOf(topology, [woken], CALLER)).map(({ to }) => to));
    const otherFrom = Math.min(...(await stretchesOf(topology, [other], CALLER)).map(({ from }) => from));
    assert.ok(wokenUntil > otherFrom + 8000, `${wokenUntil} ${otherFrom}`);
    await whole(call, rows, ends);
    await topology.stop();
  });

  test("is cut off (packets dropped, no reset): the other one goes on, both together have every sample", {
    skip: inNamespace ? false : "needs a network namespace of its own",
  }, async (t) => {
    const call = await recorded(t, 2);
    const { topology } = call;
    await talk(4000);
    const lost = await home(topology);
    const place = topology.place(lost);
    const rules = ["--dport", "--sport"].flatMap((way) => [
      ["-p", "tcp", way, String(place.sip), "-j", "DROP"],
      ["-p", "udp", way, `${place.rtp?.[0]}:${place.rtp?.[1]}`, "-j", "DROP"],
    ]);
    for (const rule of rules) execFileSync("iptables", ["-A", "INPUT", ...rule]);
    t.after(() => execFileSync("iptables", ["-F", "INPUT"]));
    await talk(7000);
    const ends = await hangUp(call);
    await outcome(topology, "recorded");
    await topology.kill(lost);
    execFileSync("iptables", ["-F", "INPUT"]);
    await topology.restart(lost);
    await whole(call, await closed(topology, 2), ends);
    await topology.stop();
  });

  test("is stopped in good order (SIGTERM): it hangs up, the other one goes on", async (t) => {
    const call = await recorded(t, 2);
    const { topology } = call;
    await talk(4000);
    const lost = await home(topology);
    await topology.restart(lost);
    await talk(3000);
    const ends = await hangUp(call);
    await outcome(topology, "recorded");
    await whole(call, await closed(topology, 2), ends);
    await topology.stop();
  });
});

describe("R31: the only recorder", () => {
  test("R19: is killed, the call is paused and resumed meanwhile, it is back within 10 s: one recording, every sample but the pause's, nothing of the pause anywhere", async (t) => {
    const call = await recorded(t, 1);
    const { topology, desk, about, caller, callee } = call;
    await talk(4000);
    await topology.kill("recorder-1");
    await desk.recordPause(about);
    const pausedAt = [position(caller), position(callee)];
    await talk(2000);
    const resumedAt = [position(caller), position(callee)];
    await desk.recordResume(about);
    await talk(500);
    const back = topology.restart("recorder-1");
    await back;
    await talk(3000);
    const ends = await hangUp(call);
    await outcome(topology, "recorded");
    const rows = await closed(topology, 1, "complete");
    for (const [i, seed] of [CALLER, CALLEE].entries()) {
      const found = await stretchesOf(topology, rows, seed);
      const first = Math.min(...found.map(({ from }) => from));
      const missing = missingOf(found, first, (ends[i] ?? 0) - 2400);
      assert.equal(missing.length, 1, `phone ${seed}: ${JSON.stringify(missing)} in ${JSON.stringify(found)}`);
      const [hole] = missing;
      // What was under way when the pause was asked for may still be in.
      assert.ok(Math.abs((hole?.from ?? 0) - (pausedAt[i] ?? 0)) < 1600, JSON.stringify([hole, pausedAt, resumedAt]));
      assert.ok(Math.abs((hole?.to ?? 0) - (resumedAt[i] ?? 0)) < 1600, JSON.stringify([hole, pausedAt, resumedAt]));
    }
    await topology.stop();
  });

  test("is killed, and the call ends before it is back: what was kept is delivered, one whole recording", async (t) => {
    const call = await recorded(t, 1);
    const { topology } = call;
    await talk(4000);
    await topology.kill("recorder-1");
    const back = topology.restart("recorder-1");
    const ends = await hangUp(call);
    await back;
    const rows = await closed(topology, 1, "complete");
    await whole(call, rows, ends);
    await outcome(topology, "recorded");
    await topology.stop();
  });

  test("R34: freezes in the last moment of a call and is killed: its part and the ledger say that something is missing", async (t) => {
    const call = await recorded(t, 1);
    const { topology } = call;
    await talk(4000);
    topology.freeze("recorder-1");
    await talk(300);
    await hangUp(call);
    await topology.kill("recorder-1");
    assert.ok(
      await until(async () => (await topology.ledger("?dn=7001"))[0]?.outcome === "partial", 20_000),
      JSON.stringify(await topology.ledger("?dn=7001")),
    );
    await topology.restart("recorder-1");
    const rows = await closed(topology, 1);
    assert.equal(rows[0]?.state, "partial");
    await topology.stop();
  });
});
