// What a fault did to the calls of a scene: each leg by what its phone heard, each recording by what is stored.
import assert from "node:assert/strict";
import { SILENCE_MS, type Spread, spreadOf } from "@sidetone/testing";
import type { Leg, Scene } from "./scene.ts";
import { type Frames, longestHole, missing, type StoredCall } from "./stored.ts";

/** One channel of a recording after a fault. */
export interface ChannelOutcome {
  /** Longest row of frames that are not stored, ms. */
  readonly holeMs: number;
  /** From the fault to the instant at which the first stored frame after the hole was spoken; 0 without a hole, Infinity if none follows. */
  readonly backAfterMs: number;
  /** By how much the file's time line is too long (or, negative, too short) over the hole, ms. */
  readonly shiftMs: number;
}

/** One recording after a fault. */
export interface RecordingOutcome {
  readonly id: string;
  /** `recorder-1 complete`, one for each recorder that has some of it. */
  readonly rows: readonly string[];
  readonly customer: ChannelOutcome;
  readonly agent: ChannelOutcome;
  /** Names and reasons of what the recorders tell about it. */
  readonly events: readonly string[];
  /** Blocks of voices that do not belong there. */
  readonly strange: number;
  /** Lengths of the gaps that the recorder tells of, ms. */
  readonly gaps: readonly number[];
}

/** Judges what is stored of every call, from just before the fault to `until` (wall clock, µs). */
export async function recordingOutcomes(scene: Scene, fault: number, until: number): Promise<RecordingOutcome[]> {
  const sentAt = await scene.load.sentAt();
  const [first, last] = [await scene.frameAt(fault - 500_000), (await scene.frameAt(until)) - 1];
  const channel = (frames: Frames): ChannelOutcome => {
    const hole = longestHole(frames, first, last);
    if (hole === undefined) return { holeMs: 0, backAfterMs: 0, shiftMs: 0 };
    const after = hole.from + hole.frames;
    const [left, right] = [frames.get(hole.from - 1)?.at, frames.get(after)?.at];
    const shift = left === undefined || right === undefined ? 0 : right - left - 160 * (hole.frames + 1);
    const back = after > last ? Number.POSITIVE_INFINITY : ((sentAt[after] ?? 0) - fault) / 1000;
    return { holeMs: 20 * hole.frames, backAfterMs: back, shiftMs: shift / 8 };
  };
  return (await scene.stored()).map(({ id, rows, customer, agent, strange }: StoredCall) => ({
    id,
    rows: rows.map(({ at, state }) => `${at} ${state}`),
    customer: channel(customer),
    agent: channel(agent),
    strange,
    events: rows.flatMap(({ events }) =>
      (events ?? []).map((event) => [event["event"], event["reason"] ?? event["cause"] ?? ""].join(" ").trim()),
    ),
    gaps: rows.flatMap(({ events }) =>
      (events ?? []).filter(({ event }) => event === "gap").map((gap) => Number(gap["untilMs"]) - Number(gap["atMs"])),
    ),
  }));
}

/** Frames between two instants (wall clock, µs) of which some part is stored nowhere, for every one of the calls that are up from the beginning. */
export async function notStored(
  scene: Scene,
  from: number,
  until: number,
  but?: readonly [number, number],
): Promise<string[]> {
  const [first, last] = [await scene.frameAt(from), (await scene.frameAt(until)) - 1];
  const calls = (await scene.stored()).filter(({ id }) => (scene.recordingIds.get(id) ?? scene.calls) < scene.calls);
  const found = calls.length === scene.calls ? [] : [`${calls.length} recordings of ${scene.calls} calls`];
  for (const { id, rows, customer, agent, strange } of calls) {
    if (strange > 0) found.push(`${id}: ${strange} blocks of voices that do not belong there`);
    for (const [side, frames] of Object.entries({ customer, agent })) {
      const lost = missing(frames, first, last).filter((n) => but === undefined || n < but[0] || n > but[1]);
      if (lost.length === 0) continue;
      const where = rows.map(({ at, state }) => `${at} ${state}`).join(", ");
      found.push(
        `${id}, ${side}: ${20 * lost.length} ms are stored nowhere, frames ${lost[0]} to ${lost.at(-1)} of ${first} to ${last} (${where})`,
      );
    }
  }
  return found;
}

/** The distribution over legs that a line of the published table is made of. */
export interface LegSpread {
  readonly gap: Spread;
  readonly lost: Spread;
}

/** Gap (longest silence) and lost audio of all legs, ms. A leg without a silence counts with 0. */
export function spreadOfLegs(legs: readonly Leg[]): LegSpread {
  return {
    gap: spreadOf(legs.map(({ longestMs }) => (longestMs > SILENCE_MS ? longestMs : 0))),
    lost: spreadOf(legs.map(({ lostFrames }) => 20 * lostFrames)),
  };
}

/** `p50 310, p99 420, worst 433 ms (20)`. */
export function show({ p50, p99, worst, count }: Spread): string {
  const ms = (value: number): string => String(Math.round(value));
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, worst ${ms(worst)} ms (${count})`;
}

/** Fails with all that is wrong, each on a line of its own. */
export function none(problems: readonly string[], title: string): void {
  assert.equal(problems.length, 0, `${title}:\n${problems.join("\n")}`);
}

/** A silence that counts as one where no phone may notice anything, ms: ten packets, for machines that run other things besides. */
const NOTHING_MS = 200;

/**
 * Legs that are not as they have to be: up, two-way again within `limitMs` (0: without any gap), with steady voice at the end, and nothing old or
 * foreign heard.
 */
export function legProblems(legs: readonly Leg[], limitMs: number): string[] {
  return legs.flatMap((leg) => {
    const found: string[] = [];
    if (!leg.up) found.push("the call was dropped");
    const silent = limitMs === 0 ? leg.longestMs > NOTHING_MS : leg.backAfterMs > limitMs;
    if (silent)
      found.push(
        `a silence of ${Math.round(leg.longestMs)} ms, over ${Math.round(leg.backAfterMs)} ms after the fault`,
      );
    if (leg.lastSecond < 45) found.push(`heard ${leg.lastSecond} of 50 packets in the last second`);
    if (leg.staleFrames > 0) found.push(`${leg.staleFrames} frames came twice or from an old stream`);
    if (leg.foreign > 0) found.push(`${leg.foreign} packets of somebody else`);
    return found.map((what) => `${leg.dn} (${leg.offers} offers): ${what}`);
  });
}
