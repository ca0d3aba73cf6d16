/** Sequence numbers that are remembered for finding duplicates. */
const WINDOW = 1024;
/** RFC 3550 A.1 MAX_DROPOUT: a larger step forward is a restart. */
const MAX_DROPOUT = 3000;

/** What a sequence number turned out to be. */
export type SequenceVerdict = "next" | "gap" | "reordered" | "duplicate" | "restart";

/** Sequence numbers of one source: wrap, loss, duplicates, order, jitter (RFC 3550 A.1, A.3, A.8). Allocates nothing after construction. */
export class SequenceTracker {
  /** Extended highest sequence number received (RFC 3550 6.4.1). */
  highest = 0;
  received = 0;
  duplicates = 0;
  reordered = 0;
  restarts = 0;
  /** Packets missing just before the last one that verdict "gap" was given to. */
  missing = 0;
  /** Interarrival jitter in time-stamp units. */
  jitter = 0;
  #first = 0;
  #begun = false;
  /** Expected minus received of the numbering before each restart. */
  #lostBefore = 0;
  #receivedBefore = 0;
  #transit = 0;
  #hasTransit = false;
  #expectedAtReport = 0;
  #receivedAtReport = 0;
  readonly #seen = new Int32Array(WINDOW).fill(-1);

  /** Takes one sequence number (16 bit). */
  take(sequence: number): SequenceVerdict {
    if (!this.#begun) {
      this.#begin(sequence);
      return "next";
    }
    const extended = this.extend(sequence);
    const step = extended - this.highest;
    if (step > MAX_DROPOUT || step <= -WINDOW || extended < 0) {
      this.#lostBefore += this.#expectedNow() - (this.received - this.#receivedBefore);
      this.#receivedBefore = this.received;
      this.restarts++;
      this.#begin(sequence);
      return "restart";
    }
    const slot = extended % WINDOW;
    if (step <= 0) {
      if (this.#seen[slot] === extended) {
        this.duplicates++;
        return "duplicate";
      }
      this.#seen[slot] = extended;
      this.received++;
      this.reordered++;
      if (extended < this.#first) this.#first = extended;
      return "reordered";
    }
    this.#seen[slot] = extended;
    this.received++;
    this.highest = extended;
    this.missing = step - 1;
    return step === 1 ? "next" : "gap";
  }

  /** The extended number of a packet near the highest. */
  extend(sequence: number): number {
    return this.highest + (((sequence - this.highest) << 16) >> 16);
  }

  /** RFC 3550 A.8. @param arrival in time-stamp units, same clock each time. */
  takeTiming(timestamp: number, arrival: number): void {
    const transit = (arrival - timestamp) | 0;
    if (this.#hasTransit) {
      const d = Math.abs((transit - this.#transit) | 0);
      // A new time line, not jitter.
      if (d < 80_000) this.jitter += (d - this.jitter) / 16;
    }
    this.#hasTransit = true;
    this.#transit = transit;
  }

  /** Packets that did not come (RFC 3550 A.3). */
  get lost(): number {
    if (!this.#begun) return 0;
    return this.#lostBefore + this.#expectedNow() - (this.received - this.#receivedBefore);
  }

  /** Fraction lost since the last call, in 1/256 (RFC 3550 A.3). */
  fractionLost(): number {
    const expected = this.#begun ? this.lost + this.received : 0;
    const dExpected = expected - this.#expectedAtReport;
    const dLost = dExpected - (this.received - this.#receivedAtReport);
    this.#expectedAtReport = expected;
    this.#receivedAtReport = this.received;
    return dExpected <= 0 || dLost <= 0 ? 0 : Math.min(255, Math.floor((dLost * 256) / dExpected));
  }

  #begin(sequence: number): void {
    this.#begun = true;
    // One cycle of room below, for packets that overtook the first one.
    this.highest = sequence + 0x10000;
    this.#first = this.highest;
    this.#seen.fill(-1);
    this.#seen[this.highest % WINDOW] = this.highest;
    this.received++;
    this.#hasTransit = false;
  }

  #expectedNow(): number {
    return this.highest - this.#first + 1;
  }
}
