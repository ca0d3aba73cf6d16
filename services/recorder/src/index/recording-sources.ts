import type { RecordingRow, RecordingSource } from "./recording-row.ts";

/** The copies that a Media Server makes of a recording (R10): 1, and 2 for the duplicate. */
const DUPLICATE = 2;

/** The recording that an id of ours belongs to, and which copy of it it is: `r~c2~3` is the second copy of `r~3`. */
export function familyOf(id: string): { readonly family: string; readonly copy: number } {
  const [name = "", mark, ...rest] = id.split("~");
  if (mark !== `c${DUPLICATE}`) return { family: id, copy: 1 };
  return { family: [name, ...rest].join("~"), copy: DUPLICATE };
}

/** The id here of the other copy. */
export function otherCopy(id: string): string {
  const { family, copy } = familyOf(id);
  if (copy !== 1) return family;
  const [name = "", ...rest] = family.split("~");
  return [name, `c${DUPLICATE}`, ...rest].join("~");
}

/** One recording of all its copies, each given as its folder says: the most complete one is what is shown and heard. */
export function combined(family: string, rows: readonly RecordingRow[]): RecordingRow | undefined {
  const ranked = rows.toSorted(moreComplete);
  const [primary] = ranked;
  if (primary === undefined || ranked.length === 1) return primary;
  const sources = ranked.map((row, i) => sourceOf(row, i === 0));
  return {
    ...primary,
    document: { ...primary.document, id: family, sources },
    text: Array.from(new Set(ranked.flatMap((row) => row.text.split("\n")))).join("\n"),
  };
}

const RANK = { failed: 0, partial: 1, recording: 1, complete: 2 } as const;

/** Orders by how well it ended, then by how much audio is there; of equal ones the first copy. */
function moreComplete(a: RecordingRow, b: RecordingRow): number {
  const [x, y] = [sourceOf(a, false), sourceOf(b, false)];
  const heard = (s: RecordingSource): number => 2 * s.durationMs - s.lostMs;
  return RANK[y.state] - RANK[x.state] || heard(y) - heard(x) || x.copy - y.copy;
}

function sourceOf({ document, folder }: RecordingRow, primary: boolean): RecordingSource {
  const { id, startTime, durationMs, state, channels } = document;
  const lostMs = channels.reduce((sum, c) => sum + c.lostMs, 0);
  return { id, copy: familyOf(id).copy, folder, startTime, durationMs, state, lostMs, primary };
}
