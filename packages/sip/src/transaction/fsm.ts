/** Timers of RFC 3261 table 4 and RFC 6026; "100" is the 200 ms before an INVITE server transaction says Trying. */
export type TimerName = "A" | "B" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L" | "M" | "100";

/** What a transaction machine asks its surroundings to do, in order. */
export type Output =
  /** Client: send the request (again). Server: send the last response (again). */
  | { readonly kind: "send" }
  /** INVITE client: ACK the 3xx-6xx response. */
  | { readonly kind: "send-ack" }
  /** INVITE server: send 100 Trying. */
  | { readonly kind: "send-trying" }
  /** Hand the message of this input to the transaction user. */
  | { readonly kind: "deliver" }
  | { readonly kind: "failed"; readonly why: "timeout" | "transport" }
  /** Start a timer; one that runs is started anew. */
  | { readonly kind: "set"; readonly timer: TimerName; readonly ms: number }
  | { readonly kind: "clear"; readonly timer: TimerName }
  | { readonly kind: "terminated" };

/** The outcome of one input. */
export interface Step<State> {
  readonly state: State;
  readonly outputs: readonly Output[];
}

/** Timer bases in milliseconds and whether the transport is reliable. */
export interface FsmSettings {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
  readonly reliable: boolean;
}

/** RFC 3261 17.1.1.1: estimate of a round trip, ms. */
export const T1_MS = 500;
/** RFC 3261 17.1.2.2: longest interval between retransmissions, ms. */
export const T2_MS = 4_000;
/** RFC 3261 17.1.2.2: how long a message stays in the network, ms. */
export const T4_MS = 5_000;
/** RFC 3261 17.1.1.2: Timer D on unreliable transports is at least this, ms. */
export const TIMER_D_MS = 32_000;
/** RFC 3261 17.2.1: after this the INVITE server transaction says 100 by itself, ms. */
export const TRYING_AFTER_MS = 200;

/** Nothing changes. */
export function stay<State>(state: State): Step<State> {
  return { state, outputs: [] };
}
