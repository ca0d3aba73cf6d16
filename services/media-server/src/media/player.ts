import { RTP_HEADER } from "@sidetone/rtp";
import { encodeMix } from "./encode-mix.ts";
import { kindOfCodec } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME, SAMPLE_RATE } from "./limits.ts";
import type { MixInput } from "./mix-input.ts";
import type { Spot } from "./source-line.ts";
import type { Tap } from "./tap.ts";
import type { PlayOptions } from "./audio-types.ts";

function samples(ms: number): number {
  return Math.floor((ms * SAMPLE_RATE) / 1000);
}

/** What a phone is played instead of what the others say. Allocates nothing per frame. */
export class Player {
  readonly id: number;
  readonly leg: Leg;
  readonly capture: boolean;
  /** The end of what there is to play, or of the time for it. */
  ended: "no" | "complete" | "timeout" = "no";
  /** Replicas that what is heard goes into as well. */
  readonly feeds: { readonly tap: Tap; readonly input: MixInput }[] = [];
  readonly #audio: readonly Int16Array[];
  readonly #interval: number;
  readonly #most: number;
  #left: number;
  #piece = 0;
  #at = 0;
  /** Samples of silence before the next round. */
  #pause = 0;
  #played = 0;
  readonly #frame = new Int32Array(FRAME);
  readonly #linear = new Int16Array(FRAME);
  readonly #out = new Uint8Array(RTP_HEADER + FRAME);

  constructor(id: number, leg: Leg, o: PlayOptions) {
    this.id = id;
    this.leg = leg;
    this.capture = o.capture;
    this.#audio = o.audio.filter(({ length }) => length > 0);
    this.#interval = samples(o.intervalMs);
    this.#most = o.maxTimeMs === undefined ? Number.POSITIVE_INFINITY : samples(o.maxTimeMs);
    this.#left = o.iterations < 0 ? Number.POSITIVE_INFINITY : o.iterations;
    if (this.#audio.length === 0) this.#left = 0;
  }

  get playedMs(): number {
    return Math.round((this.#played * 1000) / SAMPLE_RATE);
  }

  /** Sends one frame; `at`: its time stamp. Looks at `ended` before. */
  frame(at: Spot): void {
    const length = this.#fill();
    this.#played += length;
    if (length < FRAME) this.ended = this.#left === 0 ? "complete" : "timeout";
    if (length === 0 || !this.leg.hearsOthers || this.leg.settings === undefined) return;
    const kind = kindOfCodec(this.leg.settings.codec);
    encodeMix(kind, this.#frame, undefined, this.#out);
    this.leg.sendPlayed(kind, at, this.#out, RTP_HEADER, FRAME);
    for (let i = 0; i < this.feeds.length; i++) {
      const feed = this.feeds[i];
      if (feed !== undefined && !feed.tap.paused) feed.input.putLinear(at, this.#linear, FRAME);
    }
  }

  /** How much of the frame is played; the rest is silence. */
  #fill(): number {
    const most = Math.min(FRAME, this.#most - this.#played);
    let filled = 0;
    while (filled < most && this.#left > 0) {
      if (this.#pause > 0) {
        this.#pause--;
        this.#put(filled++, 0);
        continue;
      }
      const piece = this.#audio[this.#piece];
      if (piece === undefined || this.#at >= piece.length) {
        this.#next();
        continue;
      }
      this.#put(filled++, piece[this.#at++] ?? 0);
    }
    for (let i = filled; i < FRAME; i++) this.#put(i, 0);
    return filled;
  }

  #put(index: number, sample: number): void {
    this.#frame[index] = sample;
    this.#linear[index] = sample;
  }

  #next(): void {
    this.#at = 0;
    this.#piece++;
    if (this.#piece < this.#audio.length) return;
    this.#piece = 0;
    this.#left--;
    this.#pause = this.#left > 0 ? this.#interval : 0;
  }
}
