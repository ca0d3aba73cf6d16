// runs: alone
// R31: a recorder dies, hangs, is cut off, hangs up, comes back: what the phones said is there to the sample, whoever has it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test, type TestContext } from "node:test";
import {
  inNamespace,
  type LedgerRow,
  missingOf,
  numbered,
  NumberedAudio,
  quiet,
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
  /** Of its recording. */
  readonly id: string;
  readonly caller: ScriptedCall;
  readonly callee: ScriptedCall;
  /** When each phone began with what it says. */
  readonly starts: readonly number[];
  readonly about: { ThisDN: string; ConnID: string };
}

/** ConnID of an event about a call. */
function connIdOf(event: object): string | undefined {
  const { attributes } = event as { attributes?: { ConnID?: string } };
  return attributes?.ConnID;
}

let topology: Topology;
let phones: readonly ScriptedPhone[] = [];
let desk: TlibClient;
let connId = "";

before(async () => {
  const grants = [{ dns: "7*", rights: ["monitor", "record"] }];
  topology = await startTopology({
    mediaServers: 1,
    recorders: 2,
    resourceManagers: 1,
    config: { "sip-server": { applications: { desk: { password: "demo-desk", grants } } } },
  });
  phones = await Promise.all(
    ["7101", "7001"].map((user) =>
      ScriptedPhone.open({ user, password: topology.passwordOf(user), server: topology.sip, source: quiet }),
    ),
  );
  await Promise.all(phones.map((phone) => phone.registered()));
  const url = `${topology.http("sip-server").replace("http", "ws")}/tlib/v1`;
  desk = await connectTlib({ url, applicationName: "desk", applicationPassword: "demo-desk" });
  void (async () => {
    for await (const event of desk.events()) connId = connIdOf(event) ?? connId;
  })();
  await desk.register("7001");
});
after(async () => {
  await desk.close();
  await Promise.all(phones.map((phone) => phone.close()));
  await topology.stop().finally(() => topology.dispose());
});

/** Starts the only recorder again; how long there was none that the Resource Manager saw, ms. */
async function back(since: number): Promise<number> {
  await topology.restart("recorder-1");
  await topology.seesAll();
  return performance.now() - since;
}

/** A machine so busy that a process takes more than 10 s to start: then it must be said what is missing. */
async function tooLate(t: TestContext, call: Call, awayMs: number): Promise<boolean> {
  if (awayMs < 9500) return false;
  t.diagnostic(`the recorder was away for ${Math.round(awayMs)} ms: nothing is to be learned of 10 s here`);
  await outcome(call, "partial");
  return true;
}

/** Every recorder that is not among these is killed, the others run. */
async function recordersAre(...names: readonly string[]): Promise<void> {
  for (const name of topology.names("recorder")) {
    const { running } = topology.process(name);
    if (names.includes(name) && !running) await topology.restart(name);
    else if (!names.includes(name) && running) await topology.kill(name);
  }
  await topology.seesAll();
  const wrong = async (): Promise<boolean> => {
    const samples = Array.from(await topology.metrics("resource-manager-1"));
    const up = samples.filter(([key, value]) => key.startsWith("sidetone_resource_up") && value === 1);
    return up.length === names.length + 1;
  };
  assert.ok(await until(wrong, 10_000), "the Resource Manager does not see which recorders are there");
}

/** A recorded call of two phones that say what can be told apart to the sample. */
async function recorded(): Promise<Call> {
  const [a, b] = phones;
  assert.ok(a !== undefined && b !== undefined);
  const known = new Set((await topology.recordings()).map(({ id }) => id));
  connId = "";
  const incoming = b.nextCall(10_000);
  const caller = await a.call("7001");
  const [callee] = await Promise.all([incoming, caller.answered]);
  await callee.answered;
  let id = "";
  const on = await until(async () => {
    id = (await topology.recordings()).find((row) => !known.has(row.id))?.id ?? "";
    return id !== "" && connId !== "";
  }, 10_000);
  assert.ok(on, `not recorded\n${topology.output("media-server-1").slice(-3000)}`);
  const starts = [caller, callee].map((side, i) => {
    side.play(numbered([CALLER, CALLEE][i] ?? 0));
    return performance.now();
  });
  return { id, caller, callee, starts, about: { ThisDN: "7001", ConnID: connId } };
}

/** Where the phones are in what they say; samples, to 20 ms. */
function positions({ starts }: Call): number[] {
  return starts.map((start) => Math.round((performance.now() - start) * 8));
}

/** Recordings that are closed, or in a state: one that broke off is `partial` until it goes on. */
async function closed({ id }: Call, count: number, state?: string): Promise<StoredRecording[]> {
  let rows: StoredRecording[] = [];
  const done = await until(async () => {
    rows = (await topology.recordings()).filter((row) => row.id === id);
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
async function stretchesOf(rows: readonly StoredRecording[], seed: number): Promise<Stretch[]> {
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
async function whole(rows: readonly StoredRecording[], ends: readonly number[]): Promise<void> {
  for (const [i, seed] of [CALLER, CALLEE].entries()) {
    const found = await stretchesOf(rows, seed);
    const first = Math.min(...found.map(({ from }) => from));
    const missing = missingOf(found, first, (ends[i] ?? 0) - 2400);
    assert.deepEqual(missing, [], `phone ${seed}: ${JSON.stringify(found)} of ${first} to ${ends[i]}`);
    assert.ok(first < 1600, `the beginning of phone ${seed} is missing: ${first}`);
  }
}

async function hangUp(call: Call): Promise<number[]> {
  const { caller, callee } = call;
  const ends = positions(call);
  await caller.bye();
  await callee.ended;
  for (const { heard } of [caller, callee])
    assert.ok(heard.longestPauseMs < 800, `${heard.longestPauseMs} ms without a packet`);
  return ends;
}

async function outcome({ id }: Call, wanted: string): Promise<void> {
  let line: LedgerRow | undefined;
  const good = await until(async () => {
    line = (await topology.ledger("?dn=7001")).find(({ recordingId }) => recordingId === id);
    return line?.outcome === wanted;
  }, 20_000);
  assert.ok(good, `ledger ${wanted} wanted: ${JSON.stringify(line)}`);
}

/** The recorder that a call is at. */
async function home({ id }: Call): Promise<string> {
  const row = (await topology.recordings()).find((one) => one.id === id);
  assert.ok(row !== undefined);
  return row.at;
}

describe("R31: one of two recorders", () => {
  test("is killed (kill -9): the other one goes on with the same id; both together have every sample", async () => {
    await recordersAre("recorder-1", "recorder-2");
    const call = await recorded();
    await talk(3000);
    const lost = await home(call);
    await topology.kill(lost);
    await talk(3000);
    const ends = await hangUp(call);
    await outcome(call, "recorded");
    await topology.restart(lost);
    const rows = await closed(call, 2);
    assert.equal(new Set(rows.map(({ id }) => id)).size, 1, "the same id");
    await whole(rows, ends);
  });

  test("freezes (SIGSTOP) and wakes up again: the same, and what the woken one does is no harm", async () => {
    await recordersAre("recorder-1", "recorder-2");
    const call = await recorded();
    await talk(3000);
    const lost = await home(call);
    topology.freeze(lost);
    await talk(7000);
    topology.thaw(lost);
    await talk(2000);
    const ends = await hangUp(call);
    await outcome(call, "recorded");
    const rows = await closed(call, 2);
    const other = rows.find(({ at }) => at !== lost);
    const woken = rows.find(({ at }) => at === lost);
    assert.equal(woken?.state, "partial", "it says that it has not all");
    assert.ok(other !== undefined && woken !== undefined);
    // Without what the frozen one had in its sockets: what was sent again is enough.
    const wokenUntil = Math.max(...(await stretchesOf([woken], CALLER)).map(({ to }) => to));
    const otherFrom = Math.min(...(await stretchesOf([other], CALLER)).map(({ from }) => from));
    assert.ok(wokenUntil > otherFrom + 8000, `${wokenUntil} ${otherFrom}`);
    await whole(rows, ends);
  });

  test("is cut off (packets dropped, no reset): the other one goes on, both together have every sample", {
    skip: inNamespace ? false : "needs a network namespace of its own",
  }, async () => {
    await recordersAre("recorder-1", "recorder-2");
    const call = await recorded();
    await talk(3000);
    const lost = await home(call);
    const place = topology.place(lost);
    const rules = ["--dport", "--sport"].flatMap((way) => [
      ["-p", "tcp", way, String(place.sip), "-j", "DROP"],
      ["-p", "udp", way, `${place.rtp?.[0]}:${place.rtp?.[1]}`, "-j", "DROP"],
    ]);
    for (const rule of rules) execFileSync("iptables", ["-A", "INPUT", ...rule]);
    await talk(7000);
    const ends = await hangUp(call);
    await outcome(call, "recorded");
    await topology.kill(lost);
    execFileSync("iptables", ["-F", "INPUT"]);
    await topology.restart(lost);
    await whole(await closed(call, 2), ends);
  });

  test("is stopped in good order (SIGTERM): it hangs up, the other one goes on", async () => {
    await recordersAre("recorder-1", "recorder-2");
    const call = await recorded();
    await talk(3000);
    const lost = await home(call);
    await topology.restart(lost);
    await talk(3000);
    const ends = await hangUp(call);
    await outcome(call, "recorded");
    await whole(await closed(call, 2), ends);
  });
});

describe("R31: the only recorder", () => {
  test("R19: is killed, the call is paused and resumed meanwhile, it is back within 10 s: one recording, every sample but the pause's, nothing of the pause anywhere", async (t) => {
    await recordersAre("recorder-1");
    const call = await recorded();
    await talk(3000);
    const killedAt = performance.now();
    await topology.kill("recorder-1");
    await desk.recordPause(call.about);
    const pausedAt = positions(call);
    await talk(2000);
    const resumedAt = positions(call);
    await desk.recordResume(call.about);
    await talk(500);
    const awayMs = await back(killedAt);
    await talk(3000);
    const ends = await hangUp(call);
    if (await tooLate(t, call, awayMs)) return;
    await outcome(call, "recorded");
    const rows = await closed(call, 1, "complete");
    for (const [i, seed] of [CALLER, CALLEE].entries()) {
      const found = await stretchesOf(rows, seed);
      const first = Math.min(...found.map(({ from }) => from));
      const missing = missingOf(found, first, (ends[i] ?? 0) - 2400);
      assert.equal(missing.length, 1, `phone ${seed}: ${JSON.stringify(missing)} in ${JSON.stringify(found)}`);
      const [hole] = missing;
      // What was under way when the pause was asked for may still be in.
      assert.ok(Math.abs((hole?.from ?? 0) - (pausedAt[i] ?? 0)) < 1600, JSON.stringify([hole, pausedAt, resumedAt]));
      assert.ok(Math.abs((hole?.to ?? 0) - (resumedAt[i] ?? 0)) < 1600, JSON.stringify([hole, pausedAt, resumedAt]));
    }
  });

  test("is killed, and the call ends before it is back: what was kept is delivered, one whole recording", async (t) => {
    await recordersAre("recorder-1");
    const call = await recorded();
    await talk(3000);
    await topology.kill("recorder-1");
    const restarted = back(performance.now());
    const ends = await hangUp(call);
    if (await tooLate(t, call, await restarted)) return;
    const rows = await closed(call, 1, "complete");
    await whole(rows, ends);
    await outcome(call, "recorded");
  });

  test("R34: freezes in the last moment of a call and is killed: its part and the ledger say that something is missing", async () => {
    await recordersAre("recorder-1");
    const call = await recorded();
    await talk(3000);
    topology.freeze("recorder-1");
    await talk(300);
    await hangUp(call);
    await topology.kill("recorder-1");
    await outcome(call, "partial");
    await topology.restart("recorder-1");
    const rows = await closed(call, 1);
    assert.equal(rows[0]?.state, "partial");
  });
});
