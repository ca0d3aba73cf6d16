import type { FileCodec } from "@sidetone/recording-file";
import { alawToLinear, ulawToLinear } from "@sidetone/rtp";
import { RATE } from "../limits.ts";

/** Audio of a recording as it goes to its files: interleaved frames, or a number of frames of silence. */
export interface HeardAudio {
  readonly codec: FileCodec;
  readonly pieces: readonly (Uint8Array | number)[];
  /** How long ago the end of the last piece was said; ms. */
  readonly behindMs: number;
}

/** Nothing for this long, and the line is silent; ms. Audio is held back for half a second where a packet is missing, and comes every 100 ms. */
const QUIET_MS = 800;
/** Frames of one block. */
const MAX_BLOCK_FRAMES = RATE;
/** Octets before the samples of a block. */
export const BLOCK_HEAD_BYTES = 4;
const FRAME_BYTES = 4;

/**
 * Makes of a recording's audio a line that goes on in real time: blocks of a head (frames, then ms behind what was said; 16 bits each, little-endian)
 * and 16-bit little-endian samples, customer and agent in turn. Where the recording stands still (paused, or nobody sends), it is silent. Pure.
 */
export class HeardLine {
  #lastMs: number;
  #silent = false;

  /** @param nowMs any monotonic ms */
  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** Blocks of what was recorded just now. */
  take({ codec, pieces, behindMs }: HeardAudio, nowMs: number): Buffer[] {
    const linear = codec === "pcmu" ? ulawToLinear : alawToLinear;
    const blocks: Buffer[] = [];
    for (const piece of pieces) {
      if (typeof piece === "number") {
        // After a pause its silence comes as a whole: that time is over.
        if (!this.#silent) blocks.push(...silence(Math.min(piece, MAX_BLOCK_FRAMES), behindMs));
        continue;
      }
      this.#silent = false;
      for (let from = 0; from < piece.length; from += 2 * MAX_BLOCK_FRAMES)
        blocks.push(block(piece.subarray(from, from + 2 * MAX_BLOCK_FRAMES), linear, behindMs));
    }
    this.#lastMs = nowMs;
    return blocks;
  }

  /** Blocks of silence where nothing is recorded; to be asked several times a second. */
  idle(nowMs: number): Buffer[] {
    const since = nowMs - this.#lastMs;
    if (!this.#silent && since < QUIET_MS) return [];
    // What was missed while we waited for audio is not made up for: who listens would hear everything later from then on.
    const ms = this.#silent ? since : 0;
    this.#silent = true;
    this.#lastMs = nowMs;
    return silence(Math.min(MAX_BLOCK_FRAMES, Math.round((ms * RATE) / 1000)), 0);
  }
}

function block(octets: Uint8Array, linear: Int16Array, behindMs: number): Buffer {
  const frames = octets.length >> 1;
  const made = newBlock(frames, behindMs);
  for (let i = 0; i < 2 * frames; i += 1) made.writeInt16LE(linear[octets[i] ?? 0] ?? 0, BLOCK_HEAD_BYTES + 2 * i);
  return made;
}

function silence(frames: number, behindMs: number): Buffer[] {
  return frames === 0 ? [] : [newBlock(frames, behindMs)];
}

function newBlock(frames: number, behindMs: number): Buffer {
  const made = Buffer.alloc(BLOCK_HEAD_BYTES + frames * FRAME_BYTES);
  made.writeUInt16LE(frames, 0);
  made.writeUInt16LE(Math.max(0, Math.min(65_535, Math.round(behindMs))), 2);
  return made;
}
