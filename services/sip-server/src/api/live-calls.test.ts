import assert from "node:assert/strict";
import { test } from "node:test";
import { changeBetween, type LiveChange, type LiveState, ManualClock, rfc3339 } from "@sidetone/foundation";
import { type Call, newCall, type Party, type PartyState, type RecordingIndication } from "../call-model/call.ts";
import { LiveCalls, type LiveCallView } from "./live-calls.ts";

const connId = "0110031f8ab2c001" as Call["connId"];

function party(id: string, dn: string, state: PartyState, more: Partial<Party> = {}): Party {
  return {
    id,
    dn,
    number: dn,
    kind: "internal",
    role: id === "a" ? "origination" : "destination",
    device: "phone",
    state,
    aor: `sip:${dn}@sidetone.local`,
    agentId: undefined,
    recorded: dn === "7001",
    introduction: undefined,
    ...more,
  };
}

const of = (calls: readonly Call[]): { size: number; list(): readonly Call[] } => ({
  size: calls.length,
  list: () => calls,
});

function rig(): {
  clock: ManualClock;
  live: LiveCalls;
  /** What a watcher is told after a change of the call. */
  told(change?: Partial<Call>): LiveChange | undefined;
  view(): LiveCallView;
  call(): Call;
} {
  const clock = new ManualClock();
  const live = new LiveCalls(clock);
  let call = newCall({
    connId,
    callUuid: "U" as Call["callUuid"],
    callType: "Internal",
    ani: "7002",
    dnis: "7001",
    createdMicros: clock.wallMicros(),
  });
  let known: LiveState = {};
  return {
    clock,
    live,
    told(change) {
      if (change !== undefined) {
        call = { ...call, ...change };
        live.onCall(call);
      }
      const now = live.state(of(call.endedMicros === undefined ? [call] : []), []);
      const difference = changeBetween(known, now);
      known = now;
      return difference;
    },
    view: () => known["calls"]?.get(connId) as LiveCallView,
    call: () => call,
  };
}

const recording = (state: RecordingIndication["state"], cause: string): RecordingIndication => ({
  state,
  cause,
  id: "r-1",
  fileName: "f",
});

test("each state of a party and of the recording has its own beginning", () => {
  const r = rig();
  const begun = rfc3339(r.clock.wallMicros());
  r.told({ parties: [party("a", "7002", "dialing"), party("b", "7001", "ringing")] });
  r.clock.advance(3000);
  const answered = rfc3339(r.clock.wallMicros());
  r.told({ parties: [party("a", "7002", "dialing"), party("b", "7001", "connected")] });
  assert.deepEqual(
    r.view().parties.map(({ dn, state, since }) => [dn, state, since]),
    [
      ["7002", "dialing", begun],
      ["7001", "connected", answered],
    ],
  );
  assert.equal(r.view().recording.since, null);
  r.clock.advance(1000);
  r.told({ recording: recording("On", "started") });
  const { since, ...rest } = r.view().recording;
  assert.equal(since, rfc3339(r.clock.wallMicros()));
  assert.deepEqual(rest, { state: "On", cause: "started", id: "r-1", fileName: "f", by: null });
});

test("what has not changed is not told again; a call that has ended is gone", () => {
  const r = rig();
  assert.notEqual(r.told({ parties: [party("a", "7002", "connected")] }), undefined);
  assert.equal(r.told(), undefined);
  assert.deepEqual(r.told({ endedMicros: 1 }), { calls: { set: [], gone: [connId] } });
});

test("R18: who paused is named for as long as the pause lasts", () => {
  const r = rig();
  const asked = (action: string): void =>
    r.live.onAudit({ actor: "user:sue", action, subject: connId, outcome: "accepted" });
  r.told({ recording: recording("On", "started") });
  // The audit is written after the change, or before it.
  r.told({ recording: recording("Paused", "paused") });
  asked("recording-pause");
  assert.notEqual(r.told(), undefined, "the name alone is a change");
  assert.equal(r.view().recording.by, "user:sue");
  r.told({ recording: recording("On", "recovered") });
  assert.equal(r.view().recording.by, null);
  asked("recording-stop");
  r.told({ recording: recording("Off", "stopped") });
  assert.equal(r.view().recording.by, "user:sue");
});

test("R5, R34: the alarm of a call lasts until it is recorded or over", () => {
  const r = rig();
  r.told({ parties: [party("b", "7001", "connected")] });
  r.live.onAlarm(r.call(), "no-recorder");
  const alarm = r.told()?.["alarms"]?.set[0]?.[1] as { reason: string; dns: string[] };
  assert.deepEqual([alarm.reason, alarm.dns], ["no-recorder", ["7001"]]);
  assert.deepEqual(r.told({ recording: recording("On", "recovered") })?.["alarms"], { set: [], gone: [connId] });
  r.live.onAlarm(r.call(), "recorder-failed");
  r.told();
  assert.deepEqual(r.told({ endedMicros: 1 })?.["alarms"], { set: [], gone: [connId] });
});

test("a routing point is the call's queue, also when it was left", () => {
  const r = rig();
  const point = party("q", "8000", "queued", { device: "routing-point" });
  r.told({ parties: [party("a", "7002", "dialing"), point] });
  assert.deepEqual(r.view().queue, { dn: "8000", waiting: true });
  r.told({ parties: [party("a", "7002", "dialing"), { ...point, state: "released" }, party("c", "7001", "ringing")] });
  assert.deepEqual(r.view().queue, { dn: "8000", waiting: false });
  assert.deepEqual(
    r.view().parties.map(({ dn }) => dn),
    ["7002", "7001"],
  );
});

test("R33: a call of before a restart is there though nothing has happened to it, and one that left in silence is not", () => {
  const live = new LiveCalls(new ManualClock());
  const call = { ...rig().call(), answeredMicros: 7_000_000, parties: [party("a", "7001", "held")] };
  const views = live.state(of([call]), [])["calls"] as ReadonlyMap<string, LiveCallView>;
  assert.equal(views.get(connId)?.parties[0]?.since, rfc3339(7_000_000), "since its answer, as far as we know");
  assert.equal(live.state(of([]), [])["calls"]?.size, 0);
});

test("20,000 calls, of which few change, cost a look of a few ms", () => {
  const clock = new ManualClock();
  const live = new LiveCalls(clock);
  const calls = Array.from({ length: 20_000 }, (_, n) => {
    const call: Call = {
      ...newCall({
        connId: String(n) as Call["connId"],
        callUuid: `U${n}` as Call["callUuid"],
        callType: "Internal",
        ani: "1",
        dnis: "2",
        createdMicros: 1,
      }),
      parties: [party("a", "7002", "connected"), party("b", "7001", "connected")],
    };
    live.onCall(call);
    return call;
  });
  let known = live.state(of(calls), []);
  const from = process.cpuUsage();
  const looks = 20;
  for (let look = 0; look < looks; look += 1) {
    const first = calls[look];
    assert(first !== undefined);
    calls[look] = { ...first, parties: [] };
    live.onCall({ ...first, parties: [] });
    const now = live.state(of(calls), []);
    assert.equal(changeBetween(known, now)?.["calls"]?.set.length, 1);
    known = now;
  }
  const { user, system } = process.cpuUsage(from);
  const each = (user + system) / 1000 / looks;
  assert.ok(each < 50, `${each} ms of CPU a look`);
});
