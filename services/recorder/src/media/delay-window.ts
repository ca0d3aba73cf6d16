import { RATE } from "../limits.ts";

const WINDOW = 60 * RATE;

/** Least delay of the last one to two minutes: the sender's way to us without its queues, clocks that differ included. In samples. */
export class DelayWindow {
  #began: number | undefined;
  #now = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;

  /** @param at arrival. @param delay arrival minus the end of the packet. */
  take(at: number, delay: number): void {
    this.#began ??= at;
    if (at - this.#began >= WINDOW) {
      this.#began = at;
      this.#before = this.#now;
      this.#now = Number.POSITIVE_INFINITY;
    }
    this.#now = Math.min(this.#now, delay);
  }

  /** 0 before the first packet. */
  get least(): number {
    const least = Math.min(this.#now, this.#before);
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }
}
