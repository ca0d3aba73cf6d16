import { alawToLinear, ulawToLinear } from "@sidetone/rtp";
import { PCMU } from "./kinds.ts";
import { FRAME } from "./limits.ts";
import type { Spot } from "./source-line.ts";

/**
 * Decoded audio by its place on the engine's line, until it is read frame by frame. Where nothing was written there is
 * silence. Allocates nothing after construction.
 */
export class SampleRing {
  /** First sample of the next frame: what is written before it is too late. NaN before `begin`. */
  read = Number.NaN;
  /** Furthest end of what was written. */
  end = Number.NEGATIVE_INFINITY;
  readonly #samples: Int16Array;
  readonly #mask: number;

  /** @param size samples, a power of two */
  constructor(size: number) {
    this.#samples = new Int16Array(size);
    this.#mask = size - 1;
  }

  /** Forgets everything; the next frame begins at `at`. */
  begin(at: Spot): void {
    this.#samples.fill(0);
    this.read = at.position;
    this.end = Number.NEGATIVE_INFINITY;
  }

  /** Samples that a packet at `at` may still have before it overtakes what is unread. */
  room(at: Spot): number {
    return this.#samples.length - (at.position - this.read);
  }

  /** Writes G.711. What is too late, or too far ahead, is left out; a hole of one sample is closed. */
  write(kind: number, at: Spot, data: Uint8Array, offset: number, length: number): void {
    const late = this.read - at.position;
    if (late >= length || length > this.room(at)) return;
    const table = kind === PCMU ? ulawToLinear : alawToLinear;
    const samples = this.#samples;
    const mask = this.#mask;
    const start = at.position & mask;
    for (let i = late > 0 ? late : 0; i < length; i++) {
      samples[(start + i) & mask] = table[data[offset + i] ?? 0] ?? 0;
    }
    if (at.position - this.end === 1 && late < 0) samples[(start - 1) & mask] = samples[start] ?? 0;
    if (at.position + length > this.end) this.end = at.position + length;
  }

  /** Writes 16-bit samples, e.g. of a prompt. */
  writeLinear(at: Spot, from: Int16Array, length: number): void {
    const late = this.read - at.position;
    if (late >= length || length > this.room(at)) return;
    const start = at.position & this.#mask;
    for (let i = late > 0 ? late : 0; i < length; i++) this.#samples[(start + i) & this.#mask] = from[i] ?? 0;
    if (at.position + length > this.end) this.end = at.position + length;
  }

  /** Moves the next frame into `into`, which is left alone where there is none; false then. */
  take(into: Int16Array): boolean {
    const start = this.read & this.#mask;
    const sounds = this.end > this.read;
    this.read += FRAME;
    if (!sounds) return false;
    const samples = this.#samples;
    const mask = this.#mask;
    for (let i = 0; i < FRAME; i++) {
      const index = (start + i) & mask;
      into[i] = samples[index] ?? 0;
      samples[index] = 0;
    }
    return true;
  }
}
