import { stay } from "./fsm.ts";
import type { FsmSettings, Step } from "./fsm.ts";

/*
 * RFC 3261 17.2.2, figure 8:
 *
 *   request ─> Trying ──1xx: send──> Proceeding ──request: last 1xx again──> Proceeding
 *                 └──200-699: send──┬──┘
 *                                   └──> Completed ──request: response again──> Completed
 *                                            └──J (0 on reliable transports)──> Terminated
 *
 * RFC 4320: no provisional response but 100, and never 408.
 */

export interface ServerNonInviteState {
  readonly name: "trying" | "proceeding" | "completed" | "terminated";
}

export type ServerNonInviteInput =
  | { readonly kind: "start" }
  | { readonly kind: "retransmission" }
  | { readonly kind: "respond"; readonly status: number }
  | { readonly kind: "timer"; readonly timer: "J" }
  | { readonly kind: "transport-error" };

export const serverNonInviteStart: ServerNonInviteState = { name: "trying" };

/** Non-INVITE server transaction. */
export function serverNonInvite(
  state: ServerNonInviteState,
  input: ServerNonInviteInput,
  o: FsmSettings,
): Step<ServerNonInviteState> {
  switch (state.name) {
    case "trying":
    case "proceeding":
      if (input.kind === "start") return { state, outputs: [{ kind: "deliver" }] };
      if (input.kind === "retransmission" && state.name === "proceeding") return { state, outputs: [{ kind: "send" }] };
      if (input.kind === "respond") return respond(state, input.status, o);
      return stay(state);
    case "completed":
      // 17.2.2: "the server transaction MUST pass the final response to the transport layer for retransmission whenever a retransmission of the request is received".
      if (input.kind === "retransmission") return { state, outputs: [{ kind: "send" }] };
      if (input.kind === "timer") return { state: { name: "terminated" }, outputs: [{ kind: "terminated" }] };
      if (input.kind === "transport-error")
        return {
          state: { name: "terminated" },
          outputs: [{ kind: "failed", why: "transport" }, { kind: "terminated" }],
        };
      return stay(state);
    case "terminated":
      return stay(state);
  }
}

function respond(state: ServerNonInviteState, status: number, o: FsmSettings): Step<ServerNonInviteState> {
  // RFC 4320 4.1: provisional responses other than 100 are not sent at all.
  if (status > 100 && status < 200) return stay(state);
  if (status === 100) return { state: { name: "proceeding" }, outputs: [{ kind: "send" }] };
  // RFC 4320 4.2: 408 comes too late by definition; the client has timed out by itself.
  const sent = status === 408 ? [] : ([{ kind: "send" }] as const);
  if (o.reliable || status === 408)
    return { state: { name: "terminated" }, outputs: [...sent, { kind: "terminated" }] };
  return { state: { name: "completed" }, outputs: [...sent, { kind: "set", timer: "J", ms: 64 * o.t1 }] };
}
