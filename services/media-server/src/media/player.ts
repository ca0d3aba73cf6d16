import type { PlayCommand, PlayOptions } from "./audio-types.ts";
import { FRAME, SAMPLE_RATE } from "./limits.ts";
import { factorOfDb } from "./loudness.ts";
import type { Prompt, PromptFeed } from "./overlay-track.ts";

function samples(ms: number): number {
  return Math.floor((ms * SAMPLE_RATE) / 1000);
}

/** What is played, frame by frame, to whomever. Allocates nothing per frame. */
export class Player implements Prompt {
  readonly id: number;
  readonly capture: boolean;
  /** The end of what there is to play, or of the time for it. */
  ended: "no" | "complete" | "timeout" = "no";
  /** Replicas that what is heard goes into as well. */
  readonly feeds: PromptFeed[] = [];
  /** How much of the frame is played and not sent yet. */
  made = 0;
  /** The frame that was made last. */
  readonly frame = new Int16Array(FRAME);
  readonly #audio: readonly Int16Array[];
  readonly #loopFrom: number;
  readonly #interval: number;
  readonly #most: number;
  readonly #factor: number;
  #left: number;
  #piece = 0;
  #at = 0;
  /** Samples of silence before the next round. */
  #pause = 0;
  #played = 0;
  #suspended: boolean;

  constructor(id: number, o: PlayOptions) {
    this.id = id;
    this.capture = o.capture;
    this.#audio = o.audio.filter(({ length }) => length > 0);
    this.#loopFrom = Math.min(o.loopFrom ?? 0, Math.max(0, this.#audio.length - 1));
    this.#interval = samples(o.intervalMs);
    this.#most = o.maxTimeMs === undefined ? Number.POSITIVE_INFINITY : samples(o.maxTimeMs);
    this.#factor = factorOfDb(o.gainDb ?? 0);
    this.#left = o.iterations < 0 ? Number.POSITIVE_INFINITY : o.iterations;
    this.#suspended = o.paused ?? false;
    if (this.#audio.length === 0) this.#left = 0;
    if (o.offsetMs !== undefined && o.offsetMs > 0) this.#seek(samples(o.offsetMs));
  }

  get playedMs(): number {
    return Math.round((this.#played * 1000) / SAMPLE_RATE);
  }

  /** Pauses, goes on, or goes elsewhere within this round. */
  command(command: PlayCommand): void {
    switch (command.kind) {
      case "pause":
        this.#suspended = true;
        break;
      case "resume":
        this.#suspended = false;
        break;
      case "toggle":
        this.#suspended = !this.#suspended;
        break;
      case "restart":
        this.#seek(0);
        break;
      case "skip":
        this.#seek(this.#place() + Math.trunc((command.ms * SAMPLE_RATE) / 1000));
    }
  }

  /** Makes the next frame, and says in `made` how much of it is played; the rest is silence. Looks at `ended` before. */
  next(): void {
    if (this.#suspended) {
      this.frame.fill(0);
      this.made = FRAME;
      return;
    }
    this.made = this.#fill();
    this.#played += this.made;
    if (this.made < FRAME) this.ended = this.#left === 0 ? "complete" : "timeout";
  }

  #fill(): number {
    const most = Math.min(FRAME, this.#most - this.#played);
    let filled = 0;
    while (filled < most && this.#left > 0) {
      if (this.#pause > 0) {
        this.#pause--;
        this.frame[filled++] = 0;
        continue;
      }
      const piece = this.#audio[this.#piece];
      if (piece === undefined || this.#at >= piece.length) {
        this.#nextPiece();
        continue;
      }
      this.#put(filled++, piece[this.#at++] ?? 0);
    }
    for (let i = filled; i < FRAME; i++) this.frame[i] = 0;
    return filled;
  }

  #put(index: number, sample: number): void {
    if (this.#factor === 1) {
      this.frame[index] = sample;
      return;
    }
    const louder = Math.round(sample * this.#factor);
    this.frame[index] = louder > 32_767 ? 32_767 : louder < -32_767 ? -32_767 : louder;
  }

  #nextPiece(): void {
    this.#at = 0;
    this.#piece++;
    if (this.#piece >= this.#audio.length) this.#endRound();
  }

  #endRound(): void {
    this.#at = 0;
    this.#piece = this.#loopFrom;
    this.#left--;
    this.#pause = this.#left > 0 ? this.#interval : 0;
  }

  /** Samples of this round before what comes next. */
  #place(): number {
    let place = this.#at;
    for (let i = 0; i < this.#piece; i++) place += this.#audio[i]?.length ?? 0;
    return place;
  }

  #seek(place: number): void {
    this.#pause = 0;
    this.#piece = 0;
    this.#at = Math.max(0, place);
    for (const piece of this.#audio) {
      if (this.#at < piece.length) return;
      this.#at -= piece.length;
      this.#piece++;
    }
    if (this.#left > 0) this.#endRound();
  }
}
