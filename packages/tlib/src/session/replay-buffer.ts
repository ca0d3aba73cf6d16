import type { PreparedMessage } from "./prepared-message.ts";

/** Acknowledged slots that may stand before the first kept one before the arrays are moved up. */
const MAX_FREE_SLOTS = 256;

/** tlib-wire.md "Session" 3: every message that is not acknowledged, which is also the send queue (9). */
export class ReplayBuffer {
  readonly #messages: PreparedMessage[] = [];
  /** Clock time at which each was produced, ms. */
  readonly #times: number[] = [];
  /** Slots at the front that are acknowledged. */
  #free = 0;
  #firstSeq = 1;
  #bytes = 0;

  /** The lowest seq that is kept; where nothing is, the one that comes next. */
  get firstSeq(): number {
    return this.#firstSeq;
  }

  /** The highest seq ever produced; 0: none. */
  get lastSeq(): number {
    return this.#firstSeq + this.count - 1;
  }

  get count(): number {
    return this.#messages.length - this.#free;
  }

  /** Bytes of the JSON of all kept messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest kept message was produced, ms of the clock; undefined where nothing is kept. */
  get oldestAt(): number | undefined {
    return this.#times[this.#free];
  }

  /** Keeps a message; returns its seq. */
  push(message: PreparedMessage, now: number): number {
    this.#messages.push(message);
    this.#times.push(now);
    this.#bytes += message.bytes;
    return this.lastSeq;
  }

  /** The kept message with this seq. */
  at(seq: number): PreparedMessage | undefined {
    return seq < this.#firstSeq ? undefined : this.#messages[this.#free + seq - this.#firstSeq];
  }

  /** Forgets every message up to `seq`. */
  acknowledge(seq: number): void {
    const last = Math.min(seq, this.lastSeq);
    while (this.#firstSeq <= last) {
      this.#bytes -= this.#messages[this.#free]?.bytes ?? 0;
      this.#free += 1;
      this.#firstSeq += 1;
    }
    if (this.#free === this.#messages.length || this.#free > MAX_FREE_SLOTS) {
      this.#messages.splice(0, this.#free);
      this.#times.splice(0, this.#free);
      this.#free = 0;
    }
  }
}
