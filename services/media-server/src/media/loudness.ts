import { PEAK_0_DBM0 } from "./tones.ts";

/** Mean square of a sine at 0 dBm0. */
const POWER_0_DBM0 = (PEAK_0_DBM0 * PEAK_0_DBM0) / 2;
/** What is told where there is no sound at all. */
const FLOOR_DB = -96;

/** Mean square of a level in dBm0. */
export function powerOfDb(db: number): number {
  return POWER_0_DBM0 * 10 ** (db / 10);
}

/** Level of a mean square, dBm0, -96 at least; one decimal place. */
export function dbOfPower(power: number): number {
  if (power <= 0) return FLOOR_DB;
  return Math.max(FLOOR_DB, Math.round(100 * Math.log10(power / POWER_0_DBM0)) / 10);
}

/** Factor of an amplitude. */
export function factorOfDb(db: number): number {
  return 10 ** (db / 20);
}
