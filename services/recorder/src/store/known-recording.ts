import type { Clock } from "@sidetone/foundation";
import { relativeFolder } from "@sidetone/recording-file";
import type { RecordingRow } from "../index/recording-row.ts";
import { INDEX_PATIENCE_MS } from "../limits.ts";
import { safeName } from "../recording-session/active-recording.ts";
import { within } from "../within.ts";
import { readRow } from "./recording-files.ts";

/** How far back a folder is looked for where the index does not answer: a call that began before midnight; days. */
const DAYS = 2;
const DAY_MICROS = 86_400_000_000;

/**
 * What is known of a recording id. Where the index does not answer, or refuses, the folders of today and yesterday are asked: a database that is
 * down costs no recording.
 */
export async function knownRecording(
  index: (id: string) => Promise<RecordingRow | undefined>,
  root: string,
  id: string,
  clock: Clock,
): Promise<RecordingRow | undefined> {
  const asked = index(id).then(
    (row) => ({ row }),
    () => undefined,
  );
  const answer = await within(clock, INDEX_PATIENCE_MS, asked);
  if (answer !== undefined) return answer.row;
  for (let day = 0; day < DAYS; day++) {
    const row = await readRow(root, relativeFolder(safeName(id), clock.wallMicros() - day * DAY_MICROS));
    if (row !== undefined) return row;
  }
  return undefined;
}
