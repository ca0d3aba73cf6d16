/** R17: how long after a failed start the next one is tried. */
export const RECORDING_RETRY_MS = 5000;
/** A start that has led to no word about the recorder after this long has failed; ms. */
export const START_OVERDUE_MS = 6000;
/** media-control.md: what the Media Server keeps of each leg. */
export const MAX_BACKFILL_MS = 2000;

/** The recording of one call, as SIP Server knows it. */
export type RecordingPhase =
  | "idle"
  /** `start` is with the Media Server; no destination has accepted yet. */
  | "starting"
  | "recording"
  | "paused"
  /** Not recorded though wanted; the retry timer runs. */
  | "waiting"
  | "stopping"
  | "stopped";

export interface RecordingMachineState {
  readonly phase: RecordingPhase;
  readonly id: string;
  readonly fileName: string;
  /** R30: raised by every start, so that an older session is recognised. */
  readonly epoch: number;
  /** Wall clock of the answer: time zero of the recording (R16). */
  readonly answeredMicros: number | undefined;
  /** The running start asked for a paused session (`prepare`), which the answer resumes. */
  readonly startsPaused: boolean;
  /** A destination has accepted at least once. */
  readonly everStarted: boolean;
  readonly lastFailure: string | undefined;
}

export type RecordingInput =
  /** The call is answered and a party of it is to be recorded. */
  | { readonly kind: "wanted"; readonly answeredMicros: number }
  /** R17 `reject`: start before the called party rings; capture begins with `wanted`. */
  | { readonly kind: "prepare" }
  | { readonly kind: "start-refused"; readonly reason: string }
  /** The Media Server did not resume a prepared recording. */
  | { readonly kind: "resume-refused"; readonly reason: string }
  | { readonly kind: "started" }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  | { readonly kind: "ended"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "retry-due" }
  | { readonly kind: "start-overdue" }
  /** The recording goes on with a flaw: a copy, a side or some seconds are missing. */
  | { readonly kind: "degraded"; readonly reason: string }
  /** The Media Server said at which epoch the recording is; its own failovers raise it. */
  | { readonly kind: "epoch"; readonly epoch: number }
  /** The Media Server is gone, or the media went direct. */
  | { readonly kind: "media-lost"; readonly reason: string }
  | { readonly kind: "call-ended" };

export type RecordingEffect =
  | {
      readonly kind: "start";
      readonly epoch: number;
      readonly initial: "recording" | "paused";
      readonly backfillMs: number;
    }
  /** Begins what was prepared, with what was said since the answer. */
  | { readonly kind: "resume"; readonly backfillMs: number }
  | { readonly kind: "stop" }
  | { readonly kind: "indicate"; readonly state: "On" | "Off" | "Paused"; readonly cause: string }
  /** One timer: whichever was armed last. */
  | { readonly kind: "arm-retry"; readonly ms: number }
  | { readonly kind: "arm-overdue"; readonly ms: number }
  | { readonly kind: "disarm" }
  | {
      readonly kind: "ledger";
      readonly outcome: "recorded" | "partial" | "not-recorded";
      readonly reason: string | undefined;
    }
  | { readonly kind: "alarm"; readonly reason: string };

export interface RecordingStep {
  readonly state: RecordingMachineState;
  readonly effects: readonly RecordingEffect[];
}

export function newRecording(id: string, fileName: string): RecordingMachineState {
  return {
    phase: "idle",
    id,
    fileName,
    epoch: 0,
    answeredMicros: undefined,
    startsPaused: false,
    everStarted: false,
    lastFailure: undefined,
  };
}

/** Wanted against actual, as `(state, input, now) → (state, effects)`; R16, R17, R20, R21, R34. Pure. */
export function stepRecording(state: RecordingMachineState, input: RecordingInput, nowMicros: number): RecordingStep {
  switch (input.kind) {
    case "prepare":
      return state.phase === "idle" ? start(state, "paused", 0) : none(state);
    case "wanted":
      return wanted(state, input.answeredMicros, nowMicros);
    case "started":
      return started(state, nowMicros);
    case "start-overdue":
      return state.phase === "starting" ? abandon(state, "recorder-no-answer") : none(state);
    case "resume-refused":
      return state.phase === "paused" && state.startsPaused ? abandon(state, input.reason) : none(state);
    case "degraded":
      return degraded(state, input.reason);
    case "epoch":
      return none(input.epoch > state.epoch ? { ...state, epoch: input.epoch } : state);
    case "paused":
      if (state.phase !== "recording") return none(state);
      return {
        state: { ...state, phase: "paused" },
        effects: [{ kind: "indicate", state: "Paused", cause: "paused" }],
      };
    case "resumed":
      if (state.phase !== "paused") return none(state);
      return {
        state: { ...state, phase: "recording" },
        effects: [{ kind: "indicate", state: "On", cause: "resumed" }],
      };
    case "start-refused":
    case "failed":
    case "media-lost":
    case "ended":
      return lost(state, input.reason);
    case "retry-due":
      if (state.phase !== "waiting") return none(state);
      return start(state, "recording", sinceAnswer(state, nowMicros));
    case "call-ended":
      return callEnded(state);
  }
}

function none(state: RecordingMachineState): RecordingStep {
  return { state, effects: [] };
}

function sinceAnswer(state: RecordingMachineState, nowMicros: number): number {
  if (state.answeredMicros === undefined) return 0;
  return Math.max(0, Math.min(MAX_BACKFILL_MS, Math.round((nowMicros - state.answeredMicros) / 1000)));
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

function wanted(state: RecordingMachineState, answeredMicros: number, nowMicros: number): RecordingStep {
  const answered = { ...state, answeredMicros };
  switch (state.phase) {
    case "idle":
      return start(answered, "recording", sinceAnswer(answered, nowMicros));
    case "paused":
      return { state: answered, effects: [{ kind: "resume", backfillMs: sinceAnswer(answered, nowMicros) }] };
    case "starting":
    case "waiting":
    case "recording":
    case "stopping":
    case "stopped":
      return none(answered);
  }
}

/** A prepared recording starts paused and is resumed by the answer. */
function started(state: RecordingMachineState, nowMicros: number): RecordingStep {
  if (state.phase === "stopped" && !state.everStarted) {
    // The call was over before the recorder's answer was here: it was recorded all the same.
    return { state: { ...state, everStarted: true }, effects: [ledgerAtEnd({ ...state, everStarted: true })] };
  }
  if (state.phase !== "starting") return none(state);
  const next: RecordingMachineState = { ...state, everStarted: true };
  if (state.startsPaused) {
    const effects: RecordingEffect[] = [{ kind: "disarm" }];
    if (state.answeredMicros !== undefined) effects.push({ kind: "resume", backfillMs: sinceAnswer(state, nowMicros) });
    return { state: { ...next, phase: "paused" }, effects };
  }
  return {
    state: { ...next, phase: "recording" },
    effects: [
      { kind: "disarm" },
      { kind: "indicate", state: "On", cause: state.lastFailure === undefined ? "started" : "recovered" },
    ],
  };
}

/** Gives up a session that is of no use, and tries again later. */
function abandon(state: RecordingMachineState, reason: string): RecordingStep {
  const step = lost(state, reason);
  return { state: step.state, effects: [{ kind: "stop" }, ...step.effects] };
}

function degraded(state: RecordingMachineState, reason: string): RecordingStep {
  if (state.phase !== "recording" && state.phase !== "paused") return none(state);
  return { state: { ...state, lastFailure: reason }, effects: [{ kind: "alarm", reason }] };
}

/** R34: what the ledger says when the call is over. */
function ledgerAtEnd(state: RecordingMachineState): RecordingEffect {
  if (!state.everStarted) {
    return {
      kind: "ledger",
      outcome: "not-recorded",
      reason: state.lastFailure ?? "call ended before the recorder answered",
    };
  }
  const whole = state.lastFailure === undefined;
  return { kind: "ledger", outcome: whole ? "recorded" : "partial", reason: state.lastFailure };
}

function lost(state: RecordingMachineState, reason: string): RecordingStep {
  switch (state.phase) {
    case "starting":
    case "recording":
    case "paused":
      return {
        state: { ...state, phase: "waiting", lastFailure: reason },
        effects: [
          { kind: "indicate", state: "Off", cause: reason },
          { kind: "alarm", reason },
          { kind: "ledger", outcome: state.everStarted ? "partial" : "not-recorded", reason },
          { kind: "arm-retry", ms: RECORDING_RETRY_MS },
        ],
      };
    case "waiting":
      return { state: { ...state, lastFailure: reason }, effects: [{ kind: "arm-retry", ms: RECORDING_RETRY_MS }] };
    case "idle":
      return {
        state: { ...state, phase: "waiting", lastFailure: reason },
        effects: [
          { kind: "alarm", reason },
          { kind: "ledger", outcome: "not-recorded", reason },
          { kind: "arm-retry", ms: RECORDING_RETRY_MS },
        ],
      };
    case "stopping":
    case "stopped":
      return none(state);
  }
}

function callEnded(state: RecordingMachineState): RecordingStep {
  const stopped: RecordingMachineState = { ...state, phase: "stopped" };
  switch (state.phase) {
    case "paused": {
      // Prepared and never resumed: nothing was captured.
      const captured = !state.startsPaused;
      const ledger: RecordingEffect =
        captured || state.answeredMicros === undefined
          ? ledgerAtEnd(state)
          : { kind: "ledger", outcome: "not-recorded", reason: "the prepared recording was never resumed" };
      return { state: stopped, effects: [{ kind: "disarm" }, { kind: "stop" }, ledger] };
    }
    case "recording":
    case "starting":
      return { state: stopped, effects: [{ kind: "disarm" }, { kind: "stop" }, ledgerAtEnd(state)] };
    case "waiting":
      return { state: stopped, effects: [{ kind: "disarm" }, ledgerAtEnd(state)] };
    case "idle":
    case "stopping":
    case "stopped":
      return { state: stopped, effects: [] };
  }
}
