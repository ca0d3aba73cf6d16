import { stat } from "node:fs/promises";
import { renameSync, existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { RecorderConfig } from "@sidetone/config";
import { type Clock, SidetoneError, errorText } from "@sidetone/foundation";
import {
  type Finding,
  MANIFEST,
  MANIFEST_VERSION,
  closeUnfinished,
  readFolder,
  scanFolders,
} from "@sidetone/recording-file";
import { indexFile } from "../index/index-thread.ts";
import { openIndex } from "../index/open-index.ts";
import type { RecordingIndex, RecordingRow } from "../index/recording-row.ts";
import { rowOfFolder } from "../index/row-of-folder.ts";
import { SourcesIndex } from "../index/sources-index.ts";
import { readRow } from "./recording-files.ts";
import { lockStorage } from "./storage-lock.ts";

/** What a rebuild has done. */
export interface Rebuilt {
  /** Recordings in the index now. */
  readonly recordings: number;
  /** Of them, those that had no end and were closed as partial: nobody is writing them any more. */
  readonly closed: number;
  /** Entries that were there before and that no folder gives: they cannot be rebuilt, and were taken out. */
  readonly lost: readonly { readonly id: string; readonly state: string; readonly folder: string }[];
  /** Entries that are not as they were before, and in what. */
  readonly changed: readonly { readonly id: string; readonly columns: readonly string[] }[];
  /** Folders that are not in the index, and why. */
  readonly findings: readonly Finding[];
  /** Where the damaged database file was moved to, where it was damaged. */
  readonly movedAway: string | undefined;
}

/**
 * Makes the index of a storage anew from its folders alone. The recorder must not run: storage and index are locked meanwhile. Broken off, it leaves
 * old entries beside new ones, and can be done again. No audio is read or changed.
 * @throws SidetoneError `path-not-found`, `path-not-readable`, `storage-in-use`, `index-not-available` (exit 1).
 */
export async function rebuildIndex(storage: RecorderConfig["storage"], clock: Clock): Promise<Rebuilt> {
  const root = storage.directory;
  await wantFolder(root);
  const unlock = lockStorage(root);
  try {
    const { index, movedAway } = await openWhateverIsThere(storage, clock);
    try {
      const sources = new SourcesIndex(index, (folder) => readRow(root, folder));
      return { ...(await rebuild(root, sources, clock)), movedAway };
    } finally {
      await index.close();
    }
  } finally {
    unlock();
  }
}

async function wantFolder(root: string): Promise<void> {
  const option = `recorder.storage.directory ${root}`;
  const remedy =
    "Name the folder of the recordings in the configuration; sidetone rebuild-index --config FILE reads it.";
  const found = await stat(root).catch((error: unknown) => {
    const missing = error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    if (missing)
      throw new SidetoneError("path-not-found", `${option} does not exist.`, { exit: 1, remedy, cause: error });
    const text = `${option} cannot be read: ${errorText(error)}`;
    throw new SidetoneError("path-not-readable", text, { exit: 1, remedy, cause: error });
  });
  if (!found.isDirectory()) throw new SidetoneError("path-not-found", `${option} is a file.`, { exit: 1, remedy });
}

/** The index, a new one where the file is damaged: it is what a rebuild is for. */
async function openWhateverIsThere(
  storage: RecorderConfig["storage"],
  clock: Clock,
): Promise<{ index: RecordingIndex; movedAway: string | undefined }> {
  try {
    return { index: await openIndex(storage), movedAway: undefined };
  } catch (error) {
    if (!(error instanceof SidetoneError) || error.code !== "database-damaged") throw error;
    const file = indexFile(storage.database);
    const movedAway = `${file}.damaged-${Math.floor(clock.wallMicros() / 1_000_000)}`;
    for (const end of ["", "-wal", "-shm"])
      if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${movedAway}${end}`);
    return { index: await openIndex(storage), movedAway };
  }
}

async function rebuild(root: string, index: RecordingIndex, clock: Clock): Promise<Omit<Rebuilt, "movedAway">> {
  const findings: Finding[] = [];
  const changed: { id: string; columns: string[] }[] = [];
  const folderOf = new Map<string, string>();
  let closed = 0;
  const unreadable = (relative: string, error: unknown): void =>
    void findings.push({
      place: relative === "" ? "." : relative,
      reason: `cannot be read: ${errorText(error)}; what is below it is not in the index`,
      remedy: "Make it readable for the user that runs the recorder, and rebuild again.",
    });
  for await (const relative of scanFolders(root, unreadable)) {
    try {
      if (closeUnfinished(join(root, relative), clock.wallMicros()).outcome === "closed") closed += 1;
      const row = await rowIn(root, relative, findings);
      if (row === undefined) continue;
      const { id } = row.document;
      const first = folderOf.get(id);
      if (first !== undefined) {
        const reason = `says it is ${JSON.stringify(id)}, as ${first} does: only that one is in the index`;
        findings.push({ place: relative, reason, remedy: "Move one of the two folders out of the storage." });
        continue;
      }
      folderOf.set(id, relative);
      const columns = differences(await index.get(id), row);
      if (columns.length > 0) changed.push({ id, columns });
    } catch (error) {
      findings.push(brokenFolder(relative, error));
    }
  }
  const lost = await withoutFolder(index, folderOf);
  const folders = Array.from(folderOf.values());
  const { put } = await index.rebuild(rowsOf(root, folders, findings));
  return { recordings: put, closed, lost, changed, findings };
}

async function* rowsOf(root: string, folders: readonly string[], findings: Finding[]): AsyncGenerator<RecordingRow> {
  for (const relative of folders) {
    try {
      const row = await rowIn(root, relative, findings);
      if (row !== undefined) yield row;
    } catch (error) {
      findings.push(brokenFolder(relative, error));
    }
  }
}

async function rowIn(root: string, relative: string, findings: Finding[]): Promise<RecordingRow | undefined> {
  // A folder in which nothing was ever kept goes when it is closed.
  if (!existsSync(join(root, relative))) return undefined;
  const view = await readFolder(join(root, relative));
  const row = rowOfFolder(view, relative);
  if (row === undefined) {
    findings.push({
      place: join(relative, MANIFEST),
      reason: `has no start line; ${Math.round(view.frames / 8000)} s of audio are in the folder`,
      remedy: `Put ${MANIFEST} back from a backup or from the recording's second copy, and rebuild again.`,
    });
  }
  return row;
}

function brokenFolder(relative: string, error: unknown): Finding {
  if (error instanceof SidetoneError)
    return {
      place: relative,
      reason: `is not in the index: ${error.message}`,
      remedy: error.remedy ?? `This Sidetone reads manifests of version ${MANIFEST_VERSION}.`,
    };
  return {
    place: relative,
    reason: `is not in the index: ${errorText(error)}`,
    remedy: "Make folder and files readable and writable for the user that runs the recorder, and rebuild again.",
  };
}

/** What of an entry is not as before, by the names of the API; nothing where there was no entry. */
function differences(before: RecordingRow | undefined, after: RecordingRow): string[] {
  if (before === undefined) return [];
  const [old, now] = [columnsOf(before), columnsOf(after)];
  return Array.from(new Set([...Object.keys(old), ...Object.keys(now)])).filter(
    (name) => !isDeepStrictEqual(old[name], now[name]),
  );
}

/** As a database gives it back: without what is undefined. */
function columnsOf({ document, keys, folder, startMicros, text }: RecordingRow): Record<string, unknown> {
  const sorted = keys.map(([kind, value]) => `${kind} ${value.toLowerCase()}`).sort();
  const search = Array.from(new Set(sorted));
  return JSON.parse(JSON.stringify({ ...document, folder, startMicros, text, keys: search })) as Record<
    string,
    unknown
  >;
}

/** Entries of which no folder is there. */
async function withoutFolder(index: RecordingIndex, folderOf: ReadonlyMap<string, string>): Promise<Rebuilt["lost"]> {
  const lost: { id: string; state: string; folder: string }[] = [];
  let after: { startMicros: number; id: string } | undefined;
  for (;;) {
    const { rows, more } = await index.search({ keys: [], limit: 1000, ...(after === undefined ? {} : { after }) });
    for (const { document, folder } of rows)
      if (!folderOf.has(document.id)) lost.push({ id: document.id, state: document.state, folder });
    const last = rows.at(-1);
    if (!more || last === undefined) return lost;
    after = { startMicros: last.startMicros, id: last.document.id };
  }
}
