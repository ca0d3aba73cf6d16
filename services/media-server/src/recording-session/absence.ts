import { BUFFER_MS, REWIND_MS } from "../limits.ts";

/** What became of the audio while a recording had no recorder; ms. */
export interface Absence {
  /** How long none was there. */
  readonly awayMs: number;
  /** How much of the audio no recorder has. */
  readonly gapMs: number;
}

/**
 * R31: the taps keep `BUFFER_MS`, beginning `REWIND_MS` before the loss was noticed. The recorder is sure to have lived until
 * `unprovenMs` before that.
 */
export function absenceOf(awayMs: number, unprovenMs: number): Absence {
  const missing = awayMs + unprovenMs - Math.min(awayMs + REWIND_MS, BUFFER_MS);
  return { awayMs: Math.round(awayMs), gapMs: Math.max(0, Math.round(missing)) };
}
