import { eventOfKey, RTP_HEADER, writeTelephoneEvent } from "@sidetone/rtp";
import type { DigitOptions } from "./audio-types.ts";
import type { FramePace } from "./frame-pace.ts";
import type { Leg } from "./leg.ts";
import { FRAME, SAMPLE_RATE } from "./limits.ts";

/** How often the end of a key is said (RFC 4733 2.5.1.4). */
const ENDS = 3;
const PAYLOAD = 4;

function frames(ms: number): number {
  return Math.max(1, Math.round((ms * SAMPLE_RATE) / 1000 / FRAME));
}

/** Keys that are sent to a phone as telephone-events (RFC 4733), in steps of 20 ms, beside what it hears. */
export class DigitSender {
  readonly id: number;
  readonly leg: Leg;
  readonly #events: readonly number[];
  readonly #tone: number;
  readonly #pause: number;
  readonly #volume: number;
  readonly #out = new Uint8Array(RTP_HEADER + PAYLOAD);
  /** Where the key begins. */
  readonly #at = { position: 0 };
  #index = 0;
  /** Frames since the key began. */
  #frame = 0;
  #sent = 0;

  constructor(id: number, leg: Leg, o: DigitOptions) {
    this.id = id;
    this.leg = leg;
    this.#events = Array.from(o.digits, eventOfKey).filter((event) => event !== undefined);
    this.#tone = frames(o.toneMs ?? 100);
    this.#pause = Math.max(ENDS, frames(o.intervalMs ?? 100));
    this.#volume = Math.min(63, Math.max(0, Math.round(-(o.levelDb ?? -6))));
  }

  get ended(): boolean {
    return this.#index >= this.#events.length;
  }

  get playedMs(): number {
    return Math.round((this.#sent * FRAME * 1000) / SAMPLE_RATE);
  }

  /** Sends what is due. */
  frame(pace: FramePace): void {
    const event = this.#events[this.#index];
    if (event === undefined) return;
    if (this.#frame === 0) this.#at.position = pace.position;
    const n = ++this.#frame;
    this.#sent++;
    // The first packet tells of 20 ms, the last one and its copies of all.
    if (n < this.#tone + ENDS) {
      const end = n >= this.#tone;
      const duration = Math.min(n, this.#tone) * FRAME;
      writeTelephoneEvent(this.#out, RTP_HEADER, { event, end, volume: this.#volume, duration });
      this.leg.sendKey(n === 1, this.#at, this.#out, RTP_HEADER, PAYLOAD);
    }
    if (n < this.#tone + this.#pause) return;
    this.#frame = 0;
    this.#index++;
  }
}
