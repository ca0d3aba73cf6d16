import {
  DELIVERY_MS,
  LAST_ANSWER_MS,
  MAX_POSTPONED,
  MAX_RESUME_REFUSALS,
  RESUME_RETRY_MS,
  SWITCH_MS,
  SWITCH_RETRY_MS,
} from "../limits.ts";

/**
 * One recording session (RFC 7866) as its client sees it:
 *
 *   inviting --accepted--> up --stop--> ending --bye-done--> ended
 *      |  ^                 |              |
 *      |  +----- lost ------+--------------+  (R31: to another recorder; the taps buffer meanwhile)
 *      +--refused--> ended
 *
 * A `stop` while no recorder is there does not end the session: it lives until one has what is kept, or none is found in time.
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
  /** What it last agreed to. */
  readonly agreed: Capture;
  /** How often in a row it did not agree to go on after a pause. */
  readonly refusals: number;
  /** The recorder has not seen the newest metadata. */
  readonly dirty: boolean;
  /** A re-INVITE is under way, or is to be repeated. */
  readonly modifying: boolean;
  /** How often in a row it was put off; `waiting`: it is to be repeated. */
  readonly postponed: number;
  readonly waiting: boolean;
  /** What was captured before is still on its way: neither a pause nor BYE may overtake it. */
  readonly sending: boolean;
  /** An INVITE is under way. */
  readonly asking: boolean;
  /** The time to find another recorder is over: what is under way is the last try. */
  readonly late: boolean;
  /** While no recorder is there: audio is kept for the next one. */
  readonly kept: boolean;
  /** `stop` has come: BYE follows when the recorder has everything. */
  readonly closing: boolean;
  readonly everUp: boolean;
  /** Why another recorder is looked for. */
  readonly lost: string;
  /** Why it was stopped. */
  readonly stopped: string;
}

/** The recorder is gone. `kept`: audio is there that it may not have. `brief`: it had hardly begun. */
interface Loss {
  readonly reason: string;
  readonly kept: boolean;
  readonly brief: boolean;
}

/** What happens to a session. */
export type SessionInput =
  | { readonly kind: "begin"; readonly capture: Capture }
  | { readonly kind: "accepted" }
  /**
   * No session came of the INVITE. `final`: none will come of another one either; `retryMs`: when another one is worth it.
   */
  | { readonly kind: "refused"; readonly reason: string; readonly final?: boolean; readonly retryMs?: number }
  | { readonly kind: "capture"; readonly capture: Capture }
  /** Metadata or streams are not what the recorder was told. */
  | { readonly kind: "changed" }
  /** `lastWords`: the recorder is to see the final metadata before BYE (R18). */
  | { readonly kind: "stop"; readonly lastWords: boolean; readonly reason: string }
  /** The re-INVITE was answered. */
  | { readonly kind: "modified"; readonly outcome: "ok" | "refused"; readonly reason: string }
  /** It was not served now: 491 (RFC 3261 14.1), or 503 with Retry-After. */
  | { readonly kind: "modified"; readonly outcome: "later"; readonly ms: number; readonly reason: string }
  /** The time has come to repeat it. */
  | { readonly kind: "reoffer-due" }
  /** Everything that was captured before is sent. */
  | { readonly kind: "delivered" }
  /** The dialog is over because the recorder wanted it so. */
  | { readonly kind: "peer-ended"; readonly orderly: true; readonly reason: string }
  | ({ readonly kind: "peer-ended"; readonly orderly: false } & Loss)
  /** BYE was answered, or by nobody. */
  | { readonly kind: "bye-done"; readonly outcome: "ok" }
  | ({ readonly kind: "bye-done"; readonly outcome: "lost" } & Loss)
  | { readonly kind: "retry-due" }
  /** No other recorder was found in time. */
  | { readonly kind: "give-up-due" }
  /** What BYE waits for did not come in time. */
  | { readonly kind: "close-due" };

/** What is to be done. */
export type SessionOutput =
  | { readonly kind: "invite"; readonly switching: boolean }
  | { readonly kind: "reoffer" }
  | { readonly kind: "reoffer-after"; readonly ms: number }
  /** The recorder is there and will not have the audio: leave it as one that is lost. */
  | { readonly kind: "leave"; readonly reason: string }
  /** Send the taps where the last answer says; `delivered` when the buffers are empty. */
  | { readonly kind: "send-media" }
  /** Let the taps buffer, from what the recorder may not have stored on. */
  | { readonly kind: "hold-media" }
  | { readonly kind: "bye" }
  | { readonly kind: "retry-after"; readonly ms: number }
  /** `goesOn`: unless that runs already. */
  | { readonly kind: "give-up-after"; readonly ms: number; readonly goesOn: boolean }
  | { readonly kind: "close-after"; readonly ms: number }
  | { readonly kind: "report"; readonly event: SessionReport; readonly reason: string | undefined }
  /** Close the taps: nothing follows. */
  | { readonly kind: "finish" };

/** What conference and SIP Server are told. `stopped` is the last word after a `stop`: the recorder has confirmed the end. */
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
  agreed: "recording",
  refusals: 0,
  dirty: false,
  modifying: false,
  postponed: 0,
  waiting: false,
  sending: false,
  asking: false,
  late: false,
  kept: false,
  closing: false,
  everUp: false,
  lost: "",
  stopped: "",
};

/** `(state, input) → (state, outputs)`. Inputs that come too late change nothing. */
export function stepSession(state: SessionState, input: SessionInput): SessionStep {
  switch (state.phase) {
    case "idle":
      if (input.kind !== "begin") return none(state);
      return {
        state: {
          ...state,
          phase: "inviting",
          asking: true,
          capture: input.capture,
          told: input.capture,
          kept: input.capture === "recording",
        },
        outputs: [{ kind: "invite", switching: false }],
      };
    case "inviting":
      return inviting(state, input);
    case "up":
      return up(state, input);
    case "ending":
      return ending(state, input);
    case "ended":
      return none(state);
  }
}

function inviting(state: SessionState, input: SessionInput): SessionStep {
  switch (input.kind) {
    case "accepted":
      return settle({ ...agreed(state), phase: "up", everUp: true, asking: false, sending: true, kept: false }, [
        { kind: "send-media" },
        { kind: "report", event: state.everUp ? "switched" : "started", reason: undefined },
        ...(state.closing ? [{ kind: "close-after", ms: DELIVERY_MS } as const] : []),
      ]);
    case "refused":
    case "peer-ended": {
      // R17: SIP Server is waiting for a verdict, and tries again by itself.
      if (!state.everUp) return end(state, [report("failed", input.reason)]);
      const next = { ...state, asking: false, lost: `${state.lost.split("; ", 1)[0] ?? ""}; ${input.reason}` };
      if (state.late || (input.kind === "refused" && input.final === true)) return givenUp(next);
      const ms = input.kind === "refused" ? input.retryMs : undefined;
      return { state: next, outputs: [{ kind: "retry-after", ms: ms ?? SWITCH_RETRY_MS }] };
    }
    case "give-up-due":
      if (!state.everUp) return none(state);
      return state.asking ? none({ ...state, late: true }) : givenUp(state);
    case "retry-due":
      return {
        state: { ...state, asking: true, told: offered(state), dirty: false },
        outputs: [{ kind: "invite", switching: true }],
      };
    case "capture":
      return none({
        ...state,
        capture: input.capture,
        kept: state.kept || input.capture === "recording",
        dirty: true,
      });
    case "changed":
      return none({ ...state, dirty: true });
    case "stop": {
      const stopped = { ...state, closing: true, stopped: input.reason };
      // Whoever is found gets what is kept, with the final metadata; nobody has to be found for nothing.
      if (state.kept) return none({ ...stopped, dirty: state.dirty || input.lastWords });
      return { state: { ...stopped, phase: "ending" }, outputs: [{ kind: "bye" }] };
    }
    case "begin":
    case "modified":
    case "reoffer-due":
    case "delivered":
    case "bye-done":
    case "close-due":
      return none(state);
  }
}

function up(state: SessionState, input: SessionInput): SessionStep {
  switch (input.kind) {
    case "capture":
      return settle({ ...state, capture: input.capture, dirty: true }, []);
    case "changed":
      return settle({ ...state, dirty: true }, []);
    case "modified":
      if (input.outcome === "later" && state.postponed < MAX_POSTPONED) return later(state, input.ms);
      return modified({ ...state, modifying: false, postponed: 0 }, input.outcome, input.reason);
    case "reoffer-due":
      // As it is now: much may have happened meanwhile.
      return state.waiting ? settle({ ...state, modifying: false, waiting: false, dirty: true }, []) : none(state);
    case "delivered":
      return settle({ ...state, sending: false }, []);
    case "stop": {
      if (state.closing) return none(state);
      const closing = { ...state, closing: true, stopped: input.reason, dirty: state.dirty || input.lastWords };
      const step = settle(closing, []);
      if (step.outputs.some(({ kind }) => kind === "bye")) return step;
      return {
        state: step.state,
        outputs: [...step.outputs, { kind: "close-after", ms: patience(state) }],
      };
    }
    case "peer-ended":
      return input.orderly ? end(state, [report("stopped", input.reason)]) : lost(state, input);
    case "close-due":
      if (!state.closing) return none(state);
      return { state: { ...state, phase: "ending", modifying: false, waiting: false }, outputs: [{ kind: "bye" }] };
    case "begin":
    case "accepted":
    case "refused":
    case "bye-done":
    case "retry-due":
    case "give-up-due":
      return none(state);
  }
}

function ending(state: SessionState, input: SessionInput): SessionStep {
  switch (input.kind) {
    case "modified":
      if (!state.modifying) return none(state);
      if (input.outcome === "later" && state.postponed < MAX_POSTPONED) return later(state, input.ms);
      return { state: { ...state, modifying: false }, outputs: [{ kind: "bye" }] };
    case "reoffer-due":
      return state.waiting ? { state: { ...state, waiting: false }, outputs: [{ kind: "reoffer" }] } : none(state);
    case "close-due":
      if (!state.modifying) return none(state);
      return { state: { ...state, modifying: false, waiting: false }, outputs: [{ kind: "bye" }] };
    case "bye-done":
      return input.outcome === "lost" ? lost(state, input) : end(state, [report("stopped", state.stopped)]);
    case "peer-ended":
      return input.orderly ? end(state, [report("stopped", state.stopped)]) : lost(state, input);
    case "refused":
      return end(state, [report("stopped", state.stopped)]);
    case "begin":
    case "accepted":
    case "capture":
    case "changed":
    case "stop":
    case "delivered":
    case "retry-due":
    case "give-up-due":
      return none(state);
  }
}

/** How long BYE waits for what is under way. */
function patience(state: SessionState): number {
  return state.sending || state.waiting ? DELIVERY_MS : LAST_ANSWER_MS;
}

function modified(state: SessionState, outcome: "ok" | "refused" | "later", reason: string): SessionStep {
  if (outcome === "ok") return settle({ ...agreed(state), sending: true }, [{ kind: "send-media" }]);
  if (state.closing) return settle(state, []);
  if (state.capture === "recording" && state.agreed === "paused") return resumeRefused(state, reason);
  // The recorder keeps what it has; the next change tries again.
  return { state: { ...state, dirty: false }, outputs: [report("degraded", reason)] };
}

/** What is said now waits in the taps, and not for ever: it is asked again, then another recorder (R31). */
function resumeRefused(state: SessionState, reason: string): SessionStep {
  const refusals = state.refusals + 1;
  if (refusals > MAX_RESUME_REFUSALS)
    return { state: { ...state, refusals: 0 }, outputs: [{ kind: "leave", reason: `it does not resume: ${reason}` }] };
  const again: SessionOutput = { kind: "reoffer-after", ms: RESUME_RETRY_MS };
  return {
    state: { ...state, refusals, modifying: true, waiting: true },
    outputs: refusals === 1 ? [report("degraded", reason), again] : [again],
  };
}

/** The same re-INVITE in a while; BYE waits for it. */
function later(state: SessionState, ms: number): SessionStep {
  const next = { ...state, modifying: true, waiting: true, postponed: state.postponed + 1 };
  const again: SessionOutput = { kind: "reoffer-after", ms };
  return {
    state: next,
    outputs: state.closing ? [again, { kind: "close-after", ms: ms + LAST_ANSWER_MS }] : [again],
  };
}

/** The recorder took what it was told. */
function agreed(state: SessionState): SessionState {
  return { ...state, agreed: state.told, refusals: 0 };
}

/** R31: the call does not notice; what is said meanwhile waits in the taps. */
function lost(state: SessionState, { reason, kept, brief }: Loss): SessionStep {
  const next: SessionState = {
    ...state,
    phase: "inviting",
    modifying: false,
    postponed: 0,
    waiting: false,
    refusals: 0,
    sending: false,
    asking: !brief,
    late: false,
    dirty: false,
    kept,
    told: kept ? "recording" : state.capture,
    lost: reason,
  };
  if (state.closing && !kept) return givenUp(next);
  return {
    state: next,
    outputs: [
      { kind: "hold-media" },
      { kind: "give-up-after", ms: SWITCH_MS, goesOn: brief || state.closing },
      // One that takes every session and drops it is not asked without end.
      brief ? { kind: "retry-after", ms: SWITCH_RETRY_MS } : { kind: "invite", switching: true },
    ],
  };
}

/** R34: what is kept has nowhere to go. */
function givenUp(state: SessionState): SessionStep {
  const reason = `recorder-lost (${state.lost})`;
  if (!state.closing) return end(state, [report("failed", reason)]);
  return end(state, [report("degraded", reason), report("stopped", state.stopped)]);
}

/** What the next recorder is offered: in a pause (R30, R31) `inactive`, once what was said before is with it. */
function offered(state: SessionState): Capture {
  return state.kept ? "recording" : state.capture;
}

/** Brings the recorder up to date, one re-INVITE at a time, and ends the session when nothing is left to do. */
function settle(state: SessionState, outputs: readonly SessionOutput[]): SessionStep {
  if (state.modifying || (state.sending && (state.closing || state.capture === "paused"))) return { state, outputs };
  const phase = state.closing ? "ending" : "up";
  if (state.dirty || (!state.closing && state.told !== state.capture)) {
    const told = state.closing ? state.told : state.capture;
    return {
      state: { ...state, phase, modifying: true, dirty: false, told },
      outputs: [...outputs, { kind: "reoffer" }],
    };
  }
  return { state: { ...state, phase }, outputs: state.closing ? [...outputs, { kind: "bye" }] : outputs };
}

function none(state: SessionState): SessionStep {
  return { state, outputs: [] };
}

function end(state: SessionState, outputs: readonly SessionOutput[]): SessionStep {
  return { state: { ...state, phase: "ended" }, outputs: [...outputs, { kind: "finish" }] };
}

function report(event: SessionReport, reason: string): SessionOutput {
  return { kind: "report", event, reason };
}
