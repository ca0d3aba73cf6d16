// What recorders have of the calls of a load, judged by the numbered frames on their disks and in the audio that they serve.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  BLOCK_OCTETS,
  channelsOf,
  type FoundFrame,
  framesOf,
  numberOf,
  readBlock,
  readG711Wav,
  speakerOf,
  type StoredRecording,
  type Topology,
} from "@sidetone/testing";

/**
 * Of a frame's 16 blocks so many are there where it is: a recorder that puts a stream in its place in the midst of speech takes a sample out of a
 * packet, or puts one in, which costs the block that it stands in.
 */
const WHOLE = 15;

/** Frames of a speaker by their numbers. */
export type Frames = ReadonlyMap<number, FoundFrame>;

/** All that is stored under one recording id, wherever. */
export interface StoredCall {
  readonly id: string;
  /** One for each recorder that has some of it. */
  readonly rows: readonly StoredRecording[];
  /** Frames of the customer (left) and the agent (right), each as the recorder has it that has most of it. */
  readonly customer: Frames;
  readonly agent: Frames;
  /** Blocks of anybody else, or in the wrong channel. */
  readonly strange: number;
}

/** What is stored under each id, with the audio of everybody who has some of it. */
export async function storedCalls(
  topology: Topology,
  speakers: (id: string) => { customer: number; agent: number } | undefined,
): Promise<StoredCall[]> {
  const rows = await topology.recordings();
  const calls: StoredCall[] = [];
  for (const [id, same] of Map.groupBy(rows, (row) => row.id)) {
    const who = speakers(id);
    const customer = new Map<number, FoundFrame>();
    const agent = new Map<number, FoundFrame>();
    let strange = 0;
    for (const row of same) {
      const [left = new Uint8Array(), right = new Uint8Array()] = readG711Wav(await topology.audio(row));
      const own = [who?.customer ?? -2, who?.agent ?? -2] as const;
      merge(customer, framesOf(left, own[0]));
      merge(agent, framesOf(right, own[1]));
      strange += others(left, own[0]) + others(right, own[1]);
    }
    calls.push({ id, rows: same, customer, agent, strange });
  }
  return calls;
}

function merge(into: Map<number, FoundFrame>, more: Frames): void {
  for (const [number, frame] of more) if (frame.blocks > (into.get(number)?.blocks ?? 0)) into.set(number, frame);
}

function others(sound: Uint8Array, speaker: number): number {
  let found = 0;
  for (let at = 0; at + BLOCK_OCTETS <= sound.length; ) {
    const block = readBlock(sound, at);
    if (block >= 0 && speakerOf(block) !== speaker) found += 1;
    at += block < 0 ? 1 : BLOCK_OCTETS;
  }
  return found;
}

/** Numbers of the frames from `first` to `last` of which less than a whole frame is stored. */
export function missing(frames: Frames, first: number, last: number): number[] {
  const found: number[] = [];
  for (let number = first; number <= last; number += 1)
    if ((frames.get(number)?.blocks ?? 0) < WHOLE) found.push(number);
  return found;
}

/** Longest row of missing frames between `first` and `last`, as frame numbers; undefined where none is missing. */
export function longestHole(
  frames: Frames,
  first: number,
  last: number,
): { readonly from: number; readonly frames: number } | undefined {
  let best: { from: number; frames: number } | undefined;
  let from = -1;
  for (let number = first; number <= last + 1; number += 1) {
    const there = number > last || (frames.get(number)?.blocks ?? 0) >= WHOLE;
    if (!there && from < 0) from = number;
    if (!there || from < 0) continue;
    if (best === undefined || number - from > best.frames) best = { from, frames: number - from };
    from = -1;
  }
  return best;
}

/** Frames whose numbers lie in a range, of any speaker, found in any file below the parts' folders: stereo segments and anything else. */
export function onAnyDisk(topology: Topology, first: number, last: number): string[] {
  const found: string[] = [];
  for (const { name, folder } of topology.places) {
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const bytes = readFileSync(join(file.parentPath, file.name));
      let hits = 0;
      for (const sound of [bytes, ...channelsOf(bytes, 2)]) {
        for (let at = 0; at + BLOCK_OCTETS <= sound.length; at += 1) {
          const block = readBlock(sound, at);
          const number = numberOf(block);
          if (block >= 0 && number >= first && number <= last) hits += 1;
        }
      }
      if (hits > 0) found.push(`${name}: ${hits} blocks in ${file.name}`);
    }
  }
  return found;
}
