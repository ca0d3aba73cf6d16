import { DTMF } from "./kinds.ts";
import { FRAME } from "./limits.ts";
import { SampleRing } from "./sample-ring.ts";
import type { SourceLine, Spot } from "./source-line.ts";

/** A place that differs by less from the wanted one is kept: 10 ms. */
const DEAD_BAND = 80;
/** Packets by which the most jitter is known, and for so long again: 1.3 s. */
const WINDOW = 64;
/** After this much silence the place is taken anew, nobody hears it: 60 ms. */
const SPURT = 480;

/** How an input waits for its packets. */
export interface MixInputSettings {
  /** Samples that its buffer holds; a power of two. */
  readonly ring: number;
  /** Least delay; samples. */
  readonly delay: number;
  /** Most jitter that is added to it; samples. */
  readonly jitter: number;
}

/**
 * What one phone says, on its way into a mix: a buffer that is as long as its jitter of the last second or two. While it speaks
 * the buffer follows the phone's clock and jitter by a sample a packet; a packet that is too late makes it longer at once.
 */
export class MixInput implements Spot {
  /** Where the packet last taken is played. */
  position = 0;
  /** The frame that is being mixed. */
  readonly frame = new Int16Array(FRAME);
  /** False where the frame is silence, whatever it holds. */
  sounds = false;
  /** True once a packet has its place. */
  begun = false;
  /** By how much that is later than on the phone's line; samples. */
  offset = 0;
  readonly #how: MixInputSettings;
  readonly #ring: SampleRing;
  /** Most jitter of the packets of this window and of the one before; samples. */
  #jitter = 0;
  #jitterBefore = 0;
  #packets = 0;

  /** Begins with the frame at `at`. */
  constructor(at: Spot, how: MixInputSettings) {
    this.#how = how;
    this.#ring = new SampleRing(how.ring);
    this.#ring.begin(at);
  }

  /** Furthest end of what it said. */
  get end(): number {
    return this.#ring.end;
  }

  /** Forgets what it said; the next frame begins at `at`. */
  begin(at: Spot): void {
    this.#ring.begin(at);
  }

  /** What came before it was taken here has its place, so much later than on the phone's line. */
  goOn(offset: number): void {
    this.begun = true;
    this.offset = offset;
  }

  /** Takes a packet; `line` has just placed it. */
  take(kind: number, line: SourceLine, data: Uint8Array, offset: number, length: number): void {
    if (kind === DTMF) {
      this.position = line.position + this.offset;
      return;
    }
    this.#place(line, line.lag + this.#how.delay + this.#jitterOf(line, length), length);
    this.#ring.write(kind, this, data, offset, length);
  }

  /** Takes G.711 whose place is known. */
  put(kind: number, at: Spot, data: Uint8Array, offset: number, length: number): void {
    this.#ring.write(kind, at, data, offset, length);
  }

  /** Takes 16-bit samples whose place is known. */
  putLinear(at: Spot, from: Int16Array, length: number): void {
    this.#ring.writeLinear(at, from, length);
  }

  /** Decodes the next frame. */
  next(): void {
    this.sounds = this.#ring.take(this.frame);
  }

  /** After a stall of ours the next frame is another one. */
  skipTo(at: Spot): void {
    if (this.#ring.read !== at.position) this.#ring.begin(at);
  }

  #jitterOf(line: SourceLine, length: number): number {
    const jitter = line.arrival - line.position - length - line.lag;
    if (jitter > this.#jitter) this.#jitter = jitter;
    const most = Math.max(this.#jitter, this.#jitterBefore);
    if (++this.#packets >= WINDOW) {
      this.#packets = 0;
      this.#jitterBefore = this.#jitter;
      this.#jitter = 0;
    }
    return Math.min(this.#how.jitter, most);
  }

  #place(line: SourceLine, wanted: number, length: number): void {
    const ring = this.#ring;
    let offset = this.offset;
    const place = line.position + offset;
    this.position = place;
    const anew = !this.begun || line.fresh || place < ring.read || place - ring.end > SPURT || length > ring.room(this);
    if (anew) offset = wanted;
    else if (wanted - offset > DEAD_BAND) offset++;
    else if (offset - wanted > DEAD_BAND) offset--;
    this.begun = true;
    this.offset = offset;
    this.position = line.position + offset;
  }
}
