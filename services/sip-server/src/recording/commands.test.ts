import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { refusalOf } from "./commands.ts";
import { stepRecording } from "./machine.ts";
import {
  newRecording,
  type RecordingCommand,
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

const words = (effects: readonly RecordingEffect[]): string[] =>
  effects.map((effect) => {
    if (effect.kind === "indicate") return effect.state;
    if (effect.kind === "ledger") return `ledger ${effect.outcome}`;
    if (effect.kind === "command") return `send ${effect.command}`;
    return effect.kind === "start" ? `start ${effect.initial}` : effect.kind;
  });

const none = new Map<string, string>();
const asked: RecordingInput = { kind: "asked", parameters: new Map([["why", "complaint"]]) };
const accepted: RecordingInput = { kind: "accepted" };
const started: RecordingInput = { kind: "started" };
const failed: RecordingInput = { kind: "failed", reason: "x" };
const command = (name: RecordingCommand, parameters = none): RecordingInput[] => [
  { kind: "command", command: name, parameters },
  { kind: "command-done", command: name, parameters },
];
const up: readonly RecordingInput[] = [asked, accepted, started];

interface Row {
  readonly rule: string;
  readonly before: readonly RecordingInput[];
  readonly steps: readonly RecordingInput[];
  readonly phase: RecordingMachineState["phase"];
  readonly effects: readonly string[];
}

const rows: readonly Row[] = [
  {
    rule: "R3: a START begins now, without what was said before, and On comes with the recorder's acceptance",
    before: [],
    steps: up,
    phase: "recording",
    effects: ["start recording", "arm-overdue", "arm-overdue", "disarm", "On"],
  },
  {
    rule: "a START that the Media Server does not take is the client's error: no retry, no EventPrivateInfo",
    before: [asked],
    steps: [{ kind: "start-refused", reason: "no-media-server" }],
    phase: "stopped",
    effects: ["disarm", "ledger not-recorded", "refused"],
  },
  {
    rule: "a START that nobody answers is given up",
    before: [asked],
    steps: [{ kind: "start-overdue" }],
    phase: "stopped",
    effects: ["stop", "disarm", "ledger not-recorded", "refused"],
  },
  {
    rule: "R23: a START that was accepted and fails is told once, and tried again",
    before: [asked, accepted],
    steps: [failed, { kind: "retry-due" }, failed],
    phase: "waiting",
    effects: [
      "Off",
      "alarm",
      "ledger not-recorded",
      "failure",
      "arm-retry",
      "start recording",
      "arm-overdue",
      "Off",
      "alarm",
      "ledger not-recorded",
      "arm-retry",
    ],
  },
  {
    rule: "R23: what ran again and breaks again is told again",
    before: [...up, failed, { kind: "retry-due" }, started],
    steps: [failed],
    phase: "waiting",
    effects: ["Off", "alarm", "ledger partial", "failure", "arm-retry"],
  },
  {
    rule: "R18, R21: STOP ends it: Off and the ledger's line after the Media Server's 200",
    before: up,
    steps: command("stop"),
    phase: "stopped",
    effects: ["disarm", "send stop", "Off", "ledger recorded"],
  },
  {
    rule: "the recorder's own word about a STOP says nothing new",
    before: [...up, ...command("stop")],
    steps: [{ kind: "ended", reason: "stop" }],
    phase: "stopped",
    effects: [],
  },
  {
    rule: "a Media Server that dies during a STOP starts nothing again",
    before: [...up, ...command("stop").slice(0, 1)],
    steps: [{ kind: "media-lost", reason: "x" }, ...command("stop").slice(1)],
    phase: "stopped",
    effects: ["Off", "ledger recorded"],
  },
  {
    rule: "a STOP that is refused leaves it running",
    before: [...up, ...command("stop").slice(0, 1)],
    steps: [{ kind: "command-refused", command: "stop" }],
    phase: "recording",
    effects: [],
  },
  {
    rule: "a STOP before the recorder answered: not recorded",
    before: [asked, accepted],
    steps: command("stop"),
    phase: "stopped",
    effects: ["disarm", "send stop", "Off", "ledger not-recorded"],
  },
  {
    rule: "a STOP while a retry waits needs no Media Server",
    before: [...up, failed],
    steps: command("stop"),
    phase: "stopped",
    effects: ["disarm", "ledger partial"],
  },
  {
    rule: "the end of the call while a STOP is under way: the ledger has its line, nothing is sent twice",
    before: [...up, ...command("stop").slice(0, 1)],
    steps: [{ kind: "call-ended" }, ...command("stop").slice(1)],
    phase: "stopped",
    effects: ["disarm", "ledger recorded"],
  },
  {
    rule: "R19, R21: Paused after the Media Server's 200, On after the next",
    before: up,
    steps: [...command("pause"), ...command("resume")],
    phase: "recording",
    effects: ["send pause", "Paused", "send resume", "On"],
  },
  {
    rule: "R21: the Media Server's own word, before or after the result, says it once",
    before: up,
    steps: [...command("pause").slice(0, 1), { kind: "paused" }, ...command("pause").slice(1)],
    phase: "paused",
    effects: ["send pause", "Paused"],
  },
  {
    rule: "R19: a recording that was paused when it broke starts paused, and says so",
    before: [...up, ...command("pause"), failed],
    steps: [{ kind: "retry-due" }, started],
    phase: "paused",
    effects: ["start paused", "arm-overdue", "disarm", "Paused"],
  },
  {
    rule: "R19: a PAUSE while a retry waits holds for the retry",
    before: [...up, failed, ...command("pause")],
    steps: [{ kind: "retry-due" }, started],
    phase: "paused",
    effects: ["start paused", "arm-overdue", "disarm", "Paused"],
  },
  {
    rule: "R19: a PAUSE that crosses the recorder's acceptance: never On",
    before: [asked, accepted, ...command("pause")],
    steps: [started],
    phase: "paused",
    effects: ["disarm", "Paused"],
  },
  {
    rule: "a PAUSE that is refused leaves it recording, and what starts again records",
    before: [...up, ...command("pause").slice(0, 1), { kind: "command-refused", command: "pause" }, failed],
    steps: [{ kind: "retry-due" }],
    phase: "starting",
    effects: ["start recording", "arm-overdue"],
  },
];

for (const { rule, before, steps, phase, effects } of rows) {
  test(rule, () => {
    const start = run(before);
    const end = run([...before, ...steps]);
    assert.equal(end.state.phase, phase);
    assert.deepEqual(words(end.effects.slice(start.effects.length)), effects);
  });
}

test("R18: a further start repeats the parameters of the start and of every command", () => {
  const { state } = run([...up, ...command("pause", new Map([["reason", "card"]])), failed, { kind: "retry-due" }]);
  assert.deepEqual(Object.fromEntries(state.parameters), { why: "complaint", reason: "card" });
});

test("R19: a RESUME while a retry waits takes nothing of what was said before it", () => {
  let { state } = run([...up, ...command("pause"), failed], 0);
  for (const input of command("resume")) state = stepRecording(state, input, 9_000_000).state;
  const { effects } = stepRecording(state, { kind: "retry-due" }, 9_400_000);
  assert.deepEqual(effects[0], { kind: "start", epoch: 2, initial: "recording", backfillMs: 400 });
});

test("R18: what can be asked in which state", () => {
  const prepared: RecordingInput[] = [{ kind: "prepare" }, started];
  const table: readonly [string, readonly RecordingInput[], (string | undefined)[]][] = [
    ["nothing runs", [], ["RecordingNotActive", "RecordingNotActive", "RecordingNotActive"]],
    ["prepared before the answer", prepared, ["RecordingNotActive", "RecordingNotActive", "RecordingNotActive"]],
    ["recording", up, [undefined, undefined, "InSameState"]],
    ["paused", [...up, ...command("pause")], [undefined, "InSameState", undefined]],
    ["waiting", [...up, failed], [undefined, undefined, "InSameState"]],
    ["stopped", [...up, ...command("stop")], ["RecordingNotActive", "RecordingNotActive", "RecordingNotActive"]],
  ];
  for (const [name, inputs, expected] of table) {
    const { state } = run(inputs);
    const actual = (["stop", "pause", "resume"] as const).map((one) => refusalOf(state, one));
    assert.deepEqual(actual, expected, name);
  }
});

test("R19 property: while a client's PAUSE holds, nothing is started or shown as On", () => {
  const outside: fc.Arbitrary<RecordingInput> = fc.constantFrom<RecordingInput>(
    started,
    failed,
    { kind: "retry-due" },
    { kind: "start-overdue" },
    { kind: "media-lost", reason: "r" },
    { kind: "paused" },
    { kind: "epoch", epoch: 3 },
    accepted,
  );
  fc.assert(
    fc.property(fc.array(outside, { maxLength: 8 }), fc.array(outside, { maxLength: 20 }), (before, after) => {
      const running = run([asked, accepted, ...before]).state;
      if (refusalOf(running, "pause") !== undefined) return;
      let state = running;
      for (const input of command("pause")) state = stepRecording(state, input, 0).state;
      for (const input of after) {
        const step = stepRecording(state, input, 10_000_000);
        state = step.state;
        for (const effect of step.effects) {
          assert.ok(effect.kind !== "start" || effect.initial === "paused");
          assert.ok(effect.kind !== "indicate" || effect.state !== "On");
        }
      }
    }),
  );
});
