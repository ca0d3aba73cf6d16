import { PEAK_BLOCK_MS } from "../limits.ts";
import { BLOCK_BYTES, LEVEL_OFFSET, type PeakBlocks } from "./peak-blocks.ts";

/** A stretch of a channel, ms; the end is not part of it. */
export type Stretch = readonly [fromMs: number, toMs: number];

/** Whoever speaks is this much above what is always there; dB. */
const ABOVE_FLOOR_DB = 10;
/** Below this nothing counts as speech, and above that everything does; dBFS. */
const QUIETEST_DB = -55;
const LOUDEST_DB = -38;
/** Share of the blocks that are sound but hardly speech. */
const FLOOR_SHARE = 0.1;
/** Pauses between words, and clicks; ms. */
const PAUSE_MS = 400;
const CLICK_MS = 60;

/**
 * When somebody speaks in a channel, by loudness alone: above the channel's own noise (the quietest tenth of what is not digital silence), within
 * fixed bounds. Pauses of up to 400 ms are speech, sounds of up to 60 ms are none.
 * @param channel 0 left, 1 right
 * @param from first block that is asked for. @param to the block behind the last one
 */
export function speechOf(blocks: PeakBlocks, channel: 0 | 1, from = 0, to = blocks.count): Stretch[] {
  const least = threshold(blocks, channel);
  const found: [number, number][] = [];
  let open: [number, number] | undefined;
  for (let n = from; n < to; n++) {
    if ((blocks.bytes[n * BLOCK_BYTES + channel * 3 + 2] ?? 0) < least) continue;
    if (open !== undefined && (n - open[1]) * PEAK_BLOCK_MS <= PAUSE_MS) open[1] = n + 1;
    else {
      open = [n, n + 1];
      found.push(open);
    }
  }
  return found
    .filter(([start, end]) => (end - start) * PEAK_BLOCK_MS > CLICK_MS)
    .map(([start, end]) => [start * PEAK_BLOCK_MS, end * PEAK_BLOCK_MS]);
}

/** The least level of speech, as a block has it. */
function threshold({ count, bytes }: PeakBlocks, channel: 0 | 1): number {
  const histogram = new Uint32Array(256);
  let sound = 0;
  for (let n = 0; n < count; n++) {
    const level = bytes[n * BLOCK_BYTES + channel * 3 + 2] ?? 0;
    if (level === 0) continue;
    histogram[level] = (histogram[level] ?? 0) + 1;
    sound += 1;
  }
  let floor = 0;
  for (let seen = 0; floor < 255; floor++) {
    seen += histogram[floor] ?? 0;
    if (seen > sound * FLOOR_SHARE) break;
  }
  return Math.min(LOUDEST_DB + LEVEL_OFFSET, Math.max(QUIETEST_DB + LEVEL_OFFSET, floor + ABOVE_FLOOR_DB));
}
