import type { Clock } from "@sidetone/foundation";

/** R30: calls that are brought to another Media Server at the same time; the others wait for their turn. */
export const RECOVERIES_AT_ONCE = 16;

/**
 * Work that waits for its turn, first come, first served: were all calls of a dead server moved at once, none of them
 * would have its audio back before nearly all of them have.
 */
export class RecoveryTurns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  readonly #awaiting: (() => void)[] = [];
  #running = 0;

  constructor(most = RECOVERIES_AT_ONCE) {
    this.#most = most;
  }

  /** Calls that are under way or wait. */
  get size(): number {
    return this.#running + this.#waiting.length;
  }

  /** Calls wait for their turn: what does not bring audio back is to wait, too. */
  get crowded(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when no call is under way or waits any more, or after `mostMs`. */
  async quiet(clock: Clock, mostMs: number): Promise<void> {
    if (this.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(mostMs, resolve);
      this.#awaiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Does the work in its turn. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // Its place goes to the next one as it is.
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else {
        this.#running -= 1;
        if (this.#running === 0) for (const resolve of this.#awaiting.splice(0)) resolve();
      }
    }
  }
}
