import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { stepRecording } from "./machine.ts";
import {
  newRecording,
  RECORDING_RETRY_MS,
  type RecordingEffect,
  type RecordingInput,
  type RecordingMachineState,
} from "./states.ts";

function run(inputs: readonly RecordingInput[], now = 0): { state: RecordingMachineState; effects: RecordingEffect[] } {
  const effects: RecordingEffect[] = [];
  let state = newRecording("id", "file");
  for (const input of inputs) {
    const step = stepRecording(state, input, now);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const kinds = (effects: readonly RecordingEffect[]): string[] => effects.map(({ kind }) => kind);

test("R16: the start asks for what was said since the answer", () => {
  const { effects } = run([{ kind: "wanted", answeredMicros: 1_000_000 }], 1_035_000);
  assert.deepEqual(effects[0], { kind: "start", epoch: 1, initial: "recording", backfillMs: 35 });
});

test("media-control.md: never more than the 2 s that the Media Server keeps", () => {
  const { effects } = run([{ kind: "wanted", answeredMicros: 0 }], 9_000_000);
  assert.deepEqual(effects[0], { kind: "start", epoch: 1, initial: "recording", backfillMs: 2000 });
});

test("R20: On is said when a destination accepted, not before", () => {
  const asked = run([{ kind: "wanted", answeredMicros: 0 }]);
  assert.ok(!kinds(asked.effects).includes("indicate"));
  const started = stepRecording(asked.state, { kind: "started" }, 0);
  assert.deepEqual(started.effects.at(-1), { kind: "indicate", state: "On", cause: "started" });
});

test("R17: a failed start is an Off, an alarm, a ledger line, and a retry 5 s later with a higher epoch", () => {
  const failed = run([
    { kind: "wanted", answeredMicros: 0 },
    { kind: "failed", reason: "recorder-refused 486" },
  ]);
  assert.deepEqual(kinds(failed.effects), [
    "start",
    "arm-overdue",
    "indicate",
    "alarm",
    "ledger",
    "failure",
    "arm-retry",
  ]);
  assert.deepEqual(failed.effects.at(-1), { kind: "arm-retry", ms: RECORDING_RETRY_MS });
  const again = stepRecording(failed.state, { kind: "retry-due" }, 0);
  assert.deepEqual(again.effects[0], { kind: "start", epoch: 2, initial: "recording", backfillMs: 0 });
});

test("R17: without a Media Server at the answer the ledger says so and a start is tried later", () => {
  const { state, effects } = run([
    { kind: "media-lost", reason: "no-media-server" },
    { kind: "wanted", answeredMicros: 0 },
  ]);
  assert.equal(state.phase, "waiting");
  assert.ok(
    effects.some(
      (effect) => effect.kind === "ledger" && effect.outcome === "not-recorded" && effect.reason === "no-media-server",
    ),
  );
});

test("R34: a recording that ran to the end is recorded; one that broke is partial; one that never ran is not", () => {
  const outcome = (inputs: RecordingInput[]): unknown => run(inputs).effects.findLast(({ kind }) => kind === "ledger");
  const wanted: RecordingInput = { kind: "wanted", answeredMicros: 0 };
  assert.deepEqual(outcome([wanted, { kind: "started" }, { kind: "call-ended" }]), {
    kind: "ledger",
    outcome: "recorded",
    reason: undefined,
  });
  assert.deepEqual(outcome([wanted, { kind: "started" }, { kind: "failed", reason: "x" }, { kind: "call-ended" }]), {
    kind: "ledger",
    outcome: "partial",
    reason: "x",
  });
  assert.deepEqual(outcome([wanted, { kind: "start-refused", reason: "x" }, { kind: "call-ended" }]), {
    kind: "ledger",
    outcome: "not-recorded",
    reason: "x",
  });
});

test("R17 reject: a prepared recording starts paused and the answer resumes it, in either order", () => {
  const inOrder = run([
    { kind: "prepare" },
    { kind: "started" },
    { kind: "wanted", answeredMicros: 0 },
    { kind: "resumed" },
  ]);
  assert.equal(inOrder.state.phase, "recording");
  assert.deepEqual(kinds(inOrder.effects), ["start", "arm-overdue", "disarm", "resume", "indicate"]);
  const crossed = run([
    { kind: "prepare" },
    { kind: "wanted", answeredMicros: 0 },
    { kind: "started" },
    { kind: "resumed" },
  ]);
  assert.equal(crossed.state.phase, "recording");
});

test("the end of the call stops a running recording and disarms a waiting one", () => {
  assert.ok(
    kinds(run([{ kind: "wanted", answeredMicros: 0 }, { kind: "started" }, { kind: "call-ended" }]).effects).includes(
      "stop",
    ),
  );
  const waiting = run([{ kind: "wanted", answeredMicros: 0 }, { kind: "failed", reason: "x" }, { kind: "call-ended" }]);
  assert.equal(waiting.effects.filter(({ kind }) => kind === "disarm").length, 1);
  assert.equal(waiting.state.phase, "stopped");
});

const anyInput: fc.Arbitrary<RecordingInput> = fc.constantFrom<RecordingInput>(
  { kind: "wanted", answeredMicros: 0 },
  { kind: "prepare" },
  { kind: "start-refused", reason: "r" },
  { kind: "started" },
  { kind: "paused" },
  { kind: "resumed" },
  { kind: "ended", reason: "r" },
  { kind: "failed", reason: "r" },
  { kind: "retry-due" },
  { kind: "start-overdue" },
  { kind: "resume-refused", reason: "r" },
  { kind: "degraded", reason: "r" },
  { kind: "epoch", epoch: 3 },
  { kind: "media-lost", reason: "r" },
  { kind: "asked", parameters: new Map() },
  { kind: "accepted" },
  ...(["stop", "pause", "resume"] as const).flatMap((command): RecordingInput[] => [
    { kind: "command", command, parameters: new Map() },
    { kind: "command-done", command, parameters: new Map() },
    { kind: "command-refused", command },
  ]),
);

test("property: after the call has ended nothing starts again and no retry waits", () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 30 }), fc.array(anyInput, { maxLength: 10 }), (before, after) => {
      const ended = run([...before, { kind: "call-ended" }]);
      let state = ended.state;
      for (const input of after) {
        const step = stepRecording(state, input, 0);
        state = step.state;
        assert.deepEqual(
          step.effects.filter(({ kind }) => kind !== "ledger" && kind !== "alarm"),
          [],
        );
      }
      const timers = ended.effects.filter(({ kind }) => kind.startsWith("arm-") || kind === "disarm");
      const last = timers.at(-1);
      assert.ok(last === undefined || last.kind === "disarm");
    }),
  );
});

test("R17: a recorder that says nothing: the session is given up, alarm, ledger, another start in 5 s", () => {
  const { state, effects } = run([{ kind: "wanted", answeredMicros: 0 }, { kind: "start-overdue" }]);
  assert.equal(state.phase, "waiting");
  assert.deepEqual(kinds(effects), [
    "start",
    "arm-overdue",
    "stop",
    "indicate",
    "alarm",
    "ledger",
    "failure",
    "arm-retry",
  ]);
});

test("R17 reject: a prepared recording that is not resumed is tried again, and never counts as recorded", () => {
  const paused: RecordingInput[] = [{ kind: "prepare" }, { kind: "started" }, { kind: "wanted", answeredMicros: 0 }];
  assert.equal(run([...paused, { kind: "resume-refused", reason: "msml-430" }]).state.phase, "waiting");
  const ended = run([...paused, { kind: "call-ended" }]).effects.at(-1);
  assert.ok(ended?.kind === "ledger" && ended.outcome === "not-recorded");
});

test("R16 reject: the resume asks for what was said since the answer", () => {
  const { effects } = run([{ kind: "prepare" }, { kind: "started" }, { kind: "wanted", answeredMicros: 0 }], 40_000);
  assert.deepEqual(effects.at(-1), { kind: "resume", backfillMs: 40 });
});

test("R34: a recording with a flaw ends as partial", () => {
  const { effects } = run([
    { kind: "wanted", answeredMicros: 0 },
    { kind: "started" },
    { kind: "degraded", reason: "no RTP from the agent" },
    { kind: "call-ended" },
  ]);
  assert.deepEqual(effects.at(-1), { kind: "ledger", outcome: "partial", reason: "no RTP from the agent" });
});

test("R34: what the recorder did not confirm at the end is partial, also when that is known only after the end", () => {
  const { effects } = run([
    { kind: "wanted", answeredMicros: 0 },
    { kind: "started" },
    { kind: "call-ended" },
    { kind: "degraded", reason: "recorder-lost (481 at the end)" },
  ]);
  assert.deepEqual(effects.slice(-2), [
    { kind: "alarm", reason: "recorder-lost (481 at the end)" },
    { kind: "ledger", outcome: "partial", reason: "recorder-lost (481 at the end)" },
  ]);
});

test("R34: a call that is over before the recorder's answer is here was recorded all the same", () => {
  const { effects } = run([{ kind: "wanted", answeredMicros: 0 }, { kind: "call-ended" }, { kind: "started" }]);
  assert.deepEqual(effects.at(-1), { kind: "ledger", outcome: "recorded", reason: undefined });
});

test("R30: a start after failovers of the Media Server's own is above their epoch", () => {
  const { effects } = run([
    { kind: "wanted", answeredMicros: 0 },
    { kind: "started" },
    { kind: "epoch", epoch: 4 },
    { kind: "failed", reason: "x" },
    { kind: "retry-due" },
  ]);
  assert.ok(effects.some((effect) => effect.kind === "start" && effect.epoch === 5));
});
