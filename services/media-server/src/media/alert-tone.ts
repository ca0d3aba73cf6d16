import type { AlertTone } from "./audio-types.ts";
import type { FramePace } from "./frame-pace.ts";
import { FRAME, SAMPLE_RATE } from "./limits.ts";
import { OverlayTrack } from "./overlay-track.ts";

function samples(ms: number): number {
  return Math.round((ms * SAMPLE_RATE) / 1000);
}

/** A tone that comes again and again. */
export class AlertTrack {
  readonly track: OverlayTrack;
  readonly #tone: Int16Array;
  readonly #every: number;
  readonly #frame = new Int16Array(FRAME);
  /** Samples since it last began; below 0 before the first time. */
  #at: number;

  /** @param before the one of this name until now, whose rhythm goes on */
  constructor(o: AlertTone, before: AlertTrack | undefined) {
    this.track = new OverlayTrack(o.recorded);
    this.#tone = o.samples;
    this.#every = Math.max(o.samples.length + samples(100), samples(o.everyMs));
    this.#at = before === undefined ? -samples(o.firstAfterMs ?? 0) : before.#at % this.#every;
  }

  /** Makes the next frame. */
  frame(pace: FramePace): void {
    let sounds = false;
    for (let i = 0; i < FRAME; i++) {
      const at = this.#at++;
      const heard = at >= 0 && at < this.#tone.length;
      this.#frame[i] = heard ? (this.#tone[at] ?? 0) : 0;
      if (heard) sounds = true;
      if (this.#at >= this.#every) this.#at = 0;
    }
    this.track.write(pace.from, this.#frame, sounds);
  }
}
