import type { AgentCall, AgentCalls } from "./workspace-calls.ts";

/** A reminder that has been given is given again after this long; ms. */
export const remindAgainMs = 30_000;

/** A recording that is paused, and whether that is too long. */
export interface PauseClock {
  readonly call: AgentCall;
  /** How long it is paused, ms; at least so long where `exact` is false. */
  readonly pausedMs: number;
  /** False: it was paused before the page came. */
  readonly exact: boolean;
  /** 0: not too long yet; then the number of the reminder, which rises by one every `remindAgainMs`. */
  readonly reminder: number;
}

/**
 * The recording that has been paused longest. A call that is on hold stays in it: its pause goes on. One that ended, or is not
 * recorded any more, has none.
 *
 * @param now ms since 1970
 * @param afterMs a pause of this length is too long
 */
export function pauseClock(calls: AgentCalls, now: number, afterMs: number): PauseClock | undefined {
  let longest: AgentCall | undefined;
  for (const call of calls.values()) {
    if (call.recording.state !== "Paused") continue;
    if (longest === undefined || call.recording.since < longest.recording.since) longest = call;
  }
  if (longest === undefined) return undefined;
  const pausedMs = Math.max(0, now - longest.recording.since);
  const reminder = pausedMs < afterMs ? 0 : 1 + Math.floor((pausedMs - afterMs) / remindAgainMs);
  return { call: longest, pausedMs, exact: longest.recording.seen, reminder };
}
