import { createHash } from "node:crypto";
import { join } from "node:path";
import { SidetoneError } from "@sidetone/foundation";
import { silenceByte } from "./codec.ts";
import type { FileOps } from "./file-ops.ts";
import { type FolderPosition, tornLineWarning } from "./folder-writer.ts";
import { MANIFEST, segmentNumber } from "./layout.ts";
import { FRAME_BYTES } from "./limits.ts";
import { MANIFEST_VERSION, type Manifest, type SegmentLine, formatLine, readManifest } from "./manifest.ts";
import { chainHash } from "./segment-hash.ts";

/** A folder that was written before, made ready to be closed or continued. */
export interface Existing {
  readonly manifest: Manifest;
  readonly position: FolderPosition;
  /** Lines for segments that had none: to be appended. */
  readonly missing: readonly SegmentLine[];
}

/**
 * Looks at a folder whose writer is gone. Hashes the segments that no line speaks of; a segment that a crash left with half a frame gets the
 * other half as silence (files only grow). Throws what the file system throws, and `manifest-version`: such a folder is not touched.
 */
export function openExisting(path: string, files: FileOps): Existing {
  const manifestPath = join(path, MANIFEST);
  const manifest = readManifest(files.existsSync(manifestPath) ? files.readFileSync(manifestPath, "utf8") : "");
  if (manifest.otherVersion !== undefined) throw otherVersion(path, manifest.otherVersion);
  const known = new Map(manifest.segments.map((s) => [s.file, s]));
  const names = files
    .readdirSync(path)
    .filter((name) => segmentNumber(name) !== undefined)
    .sort((a, b) => (segmentNumber(a) ?? 0) - (segmentNumber(b) ?? 0));
  const missing: SegmentLine[] = [];
  let chain = manifest.segments.at(-1)?.chain ?? "";
  let frames = 0;
  let lastSegment = 0;
  for (const name of names) {
    lastSegment = segmentNumber(name) ?? lastSegment;
    const line = known.get(name);
    if (line !== undefined) {
      frames += line.frames;
      continue;
    }
    const bytes = files.readFileSync(join(path, name));
    const whole = bytes.length % FRAME_BYTES === 0 ? bytes : completed(join(path, name), bytes, manifest, files);
    const sha256 = createHash("sha256").update(whole).digest("hex");
    chain = chainHash(chain, sha256);
    frames += whole.length / FRAME_BYTES;
    missing.push({ type: "segment", file: name, frames: whole.length / FRAME_BYTES, sha256, chain });
  }
  return { manifest, position: { frames, lastSegment, chain, tornTail: manifest.tornTail }, missing };
}

function completed(path: string, bytes: Buffer, manifest: Manifest, files: FileOps): Buffer {
  const half = Buffer.from([silenceByte(manifest.zero?.codec ?? "pcmu")]);
  const fd = files.openSync(path, "a");
  try {
    files.writeSync(fd, half);
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
  return Buffer.concat([bytes, half]);
}

/** The error of a folder that another Sidetone has written in a form of its own. */
export function otherVersion(path: string, version: number): SidetoneError {
  return new SidetoneError(
    "manifest-version",
    `${join(path, MANIFEST)} has version ${version}; this Sidetone reads version ${MANIFEST_VERSION}`,
    {
      exit: 1,
      sip: 503,
      http: 500,
      remedy: "Use the Sidetone that wrote it, or a newer one.",
    },
  );
}

/** The text that closes an unfinished folder. */
export function closingText(existing: Existing, end: Parameters<typeof formatLine>[0]): string {
  const { manifest, position, missing } = existing;
  const torn = manifest.tornTail ? `\n${formatLine(tornLineWarning(position.frames))}` : "";
  return torn + missing.map(formatLine).join("") + formatLine(end);
}
