import { join } from "node:path";
import { type Clock, type SidetoneError, rfc3339 } from "@sidetone/foundation";
import type { FileCodec } from "./codec.ts";
import { diskError } from "./disk-error.ts";
import { openExisting } from "./existing.ts";
import type { FileOps } from "./file-ops.ts";
import { FolderWriter } from "./folder-writer.ts";
import type { GroupSync } from "./group-sync.ts";
import { OPEN_MARKERS, markerName } from "./layout.ts";
import { GIVE_UP_MS, MIN_FREE_BYTES, RETRY_MS } from "./limits.ts";
import type { EndLine, ManifestLine, StartLine, ZeroLine } from "./manifest.ts";

/** What the writer tells about the recordings it has open. */
export interface FileWriterEvents {
  /** A disk refused: audio is kept in memory and tried again every second. Once per trouble, not per attempt. */
  onTrouble(handle: number, error: SidetoneError): void;
  /** The trouble is over. */
  onRelief(handle: number): void;
  /** The disk has refused for `GIVE_UP_MS`, or the folder is gone: whoever sends should end the recording. Once. */
  onLost(handle: number, error: SidetoneError): void;
  /** The recording is closed. `error`: its end is not on disk; recovery will close it at the next start. */
  onEnded(handle: number, frames: number, error: SidetoneError | undefined): void;
}

/** What to open: a new folder, or one that is continued (R30: the same id with a higher epoch). */
export interface OpenRequest {
  /** Below the storage. */
  readonly relative: string;
  readonly start: StartLine;
}

/** Where a folder stands when it has been opened. */
export interface Opened {
  readonly frames: number;
  /** Set where the folder was there before and has a time zero. */
  readonly zero: ZeroLine | undefined;
  readonly continued: boolean;
}

interface OpenFile {
  readonly handle: number;
  readonly marker: string;
  readonly folder: FolderWriter;
  /** The folder was there before. */
  readonly continued: boolean;
  end: Omit<EndLine, "frames"> | undefined;
  /** When the disk began to refuse, by the clock; undefined where it takes what it is given. */
  troubledAt: number | undefined;
  retryAt: number;
  damaged: boolean;
  lost: boolean;
}

/**
 * Writes all recordings, in rounds: everything that waits, one write per recording, then one sync for all. Runs in the writer thread; a disk
 * that stalls stops rounds, not the threads that send audio here.
 */
export class FileWriter {
  readonly #root: string;
  readonly #files: FileOps;
  readonly #sync: GroupSync;
  readonly #clock: Clock;
  readonly #events: FileWriterEvents;
  readonly #open = new Map<number, OpenFile>();
  #closed = false;

  constructor(o: { root: string; files: FileOps; sync: GroupSync; clock: Clock; events: FileWriterEvents }) {
    this.#root = o.root;
    this.#files = o.files;
    this.#sync = o.sync;
    this.#clock = o.clock;
    this.#events = o.events;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Opens a folder, with its first line on disk when this returns. Throws a `SidetoneError` of `DiskErrorCode`. */
  open(handle: number, request: OpenRequest): Opened {
    const path = join(this.#root, request.relative);
    const marker = join(this.#root, OPEN_MARKERS, markerName(request.relative));
    try {
      this.#files.mkdirSync(join(this.#root, OPEN_MARKERS), { recursive: true });
      this.#wantRoom();
      this.#files.closeSync(this.#files.openSync(marker, "a"));
      const existing = this.#files.existsSync(path) ? openExisting(path, this.#files) : undefined;
      const folder = new FolderWriter(path, this.#files, existing?.position);
      try {
        for (const line of existing?.missing ?? []) folder.line(line);
        const continued = existing?.manifest.start !== undefined;
        if (continued)
          folder.line({ type: "reopen", at: rfc3339(this.#clock.wallMicros()), epoch: request.start.epoch });
        else folder.line(request.start);
        const zero = existing?.manifest.zero;
        if (zero !== undefined) folder.setCodec(zero.codec);
        folder.flush();
        const state = { end: undefined, troubledAt: undefined, retryAt: 0, damaged: false, lost: false };
        this.#open.set(handle, { handle, marker, folder, continued, ...state });
        return { frames: folder.frames, zero, continued };
      } catch (error) {
        folder.close();
        throw error;
      }
    } catch (error) {
      throw diskError(error);
    }
  }

  /** Fixes time zero and codec. */
  zero(handle: number, wallMicros: number, codec: FileCodec): void {
    const folder = this.#open.get(handle)?.folder;
    folder?.setCodec(codec);
    folder?.line({ type: "zero", at: rfc3339(wallMicros), wallMicros, codec });
  }

  audio(handle: number, bytes: Uint8Array): void {
    this.#open.get(handle)?.folder.audio(bytes);
  }

  silence(handle: number, frames: number): void {
    this.#open.get(handle)?.folder.silence(frames);
  }

  line(handle: number, line: ManifestLine): void {
    this.#open.get(handle)?.folder.line(line);
  }

  /** Ends a recording: closed in the next round, then `onEnded`. */
  end(handle: number, state: EndLine["state"], reason: string): void {
    const file = this.#open.get(handle);
    if (file !== undefined) file.end ??= { type: "end", at: rfc3339(this.#clock.wallMicros()), state, reason };
  }

  /**
   * Removes a recording that came to nothing, with its folder; then `onEnded`. One that goes on in a folder which was there before, or has
   * taken audio, is closed as partial instead.
   */
  discard(handle: number): void {
    const file = this.#open.get(handle);
    if (file === undefined || file.end !== undefined) return;
    if (file.continued || file.folder.frames > 0) return this.end(handle, "partial", "not wanted any more");
    this.#forget(file);
    try {
      this.#files.rmSync(file.folder.path, { recursive: true, force: true });
      this.#files.rmSync(file.marker, { force: true });
      this.#events.onEnded(handle, 0, undefined);
    } catch (error) {
      this.#events.onEnded(handle, 0, diskError(error));
    }
  }

  /** One round: writes what waits, syncs, and closes what has ended. */
  round(): void {
    const written: OpenFile[] = [];
    for (const file of Array.from(this.#open.values())) if (this.#flush(file)) written.push(file);
    if (written.length === 0) return;
    try {
      this.#sync.sync(written.flatMap((f) => f.folder.fds));
    } catch (error) {
      const failure = diskError(error, "sync-failed");
      for (const file of written) this.#troubled(file, failure);
      this.#closeEnded(written, failure);
      return;
    }
    for (const file of written) this.#relieve(file);
    this.#closeEnded(written, undefined);
  }

  #closeEnded(written: readonly OpenFile[], failure: SidetoneError | undefined): void {
    for (const file of written) {
      if (file.end === undefined) continue;
      this.#forget(file);
      // The marker is what makes the next start look again.
      if (failure === undefined) this.#files.rmSync(file.marker, { force: true });
      this.#events.onEnded(file.handle, file.folder.frames, failure);
    }
  }

  /** Ends everything that is still open as partial and closes the files. Idempotent. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const handle of this.#open.keys()) this.end(handle, "partial", reason);
    this.round();
    for (const file of Array.from(this.#open.values())) this.#forget(file);
    this.#sync.close();
  }

  /** True where something reached the disk that a sync must make durable. */
  #flush(file: OpenFile): boolean {
    const { folder } = file;
    if (!folder.dirty && file.end === undefined) return false;
    if (file.end === undefined && this.#clock.now() < file.retryAt) return false;
    try {
      if (folder.gone) throw diskError(new Error(`${folder.path} was removed`), "recording-folder-gone");
      folder.flush();
      if (file.end !== undefined) {
        folder.closeSegment();
        const { end } = file;
        const state = file.damaged && end.state === "complete" ? "partial" : end.state;
        folder.line({ ...end, state, frames: folder.frames });
        folder.flush();
      }
      return true;
    } catch (error) {
      this.#failed(file, error);
      return false;
    }
  }

  #failed(file: OpenFile, thrown: unknown): void {
    const error = diskError(thrown);
    this.#troubled(file, error);
    if (file.end === undefined) return;
    this.#forget(file);
    this.#events.onEnded(file.handle, file.folder.frames, error);
  }

  /** The disk refused a write, or did not confirm one. */
  #troubled(file: OpenFile, error: SidetoneError): void {
    const now = this.#clock.now();
    file.damaged = true;
    file.retryAt = now + RETRY_MS;
    if (file.troubledAt === undefined) {
      file.troubledAt = now;
      const atMs = Math.round(file.folder.frames / 8);
      file.folder.line({ type: "warning", atMs, code: error.code, text: error.message });
      this.#events.onTrouble(file.handle, error);
    }
    const hopeless = error.code === "recording-folder-gone" || now - file.troubledAt >= GIVE_UP_MS;
    if (!hopeless || file.lost || file.end !== undefined) return;
    file.lost = true;
    this.#events.onLost(file.handle, error);
  }

  #relieve(file: OpenFile): void {
    if (file.troubledAt === undefined) return;
    file.troubledAt = undefined;
    file.retryAt = 0;
    this.#events.onRelief(file.handle);
  }

  /** A full disk may have room for the first lines and none for audio: such a recording would be promised and not kept. */
  #wantRoom(): void {
    const { blocks, bavail, bsize } = this.#files.statfsSync(this.#root);
    // Some network file systems do not tell.
    if (blocks === 0 || bavail * bsize >= MIN_FREE_BYTES) return;
    throw diskError(
      new Error(`${this.#root} has ${bavail * bsize} bytes left, a recording wants ${MIN_FREE_BYTES}`),
      "disk-full",
    );
  }

  #forget(file: OpenFile): void {
    this.#open.delete(file.handle);
    file.folder.close();
  }
}
