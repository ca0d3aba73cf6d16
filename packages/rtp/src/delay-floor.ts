/** Length of one of the two spans that are looked at, samples at 8 kHz. */
const SPAN = 8000;

/**
 * The least delay of late, in samples: a sliding minimum over one to two seconds. Jitter only ever delays, so the minimum follows the
 * sender's clock while jitter passes by.
 */
export class DelayFloor {
  #from = 0;
  #current = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;

  /** @param at time of arrival on the time line, samples; @param delay samples. */
  take(at: number, delay: number): void {
    if (at - this.#from >= SPAN) {
      this.#before = at - this.#from >= 2 * SPAN ? Number.POSITIVE_INFINITY : this.#current;
      this.#current = Number.POSITIVE_INFINITY;
      this.#from = at;
    }
    if (delay < this.#current) this.#current = delay;
  }

  /** The minimum; infinite before the first delay. */
  get value(): number {
    return Math.min(this.#current, this.#before);
  }

  /** True once a whole span has been seen. */
  get settled(): boolean {
    return this.#before !== Number.POSITIVE_INFINITY;
  }

  /** Moves everything remembered, after the line itself was moved. */
  shift(samples: number): void {
    this.#current += samples;
    this.#before += samples;
  }

  reset(): void {
    this.#current = Number.POSITIVE_INFINITY;
    this.#before = Number.POSITIVE_INFINITY;
    this.#from = 0;
  }
}
