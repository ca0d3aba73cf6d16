import {
  FRAMES_PER_SECOND,
  FRAME_BYTES,
  type FolderView,
  type SegmentFile,
  type SegmentLine,
  readFolder,
} from "@sidetone/recording-file";
import { errorText } from "@sidetone/foundation";
import type { StoredMedia } from "./held-recording.ts";

/** Looks whether the files of a recording have what its manifest says: sizes only, no hashes. Never rejects. */
export async function storedMedia(path: string): Promise<StoredMedia> {
  try {
    return compare(await readFolder(path));
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return { state: "gone", text: missing ? "its folder is gone" : `its folder cannot be read: ${errorText(error)}` };
  }
}

/** The same of a folder that was read. */
export function compare({ manifest, segments }: FolderView): StoredMedia {
  if (manifest.start === undefined) return { state: "gone", text: "its manifest is gone" };
  const bytesOf = new Map(segments.map((s) => [s.name, s.bytes]));
  const missing: { fromMs: number; toMs: number }[] = [];
  const texts: string[] = [];
  let frame = 0;
  const lose = (name: string, bytes: number | undefined, frames: number): void => {
    const have = Math.floor((bytes ?? 0) / FRAME_BYTES);
    if (have < frames) {
      missing.push({ fromMs: ms(frame + have), toMs: ms(frame + frames) });
      texts.push(bytes === undefined ? `${name} is gone` : `${name} has lost ${ms(frames - have)} ms`);
    }
    frame += Math.max(have, frames);
  };
  for (const line of manifest.segments) lose(line.file, bytesOf.get(line.file), line.frames);
  for (const { name, bytes } of unlisted(segments, manifest.segments)) lose(name, bytes, 0);
  if (manifest.end !== undefined && manifest.end.frames > frame)
    lose("the end", undefined, manifest.end.frames - frame);
  if (missing.length === 0) return { state: "there" };
  if (segments.every(({ bytes }) => bytes < FRAME_BYTES)) return { state: "gone", text: "its audio files are gone" };
  return { state: "short", text: texts.join(", "), missing, wholeMs: ms(frame) };
}

/** Segments that have no line yet. */
function unlisted(segments: readonly SegmentFile[], lines: readonly SegmentLine[]): readonly SegmentFile[] {
  const listed = new Set(lines.map(({ file }) => file));
  return segments.filter(({ name }) => !listed.has(name));
}

function ms(frames: number): number {
  return Math.round((frames * 1000) / FRAMES_PER_SECOND);
}
