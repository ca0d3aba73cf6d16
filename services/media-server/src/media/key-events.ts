import { keyOfEvent, readTelephoneEvent, type RtpView } from "@sidetone/rtp";
import type { KeyListener } from "./dtmf-detector.ts";
import { SAMPLE_RATE } from "./limits.ts";

/** A key of which nothing came for this long has ended, whatever was lost: 200 ms, in samples. */
const LOST_AFTER = 1600;
/** Longest duration of one segment (RFC 4733 2.5.1.3). */
const SEGMENT = 0xffff;

/** Keys that a phone sends as telephone-events, once each however often they are repeated (RFC 4733 2.5.1.4). */
export class KeyEvents {
  readonly #told: KeyListener;
  /** Time stamp of the last one. */
  #timestamp = 0;
  #ssrc = -1;
  #event = -1;
  #held = false;
  #duration = 0;
  /** Of segments before, samples. */
  #before = 0;
  /** When its last packet came, on the engine's line. */
  #at = 0;

  constructor(told: KeyListener) {
    this.#told = told;
  }

  /** @param arrival `position`: when it came, on the engine's line */
  take(v: RtpView, arrival: { readonly arrival: number }, data: Uint8Array): void {
    const e = readTelephoneEvent(data, v.payloadOffset, v.payloadLength);
    const key = e === undefined ? undefined : keyOfEvent(e.event);
    if (e === undefined || key === undefined) return;
    const same = this.#ssrc === v.ssrc && this.#timestamp === v.timestamp;
    // A late packet of the key before.
    if (!same && this.#ssrc === v.ssrc && ((v.timestamp - this.#timestamp) | 0) < 0) return;
    if (!same) {
      const goesOn = this.#held && this.#event === e.event && ((v.timestamp - this.#timestamp) | 0) === SEGMENT;
      if (goesOn) this.#before += SEGMENT;
      else this.end();
      this.#ssrc = v.ssrc;
      this.#timestamp = v.timestamp;
      this.#event = e.event;
      this.#duration = 0;
      if (!goesOn) {
        this.#before = 0;
        this.#held = true;
        this.#told(key, "start", 0);
      }
    }
    this.#at = arrival.arrival;
    if (e.duration > this.#duration) this.#duration = e.duration;
    if (e.end) this.end();
  }

  /** @param now on the engine's line */
  tick(now: number): void {
    if (this.#held && now - this.#at > LOST_AFTER) this.end();
  }

  /** Nothing more comes. */
  end(): void {
    if (!this.#held) return;
    this.#held = false;
    const ms = Math.round(((this.#before + this.#duration) * 1000) / SAMPLE_RATE);
    this.#told(keyOfEvent(this.#event) ?? "", "end", ms);
  }
}
