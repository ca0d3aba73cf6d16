import type { Clock } from "@sidetone/foundation";
import { forgetTriesMs, maxGuessers, maxWaitMs } from "./limits.ts";

interface Tries {
  readonly count: number;
  /** Clock milliseconds of the last one, and until when the next one waits. */
  readonly at: number;
  readonly until: number;
}

/** Slows down whoever guesses passwords: after a few wrong tries each further one waits twice as long as the one before. */
export class GuessLimit {
  readonly #clock: Clock;
  readonly #free: number;
  readonly #wrong = new Map<string, Tries>();

  /** @param free wrong tries that cost nothing */
  constructor(clock: Clock, free: number) {
    this.#clock = clock;
    this.#free = free;
  }

  /** Seconds to wait before `key` may try again; 0 = now. */
  waitSeconds(key: string): number {
    const entry = this.#wrong.get(key);
    return entry === undefined ? 0 : Math.max(0, Math.ceil((entry.until - this.#clock.now()) / 1000));
  }

  failed(key: string): void {
    const now = this.#clock.now();
    const before = this.#wrong.get(key);
    const count = (before === undefined || now - before.at > forgetTriesMs ? 0 : before.count) + 1;
    const wait = count < this.#free ? 0 : Math.min(maxWaitMs, 1000 * 2 ** (count - this.#free));
    this.#wrong.delete(key);
    this.#wrong.set(key, { count, at: now, until: now + wait });
    for (const oldest of this.#wrong.keys()) {
      if (this.#wrong.size <= maxGuessers) break;
      this.#wrong.delete(oldest);
    }
  }

  /** Forgets all wrong tries. */
  succeeded(key: string): void {
    this.#wrong.delete(key);
  }

  /** The last try was none of the wrong ones. */
  takeBack(key: string): void {
    const entry = this.#wrong.get(key);
    if (entry === undefined) return;
    if (entry.count <= 1) this.#wrong.delete(key);
    else this.#wrong.set(key, { ...entry, count: entry.count - 1, until: this.#clock.now() });
  }
}
