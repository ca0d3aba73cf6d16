import { type Hash, createHash } from "node:crypto";
import { join } from "node:path";
import { type FileCodec, silenceByte } from "./codec.ts";
import type { FileOps } from "./file-ops.ts";
import { MANIFEST, segmentName } from "./layout.ts";
import {
  FRAME_BYTES,
  FRAMES_PER_SECOND,
  MAX_LATE_MS,
  MAX_LINE_BYTES,
  MAX_PENDING_MS,
  READ_CHUNK_BYTES,
  SEGMENT_FRAMES,
} from "./limits.ts";
import { type ManifestLine, TORN_LINE, formatLine } from "./manifest.ts";
import { chainHash } from "./segment-hash.ts";

/** Where a folder that is written again goes on. */
export interface FolderPosition {
  readonly frames: number;
  readonly lastSegment: number;
  readonly chain: string;
  readonly tornTail: boolean;
}

const AT_START: FolderPosition = { frames: 0, lastSegment: 0, chain: "", tornTail: false };

/** What follows a line that a crash cut off: it tells the cut from damage. */
export function tornLineWarning(frames: number): ManifestLine {
  const atMs = Math.round((frames * 1000) / FRAMES_PER_SECOND);
  return { type: "warning", atMs, code: TORN_LINE, text: "a crash cut off the line before this one" };
}

interface OpenSegment {
  readonly fd: number;
  readonly name: string;
  readonly hash: Hash;
  bytes: number;
}

/** Audio that waits to be written: bytes, or a number of silent frames. */
type Pending = Uint8Array | number;

/**
 * One recording's folder while it is written: segments and manifest, both append-only. Takes audio and lines at any time, and writes only in
 * `flush`. After a failed `flush` everything that was not written is kept and the next `flush` goes on exactly there; what exceeds
 * `MAX_PENDING_MS` becomes silence of the same length, listed as a gap. The same beyond `MAX_LATE_MS` where the disk does not refuse, but is late.
 */
export class FolderWriter {
  readonly path: string;
  readonly #files: FileOps;
  #manifest: number | undefined;
  #segment: OpenSegment | undefined;
  #lastSegment: number;
  #chain: string;
  #codec: FileCodec = "pcmu";
  readonly #pending: Pending[] = [];
  /** Bytes of the first pending piece that are on disk already. */
  #headDone = 0;
  #refused = false;
  #lines: Buffer[] = [];
  #accepted: number;
  #gapFrom: number | undefined;
  #gapFrames = 0;
  /** Bytes of the manifest when it was opened. */
  readonly #manifestBefore: number;
  readonly #framesBefore: number;
  /** Names were made in the folder, or the folder itself, since the last `takeNewNames`. */
  #newNames = true;

  /** @param path the folder; made if it is not there. Throws what the file system throws. */
  constructor(path: string, files: FileOps, position: FolderPosition = AT_START) {
    this.path = path;
    this.#files = files;
    this.#accepted = position.frames;
    this.#lastSegment = position.lastSegment;
    this.#chain = position.chain;
    files.mkdirSync(path, { recursive: true });
    this.#framesBefore = position.frames;
    this.#manifest = files.openSync(join(path, MANIFEST), "a");
    this.#manifestBefore = files.fstatSync(this.#manifest).size;
    if (!position.tornTail) return;
    this.#lines.push(Buffer.from("\n"));
    this.line(tornLineWarning(position.frames));
  }

  /** Audio was taken since it was opened. */
  get grown(): boolean {
    return this.#accepted > this.#framesBefore;
  }

  /** True once after names were made: whoever syncs file by file must sync the folders, too. */
  takeNewNames(): boolean {
    const made = this.#newNames;
    this.#newNames = false;
    return made;
  }

  /** Undoes what an opening has written; only where no audio was taken. Throws what the file system throws. */
  rollBack(): void {
    if (this.grown || this.#manifest === undefined) return;
    this.#lines = [];
    this.#files.ftruncateSync(this.#manifest, this.#manifestBefore);
  }

  /** Frames taken so far, written or waiting. */
  get frames(): number {
    return this.#accepted;
  }

  /** Open files that hold written data. */
  get fds(): number[] {
    const fds: number[] = [];
    if (this.#manifest !== undefined) fds.push(this.#manifest);
    if (this.#segment !== undefined) fds.push(this.#segment.fd);
    return fds;
  }

  get dirty(): boolean {
    return this.#pending.length > 0 || this.#lines.length > 0;
  }

  /** The folder or its files were taken away under us. */
  get gone(): boolean {
    return this.fds.some((fd) => this.#files.fstatSync(fd).nlink === 0);
  }

  setCodec(codec: FileCodec): void {
    this.#codec = codec;
  }

  /** Takes interleaved G.711; the bytes belong to the writer from now on. */
  audio(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pending.push(bytes);
    this.#grow(bytes.length / FRAME_BYTES);
  }

  silence(frames: number): void {
    if (frames <= 0) return;
    this.#pending.push(frames);
    this.#accepted += frames;
  }

  line(line: ManifestLine): void {
    const bytes = Buffer.from(formatLine(line));
    if (bytes.length <= MAX_LINE_BYTES) {
      this.#lines.push(bytes);
      return;
    }
    const text = `a ${line.type} line of ${bytes.length} bytes was left out`;
    this.line({ type: "warning", atMs: this.#ms(this.#accepted), code: "line-too-long", text });
  }

  /** Writes everything that waits: audio first, then the lines that speak of it. */
  flush(): void {
    // After a failure the pieces stay apart, so that old ones can become silence.
    if (!this.#refused) this.#join();
    this.#refused = true;
    while (this.#pending.length > 0) this.#writeHead();
    if (this.#gapFrom !== undefined) {
      const atMs = this.#ms(this.#gapFrom);
      this.line({ type: "event", event: "gap", atMs, untilMs: atMs + this.#ms(this.#gapFrames), cause: "storage" });
      this.#gapFrom = undefined;
      this.#gapFrames = 0;
    }
    if (this.#lines.length > 0) this.#writeLines();
    this.#refused = false;
  }

  #writeLines(): void {
    const all = Buffer.concat(this.#lines);
    const done = this.#write(this.#manifestFd(), all);
    this.#lines = done.bytes < all.length ? [all.subarray(done.bytes)] : [];
    if (done.error !== undefined) throw done.error;
  }

  /** Hashes and closes the last segment, as a line of the manifest. Call `flush` after it. */
  closeSegment(): void {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#segment = undefined;
    const sha256 = segment.hash.digest("hex");
    this.#chain = chainHash(this.#chain, sha256);
    this.line({ type: "segment", file: segment.name, frames: segment.bytes / FRAME_BYTES, sha256, chain: this.#chain });
    try {
      this.#files.fsyncSync(segment.fd);
    } finally {
      this.#files.closeSync(segment.fd);
    }
  }

  /** Closes the files, whatever they say. Nothing is written. */
  close(): void {
    for (const fd of this.fds) {
      try {
        this.#files.closeSync(fd);
      } catch {
        // The data were synced or reported before; there is nothing left to save here.
      }
    }
    this.#segment = undefined;
    this.#manifest = undefined;
  }

  /** Makes one piece of the neighbours that are bytes, so that a round is one sequential write. */
  #join(): void {
    if (this.#headDone > 0 || this.#pending.length < 2 || this.#pending.some((p) => typeof p === "number")) return;
    const all = Buffer.concat(this.#pending as Uint8Array[]);
    this.#pending.length = 0;
    this.#pending.push(all);
  }

  #manifestFd(): number {
    if (this.#manifest === undefined) throw new Error("the recording's folder is closed");
    return this.#manifest;
  }

  #ms(frames: number): number {
    return Math.round((frames * 1000) / FRAMES_PER_SECOND);
  }

  #grow(frames: number): void {
    this.#accepted += frames;
    const most = ((this.#refused ? MAX_PENDING_MS : MAX_LATE_MS) * FRAMES_PER_SECOND) / 1000;
    // Index 0 may be half written: it stays.
    for (let i = 1; i < this.#pending.length && this.#audioWaiting() > most; i++) {
      const piece = this.#pending[i];
      if (piece === undefined || typeof piece === "number") continue;
      const length = piece.length / FRAME_BYTES;
      this.#gapFrom ??= this.#accepted - this.#framesFrom(i);
      this.#gapFrames += length;
      this.#pending[i] = length;
    }
  }

  #audioWaiting(): number {
    return this.#pending.reduce<number>((sum, p) => sum + (typeof p === "number" ? 0 : p.length / FRAME_BYTES), 0);
  }

  #framesFrom(index: number): number {
    return this.#pending
      .slice(index)
      .reduce<number>((sum, p) => sum + (typeof p === "number" ? p : p.length / FRAME_BYTES), 0);
  }

  #writeHead(): void {
    const head = this.#pending[0];
    if (head === undefined) return;
    const total = typeof head === "number" ? head * FRAME_BYTES : head.length;
    const segment = this.#openSegment();
    const room = SEGMENT_FRAMES * FRAME_BYTES - segment.bytes;
    const length = Math.min(total - this.#headDone, room, typeof head === "number" ? READ_CHUNK_BYTES : total);
    const bytes =
      typeof head === "number"
        ? Buffer.alloc(length, silenceByte(this.#codec))
        : head.subarray(this.#headDone, this.#headDone + length);
    const done = this.#write(segment.fd, bytes);
    segment.hash.update(bytes.subarray(0, done.bytes));
    segment.bytes += done.bytes;
    this.#headDone += done.bytes;
    if (this.#headDone === total) {
      this.#pending.shift();
      this.#headDone = 0;
    }
    if (done.error !== undefined) throw done.error;
    if (segment.bytes >= SEGMENT_FRAMES * FRAME_BYTES) this.closeSegment();
  }

  #openSegment(): OpenSegment {
    if (this.#segment !== undefined) return this.#segment;
    const name = segmentName(this.#lastSegment + 1);
    const fd = this.#files.openSync(join(this.path, name), "a");
    this.#lastSegment += 1;
    this.#newNames = true;
    this.#segment = { fd, name, hash: createHash("sha256"), bytes: 0 };
    return this.#segment;
  }

  #write(fd: number, bytes: Uint8Array): { bytes: number; error: unknown } {
    let written = 0;
    while (written < bytes.length) {
      try {
        written += this.#files.writeSync(fd, bytes, written, bytes.length - written);
      } catch (error) {
        return { bytes: written, error };
      }
    }
    return { bytes: written, error: undefined };
  }
}
