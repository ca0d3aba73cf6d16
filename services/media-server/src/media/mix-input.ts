import { DelayFloor } from "@sidetone/rtp";
import { DTMF } from "./kinds.ts";
import { FRAME, MIX_DELAY, MIX_MAX_JITTER, MIX_RING } from "./limits.ts";
import { SampleRing } from "./sample-ring.ts";
import type { SourceLine, Spot } from "./source-line.ts";

/** A place that differs by less from the wanted one is kept: 10 ms. */
const DEAD_BAND = 80;
/** After this much silence the place is taken anew, nobody hears it: 60 ms. */
const SPURT = 480;

/**
 * What one member says, on its way into the mix: a buffer that is as long as its jitter of the last second or two. While it speaks
 * the buffer follows the phone's clock and jitter by a sample a packet; a packet that is too late makes it longer at once.
 */
export class MixInput implements Spot {
  /** Where the packet last taken is played. */
  position = 0;
  /** The frame that is being mixed. */
  readonly frame = new Int16Array(FRAME);
  /** False where the frame is silence, whatever it holds. */
  sounds = false;
  readonly #ring = new SampleRing(MIX_RING);
  /** Of the negated jitter: its floor is the jitter's ceiling. */
  readonly #jitter = new DelayFloor();
  #begun = false;
  #offset = 0;

  /** Begins with the frame at `at`. */
  constructor(at: Spot) {
    this.#ring.begin(at);
  }

  /** Takes a packet; `line` has just placed it. */
  take(kind: number, line: SourceLine, data: Uint8Array, offset: number, length: number): void {
    if (kind === DTMF) {
      // A frame's time stamp is that of its end.
      this.position = line.position + this.#offset + FRAME;
      return;
    }
    const lag = line.lag;
    this.#jitter.take(line.arrival, lag - (line.arrival - line.position - length));
    const jitter = Math.min(MIX_MAX_JITTER, Math.max(0, -this.#jitter.value));
    this.#place(line, lag + MIX_DELAY + jitter, length);
    this.#ring.write(kind, this, data, offset, length);
  }

  /** Decodes the next frame. */
  next(): void {
    this.sounds = this.#ring.take(this.frame);
  }

  /** After a stall of ours the next frame is another one. */
  skipTo(at: Spot): void {
    if (this.#ring.read !== at.position) this.#ring.begin(at);
  }

  #place(line: SourceLine, wanted: number, length: number): void {
    const ring = this.#ring;
    let offset = this.#offset;
    const place = line.position + offset;
    this.position = place;
    const anew =
      !this.#begun || line.fresh || place < ring.read || place - ring.end > SPURT || length > ring.room(this);
    if (anew) offset = wanted;
    else if (wanted - offset > DEAD_BAND) offset++;
    else if (offset - wanted > DEAD_BAND) offset--;
    this.#begun = true;
    this.#offset = offset;
    this.position = line.position + offset;
  }
}
