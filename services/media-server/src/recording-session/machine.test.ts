import assert from "node:assert/strict";
import { test } from "node:test";
import { newSession, type SessionInput, type SessionOutput, type SessionState, stepSession } from "./machine.ts";

const begin: SessionInput = { kind: "begin", capture: "recording" };
const beginPaused: SessionInput = { kind: "begin", capture: "paused" };
const accepted: SessionInput = { kind: "accepted" };
const changed: SessionInput = { kind: "changed" };
const pause: SessionInput = { kind: "capture", capture: "paused" };
const resume: SessionInput = { kind: "capture", capture: "recording" };
const stop: SessionInput = { kind: "stop", lastWords: false, reason: "stop" };
const lastWords: SessionInput = { kind: "stop", lastWords: true, reason: "stop" };
const okay: SessionInput = { kind: "modified", outcome: "ok", reason: "" };
const refusedChange: SessionInput = { kind: "modified", outcome: "refused", reason: "488" };
const glare: SessionInput = { kind: "modified", outcome: "later", ms: 2_500, reason: "491" };
const due: SessionInput = { kind: "reoffer-due" };
const refused: SessionInput = { kind: "refused", reason: "486 Busy Here" };
const bye: SessionInput = { kind: "peer-ended", orderly: true, reason: "recorder said BYE" };
const vanished: SessionInput = { kind: "peer-ended", orderly: false, reason: "timeout", kept: true, brief: false };
const vanishedInPause: SessionInput = { ...vanished, kept: false };
const dropped: SessionInput = { kind: "peer-ended", orderly: false, reason: "BYE: disk full", kept: true, brief: true };
const sent: SessionInput = { kind: "delivered" };
const byeDone: SessionInput = { kind: "bye-done", outcome: "ok" };
const byeLost: SessionInput = { kind: "bye-done", outcome: "lost", reason: "BYE: 408", kept: true, brief: false };
const byeLostInPause: SessionInput = { ...byeLost, kept: false };
const newer: SessionInput = { kind: "refused", reason: "403", final: true };
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

const up = [begin, accepted, sent];
const upSteps = ["invite", "send-media started", ""];
const losing = "hold-media give-up-after invite-again";

const table: [name: string, inputs: SessionInput[], steps: string[], phase: SessionState["phase"]][] = [
  ["accepted at once", up, upSteps, "up"],
  ["refused at once: failed", [begin, refused], ["invite", "failed finish"], "ended"],
  [
    "R19: pause is a re-INVITE, resume another",
    [...up, pause, okay, sent, resume, okay],
    [...upSteps, "reoffer", "send-media", "", "reoffer", "send-media"],
    "up",
  ],
  [
    "one re-INVITE at a time; what came meanwhile follows",
    [...up, pause, resume, changed, okay, okay],
    [...upSteps, "reoffer", "", "", "send-media reoffer", "send-media"],
    "up",
  ],
  [
    "pause before the recorder answered follows its answer, behind what was said before",
    [begin, pause, accepted, sent, okay],
    ["invite", "", "send-media started", "reoffer", "send-media"],
    "up",
  ],
  [
    "a pause does not overtake what is still being sent; a resume meanwhile makes it void",
    [...up, pause, okay, resume, okay, pause, resume, okay, sent],
    [...upSteps, "reoffer", "send-media", "reoffer", "send-media", "", "reoffer", "send-media", ""],
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
    [...up, changed, refusedChange, changed],
    [...upSteps, "reoffer", "degraded", "reoffer"],
    "up",
  ],
  ["stop", [...up, stop, byeDone], [...upSteps, "bye", "stopped finish"], "ended"],
  [
    "stop while audio is still being sent: BYE follows it",
    [begin, accepted, stop, sent, byeDone],
    ["invite", "send-media started", "close-after", "bye", "stopped finish"],
    "ended",
  ],
  [
    "R18: parameters of stop travel in a last re-INVITE",
    [...up, lastWords, okay, byeDone],
    [...upSteps, "reoffer close-after", "bye", "stopped finish"],
    "ended",
  ],
  [
    "R18: even if it is refused, BYE follows",
    [...up, lastWords, refusedChange],
    [...upSteps, "reoffer close-after", "bye"],
    "ending",
  ],
  [
    "R18: the last words wait for the re-INVITE under way",
    [...up, pause, lastWords, okay, sent, okay, byeDone],
    [...upSteps, "reoffer", "close-after", "send-media", "reoffer", "bye", "stopped finish"],
    "ended",
  ],
  [
    "stop with a re-INVITE under way: BYE follows its answer, the recorder sees the metadata first",
    [...up, pause, stop, okay, sent, byeDone],
    [...upSteps, "reoffer", "close-after", "send-media", "bye", "stopped finish"],
    "ended",
  ],
  [
    "stop with a re-INVITE that nobody answers: BYE all the same",
    [...up, pause, stop, closeDue, okay, byeDone],
    [...upSteps, "reoffer", "close-after", "bye", "", "stopped finish"],
    "ended",
  ],
  [
    "R18: last words behind a re-INVITE that nobody answers: BYE all the same",
    [...up, pause, lastWords, closeDue, byeDone],
    [...upSteps, "reoffer", "close-after", "bye", "stopped finish"],
    "ended",
  ],
  [
    "stop before the answer, with nothing said: it is cancelled",
    [beginPaused, stop, byeDone],
    ["invite", "bye", "stopped finish"],
    "ended",
  ],
  [
    "stop before the answer: what was said goes to the recorder when it answers",
    [begin, stop, accepted, sent, byeDone],
    ["invite", "", "send-media started close-after", "bye", "stopped finish"],
    "ended",
  ],
  ["stop before an answer that is a refusal: failed", [begin, stop, refused], ["invite", "", "failed finish"], "ended"],
  [
    "R17: 503 with Retry-After at the start: failed at once",
    [begin, { kind: "refused", reason: "503", retryMs: 2_000 }],
    ["invite", "failed finish"],
    "ended",
  ],
  [
    "RFC 3261 14.1: 491: the same again later, with what happened meanwhile, once",
    [...up, changed, glare, pause, changed, due, okay, sent],
    [...upSteps, "reoffer", "reoffer-after", "", "", "reoffer", "send-media", ""],
    "up",
  ],
  [
    "491 six times: refused",
    [...up, changed, ...Array.from({ length: 5 }, () => [glare, due]).flat(), glare, due],
    [...upSteps, "reoffer", ...Array.from({ length: 5 }, () => ["reoffer-after", "reoffer"]).flat(), "degraded", ""],
    "up",
  ],
  [
    "491 to the last words: BYE waits for the next try, not longer",
    [...up, lastWords, glare, due, okay, byeDone],
    [...upSteps, "reoffer close-after", "reoffer-after close-after", "reoffer", "bye", "stopped finish"],
    "ended",
  ],
  [
    "491 to the last words, and the next try has no answer in time",
    [...up, lastWords, glare, due, closeDue, due, byeDone],
    [...upSteps, "reoffer close-after", "reoffer-after close-after", "reoffer", "bye", "", "stopped finish"],
    "ended",
  ],
  [
    "stop while a re-INVITE waits after 491: one more, then BYE",
    [...up, changed, glare, lastWords, due, okay, byeDone],
    [...upSteps, "reoffer", "reoffer-after", "close-after", "reoffer", "bye", "stopped finish"],
    "ended",
  ],
  [
    "the recorder vanishes while a re-INVITE waits: the next one is told all in its INVITE",
    [...up, changed, glare, vanished, due, accepted],
    [...upSteps, "reoffer", "reoffer-after", losing, "", "send-media switched"],
    "up",
  ],
  [
    "a resume that is refused is asked again, then left for another recorder with what is kept (R31)",
    [...up, pause, okay, sent, resume, refusedChange, due, refusedChange, due, refusedChange, vanished, accepted],
    [
      ...upSteps,
      "reoffer",
      "send-media",
      "",
      "reoffer",
      "degraded reoffer-after",
      "reoffer",
      "reoffer-after",
      "reoffer",
      "leave",
      losing,
      "send-media switched",
    ],
    "up",
  ],
  [
    "a resume that is refused, then paused again: nothing is asked for any more",
    [...up, pause, okay, sent, resume, refusedChange, pause, due, okay],
    [...upSteps, "reoffer", "send-media", "", "reoffer", "degraded reoffer-after", "", "reoffer", "send-media"],
    "up",
  ],
  ["the recorder ends it", [...up, bye], [...upSteps, "stopped finish"], "ended"],
  [
    "R31: the recorder vanishes, another takes over",
    [...up, vanished, accepted],
    [...upSteps, losing, "send-media switched"],
    "up",
  ],
  [
    "R31: it vanishes while a re-INVITE is under way: what was said before the pause first, then the pause",
    [...up, pause, vanished, accepted, sent, okay],
    [...upSteps, "reoffer", losing, "send-media switched", "reoffer", "send-media"],
    "up",
  ],
  [
    "R31: the next one refuses, a later one does not",
    [...up, vanished, refused, retry, accepted],
    [...upSteps, losing, "retry-after", "invite-again", "send-media switched"],
    "up",
  ],
  [
    "R30: a recorder that has a newer session: no other is asked",
    [...up, vanished, newer, retry],
    [...upSteps, losing, "failed finish", ""],
    "ended",
  ],
  [
    "R31: paused for long stays paused: nothing is to be sent",
    [...up, pause, okay, sent, vanishedInPause, accepted, sent],
    [...upSteps, "reoffer", "send-media", "", losing, "send-media switched", ""],
    "up",
  ],
  [
    "R31: paused while no recorder is there: the next one gets what was said before, then the pause",
    [...up, vanished, refused, pause, retry, accepted, sent],
    [...upSteps, losing, "retry-after", "", "invite-again", "send-media switched", "reoffer"],
    "up",
  ],
  [
    "R31: paused and resumed while no recorder is there",
    [...up, vanished, refused, pause, resume, retry, accepted, sent],
    [...upSteps, losing, "retry-after", "", "", "invite-again", "send-media switched", ""],
    "up",
  ],
  [
    "R31: stop between two attempts: the next recorder gets what is kept, then BYE",
    [...up, vanished, refused, stop, retry, accepted, sent, byeDone],
    [...upSteps, losing, "retry-after", "", "invite-again", "send-media switched close-after", "bye", "stopped finish"],
    "ended",
  ],
  [
    "R34: stop between two attempts, and nobody is found: degraded before the last word",
    [...up, vanished, refused, stop, giveUp],
    [...upSteps, losing, "retry-after", "", "degraded stopped finish"],
    "ended",
  ],
  [
    "R31: none is found in time: failed",
    [...up, vanished, refused, giveUp, accepted],
    [...upSteps, losing, "retry-after", "failed finish", ""],
    "ended",
  ],
  [
    "R31: the time is over while one is asked: it is the last one",
    [...up, vanished, refused, retry, giveUp, refused],
    [...upSteps, losing, "retry-after", "invite-again", "", "failed finish"],
    "ended",
  ],
  [
    "R31: the time is over while one is asked, and that one takes over",
    [...up, vanished, giveUp, accepted],
    [...upSteps, losing, "", "send-media switched"],
    "up",
  ],
  [
    "R31: the time to find another is over when one was found: nothing happens",
    [...up, vanished, accepted, giveUp],
    [...upSteps, losing, "send-media switched", ""],
    "up",
  ],
  [
    "R31: one that takes sessions and drops them is not asked without end",
    [...up, dropped, retry, accepted, dropped, giveUp],
    [
      ...upSteps,
      "hold-media give-up-after retry-after",
      "invite-again",
      "send-media switched",
      "hold-media give-up-after retry-after",
      "failed finish",
    ],
    "ended",
  ],
  [
    "R31: it vanishes before the last words are answered: another gets what it may not have",
    [...up, lastWords, vanished, accepted, sent, byeDone],
    [...upSteps, "reoffer close-after", losing, "send-media switched close-after", "bye", "stopped finish"],
    "ended",
  ],
  [
    "R31: nobody answers BYE: another gets what the recorder may not have",
    [...up, stop, byeLost, accepted, sent, byeDone],
    [...upSteps, "bye", losing, "send-media switched close-after", "bye", "stopped finish"],
    "ended",
  ],
  [
    "R34: nobody answers BYE, and nothing was said since long: degraded, the recorder did not hear the end",
    [...up, pause, okay, sent, stop, byeLostInPause],
    [...upSteps, "reoffer", "send-media", "", "bye", "degraded stopped finish"],
    "ended",
  ],
  [
    "nothing moves what has ended",
    [begin, refused, accepted, pause, stop, retry, bye, sent, byeLost],
    ["invite", "failed finish", "", "", "", "", "", "", ""],
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
  for (const input of [begin, accepted, vanished, refused, retry, giveUp, refused])
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
    vanishedInPause,
    sent,
    byeDone,
    byeLost,
    newer,
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
    assert.ok(steps.join(" ").split("stopped").length <= 2);
  }
});

test("R31, R19: whatever happens, no pause and no BYE overtakes audio that is kept or on its way", () => {
  const all = [
    changed,
    pause,
    resume,
    stop,
    lastWords,
    okay,
    dropped,
    refused,
    vanished,
    retry,
    accepted,
    sent,
    byeLost,
  ];
  let seed = 11;
  const pick = (): SessionInput => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return all[(seed >>> 16) % all.length] ?? stop;
  };
  for (let round = 0; round < 2000; round += 1) {
    let state = stepSession(newSession, begin).state;
    const way: string[] = [];
    for (let n = 0; n < 15; n += 1) {
      const input = pick();
      const step = stepSession(state, input);
      way.push(input.kind);
      for (const { kind } of step.outputs) {
        if (kind !== "reoffer" && kind !== "bye" && kind !== "invite") continue;
        const silences = kind === "bye" || step.state.told === "paused";
        assert.ok(!silences || !step.state.kept || step.state.phase === "ended", `${kind} after ${way.join(" ")}`);
        if (kind !== "invite") assert.ok(!silences || !step.state.sending, `${kind} after ${way.join(" ")}`);
      }
      ({ state } = step);
    }
  }
});
