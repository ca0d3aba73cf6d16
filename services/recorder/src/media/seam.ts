/** Shortest gap between two sessions of a recording that is listed: a packet; samples. */
const LEAST_GAP = 160;

/** A stretch that no session of a recording has; positions of the time line. */
export interface SeamGap {
  readonly from: number;
  readonly to: number;
}

/**
 * R30, R31: the place where a recording went over from one session to the next, and what is missing there: the time from the
 * last sample of the one to the first of the other, by the wall clock of their senders. What both have is no gap.
 */
export class Seam {
  #from: number;
  readonly #settleMs: number;
  #first: number | undefined;
  #seenAt = 0;

  /**
   * @param from end of what is there of the last session
   * @param settleMs how long after the first packet others may still come: of streams that begin before it, and of the last session
   */
  constructor(from: number, settleMs: number) {
    this.#from = from;
    this.#settleMs = settleMs;
  }

  /** Audio of the last session that is read late; its end. */
  ends(position: number): void {
    this.#from = Math.max(this.#from, position);
  }

  /** Audio of the new session, at a position. */
  saw(position: number, nowMs: number): void {
    if (this.#first === undefined) this.#seenAt = nowMs;
    this.#first = Math.min(this.#first ?? position, position);
  }

  /** True once the first sample is known. */
  settled(nowMs: number): boolean {
    return this.#first !== undefined && nowMs - this.#seenAt >= this.#settleMs;
  }

  /** What is missing. @param end where no audio came: where the silence ends */
  gap(end?: number): SeamGap | undefined {
    const to = this.#first ?? end ?? this.#from;
    return to - this.#from >= LEAST_GAP ? { from: this.#from, to } : undefined;
  }
}
