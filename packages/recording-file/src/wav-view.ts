import { open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { FileCodec } from "./codec.ts";
import { type SegmentFile, readFolder } from "./folder-reader.ts";
import { FRAME_BYTES, FRAMES_PER_SECOND, READ_CHUNK_BYTES } from "./limits.ts";
import { WAV_HEADER_BYTES, wavHeader } from "./wav.ts";

/** A recording as a WAV file that exists only while it is read. */
export interface WavView {
  readonly codec: FileCodec;
  readonly frames: number;
  readonly durationMs: number;
  /** Bytes of the whole file, header included. */
  readonly size: number;
  /** Bytes `start` to `end` (both included, within `size`). The stream holds one file open at a time. */
  stream(start?: number, end?: number): Readable;
}

/**
 * Opens the WAV view of a recording's folder. Its length is frozen here: a recording that goes on appends behind it, so that the sizes in the
 * header are true to the last byte. Left = first byte of each frame = label 1 = customer.
 */
export async function openWav(folder: string): Promise<WavView> {
  const view = await readFolder(folder);
  const codec = view.manifest.zero?.codec ?? "pcmu";
  const header = wavHeader(codec, view.frames);
  const size = WAV_HEADER_BYTES + view.frames * FRAME_BYTES;
  return {
    codec,
    frames: view.frames,
    durationMs: Math.round((view.frames * 1000) / FRAMES_PER_SECOND),
    size,
    stream: (start = 0, end = size - 1) =>
      Readable.from(pieces(folder, header, view.segments, Math.max(0, start), Math.min(end, size - 1)), {
        objectMode: false,
      }),
  };
}

async function* pieces(
  folder: string,
  header: Buffer,
  segments: readonly SegmentFile[],
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  if (start > end) return;
  if (start < header.length) yield header.subarray(start, Math.min(header.length, end + 1));
  let offset = header.length;
  for (const segment of segments) {
    const from = Math.max(start, offset) - offset;
    const to = Math.min(end + 1, offset + segment.bytes) - offset;
    offset += segment.bytes;
    if (from >= to) continue;
    const file = await open(join(folder, segment.name), "r");
    try {
      let at = from;
      while (at < to) {
        const buffer = Buffer.allocUnsafe(Math.min(READ_CHUNK_BYTES, to - at));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) throw new Error(`${segment.name} is shorter than it was`);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
}
