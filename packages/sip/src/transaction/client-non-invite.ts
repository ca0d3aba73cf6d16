import { stay } from "./fsm.ts";
import type { FsmSettings, Step } from "./fsm.ts";

/*
 * RFC 3261 17.1.2, figure 6:
 *
 *   start ─> Trying ──1xx──> Proceeding ──1xx: deliver──> Proceeding
 *      E: send again, 2*T1..T2   E: send again, T2
 *      F: timeout                F: timeout
 *            └──200-699──┬──────────┘
 *                        └──> Completed ──K (0 on reliable transports)──> Terminated
 */

/** `interval` is the last value of Timer E, ms. */
export interface ClientNonInviteState {
  readonly name: "trying" | "proceeding" | "completed" | "terminated";
  readonly interval: number;
}

export type ClientNonInviteInput =
  | { readonly kind: "start" }
  | { readonly kind: "response"; readonly status: number }
  | { readonly kind: "timer"; readonly timer: "E" | "F" | "K" }
  | { readonly kind: "transport-error" };

export const clientNonInviteStart: ClientNonInviteState = { name: "trying", interval: 0 };

/** Non-INVITE client transaction. */
export function clientNonInvite(
  state: ClientNonInviteState,
  input: ClientNonInviteInput,
  o: FsmSettings,
): Step<ClientNonInviteState> {
  if (state.name === "terminated") return stay(state);
  if (state.name === "completed") {
    // Retransmitted responses are absorbed here until Timer K fires.
    if (input.kind === "timer" && input.timer === "K")
      return { state: { ...state, name: "terminated" }, outputs: [{ kind: "terminated" }] };
    return stay(state);
  }
  switch (input.kind) {
    case "start": {
      const f = { kind: "set", timer: "F", ms: 64 * o.t1 } as const;
      if (o.reliable) return { state, outputs: [{ kind: "send" }, f] };
      return {
        state: { name: "trying", interval: o.t1 },
        outputs: [{ kind: "send" }, { kind: "set", timer: "E", ms: o.t1 }, f],
      };
    }
    case "timer":
      if (input.timer === "E") {
        // 17.1.2.2 and erratum 2769: doubling up to T2 in Trying; T2 at once in Proceeding.
        const interval = state.name === "proceeding" ? o.t2 : Math.min(state.interval * 2, o.t2);
        return {
          state: { ...state, interval },
          outputs: [{ kind: "send" }, { kind: "set", timer: "E", ms: interval }],
        };
      }
      if (input.timer === "F") return failed(state, "timeout");
      return stay(state);
    case "transport-error":
      return failed(state, "transport");
    case "response":
      return responded(state, input.status, o);
  }
}

function responded(state: ClientNonInviteState, status: number, o: FsmSettings): Step<ClientNonInviteState> {
  // Timers E and F go on in Proceeding: a lost final response still has to be asked for.
  if (status < 200) return { state: { ...state, name: "proceeding" }, outputs: [{ kind: "deliver" }] };
  const quiet = [
    { kind: "clear", timer: "E" },
    { kind: "clear", timer: "F" },
  ] as const;
  if (o.reliable)
    return {
      state: { ...state, name: "terminated" },
      outputs: [...quiet, { kind: "deliver" }, { kind: "terminated" }],
    };
  return {
    state: { ...state, name: "completed" },
    outputs: [...quiet, { kind: "set", timer: "K", ms: o.t4 }, { kind: "deliver" }],
  };
}

function failed(state: ClientNonInviteState, why: "timeout" | "transport"): Step<ClientNonInviteState> {
  return { state: { ...state, name: "terminated" }, outputs: [{ kind: "failed", why }, { kind: "terminated" }] };
}
