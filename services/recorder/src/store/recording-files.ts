import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Logger } from "@sidetone/foundation";
import { closeUnfinished, readFolder, recoverOpen, scanFolders } from "@sidetone/recording-file";
import type { RecordingIndex, RecordingRow } from "../index/recording-row.ts";
import { rowOfFolder } from "../index/row-of-folder.ts";

/** The row of a folder as it is now; `undefined` where there is no recording. Never rejects. */
export async function readRow(root: string, relative: string): Promise<RecordingRow | undefined> {
  try {
    return rowOfFolder(await readFolder(join(root, relative)), relative);
  } catch {
    return undefined;
  }
}

/**
 * Puts files and index in step before the recorder serves: folders that a crash left open are closed, rows that say "recording" get what their
 * folder says, and an empty index is rebuilt from all folders. Returns how many folders were closed.
 */
export async function reconcile(o: {
  root: string;
  index: RecordingIndex;
  clock: Clock;
  log: Logger;
}): Promise<number> {
  const { root, index, clock, log } = o;
  mkdirSync(root, { recursive: true });
  const touched = new Set<string>();
  let closed = 0;
  for (const { relative, outcome, frames, error } of recoverOpen(root, clock.wallMicros())) {
    touched.add(relative);
    if (error !== undefined)
      log.error({ err: error, folder: relative }, "a recording could not be recovered; its marker stays");
    if (outcome !== "closed") continue;
    closed += 1;
    log.warn({ folder: relative, seconds: frames / 8000 }, "a recording without an end was closed and marked partial");
  }
  for (const relative of await index.foldersIn("recording")) {
    touched.add(relative);
    try {
      if (closeUnfinished(join(root, relative), clock.wallMicros()).outcome === "closed") closed += 1;
    } catch (error) {
      log.error({ err: error, folder: relative }, "a recording could not be recovered");
    }
  }
  if ((await index.count()) === 0) for await (const relative of scanFolders(root)) touched.add(relative);
  for (const relative of touched) {
    const row = await readRow(root, relative);
    if (row !== undefined) await index.put(row);
  }
  await markMissing(o);
  return closed;
}

/** A row whose folder is gone says so. */
async function markMissing({ root, index, log }: { root: string; index: RecordingIndex; log: Logger }): Promise<void> {
  for (const relative of await index.foldersIn("recording")) {
    if ((await readRow(root, relative)) !== undefined) continue;
    const { rows } = await index.search({ keys: [], state: "recording", limit: 1000 });
    for (const row of rows.filter((r) => r.folder === relative)) {
      log.error({ folder: relative, recordingId: row.document.id }, "the folder of a recording is gone");
      const warning = { code: "recording-folder-gone", text: "The folder of this recording is gone.", atMs: 0 };
      await index.put({
        ...row,
        document: { ...row.document, state: "failed", warnings: [...row.document.warnings, warning] },
      });
    }
  }
}
