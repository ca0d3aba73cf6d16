import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MANIFEST, segmentNumber } from "./layout.ts";
import { FRAME_BYTES } from "./limits.ts";
import { type Manifest, readManifest } from "./manifest.ts";

/** A segment on disk. */
export interface SegmentFile {
  readonly name: string;
  readonly number: number;
  /** Bytes at the time of the look. */
  readonly bytes: number;
}

/** What a folder holds now: its manifest and how much audio is there. */
export interface FolderView {
  readonly path: string;
  readonly manifest: Manifest;
  readonly segments: readonly SegmentFile[];
  /** Whole frames in all segments. */
  readonly frames: number;
}

/** Looks into a recording's folder. Rejects where there is no readable folder. */
export async function readFolder(path: string): Promise<FolderView> {
  const text = await readFile(join(path, MANIFEST), "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  const segments = await listSegments(path);
  const bytes = segments.reduce((sum, s) => sum + s.bytes, 0);
  return { path, manifest: readManifest(text), segments, frames: Math.floor(bytes / FRAME_BYTES) };
}

/** The segments of a folder in order. */
export async function listSegments(path: string): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for (const name of await readdir(path)) {
    const number = segmentNumber(name);
    if (number !== undefined) found.push({ name, number, bytes: (await stat(join(path, name))).size });
  }
  return found.sort((a, b) => a.number - b.number);
}
