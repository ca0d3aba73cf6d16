import { LAST_ANSWER_MS, SWITCH_MS, SWITCH_RETRY_MS } from "../limits.ts";

/**
 * One recording session (RFC 7866) as its client sees it:
 *
 *   inviting --accepted--> up --stop--> ending --peer-ended--> ended
 *      |  ^                 |
 *      |  +----- lost ------+  (R31: to another recorder; the taps buffer meanwhile)
 *      +--refused--> ended
 */
export type SessionPhase = "idle" | "inviting" | "up" | "ending" | "ended";

/** Whether audio is captured. */
export type Capture = "recording" | "paused";

/** State of one session. Plain data. */
export interface SessionState {
  readonly phase: SessionPhase;
  readonly capture: Capture;
  /** What the recorder was last offered. */
  readonly told: Capture;
  /** The recorder has not seen the newest metadata. */
  readonly dirty: boolean;
  /** A re-INVITE is under way. */
  readonly modifying: boolean;
  /** BYE follows the re-INVITE under way, or the one that waits for it. */
  readonly closing: boolean;
  readonly everUp: boolean;
  /** Why another recorder is looked for. */
  readonly lost: string;
}

/** What happens to a session. */
export type SessionInput =
  | { readonly kind: "begin"; readonly capture: Capture }
  | { readonly kind: "accepted" }
  /** No session came of the INVITE. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "capture"; readonly capture: Capture }
  /** Metadata or streams are not what the recorder was told. */
  | { readonly kind: "changed" }
  /** `lastWords`: the recorder is to see the final metadata before BYE (R18). */
  | { readonly kind: "stop"; readonly lastWords: boolean; readonly reason: string }
  /** The re-INVITE was answered. */
  | { readonly kind: "modified"; readonly outcome: "ok" | "refused"; readonly reason: string }
  /** The dialog is over. `orderly`: the recorder wanted it so. */
  | { readonly kind: "peer-ended"; readonly orderly: true; readonly reason: string }
  /** `brief`: it had hardly begun. */
  | { readonly kind: "peer-ended"; readonly orderly: false; readonly reason: string; readonly brief: boolean }
  | { readonly kind: "retry-due" }
  /** No other recorder was found in time. */
  | { readonly kind: "give-up-due" }
  /** The re-INVITE before BYE was not answered in time. */
  | { readonly kind: "close-due" };

/** What is to be done. */
export type SessionOutput =
  | { readonly kind: "invite"; readonly switching: boolean }
  | { readonly kind: "reoffer" }
  /** Send the taps where the last answer says. */
  | { readonly kind: "send-media" }
  /** Let the taps buffer. */
  | { readonly kind: "hold-media" }
  | { readonly kind: "bye" }
  | { readonly kind: "retry-after"; readonly ms: number }
  /** `goesOn`: unless that runs already. */
  | { readonly kind: "give-up-after"; readonly ms: number; readonly goesOn: boolean }
  | { readonly kind: "close-after"; readonly ms: number }
  | { readonly kind: "report"; readonly event: SessionReport; readonly reason: string | undefined }
  /** Close the taps: nothing follows. */
  | { readonly kind: "finish" };

/** What conference and SIP Server are told. */
export type SessionReport = "started" | "switched" | "degraded" | "failed" | "stopped";

/** One step of the machine. */
export interface SessionStep {
  readonly state: SessionState;
  readonly outputs: readonly SessionOutput[];
}

/** A session before `begin`. */
export const newSession: SessionState = {
  phase: "idle",
  capture: "recording",
  told: "recording",
  dirty: false,
  modifying: false,
  closing: false,
  everUp: false,
  lost: "",
};

/** `(state, input) → (state, outputs)`. Inputs that come too late change nothing. */
export function stepSession(state: SessionState, input: SessionInput): SessionStep {
  switch (state.phase) {
    case "idle":
      if (input.kind !== "begin") return { state, outputs: [] };
      return {
        state: { ...state, phase: "inviting", capture: input.capture, told: input.capture },
        outputs: [{ kind: "invite", switching: false }],
      };
    case "inviting":
      return inviting(state, input);
    case "up":
      return up(state, input);
    case "ending":
      if ((input.kind === "modified" || input.kind === "close-due") && state.closing) {
        return { state: { ...state, closing: false, modifying: false }, outputs: [{ kind: "bye" }] };
      }
      if (input.kind === "peer-ended") return end(state, cutOff(state, input));
      return input.kind === "refused" ? end(state, []) : { state, outputs: [] };
    case "ended":
      return { state, outputs: [] };
  }
}

function inviting(state: SessionState, input: SessionInput): SessionStep {
  switch (input.kind) {
    case "accepted":
      return settle({ ...state, phase: "up", everUp: true }, [
        { kind: "send-media" },
        { kind: "report", event: state.everUp ? "switched" : "started", reason: undefined },
      ]);
    case "refused":
    case "peer-ended":
      if (!state.everUp) return end(state, [report("failed", input.reason)]);
      return {
        state: { ...state, lost: `${state.lost.split("; ", 1)[0] ?? ""}; ${input.reason}` },
        outputs: [{ kind: "retry-after", ms: SWITCH_RETRY_MS }],
      };
    case "give-up-due":
      return state.everUp ? end(state, [report("failed", lostReason(state))]) : { state, outputs: [] };
    case "retry-due":
      return {
        state: { ...state, told: state.capture, dirty: false },
        outputs: [{ kind: "invite", switching: true }],
      };
    case "capture":
      return { state: { ...state, capture: input.capture, dirty: true }, outputs: [] };
    case "changed":
      return { state: { ...state, dirty: true }, outputs: [] };
    case "stop": {
      // What the taps have kept since the recorder was lost has nowhere to go.
      const unsaved = state.everUp ? [report("degraded", lostReason(state))] : [];
      return {
        state: { ...state, phase: "ending" },
        outputs: [...unsaved, report("stopped", input.reason), { kind: "bye" }],
      };
    }
    case "begin":
    case "modified":
    case "close-due":
      return { state, outputs: [] };
  }
}

function up(state: SessionState, input: SessionInput): SessionStep {
  switch (input.kind) {
    case "capture":
      return settle({ ...state, capture: input.capture, dirty: true }, []);
    case "changed":
      return settle({ ...state, dirty: true }, []);
    case "modified":
      return modified({ ...state, modifying: false }, input.outcome, input.reason);
    case "stop": {
      const stopped = report("stopped", input.reason);
      const bounded: SessionOutput = { kind: "close-after", ms: LAST_ANSWER_MS };
      if (!input.lastWords && state.modifying) {
        // The recorder takes the metadata under way before it sees BYE.
        return { state: { ...state, phase: "ending", closing: true }, outputs: [stopped, bounded] };
      }
      if (!input.lastWords) return { state: { ...state, phase: "ending" }, outputs: [stopped, { kind: "bye" }] };
      // With a re-INVITE under way the last words wait for its answer: phase `up`, closing.
      if (state.modifying) return { state: { ...state, closing: true, dirty: true }, outputs: [stopped, bounded] };
      return {
        state: { ...state, phase: "ending", closing: true, modifying: true, dirty: false, told: state.capture },
        outputs: [stopped, { kind: "reoffer" }, bounded],
      };
    }
    case "peer-ended":
      if (state.closing) return end(state, cutOff(state, input));
      return input.orderly ? end(state, [report("stopped", input.reason)]) : lost(state, input);
    case "close-due":
      if (!state.closing) return { state, outputs: [] };
      return { state: { ...state, phase: "ending", closing: false }, outputs: [{ kind: "bye" }] };
    case "begin":
    case "accepted":
    case "refused":
    case "retry-due":
    case "give-up-due":
      return { state, outputs: [] };
  }
}

function modified(state: SessionState, outcome: "ok" | "refused", reason: string): SessionStep {
  if (state.closing) {
    const ending: SessionState = { ...state, phase: "ending", modifying: true, dirty: false, told: state.capture };
    return { state: ending, outputs: [{ kind: "reoffer" }] };
  }
  if (outcome === "ok") return settle(state, [{ kind: "send-media" }]);
  // The recorder keeps what it has; the next change tries again.
  return { state: { ...state, dirty: false }, outputs: [report("degraded", reason)] };
}

/** R31: the call does not notice; what is said meanwhile waits in the taps. */
function lost(state: SessionState, input: { readonly reason: string; readonly brief: boolean }): SessionStep {
  return {
    state: {
      ...state,
      phase: "inviting",
      modifying: false,
      dirty: false,
      told: state.capture,
      lost: input.reason,
    },
    outputs: [
      { kind: "hold-media" },
      { kind: "give-up-after", ms: SWITCH_MS, goesOn: input.brief },
      // One that takes every session and drops it is not asked without end.
      input.brief ? { kind: "retry-after", ms: SWITCH_RETRY_MS } : { kind: "invite", switching: true },
    ],
  };
}

function lostReason(state: SessionState): string {
  return `recorder-lost (${state.lost})`;
}

/** The recorder went away before it was told of the end: it may not have the last of the audio. */
function cutOff(
  state: SessionState,
  input: { readonly orderly: boolean; readonly reason: string },
): readonly SessionOutput[] {
  return input.orderly || !state.closing ? [] : [report("degraded", `recorder-lost (${input.reason})`)];
}

/** Brings the recorder up to date, one re-INVITE at a time. */
function settle(state: SessionState, outputs: readonly SessionOutput[]): SessionStep {
  if (state.modifying || (!state.dirty && state.told === state.capture)) return { state, outputs };
  return {
    state: { ...state, modifying: true, dirty: false, told: state.capture },
    outputs: [...outputs, { kind: "reoffer" }],
  };
}

function end(state: SessionState, outputs: readonly SessionOutput[]): SessionStep {
  return { state: { ...state, phase: "ended" }, outputs: [...outputs, { kind: "finish" }] };
}

function report(event: SessionReport, reason: string): SessionOutput {
  return { kind: "report", event, reason };
}
