import { stay, TIMER_D_MS } from "./fsm.ts";
import type { FsmSettings, Step } from "./fsm.ts";

/*
 * RFC 3261 17.1.1, figure 5, with the Accepted state of RFC 6026 7.2 and 8.4:
 *
 *   start ─> Calling ──1xx──> Proceeding ──1xx─┐
 *    A: send again │  │           │   │  <─────┘
 *    B: timeout    │  └────2xx────┼───┴──> Accepted ──2xx: deliver──> Accepted ──M──> Terminated
 *                  └──3xx-6xx─────┴──────> Completed ─3xx-6xx: ACK──> Completed ──D──> Terminated
 */

/** `interval` is the last value of Timer A, ms. */
export interface ClientInviteState {
  readonly name: "calling" | "proceeding" | "completed" | "accepted" | "terminated";
  readonly interval: number;
}

export type ClientInviteInput =
  | { readonly kind: "start" }
  | { readonly kind: "response"; readonly status: number }
  | { readonly kind: "timer"; readonly timer: "A" | "B" | "D" | "M" }
  | { readonly kind: "transport-error" };

export const clientInviteStart: ClientInviteState = { name: "calling", interval: 0 };

/** INVITE client transaction. */
export function clientInvite(
  state: ClientInviteState,
  input: ClientInviteInput,
  o: FsmSettings,
): Step<ClientInviteState> {
  switch (state.name) {
    case "calling":
      return calling(state, input, o);
    case "proceeding":
      return input.kind === "response" ? responded(state, input.status, o) : failing(state, input);
    case "completed":
      // 17.1.1.2: "Any retransmissions of the final response ... MUST cause the ACK to be re-passed to the transport layer".
      if (input.kind === "response" && input.status >= 300) return { state, outputs: [{ kind: "send-ack" }] };
      if (input.kind === "timer" && input.timer === "D") return end(state);
      if (input.kind === "transport-error") return fail(state, "transport");
      return stay(state);
    case "accepted":
      // RFC 6026 7.2: 2xx responses are passed up until Timer M fires; nothing else is.
      if (input.kind === "response" && input.status >= 200 && input.status < 300)
        return { state, outputs: [{ kind: "deliver" }] };
      if (input.kind === "timer" && input.timer === "M") return end(state);
      return stay(state);
    case "terminated":
      return stay(state);
  }
}

function calling(state: ClientInviteState, input: ClientInviteInput, o: FsmSettings): Step<ClientInviteState> {
  if (input.kind === "start") {
    const b = { kind: "set", timer: "B", ms: 64 * o.t1 } as const;
    if (o.reliable) return { state, outputs: [{ kind: "send" }, b] };
    return {
      state: { name: "calling", interval: o.t1 },
      outputs: [{ kind: "send" }, { kind: "set", timer: "A", ms: o.t1 }, b],
    };
  }
  if (input.kind === "timer" && input.timer === "A") {
    // 17.1.1.2: "the client transaction MUST retransmit the request ... and MUST reset the timer with a value of 2*T1".
    const interval = state.interval * 2;
    return {
      state: { name: "calling", interval },
      outputs: [{ kind: "send" }, { kind: "set", timer: "A", ms: interval }],
    };
  }
  if (input.kind === "response") return responded(state, input.status, o);
  return failing(state, input);
}

function responded(state: ClientInviteState, status: number, o: FsmSettings): Step<ClientInviteState> {
  if (status < 200)
    return {
      state: { ...state, name: "proceeding" },
      outputs:
        state.name === "calling"
          ? [{ kind: "clear", timer: "A" }, { kind: "clear", timer: "B" }, { kind: "deliver" }]
          : [{ kind: "deliver" }],
    };
  const quiet = [
    { kind: "clear", timer: "A" },
    { kind: "clear", timer: "B" },
  ] as const;
  if (status < 300)
    return {
      state: { ...state, name: "accepted" },
      outputs: [...quiet, { kind: "set", timer: "M", ms: 64 * o.t1 }, { kind: "deliver" }],
    };
  if (o.reliable)
    return {
      state: { ...state, name: "terminated" },
      outputs: [...quiet, { kind: "send-ack" }, { kind: "deliver" }, { kind: "terminated" }],
    };
  return {
    state: { ...state, name: "completed" },
    outputs: [
      ...quiet,
      { kind: "send-ack" },
      { kind: "set", timer: "D", ms: Math.max(TIMER_D_MS, 64 * o.t1) },
      { kind: "deliver" },
    ],
  };
}

function failing(state: ClientInviteState, input: ClientInviteInput): Step<ClientInviteState> {
  if (input.kind === "timer" && input.timer === "B" && state.name === "calling") return fail(state, "timeout");
  if (input.kind === "transport-error") return fail(state, "transport");
  return stay(state);
}

function fail(state: ClientInviteState, why: "timeout" | "transport"): Step<ClientInviteState> {
  const told = state.name === "completed";
  return {
    state: { ...state, name: "terminated" },
    outputs: told ? [{ kind: "terminated" }] : [{ kind: "failed", why }, { kind: "terminated" }],
  };
}

function end(state: ClientInviteState): Step<ClientInviteState> {
  return { state: { ...state, name: "terminated" }, outputs: [{ kind: "terminated" }] };
}
