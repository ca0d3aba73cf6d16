import { PEAK_BLOCK_MS } from "../limits.ts";
import { BLOCK_BYTES, type PeakBlocks } from "./peak-blocks.ts";
import { speechOf, type Stretch } from "./speech.ts";

/** Which part of a recording is asked for, and how fine. */
export interface PeakQuestion {
  readonly fromMs: number;
  /** Undefined: to the end. */
  readonly toMs: number | undefined;
  /** At most; there is no more than one point for each 20 ms. */
  readonly points: number;
}

/** A channel of a view. */
export interface PeakChannel {
  readonly channel: "left" | "right";
  readonly side: "customer" | "agent";
  /** Lowest sample of each point: one signed octet each, in 128ths of full scale, as base64. */
  readonly min: string;
  /** Highest sample, likewise. */
  readonly max: string;
  /** When somebody speaks, in ms of the recording. */
  readonly speech: readonly Stretch[];
}

/** `GET /api/v1/recordings/{id}/peaks`. */
export interface PeakView {
  /** Of all that is there. */
  readonly durationMs: number;
  /** It is still being recorded: a later answer has more. */
  readonly live: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  /** Points of each channel, evenly over `fromMs` to `toMs`. */
  readonly points: number;
  readonly channels: readonly PeakChannel[];
}

/** The part of the blocks that was asked for, in that many points. */
export function peakView(blocks: PeakBlocks, asked: PeakQuestion, live: boolean): PeakView {
  const { count } = blocks;
  const to = Math.min(count, asked.toMs === undefined ? count : Math.ceil(asked.toMs / PEAK_BLOCK_MS));
  const from = Math.min(to, Math.floor(asked.fromMs / PEAK_BLOCK_MS));
  const points = Math.min(asked.points, to - from);
  return {
    durationMs: count * PEAK_BLOCK_MS,
    live,
    fromMs: from * PEAK_BLOCK_MS,
    toMs: to * PEAK_BLOCK_MS,
    points,
    channels: [channelOf(blocks, 0, from, to, points), channelOf(blocks, 1, from, to, points)],
  };
}

function channelOf(blocks: PeakBlocks, channel: 0 | 1, from: number, to: number, points: number): PeakChannel {
  const { bytes } = blocks;
  const low = new Int8Array(points);
  const high = new Int8Array(points);
  const step = (to - from) / Math.max(1, points);
  for (let i = 0; i < points; i++) {
    const end = from + Math.floor((i + 1) * step);
    let least = 0;
    let most = 0;
    for (let n = from + Math.floor(i * step); n < end; n++) {
      const at = n * BLOCK_BYTES + channel * 3;
      const signed = ((bytes[at] ?? 0) << 24) >> 24;
      if (signed < least) least = signed;
      const above = bytes[at + 1] ?? 0;
      if (above > most) most = above;
    }
    low[i] = least;
    high[i] = most;
  }
  return {
    channel: channel === 0 ? "left" : "right",
    side: channel === 0 ? "customer" : "agent",
    min: Buffer.from(low.buffer).toString("base64"),
    max: Buffer.from(high.buffer).toString("base64"),
    speech: speechOf(blocks, channel, from, to),
  };
}
