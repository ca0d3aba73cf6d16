import { join } from "node:path";
import { rfc3339 } from "@sidetone/foundation";
import { closingText, openExisting } from "./existing.ts";
import { type FileOps, systemFiles } from "./file-ops.ts";
import { MANIFEST, OPEN_MARKERS, folderOfMarker, markerName } from "./layout.ts";
import type { EndLine } from "./manifest.ts";

/** What recovery did with one folder. */
export interface Recovered {
  /** Below the storage. */
  readonly relative: string;
  readonly frames: number;
  /** `closed`: had no end and got one; `intact`: had one; `empty`: nothing of it is there, or it is not readable. */
  readonly outcome: "closed" | "intact" | "empty";
  readonly error?: unknown;
}

/**
 * Closes one folder that has no end: state partial, complete up to the last round that was written. A folder that has an end is left as it is;
 * one in which neither a first line nor audio came to the disk is removed, as nobody was promised anything yet.
 * Can be killed at any point and done again. Throws what the file system throws.
 */
export function closeUnfinished(
  path: string,
  wallMicros: number,
  files: FileOps = systemFiles,
  reason = "recovered after a crash",
): Omit<Recovered, "relative"> {
  if (!files.existsSync(path)) return { frames: 0, outcome: "empty" };
  const existing = openExisting(path, files);
  const { manifest, position } = existing;
  const { frames } = position;
  if (manifest.end !== undefined) return { frames, outcome: "intact" };
  const nothing = manifest.start === undefined && manifest.zero === undefined && manifest.metadata.length === 0;
  if (nothing && frames === 0 && manifest.damagedLines <= 1) {
    files.rmSync(path, { recursive: true, force: true });
    return { frames, outcome: "empty" };
  }
  const end: EndLine = {
    type: "end",
    at: rfc3339(wallMicros),
    frames,
    state: "partial",
    reason,
  };
  append(join(path, MANIFEST), Buffer.from(closingText(existing, end)), files);
  return { frames, outcome: manifest.start === undefined ? "empty" : "closed" };
}

/** To the last byte, and on the disk: a full one takes a part of it without a word. */
function append(path: string, bytes: Uint8Array, files: FileOps): void {
  const fd = files.openSync(path, "a");
  try {
    for (let done = 0; done < bytes.length; ) done += files.writeSync(fd, bytes, done, bytes.length - done);
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
}

/**
 * To be called once at start, before anything is written: closes every folder that a marker says was open when the last process ended.
 * One folder that cannot be closed does not stop the others, and keeps its marker for the next start.
 * @param keepMarkers the caller removes those of what it has taken note of, with `removeMarker`
 */
export function recoverOpen(
  root: string,
  wallMicros: number,
  files: FileOps = systemFiles,
  keepMarkers = false,
): Recovered[] {
  const markers = join(root, OPEN_MARKERS);
  if (!files.existsSync(markers)) return [];
  return files.readdirSync(markers).map((marker): Recovered => {
    const relative = folderOfMarker(marker);
    try {
      const done = closeUnfinished(join(root, relative), wallMicros, files);
      if (!keepMarkers) removeMarker(root, relative, files);
      return { relative, ...done };
    } catch (error) {
      return { relative, frames: 0, outcome: "empty", error };
    }
  });
}

/** Takes away what says that a folder is to be looked at by the next start. Throws what the file system throws. */
export function removeMarker(root: string, relative: string, files: FileOps = systemFiles): void {
  files.rmSync(join(root, OPEN_MARKERS, markerName(relative)), { force: true });
}
