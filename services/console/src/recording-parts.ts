import { parseRfc3339 } from "@sidetone/foundation";

/** A recording as a recorder tells of it, as far as the console looks into it. */
export interface RecordingAnswer {
  readonly id: string;
  /** RFC 3339. */
  readonly startTime: string;
  readonly durationMs: number;
  readonly state: string;
  readonly [name: string]: unknown;
}

/** One recorder's part of a recording that went on at another one (R31). */
export interface RecordingPart {
  /** Base URL of the recorder. */
  readonly recorder: string;
  readonly startTime: string;
  readonly durationMs: number;
  readonly state: string;
  /** Its own audio. */
  readonly audio: string;
}

/** A recording where a recorder answered. */
export interface Located {
  readonly recorder: string;
  readonly recording: RecordingAnswer;
}

/** Microseconds of a recording's beginning. */
function startOf({ startTime }: RecordingAnswer): number {
  return parseRfc3339(startTime) ?? 0;
}

/** Parts in the order of time. */
export function inOrder(found: readonly Located[]): Located[] {
  return found.toSorted((a, b) => startOf(a.recording) - startOf(b.recording));
}

/**
 * One entry for what several recorders have under one id: that of the first part, with all of them named, and `gapMs`, the time
 * between them that none has. A recording of one part is what its recorder says.
 */
export function entryOf(found: readonly Located[]): RecordingAnswer | undefined {
  const parts = inOrder(found);
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first?.recording;
  let end = startOf(first.recording);
  let gap = 0;
  for (const { recording } of parts) {
    const start = startOf(recording);
    gap += Math.max(0, start - end);
    end = Math.max(end, start + recording.durationMs * 1000);
  }
  const last = parts.at(-1)?.recording;
  return {
    ...first.recording,
    endTime: last?.["endTime"],
    durationMs: Math.round((end - startOf(first.recording)) / 1000),
    state: parts.some(({ recording }) => recording.state === "recording") ? "recording" : "partial",
    gapMs: Math.round(gap / 1000),
    parts: parts.map(({ recorder, recording }, index): RecordingPart => {
      const { id, startTime, durationMs, state } = recording;
      const audio = `/api/v1/recordings/${encodeURIComponent(id)}/audio?part=${index + 1}`;
      return { recorder, startTime, durationMs, state, audio };
    }),
  };
}

/** A page of the search at one recorder. */
export interface RecordingPageAnswer {
  readonly recorder: string;
  readonly recordings: readonly RecordingAnswer[];
  /** There are more. */
  readonly more: boolean;
}

/** The pages of several recorders as one, newest first; `next` is a cursor for each of them. */
export function mergedPage(
  pages: readonly RecordingPageAnswer[],
  limit: number,
): { recordings: RecordingAnswer[]; next?: string } {
  const rows = pages
    .flatMap(({ recorder, recordings }) => recordings.map((recording) => ({ recorder, recording })))
    .toSorted((a, b) => startOf(b.recording) - startOf(a.recording) || (a.recording.id < b.recording.id ? 1 : -1));
  // A recorder that has more says nothing of what is older than its last row.
  const page = rows.slice(0, limit);
  const byId = new Map<string, Located[]>();
  for (const row of page) byId.set(row.recording.id, [...(byId.get(row.recording.id) ?? []), row]);
  const recordings = Array.from(byId.values(), entryOf).filter((entry) => entry !== undefined);
  const last = page.at(-1)?.recording;
  if (last === undefined || (rows.length <= limit && !pages.some(({ more }) => more))) return { recordings };
  return { recordings, next: Buffer.from(JSON.stringify([startOf(last), last.id])).toString("base64url") };
}
