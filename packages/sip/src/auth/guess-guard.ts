import type { Clock } from "@sidetone/foundation";
import { LIMITS } from "../limits.ts";

/** How fast guessing is slowed. */
export interface GuessGuardOptions {
  readonly clock: Clock;
  /** Failures in a row that cost nothing. Default 5. */
  readonly freeTries?: number;
  /** Wait after the first failure beyond them, in milliseconds; doubles with each further one. Default 1000. */
  readonly firstWaitMs?: number;
  /** Longest wait, in milliseconds. Default 60 000. */
  readonly longestWaitMs?: number;
  /** Failures are forgotten after this long without one, in milliseconds. Default 15 minutes. */
  readonly forgetMs?: number;
}

/** Slows the guessing of passwords. Give a key of user and source address, so that a stranger cannot lock a user out. */
export class GuessGuard {
  readonly #clock: Clock;
  readonly #freeTries: number;
  readonly #firstWaitMs: number;
  readonly #longestWaitMs: number;
  readonly #forgetMs: number;
  /** In order of the last failure, the oldest first. */
  readonly #failures = new Map<string, { count: number; last: number }>();

  constructor(o: GuessGuardOptions) {
    this.#clock = o.clock;
    this.#freeTries = o.freeTries ?? 5;
    this.#firstWaitMs = o.firstWaitMs ?? 1_000;
    this.#longestWaitMs = o.longestWaitMs ?? 60_000;
    this.#forgetMs = o.forgetMs ?? 900_000;
  }

  /** `true`, or the whole seconds after which the next try is looked at. Ask before checking the password. */
  allow(key: string): true | { readonly retryAfterS: number } {
    const failures = this.#failures.get(key);
    if (failures === undefined || failures.count < this.#freeTries) return true;
    const doublings = Math.min(failures.count - this.#freeTries, 30);
    const wait = Math.min(this.#firstWaitMs * 2 ** doublings, this.#longestWaitMs);
    const left = failures.last + wait - this.#clock.now();
    return left <= 0 ? true : { retryAfterS: Math.ceil(left / 1000) };
  }

  /** The password was wrong, or the user unknown. */
  failed(key: string): void {
    const now = this.#clock.now();
    const before = this.#failures.get(key);
    const count = before === undefined || now - before.last > this.#forgetMs ? 1 : before.count + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: now });
    for (const [old, { last }] of this.#failures) {
      if (this.#failures.size <= LIMITS.guessKeys && now - last <= this.#forgetMs) break;
      this.#failures.delete(old);
    }
  }

  /** The password was right: failures are forgotten. */
  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
