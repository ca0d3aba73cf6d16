import assert from "node:assert/strict";
import { test } from "node:test";
import { newSession, type SessionInput, type SessionOutput, type SessionState, stepSession } from "./machine.ts";

const begin: SessionInput = { kind: "begin", capture: "recording" };
const accepted: SessionInput = { kind: "accepted" };
const changed: SessionInput = { kind: "changed" };
const pause: SessionInput = { kind: "capture", capture: "paused" };
const resume: SessionInput = { kind: "capture", capture: "recording" };
const stop: SessionInput = { kind: "stop", lastWords: false, reason: "stop" };
const lastWords: SessionInput = { kind: "stop", lastWords: true, reason: "stop" };
const okay: SessionInput = { kind: "modified", outcome: "ok", reason: "" };
const refusedChange: SessionInput = { kind: "modified", outcome: "refused", reason: "488" };
const refused: SessionInput = { kind: "refused", reason: "486 Busy Here" };
const bye: SessionInput = { kind: "peer-ended", orderly: true, reason: "recorder said BYE" };
const vanished: SessionInput = { kind: "peer-ended", orderly: false, reason: "timeout", brief: false };
const dropped: SessionInput = { kind: "peer-ended", orderly: false, reason: "BYE: disk full", brief: true };
const giveUp: SessionInput = { kind: "give-up-due" };
const retry: SessionInput = { kind: "retry-due" };
const closeDue: SessionInput = { kind: "close-due" };

function show(output: SessionOutput): string {
  if (output.kind === "report") return output.event;
  if (output.kind === "invite") return output.switching ? "invite-again" : "invite";
  return output.kind;
}

/** Feeds the inputs; gives each one's outputs and the last state. */
function walk(...inputs: SessionInput[]): { steps: string[]; state: SessionState } {
  let state = newSession;
  const steps: string[] = [];
  for (const input of inputs) {
    const step = stepSession(state, input);
    state = step.state;
    steps.push(step.outputs.map(show).join(" "));
  }
  return { steps, state };
}

const table: [name: string, inputs: SessionInput[], steps: string[], phase: SessionState["phase"]][] = [
  ["accepted at once", [begin, accepted], ["invite", "send-media started"], "up"],
  ["refused at once: failed", [begin, refused], ["invite", "failed finish"], "ended"],
  [
    "R19: pause is a re-INVITE, resume another",
    [begin, accepted, pause, okay, resume, okay],
    ["invite", "send-media started", "reoffer", "send-media", "reoffer", "send-media"],
    "up",
  ],
  [
    "one re-INVITE at a time; what came meanwhile follows",
    [begin, accepted, pause, resume, changed, okay, okay],
    ["invite", "send-media started", "reoffer", "", "", "send-media reoffer", "send-media"],
    "up",
  ],
  [
    "pause before the recorder answered follows its answer",
    [begin, pause, accepted, okay],
    ["invite", "", "send-media started reoffer", "send-media"],
    "up",
  ],
  [
    "change before the answer follows it",
    [begin, changed, accepted],
    ["invite", "", "send-media started reoffer"],
    "up",
  ],
  [
    "a refused change degrades and is not repeated by itself",
    [begin, accepted, changed, refusedChange, changed],
    ["invite", "send-media started", "reoffer", "degraded", "reoffer"],
    "up",
  ],
  ["stop", [begin, accepted, stop, bye], ["invite", "send-media started", "stopped bye", "finish"], "ended"],
  [
    "R18: parameters of stop travel in a last re-INVITE",
    [begin, accepted, lastWords, okay, bye],
    ["invite", "send-media started", "stopped reoffer close-after", "bye", "finish"],
    "ended",
  ],
  [
    "R18: even if it is refused, BYE follows",
    [begin, accepted, lastWords, refusedChange],
    ["invite", "send-media started", "stopped reoffer close-after", "bye"],
    "ending",
  ],
  [
    "R18: the last words wait for the re-INVITE under way",
    [begin, accepted, pause, lastWords, okay, okay, bye],
    ["invite", "send-media started", "reoffer", "stopped close-after", "reoffer", "bye", "finish"],
    "ended",
  ],
  [
    "stop with a re-INVITE under way: BYE follows its answer, the recorder sees the metadata first",
    [begin, accepted, pause, stop, okay, bye],
    ["invite", "send-media started", "reoffer", "stopped close-after", "bye", "finish"],
    "ended",
  ],
  [
    "stop with a re-INVITE that nobody answers: BYE all the same",
    [begin, accepted, pause, stop, closeDue, okay, bye],
    ["invite", "send-media started", "reoffer", "stopped close-after", "bye", "", "finish"],
    "ended",
  ],
  [
    "R18: last words behind a re-INVITE that nobody answers: BYE all the same",
    [begin, accepted, pause, lastWords, closeDue, bye],
    ["invite", "send-media started", "reoffer", "stopped close-after", "bye", "finish"],
    "ended",
  ],
  ["stop before the answer cancels", [begin, stop, refused], ["invite", "stopped bye", "finish"], "ended"],
  [
    "stop before the answer, which crosses",
    [begin, stop, accepted, bye],
    ["invite", "stopped bye", "", "finish"],
    "ended",
  ],
  ["the recorder ends it", [begin, accepted, bye], ["invite", "send-media started", "stopped finish"], "ended"],
  [
    "R31: the recorder vanishes, another takes over",
    [begin, accepted, vanished, accepted],
    ["invite", "send-media started", "hold-media give-up-after invite-again", "send-media switched"],
    "up",
  ],
  [
    "R31: it vanishes while a re-INVITE is under way",
    [begin, accepted, pause, vanished, accepted],
    ["invite", "send-media started", "reoffer", "hold-media give-up-after invite-again", "send-media switched"],
    "up",
  ],
  [
    "R31: the next one refuses, a later one does not",
    [begin, accepted, vanished, refused, retry, accepted],
    [
      "invite",
      "send-media started",
      "hold-media give-up-after invite-again",
      "retry-after",
      "invite-again",
      "send-media switched",
    ],
    "up",
  ],
  [
    "R31: paused stays paused",
    [begin, accepted, pause, okay, vanished, accepted],
    [
      "invite",
      "send-media started",
      "reoffer",
      "send-media",
      "hold-media give-up-after invite-again",
      "send-media switched",
    ],
    "up",
  ],
  [
    "stop between two attempts",
    [begin, accepted, vanished, refused, stop, bye],
    [
      "invite",
      "send-media started",
      "hold-media give-up-after invite-again",
      "retry-after",
      "degraded stopped bye",
      "finish",
    ],
    "ended",
  ],
  [
    "R31: none is found in time: failed, whatever is under way",
    [begin, accepted, vanished, refused, retry, giveUp, accepted],
    [
      "invite",
      "send-media started",
      "hold-media give-up-after invite-again",
      "retry-after",
      "invite-again",
      "failed finish",
      "",
    ],
    "ended",
  ],
  [
    "R31: the time to find another is over when one was found: nothing happens",
    [begin, accepted, vanished, accepted, giveUp],
    ["invite", "send-media started", "hold-media give-up-after invite-again", "send-media switched", ""],
    "up",
  ],
  [
    "R31: one that takes sessions and drops them is not asked without end",
    [begin, accepted, dropped, retry, accepted, dropped, giveUp],
    [
      "invite",
      "send-media started",
      "hold-media give-up-after retry-after",
      "invite-again",
      "send-media switched",
      "hold-media give-up-after retry-after",
      "failed finish",
    ],
    "ended",
  ],
  [
    "R34: it vanishes before the last words are answered: degraded",
    [begin, accepted, lastWords, vanished],
    ["invite", "send-media started", "stopped reoffer close-after", "degraded finish"],
    "ended",
  ],
  [
    "nothing moves what has ended",
    [begin, refused, accepted, pause, stop, retry, bye],
    ["invite", "failed finish", "", "", "", "", ""],
    "ended",
  ],
  ["nothing moves before it began", [accepted, pause, bye], ["", "", ""], "idle"],
];

for (const [name, inputs, steps, phase] of table) {
  test(`recording session: ${name}`, () => {
    const walked = walk(...inputs);
    assert.deepEqual(walked.steps, steps);
    assert.equal(walked.state.phase, phase);
  });
}

test("recording session: R31, R34: the failure says why the recorder was lost, and why no other took over", () => {
  let state = newSession;
  let outputs: readonly SessionOutput[] = [];
  for (const input of [begin, accepted, vanished, refused, retry, refused, giveUp])
    ({ state, outputs } = stepSession(state, input));
  assert.deepEqual(outputs[0], { kind: "report", event: "failed", reason: "recorder-lost (timeout; 486 Busy Here)" });
});

test("recording session: no order of inputs ends twice or acts after the end", () => {
  const all = [
    accepted,
    changed,
    pause,
    resume,
    stop,
    lastWords,
    okay,
    refusedChange,
    dropped,
    giveUp,
    refused,
    bye,
    vanished,
    retry,
    closeDue,
  ];
  let seed = 7;
  const pick = (): SessionInput => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return all[seed % all.length] ?? stop;
  };
  for (let round = 0; round < 500; round += 1) {
    const { steps } = walk(begin, ...Array.from({ length: 20 }, pick));
    const finish = steps.findIndex((step) => step.includes("finish"));
    if (finish >= 0) assert.ok(steps.slice(finish + 1).every((step) => step === ""));
    assert.ok(steps.join(" ").split("finish").length <= 2);
    assert.ok(steps.join(" ").split("started").length <= 2);
  }
});
