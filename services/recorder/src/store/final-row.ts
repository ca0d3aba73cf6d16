import { rfc3339 } from "@sidetone/foundation";
import type { PlainError } from "@sidetone/recording-file";
import type { RecordingRow } from "../index/recording-row.ts";

/** What is said of a recording whose folder is no longer there. */
export const FOLDER_GONE = { code: "recording-folder-gone", message: "The folder of this recording is gone." };

/**
 * The row of a recording that has ended, whatever became of its folder: it never says `recording`. What is in the folder and has no end there
 * is `partial`; where nothing is left, or nothing was ever written, it is `failed`.
 * @param folder the row as the folder gives it; undefined where there is none any more
 * @param indexed the row as the index has it
 * @param error why the end is not on the disk
 */
export function finalRow(
  folder: RecordingRow | undefined,
  indexed: RecordingRow | undefined,
  error: Pick<PlainError, "code" | "message"> | undefined,
): RecordingRow | undefined {
  if (folder === undefined) return indexed === undefined ? undefined : marked(indexed, "failed", error ?? FOLDER_GONE);
  const { state, durationMs } = folder.document;
  if (error === undefined && state !== "recording") return folder;
  const why = error ?? { code: "no-end", message: "The end of this recording is not on the disk." };
  return marked(folder, state === "failed" || durationMs === 0 ? "failed" : "partial", why);
}

function marked(
  row: RecordingRow,
  state: "partial" | "failed",
  why: Pick<PlainError, "code" | "message">,
): RecordingRow {
  const { document, startMicros } = row;
  const known = document.warnings.some((w) => w.code === why.code);
  const warning = { code: why.code, text: why.message, atMs: document.durationMs };
  const warnings = known ? document.warnings : [...document.warnings, warning];
  const endTime = document.endTime ?? rfc3339(startMicros + document.durationMs * 1000);
  return { ...row, document: { ...document, state, endTime, warnings } };
}
