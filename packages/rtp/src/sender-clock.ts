/** A sender report this much older than its arrival is taken for a clock that differs from ours; µs. */
const SYNCHRONOUS_MICROS = 2_000_000;
/** A sender's clock may be this much ahead of ours; µs. */
const AHEAD_MICROS = 50_000;

/**
 * The wall clock of a sender, seen from ours: one per recording session, shared by its streams, so that streams which the sender's
 * reports align stay aligned even where its clock is wrong. Clocks that agree within what the network explains are taken as equal.
 */
export class SenderClock {
  #skewMicros: number | undefined;

  /** Our wall-clock µs for a time in a sender report. The first report decides how far the clocks are apart. */
  local(ntpMicros: number, arrivalMicros: number): number {
    if (this.#skewMicros === undefined) {
      const difference = arrivalMicros - ntpMicros;
      this.#skewMicros = difference > -AHEAD_MICROS && difference < SYNCHRONOUS_MICROS ? 0 : difference;
    }
    return ntpMicros + this.#skewMicros;
  }

  /** Our clock minus the sender's, µs; undefined before the first report. */
  get skewMicros(): number | undefined {
    return this.#skewMicros;
  }
}
