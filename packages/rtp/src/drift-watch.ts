/** Two measurements nearer to each other say nothing of a clock's speed: 0.8 s of samples. */
const LEAST_SPAN = 6400;
/** No sound card is further off: 1 %. What moves faster is a step. */
const MOST_DRIFT = 0.01;
/** Steps in one direction that are a drift; two where they are alike. */
const STEPS = 3;
/** Measurements that stand still between them: a Media Server tells of a drift in steps of 8 ms. */
const STANDS = 4;
/** Two steps are alike where they differ by no more than this, samples. */
const ALIKE = 16;

/**
 * Tells the drift of a sender's clock from an estimate of its place that was wrong. A drift goes on at one speed; an estimate that has
 * become better makes one step and stays: the first packets after a takeover come late from a busy machine, and jitter only ever delays.
 */
export class DriftWatch {
  #at: number | undefined;
  #place = 0;
  #last = 0;
  #steps = 0;
  #stands = 0;
  #alike = false;

  /** @param at when it was measured, samples. @param place where the sender's time stamp 0 was found on our line, samples. */
  take(at: number, place: number): void {
    if (this.#at === undefined) {
      this.#at = at;
      this.#place = place;
      return;
    }
    const span = at - this.#at;
    if (span < LEAST_SPAN) return;
    const step = place - this.#place;
    this.#at = at;
    this.#place = place;
    if (Math.abs(step) < 1) {
      this.#stands += 1;
      if (this.#stands > STANDS) this.#forget();
      return;
    }
    this.#stands = 0;
    if (Math.abs(step) > span * MOST_DRIFT) {
      this.#forget();
      return;
    }
    const goesOn = this.#steps > 0 && Math.sign(step) === Math.sign(this.#last);
    this.#alike = goesOn && Math.abs(step - this.#last) <= Math.max(ALIKE, Math.abs(step) / 4);
    this.#steps = goesOn ? this.#steps + 1 : 1;
    this.#last = step;
  }

  /** True while the clock drifts. */
  get drifts(): boolean {
    return this.#steps >= STEPS || (this.#steps >= 2 && this.#alike && Math.abs(this.#last) > ALIKE);
  }

  /** After a jump of the line what was measured before says nothing. */
  reset(): void {
    this.#at = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#steps = 0;
    this.#stands = 0;
    this.#alike = false;
  }
}
