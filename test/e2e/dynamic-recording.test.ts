// A T-Library client starts, pauses and stops the recording of calls that are up; what the files hold is judged.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import {
  dominantFrequency,
  gaps,
  readWav,
  type RecordingRow,
  type RunningSystem,
  type ScriptedCall,
  startSystem,
  talk,
  tone,
  until,
} from "@sidetone/testing";
import { connect as connectTlib, type TlibClient } from "@sidetone/tlib/client";
import { connect, hearsEachOther, phone, type UpCall } from "./phones.ts";

/** R16: longest silence when a call is moved to the Media Server in mid-call, ms. */
const MOVE_GAP_MS = 150;
/** Nobody is there. */
const NO_RECORDER = "sip:127.0.0.1:5999;transport=tcp";

let system: RunningSystem;

before(async () => {
  system = await startSystem({
    config: {
      "sip-server": {
        applications: {
          desk: {
            password: "demo-desk",
            grants: [{ dns: "7*", rights: ["monitor", "control", "userdata", "record"] }],
            destinations: ["127.0.0.1:5999"],
          },
        },
      },
    },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

type Attributes = Readonly<Record<string, unknown>>;

interface Watched {
  readonly client: TlibClient;
  readonly connId: string;
  readonly call: UpCall;
  /** Private infos of the DN. */
  readonly infos: Attributes[];
  /** What `GSIP_RECORD` said, in order. */
  readonly said: unknown[];
  /** Waits until it says this as the n-th. */
  says(n: number, state: string): Promise<void>;
}

/** A call between two DNs that is up, and a client that watches the caller's. */
async function watched(t: TestContext, from: string, to: string): Promise<Watched> {
  const url = `${system.http("sip-server").replace("http", "ws")}/tlib/v1`;
  const client = await connectTlib({ url, applicationName: "desk", applicationPassword: "demo-desk" });
  t.after(() => client.close());
  const infos: Attributes[] = [];
  const said: unknown[] = [];
  let connId: string | undefined;
  void (async () => {
    for await (const event of client.events()) {
      if (!("attributes" in event)) continue;
      const attributes = event.attributes as Attributes;
      if (event.message === "EventEstablished") connId = String(attributes["ConnID"]);
      if (event.message === "EventPrivateInfo") infos.push(attributes);
      const data = attributes["UserData"] as Attributes | undefined;
      if (event.message === "EventAttachedDataChanged") said.push(data?.["GSIP_RECORD"]);
    }
  })();
  await client.register(from);
  const a = await phone(t, system, from, { source: tone(437) });
  const b = await phone(t, system, to, { source: tone(1013), answering: { kind: "answer", afterMs: 200 } });
  const call = await connect(a, b);
  assert.ok(await until(() => connId !== undefined, 3000), "no EventEstablished");
  return {
    client,
    connId: connId ?? "",
    call,
    infos,
    said,
    says: async (n, state) => {
      const told = await until(() => said[n - 1] === state, 6000);
      assert.ok(told, `${state} wanted as number ${n}: ${JSON.stringify(said)}\n${system.output.slice(-2000)}`);
    },
  };
}

/** Longest time between two packets of sound that a phone heard, ms. */
function longestGap(heard: ScriptedCall["heard"], from: number): number {
  const times = heard.audioPackets.map(({ at }) => at).filter((at) => at >= from);
  return times.reduce((longest, at, n) => Math.max(longest, n === 0 ? 0 : at - (times[n - 1] ?? at)), 0);
}

async function finished(dn: string, count: number): Promise<RecordingRow[]> {
  let rows: RecordingRow[] = [];
  const done = await until(async () => {
    rows = await system.recordings(`?dn=${dn}`);
    return rows.length === count && rows.every(({ state }) => state !== "recording");
  }, 8000);
  assert.ok(done, `${count} finished recordings of ${dn} wanted: ${JSON.stringify(rows)}`);
  return rows.toSorted((x, y) => x.startTime.localeCompare(y.startTime));
}

const refusal = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => "accepted",
    (error: unknown) => (error instanceof Error ? error.name : "?"),
  );

test("R3, R8, R16, R18, R19: START moves a direct call, PAUSE leaves a hole, STOP ends the file, the next START makes another", async (t) => {
  const w = await watched(t, "7101", "7102");
  const { client, call } = w;
  const about = { ThisDN: "7101", ConnID: w.connId };
  await talk(1000);
  const moving = performance.now();
  const id = `client-${system.mode}`;
  await client.recordStart({ ...about, Extensions: { record: "source", id, params: { name1: "value1" } } });
  await w.says(1, "On");
  const startedAt = performance.now();
  await talk(2000);
  for (const side of [call.caller, call.callee]) {
    const gap = longestGap(side.heard, moving);
    assert.ok(gap <= MOVE_GAP_MS, `${Math.round(gap)} ms without sound when the call was moved`);
  }
  await client.recordPause({ ...about, Extensions: { params: "reason=card" } });
  const pausedAt = performance.now();
  await w.says(2, "Paused");
  call.caller.play(tone(697));
  call.callee.play(tone(697));
  await talk(1500);
  call.caller.play(tone(437));
  call.callee.play(tone(1013));
  await talk(200);
  await client.recordResume(about);
  const pauseMs = performance.now() - pausedAt;
  await w.says(3, "On");
  await talk(1500);
  await client.recordStop({ ...about, Extensions: { params: { result: "sold" } } });
  const length = performance.now() - startedAt;
  await w.says(4, "Off");
  await talk(500);
  await hearsEachOther(call, 437, 1013);
  await client.recordStart({ ...about });
  await w.says(5, "On");
  await talk(1000);
  await call.caller.bye();
  await w.says(6, "Off");

  const [first, second] = await finished("7101", 2);
  assert.deepEqual([first?.id, first?.state, second?.state], [id, "complete", "complete"]);
  const parameters = first?.["parameters"] as Record<string, string>;
  assert.deepEqual([parameters["name1"], parameters["reason"], parameters["result"]], ["value1", "card", "sold"]);
  const { channels, seconds } = readWav(await system.fetchAudio(id));
  assert.ok(Math.abs(seconds * 1000 - length) < 400, `${seconds} s recorded, ${Math.round(length)} ms wanted`);
  // A call of two internal parties: the caller is on the customer's side.
  for (const [index, hz] of [437, 1013].entries()) {
    const samples = channels[index];
    assert.ok(samples !== undefined);
    const loud = (from: number): number => dominantFrequency(samples, from, from + 400) ?? 0;
    for (let at = 0; at + 400 < samples.length; at += 400) {
      assert.ok(Math.abs(loud(at) - 697) > 40, `what was said in the pause is in channel ${index} at ${at / 8} ms`);
    }
    assert.ok(Math.abs(loud(8000) - hz) < 10, `channel ${index} has ${loud(8000)} Hz`);
    const holes = gaps(samples, 1000);
    assert.equal(holes.length, 1, `one hole wanted in channel ${index}: ${JSON.stringify(holes)}`);
    const off = (holes[0]?.lengthMs ?? 0) - pauseMs;
    assert.ok(Math.abs(off) < 150, `the hole of channel ${index} is ${off} ms longer than the pause`);
  }
  const lines = await system.ledger("7101");
  assert.deepEqual(
    lines.slice(0, 2).map(({ outcome, recordingId }) => [outcome, recordingId]),
    [
      ["recorded", second?.id],
      ["recorded", id],
    ],
  );
});

test("R5, R8: START is refused while a full-time recording runs and for an id that was used; after STOP it is accepted", async (t) => {
  const w = await watched(t, "7001", "7002");
  const about = { ThisDN: "7001", ConnID: w.connId };
  await w.says(1, "On");
  assert.match(await refusal(w.client.recordStart(about)), /FullTimeRecording/);
  assert.equal((await w.client.recordStop(about)).message, "EventACK");
  await w.says(2, "Off");
  assert.match(await refusal(w.client.recordPause(about)), /RecordingNotActive/);
  const id = `again-${system.mode}`;
  await w.client.recordStart({ ...about, Extensions: { id } });
  await w.says(3, "On");
  assert.match(await refusal(w.client.recordStart(about)), /RecordingAlreadyActive/);
  await w.client.recordStop(about);
  await w.says(4, "Off");
  assert.match(await refusal(w.client.recordStart({ ...about, Extensions: { id } })), /DuplicateRecordingID/);
  await talk(300);
  await w.call.caller.bye();
  assert.deepEqual(
    (await finished("7001", 2)).map(({ state }) => state),
    ["complete", "complete"],
  );
});

test("R10, R23: a recorder of the client's choice that is not there: accepted, then told by EventPrivateInfo; the call goes on", async (t) => {
  const w = await watched(t, "7103", "7104");
  const about = { ThisDN: "7103", ConnID: w.connId };
  await w.client.recordStart({ ...about, Extensions: { dest: NO_RECORDER } });
  assert.ok(await until(() => w.infos.length > 0, 8000), `no EventPrivateInfo\n${system.output.slice(-2000)}`);
  const extensions = w.infos[0]?.["Extensions"] as Attributes;
  assert.equal(w.infos[0]?.["PrivateMsgID"], 3013);
  assert.equal(extensions["recordDN"], "7103");
  await hearsEachOther(w.call, 437, 1013);
  assert.equal((await w.client.recordStop(about)).message, "EventACK");
  await w.call.caller.bye();
  const unwritten = await until(async () => (await system.ledger("7103"))[0]?.outcome === "not-recorded", 5000);
  assert.ok(unwritten, JSON.stringify(await system.ledger("7103")));
});
