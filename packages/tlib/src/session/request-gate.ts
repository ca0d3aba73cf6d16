import type { SessionLimits } from "./limits.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What becomes of a request. `known`: it has run before a resume, its response is in the replay. */
export type Admission = "run" | "known" | "repeated" | "too-many-unanswered" | "too-fast";

/** tlib-wire.md "Session" 6 and 9: at most once, at most so many, at most so fast. */
export class RequestGate {
  readonly #limits: SessionLimits;
  readonly #bucket: TokenBucket;
  readonly #unanswered = new Set<number>();
  readonly #remembers: boolean;
  #lastReferenceId = 0;
  #lastOnConnection = 0;

  /** @param remembers false takes rule 6 away, so that a test can show what it is good for */
  constructor(limits: SessionLimits, now: number, remembers: boolean) {
    this.#limits = limits;
    this.#bucket = new TokenBucket(limits.requestsPerSecond, limits.requestBurst, now);
    this.#remembers = remembers;
  }

  /** The highest ReferenceID that was accepted. */
  get lastReferenceId(): number {
    return this.#lastReferenceId;
  }

  /** Requests that wait for their direct response. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** On a new connection a client may send again what it has sent before. */
  newConnection(): void {
    this.#lastOnConnection = 0;
  }

  /** Decides on a request; a refused one counts as accepted and answered. */
  admit(referenceId: number, now: number): Admission {
    if (referenceId <= this.#lastOnConnection) return this.allows(now) ? "repeated" : "too-fast";
    this.#lastOnConnection = referenceId;
    if (this.#remembers) {
      if (referenceId <= this.#lastReferenceId) return "known";
      this.#lastReferenceId = referenceId;
    }
    if (!this.allows(now)) return "too-fast";
    if (this.#unanswered.size >= this.#limits.maxInFlight) return "too-many-unanswered";
    this.#unanswered.add(referenceId);
    return "run";
  }

  /** Counts a message against the rate. */
  allows(now: number): boolean {
    return this.#bucket.take(now);
  }

  /** The request has its direct response. False: it waits for none. */
  answered(referenceId: number): boolean {
    return this.#unanswered.delete(referenceId);
  }
}
