import { stay, TRYING_AFTER_MS } from "./fsm.ts";
import type { FsmSettings, Step } from "./fsm.ts";

/*
 * RFC 3261 17.2.1, figure 7, with the Accepted state of RFC 6026 7.1 and 8.5:
 *
 *   INVITE ─> Proceeding ──INVITE: last 1xx again, 101-199: send──> Proceeding
 *        │        └──3xx-6xx: send──> Completed ──ACK──> Confirmed ──I──> Terminated
 *        │                              G: send again     (absorbs ACKs)
 *        │                              H: no ACK ──> Terminated
 *        └──2xx: send──> Accepted ──INVITE: nothing, ACK: deliver, 2xx: send──> Accepted ──L──> Terminated
 */

/** `interval` is the last value of Timer G, ms; `answered` whether anything was sent yet. */
export interface ServerInviteState {
  readonly name: "proceeding" | "completed" | "confirmed" | "accepted" | "terminated";
  readonly interval: number;
  readonly answered: boolean;
}

export type ServerInviteInput =
  /** The first INVITE. */
  | { readonly kind: "start" }
  /** An INVITE like the first one. */
  | { readonly kind: "retransmission" }
  | { readonly kind: "ack" }
  | { readonly kind: "respond"; readonly status: number }
  | { readonly kind: "timer"; readonly timer: "G" | "H" | "I" | "L" | "100" }
  | { readonly kind: "transport-error" };

export const serverInviteStart: ServerInviteState = { name: "proceeding", interval: 0, answered: false };

/** INVITE server transaction. */
export function serverInvite(
  state: ServerInviteState,
  input: ServerInviteInput,
  o: FsmSettings,
): Step<ServerInviteState> {
  switch (state.name) {
    case "proceeding":
      return proceeding(state, input, o);
    case "completed":
      return completed(state, input, o);
    case "confirmed":
      return input.kind === "timer" && input.timer === "I" ? end(state) : stay(state);
    case "accepted":
      if (input.kind === "timer" && input.timer === "L") return end(state);
      // RFC 6026 8.7: the transaction user, not the transaction, repeats a 2xx.
      if (input.kind === "respond" && input.status >= 200 && input.status < 300)
        return { state, outputs: [{ kind: "send" }] };
      if (input.kind === "ack") return { state, outputs: [{ kind: "deliver" }] };
      return stay(state);
    case "terminated":
      return stay(state);
  }
}

function proceeding(state: ServerInviteState, input: ServerInviteInput, o: FsmSettings): Step<ServerInviteState> {
  switch (input.kind) {
    case "start":
      return { state, outputs: [{ kind: "set", timer: "100", ms: TRYING_AFTER_MS }, { kind: "deliver" }] };
    case "retransmission":
      // 17.2.1: "the most recent provisional response that was received from the TU MUST be passed to the transport layer".
      return { state: { ...state, answered: true }, outputs: [{ kind: state.answered ? "send" : "send-trying" }] };
    case "timer":
      if (input.timer !== "100" || state.answered) return stay(state);
      return { state: { ...state, answered: true }, outputs: [{ kind: "send-trying" }] };
    case "respond":
      return respond(state, input.status, o);
    case "transport-error":
      return stay(state);
    case "ack":
      return stay(state);
  }
}

function respond(state: ServerInviteState, status: number, o: FsmSettings): Step<ServerInviteState> {
  const quiet = { kind: "clear", timer: "100" } as const;
  if (status < 200) return { state: { ...state, answered: true }, outputs: [quiet, { kind: "send" }] };
  if (status < 300)
    return {
      state: { ...state, name: "accepted", answered: true },
      outputs: [quiet, { kind: "send" }, { kind: "set", timer: "L", ms: 64 * o.t1 }],
    };
  const h = { kind: "set", timer: "H", ms: 64 * o.t1 } as const;
  if (o.reliable)
    return { state: { ...state, name: "completed", answered: true }, outputs: [quiet, { kind: "send" }, h] };
  return {
    state: { name: "completed", interval: o.t1, answered: true },
    outputs: [quiet, { kind: "send" }, { kind: "set", timer: "G", ms: o.t1 }, h],
  };
}

function completed(state: ServerInviteState, input: ServerInviteInput, o: FsmSettings): Step<ServerInviteState> {
  switch (input.kind) {
    case "retransmission":
      return { state, outputs: [{ kind: "send" }] };
    case "ack": {
      const quiet = [
        { kind: "clear", timer: "G" },
        { kind: "clear", timer: "H" },
      ] as const;
      // Timer I is T4 on unreliable transports, 0 on reliable ones.
      if (o.reliable) return { state: { ...state, name: "terminated" }, outputs: [...quiet, { kind: "terminated" }] };
      return { state: { ...state, name: "confirmed" }, outputs: [...quiet, { kind: "set", timer: "I", ms: o.t4 }] };
    }
    case "timer":
      if (input.timer === "G") {
        const interval = Math.min(state.interval * 2, o.t2);
        return {
          state: { ...state, interval },
          outputs: [{ kind: "send" }, { kind: "set", timer: "G", ms: interval }],
        };
      }
      if (input.timer === "H") return failed(state, "timeout");
      return stay(state);
    case "transport-error":
      return failed(state, "transport");
    case "start":
    case "respond":
      return stay(state);
  }
}

function failed(state: ServerInviteState, why: "timeout" | "transport"): Step<ServerInviteState> {
  return { state: { ...state, name: "terminated" }, outputs: [{ kind: "failed", why }, { kind: "terminated" }] };
}

function end(state: ServerInviteState): Step<ServerInviteState> {
  return { state: { ...state, name: "terminated" }, outputs: [{ kind: "terminated" }] };
}
