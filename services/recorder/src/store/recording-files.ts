import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Logger } from "@sidetone/foundation";
import {
  closeUnfinished,
  diskError,
  readFolder,
  recoverOpen,
  removeMarker,
  scanFolders,
  systemFiles,
} from "@sidetone/recording-file";
import type { RecordingIndex, RecordingRow } from "../index/recording-row.ts";
import { rowOfFolder } from "../index/row-of-folder.ts";
import { behindSince, isSince, noteBehind } from "./behind.ts";
import { finalRow } from "./final-row.ts";

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
 * folder says, an empty index is rebuilt from all folders, and one that was left behind from those that it may lack. Returns how many folders were closed.
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
  const refused = new Map<string, { code: string; message: string }>();
  let closed = 0;
  for (const { relative, outcome, frames, error } of recoverOpen(root, clock.wallMicros(), systemFiles, true)) {
    touched.add(relative);
    if (error !== undefined) {
      refused.set(relative, diskError(error));
      log.error({ err: error, folder: relative }, "a recording could not be recovered; its marker stays");
    } else if (outcome === "empty")
      log.warn({ folder: relative }, "a recording was begun of which nothing is there any more");
    if (outcome !== "closed") continue;
    closed += 1;
    log.warn({ folder: relative, seconds: frames / 8000 }, "a recording without an end was closed and marked partial");
  }
  for (const relative of await index.foldersIn("recording")) {
    touched.add(relative);
    try {
      if (closeUnfinished(join(root, relative), clock.wallMicros()).outcome === "closed") closed += 1;
    } catch (error) {
      refused.set(relative, diskError(error));
      log.error({ err: error, folder: relative }, "a recording could not be recovered");
    }
  }
  const since = (await index.count()) === 0 ? 0 : behindSince(root);
  if (since !== undefined) {
    for await (const relative of scanFolders(root)) if (isSince(relative, since)) touched.add(relative);
  }
  for (const relative of touched) {
    const row = finalRow(await readRow(root, relative), undefined, refused.get(relative));
    if (row !== undefined) await index.put(row);
    if (refused.has(relative)) continue;
    try {
      removeMarker(root, relative);
    } catch (error) {
      log.warn({ err: error, folder: relative }, "the marker of a recording could not be removed");
    }
  }
  noteBehind(root, undefined);
  await markMissing(o);
  return closed;
}

/** A row that still says "recording" has lost its folder. */
async function markMissing({ index, log }: { index: RecordingIndex; log: Logger }): Promise<void> {
  for (;;) {
    const { rows, more } = await index.search({ keys: [], state: "recording", limit: 1000 });
    for (const { document, folder } of rows) {
      log.error({ folder, recordingId: document.id }, "the folder of a recording is gone");
      const row = finalRow(undefined, await index.get(document.id), undefined);
      if (row !== undefined) await index.put(row);
    }
    if (!more) return;
  }
}
