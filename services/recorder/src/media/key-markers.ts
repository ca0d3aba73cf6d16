import { keyOfEvent, readTelephoneEvent } from "@sidetone/rtp";
import { KEY_END_MS, RATE } from "../limits.ts";

/** A key that was pressed. Positions and lengths in samples of the time line. */
export interface KeyPress {
  /** `0`-`9`, `*`, `#`, `A`-`D`, or `flash`. */
  readonly key: string;
  readonly position: number;
  readonly length: number;
}

const FLASH = 16;

interface Pressed {
  readonly ssrc: number;
  /** Time stamp of the packets that come now: a long press has several (RFC 4733 2.5.1.3). */
  timestamp: number;
  readonly event: number;
  readonly key: string;
  readonly position: number;
  /** Of what went before `timestamp`. */
  before: number;
  duration: number;
  updatedMs: number;
}

/**
 * Key presses of one stream (RFC 4733): many packets and three ends are one press; an end that was lost, ends itself. Pure.
 */
export class KeyMarkers {
  #pressed: Pressed | undefined;
  /** The last press that is told: its ends come three times, and late. */
  #told: { readonly ssrc: number; readonly timestamp: number } | undefined;
  readonly #tell: (press: KeyPress) => void;

  constructor(tell: (press: KeyPress) => void) {
    this.#tell = tell;
  }

  /**
   * Takes the payload of a telephone-event.
   * @param position of its time stamp on the time line
   */
  take(
    ssrc: number,
    timestamp: number,
    data: Uint8Array,
    start: number,
    length: number,
    position: number,
    nowMs: number,
  ): void {
    const read = readTelephoneEvent(data, start, length);
    if (read === undefined) return;
    const key = read.event === FLASH ? "flash" : keyOfEvent(read.event);
    if (key === undefined || this.#isTold(ssrc, timestamp)) return;
    let pressed = this.#pressed;
    if (pressed !== undefined && goesOn(pressed, ssrc, timestamp, read.event)) {
      pressed.before += (timestamp - pressed.timestamp) | 0;
      pressed.timestamp = timestamp;
      pressed.duration = 0;
    } else if (pressed === undefined || pressed.ssrc !== ssrc || pressed.timestamp !== timestamp) {
      // A packet of an earlier press that came late.
      if (pressed?.ssrc === ssrc && ((timestamp - pressed.timestamp) | 0) < 0) return;
      this.end();
      pressed = { ssrc, timestamp, event: read.event, key, position, before: 0, duration: 0, updatedMs: nowMs };
      this.#pressed = pressed;
    }
    pressed.duration = Math.max(pressed.duration, read.duration);
    pressed.updatedMs = nowMs;
    if (read.end) this.end();
  }

  /** Ends a press of which nothing has come for a while. */
  flush(nowMs: number): void {
    if (this.#pressed !== undefined && nowMs - this.#pressed.updatedMs >= KEY_END_MS) this.end();
  }

  /** Tells a press that has no end yet. */
  end(): void {
    const pressed = this.#pressed;
    if (pressed === undefined) return;
    this.#pressed = undefined;
    const { ssrc, timestamp, key, position, before, duration } = pressed;
    this.#told = { ssrc, timestamp };
    this.#tell({ key, position, length: before + duration });
  }

  #isTold(ssrc: number, timestamp: number): boolean {
    const told = this.#told;
    if (told === undefined || told.ssrc !== ssrc) return false;
    const after = (timestamp - told.timestamp) | 0;
    return after <= 0 && after > -RATE * 10;
  }
}

/** RFC 4733 2.5.1.3: a press longer than 8 s goes on with a new time stamp where the one before ends. */
function goesOn(pressed: Pressed, ssrc: number, timestamp: number, event: number): boolean {
  return (
    pressed.ssrc === ssrc &&
    pressed.event === event &&
    pressed.duration >= 0xf000 &&
    Math.abs(((timestamp - pressed.timestamp) | 0) - pressed.duration) <= RATE / 10
  );
}
