import { merged, stepCommand } from "./commands.ts";
import {
  ledgerAtEnd,
  MAX_BACKFILL_MS,
  RECORDING_RETRY_MS,
  type Interruption,
  type RecordingEffect,
  type RecordingInput,
  type RecordingMachineState,
  type RecordingParameters,
  type RecordingStep,
  START_OVERDUE_MS,
} from "./states.ts";

/** Wanted against actual, as `(state, input, now) → (state, effects)`; R16, R17, R19 to R23, R34. Pure. */
export function stepRecording(state: RecordingMachineState, input: RecordingInput, nowMicros: number): RecordingStep {
  switch (input.kind) {
    case "prepare":
      return state.phase === "idle" ? start(state, "paused", 0) : none(state);
    case "wanted":
      return wanted(state, input.answeredMicros, nowMicros);
    case "asked":
      return asked(state, input.parameters, nowMicros);
    case "accepted":
      return accepted(state);
    case "command":
    case "command-done":
    case "command-refused":
      return stepCommand(state, input, nowMicros);
    case "parameters":
      return none({ ...state, parameters: merged(state.parameters, input.parameters) });
    case "started":
      return started(state, input.gapMs, nowMicros);
    case "start-overdue":
      return state.phase === "starting" ? abandon(state, "recorder-no-answer") : none(state);
    case "resume-refused":
      return prepared(state) ? abandon(state, input.reason) : none(state);
    case "degraded":
      return degraded(state, input.reason);
    case "epoch":
      return none(input.epoch > state.epoch ? { ...state, epoch: input.epoch } : state);
    case "paused":
      if (state.phase !== "recording") return none(state);
      return {
        state: { ...state, phase: "paused", paused: true },
        effects: [{ kind: "indicate", state: "Paused", cause: "paused" }],
      };
    case "resumed":
      if (state.phase !== "paused") return none(state);
      return {
        state: { ...state, phase: "recording", paused: false, startsPaused: false },
        effects: [{ kind: "indicate", state: "On", cause: "resumed" }],
      };
    case "media-moving":
      return mediaMoving(state, input.interruption);
    case "start-refused":
    case "failed":
    case "media-lost":
    case "ended":
      return lost(state, input.reason);
    case "retry-due":
      if (state.phase !== "waiting") return none(state);
      return state.paused ? start(state, "paused", 0) : start(state, "recording", sinceWanted(state, nowMicros));
    case "parties-gone":
      return partiesGone(state);
    case "call-ended":
      return callEnded(state);
  }
}

function none(state: RecordingMachineState): RecordingStep {
  return { state, effects: [] };
}

/** Started before the answer (R17 `reject`) and not begun yet, as against paused by a client. */
function prepared(state: RecordingMachineState): boolean {
  return state.phase === "paused" && state.startsPaused && !state.paused;
}

/** How long audio has been wanted, ms; at most what a Media Server keeps. */
export function sinceWanted(state: RecordingMachineState, nowMicros: number): number {
  if (state.wantedFromMicros === undefined) return 0;
  return Math.max(0, Math.min(MAX_BACKFILL_MS, Math.round((nowMicros - state.wantedFromMicros) / 1000)));
}

function start(state: RecordingMachineState, initial: "recording" | "paused", backfillMs: number): RecordingStep {
  const epoch = state.epoch + 1;
  const next: RecordingMachineState = { ...state, phase: "starting", epoch, startsPaused: initial === "paused" };
  return {
    state: next,
    effects: [
      { kind: "start", epoch, initial, backfillMs },
      { kind: "arm-overdue", ms: START_OVERDUE_MS },
    ],
  };
}

/** R3: what was said before START is not taken. */
function asked(state: RecordingMachineState, parameters: RecordingParameters, nowMicros: number): RecordingStep {
  if (state.phase !== "idle") return none(state);
  return start({ ...state, accepted: false, parameters, wantedFromMicros: nowMicros }, "recording", 0);
}

function accepted(state: RecordingMachineState): RecordingStep {
  if (state.accepted || state.phase !== "starting") return none(state);
  // The recorder has its whole time, however long the way to the Media Server was.
  return { state: { ...state, accepted: true }, effects: [{ kind: "arm-overdue", ms: START_OVERDUE_MS }] };
}

function wanted(state: RecordingMachineState, answeredMicros: number, nowMicros: number): RecordingStep {
  const answered = { ...state, wantedFromMicros: answeredMicros };
  switch (state.phase) {
    case "idle":
      return start(answered, "recording", sinceWanted(answered, nowMicros));
    case "paused":
      return { state: answered, effects: [{ kind: "resume", backfillMs: sinceWanted(answered, nowMicros) }] };
    case "starting":
    case "waiting":
    case "recording":
    case "stopping":
    case "stopped":
      return none(answered);
  }
}

/** A prepared recording is resumed by the answer; one that a client paused stays paused. */
function started(before: RecordingMachineState, gapMs: number | undefined, nowMicros: number): RecordingStep {
  const { recovering } = before;
  if (before.phase !== "starting" || recovering === undefined) return startedAnew(before, nowMicros);
  const gap = gapMs ?? Math.max(0, Math.round((nowMicros - recovering.sinceMicros) / 1000));
  const lastFailure = `${gap} ms missing: ${recovering.reason}`;
  const step = startedAnew({ ...before, recovering: undefined, lastFailure }, nowMicros);
  return {
    state: step.state,
    effects: [
      ...step.effects,
      { kind: "ledger", outcome: "partial", reason: lastFailure },
      { kind: "recovered", reason: recovering.reason, gapMs: gap },
    ],
  };
}

function startedAnew(state: RecordingMachineState, nowMicros: number): RecordingStep {
  if (state.phase === "stopped" && state.accepted && !state.everStarted) {
    // The call was over before the recorder's answer was here: it was recorded all the same.
    return { state: { ...state, everStarted: true }, effects: [ledgerAtEnd({ ...state, everStarted: true })] };
  }
  if (state.phase === "stopping") return none({ ...state, everStarted: true });
  if (state.phase !== "starting") return none(state);
  const next: RecordingMachineState = { ...state, everStarted: true, failureTold: false };
  const cause = state.lastFailure === undefined ? "started" : "recovered";
  if (state.paused) {
    return {
      state: { ...next, phase: "paused" },
      effects: [{ kind: "disarm" }, { kind: "indicate", state: "Paused", cause }],
    };
  }
  if (state.startsPaused) {
    const effects: RecordingEffect[] = [{ kind: "disarm" }];
    if (state.wantedFromMicros !== undefined) {
      effects.push({ kind: "resume", backfillMs: sinceWanted(state, nowMicros) });
    }
    return { state: { ...next, phase: "paused" }, effects };
  }
  return {
    state: { ...next, phase: "recording" },
    effects: [{ kind: "disarm" }, { kind: "indicate", state: "On", cause }],
  };
}

/**
 * R30: the same recording, begun again at another Media Server with a higher epoch; paused where it was (R19). What waits
 * for a retry goes on waiting, and a client whose START has not been taken yet hears that it failed.
 */
function mediaMoving(state: RecordingMachineState, { reason, sinceMicros }: Interruption): RecordingStep {
  const { phase, paused, everStarted, accepted, wantedFromMicros } = state;
  const runs = phase === "recording" || phase === "paused";
  if (!runs && (phase !== "starting" || !accepted)) return none(state);
  // Prepared before the answer (R17 `reject`): nothing is missing yet.
  if (wantedFromMicros === undefined) return start(state, "paused", 0);
  // A server that dies during the recovery makes the same gap longer.
  const recovering = state.recovering ?? { reason, sinceMicros: everStarted ? sinceMicros : wantedFromMicros };
  const next = { ...state, lastFailure: reason, recovering };
  const begun = start(next, paused ? "paused" : "recording", 0);
  if (!runs) return begun;
  const told: RecordingEffect[] = [
    { kind: "indicate", state: "Off", cause: reason },
    { kind: "alarm", reason },
  ];
  return { state: begun.state, effects: [...told, ...begun.effects] };
}

/** Gives up a session that is of no use, and tries again later. */
function abandon(state: RecordingMachineState, reason: string): RecordingStep {
  const step = lost(state, reason);
  return { state: step.state, effects: [{ kind: "stop" }, ...step.effects] };
}

function degraded(state: RecordingMachineState, reason: string): RecordingStep {
  const flawed = { ...state, lastFailure: reason };
  // The recorder did not answer its BYE: what it holds is in doubt, and the ledger must not say more than is known (R34).
  if (state.phase === "stopped" && state.everStarted)
    return { state: flawed, effects: [{ kind: "alarm", reason }, ledgerAtEnd(flawed)] };
  if (state.phase !== "recording" && state.phase !== "paused") return none(state);
  return { state: flawed, effects: [{ kind: "alarm", reason }] };
}

function lost(state: RecordingMachineState, reason: string): RecordingStep {
  const waits = { phase: "waiting", lastFailure: reason, recovering: undefined, failureTold: true } as const;
  const next: RecordingMachineState = { ...state, ...waits };
  const told: RecordingEffect[] = state.failureTold ? [] : [{ kind: "failure", reason }];
  switch (state.phase) {
    case "starting":
      if (!state.accepted) return refusedStart(state, reason);
      return state.recovering === undefined
        ? { state: next, effects: [...brokenOff(state, reason), ...told, retry()] }
        : lost({ ...state, recovering: undefined }, `${state.recovering.reason}, then ${reason}`);
    case "recording":
    case "paused":
      return { state: next, effects: [...brokenOff(state, reason), ...told, retry()] };
    case "waiting":
      return { state: { ...state, lastFailure: reason }, effects: [retry()] };
    case "idle":
      return {
        state: next,
        effects: [{ kind: "alarm", reason }, { kind: "ledger", outcome: "not-recorded", reason }, ...told, retry()],
      };
    case "stopping":
    case "stopped":
      return none(state);
  }
}

function brokenOff(state: RecordingMachineState, reason: string): RecordingEffect[] {
  return [
    { kind: "indicate", state: "Off", cause: reason },
    { kind: "alarm", reason },
    { kind: "ledger", outcome: state.everStarted ? "partial" : "not-recorded", reason },
  ];
}

function retry(): RecordingEffect {
  return { kind: "arm-retry", ms: RECORDING_RETRY_MS };
}

/** The client hears of it in the answer to its START: no retry, it asks again. */
function refusedStart(state: RecordingMachineState, reason: string): RecordingStep {
  return {
    state: { ...state, phase: "stopped", lastFailure: reason },
    effects: [{ kind: "disarm" }, { kind: "ledger", outcome: "not-recorded", reason }, { kind: "refused", reason }],
  };
}

/** The call does not say it by its end: now it has to be said. */
function partiesGone(state: RecordingMachineState): RecordingStep {
  const step = callEnded(state);
  if (!state.everStarted || (state.phase !== "recording" && state.phase !== "paused")) return step;
  return { state: step.state, effects: [...step.effects, { kind: "indicate", state: "Off", cause: "party-left" }] };
}

function callEnded(state: RecordingMachineState): RecordingStep {
  const stopped: RecordingMachineState = { ...state, phase: "stopped" };
  switch (state.phase) {
    case "paused": {
      // Prepared and never resumed: nothing was captured.
      const ledger: RecordingEffect =
        prepared(state) && state.wantedFromMicros !== undefined
          ? { kind: "ledger", outcome: "not-recorded", reason: "the prepared recording was never resumed" }
          : ledgerAtEnd(state);
      return { state: stopped, effects: [{ kind: "disarm" }, { kind: "stop" }, ledger] };
    }
    case "recording":
    case "starting":
      return { state: stopped, effects: [{ kind: "disarm" }, { kind: "stop" }, ledgerAtEnd(state)] };
    case "waiting":
    case "stopping":
      return { state: stopped, effects: [{ kind: "disarm" }, ledgerAtEnd(state)] };
    case "idle":
    case "stopped":
      return { state: stopped, effects: [] };
  }
}
