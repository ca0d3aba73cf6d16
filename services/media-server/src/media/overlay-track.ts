import type { Leg } from "./leg.ts";
import { FRAME, TRACK_AHEAD, TRACK_RING } from "./limits.ts";
import type { MixInput } from "./mix-input.ts";
import type { Spot } from "./source-line.ts";
import type { Tap } from "./tap.ts";

/** A replica that what is played goes into as well. */
export interface PromptFeed {
  readonly tap: Tap;
  readonly input: MixInput;
}

/** What phones hear and nobody says. */
export interface Prompt {
  readonly feeds: PromptFeed[];
}

/**
 * Audio that is heard on top of something, at its places on the engine's line. It is made a little ahead, so that a packet on its way
 * finds what belongs to it. Allocates nothing after construction.
 */
export class OverlayTrack implements Prompt, Spot {
  /** Place of the frame written last. */
  position = 0;
  /** Where there is sound: places from and to. */
  since = 0;
  until = Number.NEGATIVE_INFINITY;
  readonly feeds: PromptFeed[] = [];
  /** It goes into the replicas of the others' side. */
  readonly capture: boolean;
  /** Who hears it now. */
  readonly legs: Leg[] = [];
  readonly #ring = new Int16Array(TRACK_RING);

  constructor(capture: boolean) {
    this.capture = capture;
  }

  /** Writes what is heard `TRACK_AHEAD` after the frame at `at`. */
  write(at: Spot, frame: Int16Array, sounds: boolean): void {
    const place = at.position + TRACK_AHEAD;
    this.position = place;
    if (!sounds && place >= this.until + TRACK_RING) return;
    const mask = TRACK_RING - 1;
    const start = place & mask;
    for (let i = 0; i < FRAME; i++) this.#ring[(start + i) & mask] = sounds ? (frame[i] ?? 0) : 0;
    if (!sounds) return;
    if (place - this.until >= TRACK_RING) this.since = place;
    this.until = place + FRAME;
    if (this.feeds.length === 0 || !this.#heard()) return;
    for (let i = 0; i < this.feeds.length; i++) {
      const feed = this.feeds[i];
      if (feed !== undefined && !feed.tap.paused) feed.input.putLinear(this, frame, FRAME);
    }
  }

  /** True where something sounds in a stretch. */
  covers(at: Spot, length: number): boolean {
    return at.position < this.until && at.position + length > this.since;
  }

  /** Adds what is heard in a stretch. */
  addTo(sum: Int32Array, at: Spot, length: number): void {
    const mask = TRACK_RING - 1;
    const oldest = this.position + FRAME - TRACK_RING;
    const from = Math.max(0, this.since - at.position, oldest - at.position);
    const to = Math.min(length, this.until - at.position);
    const start = at.position & mask;
    for (let i = from; i < to; i++) sum[i] = (sum[i] ?? 0) + (this.#ring[(start + i) & mask] ?? 0);
  }

  #heard(): boolean {
    for (let i = 0; i < this.legs.length; i++) if (this.legs[i]?.hearsOthers === true) return true;
    return false;
  }
}
