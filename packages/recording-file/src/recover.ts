import { join } from "node:path";
import { rfc3339 } from "@sidetone/foundation";
import { closingText, openExisting } from "./existing.ts";
import { type FileOps, systemFiles } from "./file-ops.ts";
import { MANIFEST, OPEN_MARKERS, folderOfMarker } from "./layout.ts";
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
 * Closes one folder that has no end: state partial, complete up to the last round that was written. A folder that has an end is left as it is.
 * Throws what the file system throws.
 */
export function closeUnfinished(
  path: string,
  wallMicros: number,
  files: FileOps = systemFiles,
  reason = "recovered after a crash",
): Omit<Recovered, "relative"> {
  if (!files.existsSync(path)) return { frames: 0, outcome: "empty" };
  const existing = openExisting(path, files);
  const { frames } = existing.position;
  if (existing.manifest.end !== undefined) return { frames, outcome: "intact" };
  const end: EndLine = {
    type: "end",
    at: rfc3339(wallMicros),
    frames,
    state: "partial",
    reason,
  };
  const fd = files.openSync(join(path, MANIFEST), "a");
  try {
    files.writeSync(fd, closingText(existing, end));
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
  return { frames, outcome: existing.manifest.start === undefined ? "empty" : "closed" };
}

/**
 * To be called once at start, before anything is written: closes every folder that a marker says was open when the last process ended.
 * One folder that cannot be closed does not stop the others, and keeps its marker for the next start.
 */
export function recoverOpen(root: string, wallMicros: number, files: FileOps = systemFiles): Recovered[] {
  const markers = join(root, OPEN_MARKERS);
  if (!files.existsSync(markers)) return [];
  return files.readdirSync(markers).map((marker): Recovered => {
    const relative = folderOfMarker(marker);
    try {
      const done = closeUnfinished(join(root, relative), wallMicros, files);
      files.rmSync(join(markers, marker), { force: true });
      return { relative, ...done };
    } catch (error) {
      return { relative, frames: 0, outcome: "empty", error };
    }
  });
}
