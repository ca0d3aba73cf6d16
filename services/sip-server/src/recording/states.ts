/** R17: how long after a failed start the next one is tried. */
export const RECORDING_RETRY_MS = 5000;
/** A start that has led to no word about the recorder after this long has failed; ms. */
export const START_OVERDUE_MS = 6000;
/** media-control.md: what the Media Server keeps of each leg. */
export const MAX_BACKFILL_MS = 2000;

/** R7: generic parameters of a recording, by name. */
export type RecordingParameters = ReadonlyMap<string, string>;

/** What a client may ask of a recording that there is (R5, R18). */
export type RecordingCommand = "stop" | "pause" | "resume";

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
  /**
   * Wall clock from which on audio is wanted: the answer (R16), a client's START, or its RESUME of what was not running.
   * Undefined before the answer.
   */
  readonly wantedFromMicros: number | undefined;
  /** The running start asked for a paused session. */
  readonly startsPaused: boolean;
  /** R19: a client paused it; whatever starts, starts paused. */
  readonly paused: boolean;
  /** False until the first start that a client asked for is with the Media Server: so long its failure is the client's. */
  readonly accepted: boolean;
  /** Of the start and of every command since: a further start repeats them. */
  readonly parameters: RecordingParameters;
  /** A destination has accepted at least once. */
  readonly everStarted: boolean;
  readonly lastFailure: string | undefined;
  /** R30: the Media Server was lost, and the start that is under way goes on with the same recording at another one. */
  readonly recovering: Interruption | undefined;
  /** R23: the clients know that it does not run. */
  readonly failureTold: boolean;
}

/** What broke a recording that goes on. */
export interface Interruption {
  readonly reason: string;
  /** Wall clock from which on nothing may have been recorded. */
  readonly sinceMicros: number;
}

export type RecordingInput =
  /** The call is answered and a party of it is to be recorded. */
  | { readonly kind: "wanted"; readonly answeredMicros: number }
  /** R17 `reject`: start before the called party rings; capture begins with `wanted`. */
  | { readonly kind: "prepare" }
  /** R3: a client asks for it. */
  | { readonly kind: "asked"; readonly parameters: RecordingParameters }
  /** The Media Server took the start that a client asked for. */
  | { readonly kind: "accepted" }
  /** R18: a client's command; to be judged by `refusalOf` before. */
  | { readonly kind: "command"; readonly command: RecordingCommand; readonly parameters: RecordingParameters }
  /** The Media Server did it; of a stop also: nothing is there any more that could record. */
  | { readonly kind: "command-done"; readonly command: RecordingCommand; readonly parameters: RecordingParameters }
  | { readonly kind: "command-refused"; readonly command: RecordingCommand }
  /** A further party was flagged and brought parameters (R6). */
  | { readonly kind: "parameters"; readonly parameters: RecordingParameters }
  | { readonly kind: "start-refused"; readonly reason: string }
  /** The Media Server did not resume a prepared recording. */
  | { readonly kind: "resume-refused"; readonly reason: string }
  /** `gapMs`: what the recorder misses of a recording that went on, where that is known. */
  | { readonly kind: "started"; readonly gapMs?: number | undefined }
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
  /** R30: the Media Server is gone; the call is being brought to another one. */
  | { readonly kind: "media-moving"; readonly interruption: Interruption }
  /** The Media Server is gone, or the media went direct. */
  | { readonly kind: "media-lost"; readonly reason: string }
  /** R24: the last party that was to be recorded has left; the call goes on. */
  | { readonly kind: "parties-gone" }
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
  /** A client's command, for the Media Server. */
  | { readonly kind: "command"; readonly command: RecordingCommand; readonly parameters: RecordingParameters }
  /** The client's START came to nothing. */
  | { readonly kind: "refused"; readonly reason: string }
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
  | { readonly kind: "alarm"; readonly reason: string }
  /** R23: said once, until it runs again. */
  | { readonly kind: "failure"; readonly reason: string }
  /** R23, R30: it goes on at another Media Server; `gapMs` are missing. */
  | { readonly kind: "recovered"; readonly reason: string; readonly gapMs: number };

export interface RecordingStep {
  readonly state: RecordingMachineState;
  readonly effects: readonly RecordingEffect[];
}

/** A recording before its first start. @param epoch of the conference's recording before it, 0 where there was none */
export function newRecording(id: string, fileName: string, epoch = 0): RecordingMachineState {
  return {
    phase: "idle",
    id,
    fileName,
    epoch,
    wantedFromMicros: undefined,
    startsPaused: false,
    paused: false,
    accepted: true,
    parameters: new Map(),
    everStarted: false,
    lastFailure: undefined,
    recovering: undefined,
    failureTold: false,
  };
}

/** R34: what the ledger says when it is over. */
export function ledgerAtEnd(state: RecordingMachineState): RecordingEffect {
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
