import type { Clock } from "@sidetone/foundation";

/** Requests that make a Media Server one that is watched: as many in `WATCHED_WINDOW_MS`. */
const WATCHED_REQUESTS = 5;
const WATCHED_WINDOW_MS = 10_000;
/** Resource Manager and SIP Server ask every 500 ms or more often: nothing for as long as this comes from nobody, ms. */
const NOBODY_MS = 1_500;
/** How long whoever is back waits for what it has missed, BYE of its calls above all, ms: a TCP peer sends again within that. */
const SETTLE_MS = 3_500;

/**
 * R30: tells a Media Server that was cut off, or stood still, from a recorder that is gone. While nobody at all is heard, and for a
 * while after, a silent recorder is no lost one: the calls may be at another Media Server by now, and what this one does
 * with their recordings would be in that one's way. Where nobody asks regularly nothing is known, and nothing held back.
 */
export class Isolation {
  readonly #clock: Clock;
  /** When the last requests came, clock ms, the oldest first. */
  readonly #heard: number[] = [];
  #backAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A request came, from whomever. */
  heard(): void {
    const now = this.#clock.now();
    if (this.#nobodySince(now)) this.#backAt = now;
    this.#heard.push(now);
    if (this.#heard.length > WATCHED_REQUESTS) this.#heard.shift();
  }

  /** True while the silence of one peer says nothing of that peer. */
  get holds(): boolean {
    const now = this.#clock.now();
    return this.#nobodySince(now) || now - this.#backAt < SETTLE_MS;
  }

  #nobodySince(now: number): boolean {
    const [oldest] = this.#heard;
    const last = this.#heard.at(-1);
    if (oldest === undefined || last === undefined) return false;
    const watched = this.#heard.length === WATCHED_REQUESTS && last - oldest <= WATCHED_WINDOW_MS;
    return watched && now - last >= NOBODY_MS;
  }
}
