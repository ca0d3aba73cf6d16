import type { FileCodec } from "@sidetone/recording-file";
import { alawToLinear, ulawToLinear } from "@sidetone/rtp";
import { PEAK_BLOCK_FRAMES } from "../limits.ts";

/** Bytes that a block takes: of the left channel lowest and highest sample (signed, 1/128 of full scale) and level, then of the right one. */
export const BLOCK_BYTES = 6;
/** What `level` adds to dBFS, so that it is a byte; 0 is digital silence. */
export const LEVEL_OFFSET = 127;

const FIRST_ROOM = 3000 * BLOCK_BYTES;

/** One channel of the block that is being filled. */
interface Filling {
  low: number;
  high: number;
  /** Sum of the squares. */
  energy: number;
}

/** What a waveform is drawn from: a block for each 20 ms, in order. */
export interface PeakBlocks {
  readonly count: number;
  /** `BLOCK_BYTES` for each block. */
  readonly bytes: Uint8Array;
}

/**
 * Makes blocks of G.711 audio as it comes, in pieces of any length: two channels in turn, left first. Two hours are 2.2 MB, whatever the audio is.
 */
export class PeakBuilder {
  readonly #linear: Int16Array;
  #bytes = new Uint8Array(FIRST_ROOM);
  #count = 0;
  #frames = 0;
  readonly #left: Filling = { low: 0, high: 0, energy: 0 };
  readonly #right: Filling = { low: 0, high: 0, energy: 0 };
  /** The left half of a frame whose right half is in the next piece. */
  #half: number | undefined;

  constructor(codec: FileCodec) {
    this.#linear = codec === "pcmu" ? ulawToLinear : alawToLinear;
  }

  /** Octets taken so far. */
  get taken(): number {
    return (this.#count * PEAK_BLOCK_FRAMES + this.#frames) * 2 + (this.#half === undefined ? 0 : 1);
  }

  /** Octets that the blocks take in memory. */
  get room(): number {
    return this.#bytes.length;
  }

  /** Takes what follows. */
  add(audio: Uint8Array): void {
    if (audio.length === 0) return;
    let at = 0;
    if (this.#half !== undefined) {
      this.#take(Uint8Array.of(this.#half, audio[0] ?? 0), 0, 1);
      this.#half = undefined;
      at = 1;
    }
    while (at + 1 < audio.length) {
      const frames = Math.min(PEAK_BLOCK_FRAMES - this.#frames, (audio.length - at) >> 1);
      this.#take(audio, at, frames);
      at += 2 * frames;
    }
    if (at < audio.length) this.#half = audio[at];
  }

  /** @param ended nothing follows: the last block counts though it is shorter. It does not change what is built. */
  blocks(ended: boolean): PeakBlocks {
    if (!ended || this.#frames === 0) return { count: this.#count, bytes: this.#bytes };
    this.#write();
    return { count: this.#count + 1, bytes: this.#bytes };
  }

  /** Frames of one block: here the time is spent. */
  #take(audio: Uint8Array, start: number, frames: number): void {
    const linear = this.#linear;
    const end = start + 2 * frames;
    for (const [first, filling] of [
      [start, this.#left],
      [start + 1, this.#right],
    ] as const) {
      let { low, high, energy } = filling;
      for (let at = first; at < end; at += 2) {
        const sample = linear[audio[at] ?? 0] ?? 0;
        if (sample < low) low = sample;
        else if (sample > high) high = sample;
        energy += sample * sample;
      }
      filling.low = low;
      filling.high = high;
      filling.energy = energy;
    }
    this.#frames += frames;
    if (this.#frames < PEAK_BLOCK_FRAMES) return;
    this.#write();
    this.#count += 1;
    this.#frames = 0;
    for (const filling of [this.#left, this.#right]) filling.low = filling.high = filling.energy = 0;
  }

  #write(): void {
    const at = this.#count * BLOCK_BYTES;
    if (at + BLOCK_BYTES > this.#bytes.length) {
      const more = new Uint8Array(this.#bytes.length * 2);
      more.set(this.#bytes);
      this.#bytes = more;
    }
    this.#writeChannel(at, this.#left);
    this.#writeChannel(at + BLOCK_BYTES / 2, this.#right);
  }

  #writeChannel(at: number, { low, high, energy }: Filling): void {
    this.#bytes[at] = Math.trunc(low / 256) & 0xff;
    this.#bytes[at + 1] = Math.trunc(high / 256);
    this.#bytes[at + 2] = levelOf(energy / this.#frames);
  }
}

/** Level of a mean square as a byte. */
function levelOf(meanSquare: number): number {
  if (meanSquare === 0) return 0;
  return Math.max(1, Math.round(LEVEL_OFFSET + 10 * Math.log10(meanSquare / (32_768 * 32_768))));
}
