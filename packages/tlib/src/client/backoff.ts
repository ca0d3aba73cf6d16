import { FIRST_BACKOFF_MS, MAX_BACKOFF_MS } from "./limits.ts";

/** Pauses between attempts to connect: doubled each time, and by chance, so that thousands of clients do not come back at once. */
export class Backoff {
  readonly #random: () => number;
  #attempts = 0;

  /** @param random from 0 up to, without, 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The next pause, ms: between half and all of the doubled one. */
  next(): number {
    const full = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#attempts, 16));
    this.#attempts += 1;
    return full * (0.5 + this.#random() / 2);
  }

  /** A connection was good. */
  reset(): void {
    this.#attempts = 0;
  }
}
