import type { Clock } from "@sidetone/foundation";
import { freeTries, maxGuessers, maxWaitMs } from "./limits.ts";

/** Slows down whoever guesses passwords: after a few wrong tries each further one waits twice as long as the one before. */
export class GuessLimit {
  readonly #clock: Clock;
  readonly #wrong = new Map<string, { tries: number; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds to wait before `key` may try again; 0 = now. */
  waitSeconds(key: string): number {
    const entry = this.#wrong.get(key);
    return entry === undefined ? 0 : Math.max(0, Math.ceil((entry.until - this.#clock.now()) / 1000));
  }

  failed(key: string): void {
    const tries = (this.#wrong.get(key)?.tries ?? 0) + 1;
    const wait = tries < freeTries ? 0 : Math.min(maxWaitMs, 1000 * 2 ** (tries - freeTries));
    this.#wrong.delete(key);
    this.#wrong.set(key, { tries, until: this.#clock.now() + wait });
    for (const oldest of this.#wrong.keys()) {
      if (this.#wrong.size <= maxGuessers) break;
      this.#wrong.delete(oldest);
    }
  }

  succeeded(key: string): void {
    this.#wrong.delete(key);
  }
}
