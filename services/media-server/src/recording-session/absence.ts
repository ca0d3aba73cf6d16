import { BUFFER_MS, REWIND_MS } from "../limits.ts";

/** What became of the audio while a recording had no recorder; ms. */
export interface Absence {
  /** How long none was there. */
  readonly awayMs: number;
  /** How much of the audio no recorder has. */
  readonly gapMs: number;
}

/** How far back the next recorder is to be sent what the lost one may not have stored, ms; `unprovenMs` as below. */
export function rewindOf(unprovenMs: number): number {
  return Math.min(BUFFER_MS, unprovenMs + REWIND_MS);
}

/** R31: the taps keep `BUFFER_MS`. The recorder is sure to have stored what it was sent until `unprovenMs` before its loss was noticed. */
export function absenceOf(awayMs: number, unprovenMs: number): Absence {
  return { awayMs: Math.round(awayMs), gapMs: Math.max(0, Math.round(awayMs + unprovenMs - BUFFER_MS)) };
}
