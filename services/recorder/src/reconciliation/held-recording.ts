import { parseRfc3339 } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import type { RecordedEvent, RecordingDocument } from "../index/recording-row.ts";
import type { Side } from "./expected-party.ts";
import type { Stretch } from "./stretch.ts";

/** What is on the disk of a recording, as against what its manifest says. */
export type StoredMedia =
  | { readonly state: "there" }
  /** Nothing can be played any more. */
  | { readonly state: "gone"; readonly text: string }
  /** Parts are missing: positions in the file, ms. */
  | {
      readonly state: "short";
      readonly text: string;
      readonly missing: readonly { fromMs: number; toMs: number }[];
      /** How long it should be, ms. */
      readonly wholeMs: number;
    };

/** A recording, or a part or copy of one, and what it has of a call. Stretches are wall-clock microseconds. */
export interface HeldRecording {
  readonly id: string;
  /** The recorder that has it; undefined: this one. */
  readonly recorder: string | undefined;
  readonly state: RecordingState;
  readonly span: Stretch;
  /** Nothing of either side was captured or kept. */
  readonly gaps: readonly Stretch[];
  /** One side brought nothing. */
  readonly silent: Readonly<Record<Side, readonly Stretch[]>>;
  readonly pauses: readonly Stretch[];
  readonly holds: readonly Stretch[];
  /** Packets that never came, ms of audio. */
  readonly lostMs: number;
  /** Set where nothing is left of the file. */
  readonly gone: string | undefined;
  /** Set where pieces of the file are missing, which `gaps` has too. */
  readonly damage: string | undefined;
}

/** What a recording has, of its document and what is on the disk. */
export function heldRecording(
  document: RecordingDocument,
  media: StoredMedia,
  recorder: string | undefined,
): HeldRecording {
  const start = parseRfc3339(document.startTime) ?? 0;
  const at = (ms: number): number => start + ms * 1000;
  const endMs = media.state === "short" ? Math.max(document.durationMs, media.wholeMs) : document.durationMs;
  const gaps: Stretch[] = [];
  const silent: Record<Side, Stretch[]> = { customer: [], agent: [] };
  for (const event of document.events) {
    if (event.event !== "gap" || event.untilMs === undefined) continue;
    const stretch = { from: at(event.atMs), to: at(event.untilMs) };
    if (event["channel"] === 0) silent.customer.push(stretch);
    else if (event["channel"] === 1) silent.agent.push(stretch);
    else gaps.push(stretch);
  }
  // Of a recorder that does not list the stretch.
  for (const { code, text, atMs } of document.warnings)
    if (code === "channel-silent")
      silent[text.includes("(customer)") ? "customer" : "agent"].push({ from: at(atMs), to: at(endMs) });
  if (media.state === "short")
    for (const { fromMs, toMs } of media.missing) gaps.push({ from: at(fromMs), to: at(toMs) });
  return {
    id: document.id,
    recorder,
    state: document.state,
    span: { from: start, to: at(endMs) },
    gaps,
    silent,
    pauses: between(document.events, ["pause"], ["resume"], endMs).map(({ from, to }) => ({
      from: at(from),
      to: at(to),
    })),
    holds: between(document.events, ["hold"], ["retrieve", "unhold"], endMs).map(({ from, to }) => ({
      from: at(from),
      to: at(to),
    })),
    lostMs: document.channels.reduce((sum, channel) => sum + channel.lostMs, 0),
    gone: media.state === "gone" ? media.text : undefined,
    damage: media.state === "short" ? media.text : undefined,
  };
}

/** From each first of `begin` to the next of `end`, or to the end of the file; ms. */
function between(
  events: readonly RecordedEvent[],
  begin: readonly string[],
  end: readonly string[],
  endMs: number,
): { from: number; to: number }[] {
  const out: { from: number; to: number }[] = [];
  let from: number | undefined;
  for (const { event, atMs } of events) {
    if (begin.includes(event)) from ??= atMs;
    else if (end.includes(event) && from !== undefined) {
      out.push({ from, to: atMs });
      from = undefined;
    }
  }
  if (from !== undefined) out.push({ from, to: Math.max(from, endMs) });
  return out;
}
