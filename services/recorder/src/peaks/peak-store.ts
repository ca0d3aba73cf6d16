import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type FileCodec, READ_CHUNK_BYTES, readFolder } from "@sidetone/recording-file";
import { MAX_PEAK_BYTES } from "../limits.ts";
import { BLOCK_BYTES, PeakBuilder, type PeakBlocks } from "./peak-blocks.ts";

/** Folder below the storage that holds what was computed of recordings; it may be deleted at any time. */
export const PEAKS_FOLDER = ".peaks";

const MAGIC = "STPEAK01";
const HEADER_BYTES = 32;

/** The audio of a recording as it is on the disk now. */
interface Audio {
  readonly codec: FileCodec;
  readonly segments: readonly { readonly path: string; readonly bytes: number }[];
  readonly bytes: number;
  /** Changes with every write to any of the files. */
  readonly modifiedMs: number;
}

/** What is known of a recording that was looked at. */
interface Known {
  readonly builder: PeakBuilder;
  /** Of the audio that was read. */
  readonly modifiedMs: number;
}

/**
 * Blocks of recordings, read from their files once. Those of an ended recording are kept in `.peaks` below the storage: apart from the
 * recording's folder, which holds nothing but evidence. Reads and writes synchronously: it belongs into a thread of its own.
 */
export class PeakStore {
  readonly #root: string;
  /** What was used longest ago first. */
  readonly #known = new Map<string, Known>();
  readonly #kept = new Map<string, { blocks: PeakBlocks; bytes: number; modifiedMs: number }>();
  /** Octets of audio that were read, for tests and measurements. */
  read = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The blocks of a recording's folder. Rejects where it cannot be read.
   * @param ended nothing is written there any more, as far as the index knows
   */
  async blocksOf(folder: string, ended: boolean): Promise<PeakBlocks> {
    const audio = await audioOf(join(this.#root, folder));
    const kept = this.#kept.get(folder);
    this.#kept.delete(folder);
    if (kept !== undefined && kept.bytes === audio.bytes && kept.modifiedMs === audio.modifiedMs && ended) {
      this.#kept.set(folder, kept);
      return kept.blocks;
    }
    const stored = ended ? this.#load(folder, audio) : undefined;
    const blocks = stored ?? this.#build(folder, audio, ended);
    if (ended) {
      this.#known.delete(folder);
      this.#kept.set(folder, { blocks, bytes: audio.bytes, modifiedMs: audio.modifiedMs });
      if (stored === undefined) this.#save(folder, audio, blocks);
    }
    this.#forget();
    return blocks;
  }

  /** Goes on where the last look has ended; segments only grow. */
  #build(folder: string, audio: Audio, ended: boolean): PeakBlocks {
    const before = this.#known.get(folder);
    this.#known.delete(folder);
    const goesOn = before !== undefined && before.builder.taken <= audio.bytes && audio.modifiedMs >= before.modifiedMs;
    const builder = goesOn ? before.builder : new PeakBuilder(audio.codec);
    const chunk = Buffer.allocUnsafe(READ_CHUNK_BYTES);
    let start = 0;
    for (const { path, bytes } of audio.segments) {
      let at = builder.taken - start;
      start += bytes;
      if (at >= bytes) continue;
      const file = openSync(path, "r");
      try {
        while (at < bytes) {
          const got = readSync(file, chunk, 0, Math.min(chunk.length, bytes - at), at);
          if (got === 0) throw new Error(`${path} is shorter than it was`);
          builder.add(chunk.subarray(0, got));
          this.read += got;
          at += got;
        }
      } finally {
        closeSync(file);
      }
    }
    this.#known.set(folder, { builder, modifiedMs: audio.modifiedMs });
    const { count, bytes } = builder.blocks(ended);
    return { count, bytes: ended ? bytes.slice(0, count * BLOCK_BYTES) : bytes };
  }

  #fileOf(folder: string): string {
    return join(this.#root, PEAKS_FOLDER, `${folder}.peaks`);
  }

  /** Undefined where it is not there, or not of this audio. */
  #load(folder: string, audio: Audio): PeakBlocks | undefined {
    try {
      const file = readFileSync(this.#fileOf(folder));
      const count = file.readUInt32LE(24);
      const same =
        file.toString("latin1", 0, 8) === MAGIC &&
        file.readDoubleLE(8) === audio.bytes &&
        file.readDoubleLE(16) === audio.modifiedMs &&
        file.length === HEADER_BYTES + count * BLOCK_BYTES;
      return same ? { count, bytes: file.subarray(HEADER_BYTES) } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Beside and renamed, so that it is there whole or not at all. A disk that refuses costs the next one who asks the time to compute it. */
  #save(folder: string, audio: Audio, { count, bytes }: PeakBlocks): void {
    const file = this.#fileOf(folder);
    const beside = `${file}.new`;
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, "latin1");
    header.writeDoubleLE(audio.bytes, 8);
    header.writeDoubleLE(audio.modifiedMs, 16);
    header.writeUInt32LE(count, 24);
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(beside, Buffer.concat([header, bytes]));
      renameSync(beside, file);
    } catch {
      rmSync(beside, { force: true });
    }
  }

  #forget(): void {
    let room = 0;
    for (const { blocks } of this.#kept.values()) room += blocks.bytes.length;
    for (const { builder } of this.#known.values()) room += builder.room;
    for (const [folder, { blocks }] of this.#kept) {
      if (room <= MAX_PEAK_BYTES || this.#kept.size === 1) break;
      this.#kept.delete(folder);
      room -= blocks.bytes.length;
    }
    for (const [folder, { builder }] of this.#known) {
      if (room <= MAX_PEAK_BYTES || this.#known.size === 1) break;
      this.#known.delete(folder);
      room -= builder.room;
    }
  }
}

async function audioOf(path: string): Promise<Audio> {
  const { manifest, segments } = await readFolder(path);
  let modifiedMs = 0;
  let bytes = 0;
  const files = segments.map((segment) => {
    const file = join(path, segment.name);
    modifiedMs = Math.max(modifiedMs, statSync(file).mtimeMs);
    bytes += segment.bytes;
    return { path: file, bytes: segment.bytes };
  });
  const codec = manifest.zero?.codec ?? "pcmu";
  return { codec, segments: files, bytes, modifiedMs };
}
