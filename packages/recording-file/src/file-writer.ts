import { dirname, join } from "node:path";
import { type Clock, type SidetoneError, rfc3339 } from "@sidetone/foundation";
import type { FileCodec } from "./codec.ts";
import { diskError } from "./disk-error.ts";
import { type Existing, openExisting } from "./existing.ts";
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
  /**
   * The recording is closed. `error`: its end is not on disk, and was tried for `GIVE_UP_MS`, or until the writer was closed; recovery will close it
   * at the next start.
   */
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
  readonly relative: string;
  readonly folder: FolderWriter;
  /** The folder was there before. */
  readonly continued: boolean;
  /** It had an end. */
  readonly hadEnd: boolean;
  end: Omit<EndLine, "frames"> | undefined;
  /** The state in the end line that was given to the folder. */
  saidEnd: EndLine["state"] | undefined;
  /** Something of it may be on its way to the disk. */
  unsynced: boolean;
  /** When the disk began to refuse, by the clock; undefined where it takes what it is given. */
  troubledAt: number | undefined;
  retryAt: number;
  damaged: boolean;
  lost: boolean;
}

/** How a writer is set up. */
export interface FileWriterOptions {
  readonly root: string;
  readonly files: FileOps;
  readonly sync: GroupSync;
  readonly clock: Clock;
  readonly events: FileWriterEvents;
  /** A recording whose disk has refused for this long is given up; ms. */
  readonly giveUpMs?: number;
  /** Markers of recordings that have ended stay until `noted`: their owner has something to do yet. */
  readonly keepMarkers?: boolean;
}

/**
 * Writes all recordings, in rounds: everything that waits, one write per recording, then one sync for all. Runs in the writer thread; a disk
 * that stalls stops rounds, not the threads that send audio here. A recording that ended while its disk refuses stays open like any other.
 */
export class FileWriter {
  readonly #root: string;
  readonly #files: FileOps;
  readonly #sync: GroupSync;
  readonly #clock: Clock;
  readonly #events: FileWriterEvents;
  readonly #giveUpMs: number;
  readonly #keepMarkers: boolean;
  readonly #open = new Map<number, OpenFile>();
  /** Folders that were given up without an end. */
  readonly #endless = new Set<string>();
  #closed = false;

  constructor(o: FileWriterOptions) {
    this.#root = o.root;
    this.#files = o.files;
    this.#sync = o.sync;
    this.#clock = o.clock;
    this.#events = o.events;
    this.#giveUpMs = o.giveUpMs ?? GIVE_UP_MS;
    this.#keepMarkers = o.keepMarkers ?? false;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /**
   * Opens a folder; its first line is with the system when this returns, and synced by the next round. Where that fails nothing is left of a new
   * folder, and a finished recording is as it was. Throws a `SidetoneError` of `DiskErrorCode`, or `manifest-version`.
   */
  open(handle: number, request: OpenRequest): Opened {
    const { relative } = request;
    try {
      if (this.#isOpen(relative)) throw diskError(new Error(`${relative} is being written`), "recording-folder-busy");
      this.#files.mkdirSync(join(this.#root, OPEN_MARKERS), { recursive: true });
      this.#wantRoom();
      const path = join(this.#root, relative);
      const existing = this.#files.existsSync(path) ? openExisting(path, this.#files) : undefined;
      try {
        this.#files.closeSync(this.#files.openSync(this.#marker(relative), "a"));
        return this.#begin(handle, request, existing);
      } catch (error) {
        // A folder that has an end needs no marker; one without is closed by the next start.
        if (existing === undefined) this.#tidy(path);
        if (existing === undefined || existing.manifest.end !== undefined) this.#tidy(this.#marker(relative));
        throw error;
      }
    } catch (error) {
      throw diskError(error);
    }
  }

  #begin(handle: number, { relative, start }: OpenRequest, existing: Existing | undefined): Opened {
    const folder = new FolderWriter(join(this.#root, relative), this.#files, existing?.position);
    const manifest = existing?.manifest;
    const continued = manifest?.start !== undefined;
    try {
      for (const line of existing?.missing ?? []) folder.line(line);
      if (continued) folder.line({ type: "reopen", at: rfc3339(this.#clock.wallMicros()), epoch: start.epoch });
      else folder.line(start);
      if (manifest?.zero !== undefined) folder.setCodec(manifest.zero.codec);
      folder.flush();
    } catch (error) {
      try {
        folder.rollBack();
      } finally {
        folder.close();
      }
      throw error;
    }
    this.#open.set(handle, {
      handle,
      relative,
      folder,
      continued,
      hadEnd: manifest?.end !== undefined,
      end: undefined,
      saidEnd: undefined,
      unsynced: true,
      troubledAt: undefined,
      retryAt: 0,
      damaged: false,
      lost: false,
    });
    return { frames: folder.frames, zero: manifest?.zero, continued };
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

  /** Ends a recording: closed in the next round, or the first that the disk takes; then `onEnded`. */
  end(handle: number, state: EndLine["state"], reason: string): void {
    const file = this.#open.get(handle);
    if (file === undefined || file.end !== undefined) return;
    file.end = { type: "end", at: rfc3339(this.#clock.wallMicros()), state, reason };
    file.retryAt = 0;
  }

  /**
   * Undoes the opening of a recording that came to nothing: a new folder is removed, a finished recording is as it was before; then `onEnded`. One
   * that has taken audio, or had no end before, is closed as partial instead.
   */
  discard(handle: number): void {
    const file = this.#open.get(handle);
    if (file === undefined || file.end !== undefined) return;
    const { folder, continued, hadEnd } = file;
    if (folder.grown || (continued && !hadEnd)) return this.end(handle, "partial", "not wanted any more");
    try {
      if (continued) folder.rollBack();
      this.#forget(file);
      if (!continued) this.#files.rmSync(folder.path, { recursive: true, force: true });
      this.#files.rmSync(this.#marker(file.relative), { force: true });
      this.#events.onEnded(handle, folder.frames, undefined);
    } catch (error) {
      this.#forget(file);
      this.#events.onEnded(handle, folder.frames, diskError(error));
    }
  }

  /** The owner has taken note of the end of a recording, see `keepMarkers`. The marker of one whose end is not on the disk stays all the same. */
  noted(relative: string): void {
    if (!this.#isOpen(relative) && !this.#endless.has(relative)) this.#tidy(this.#marker(relative));
  }

  /** One round: writes what waits, syncs, and closes what has ended. Throws nothing. Gives whether there was anything to write. */
  round(): boolean {
    const written = Array.from(this.#open.values()).filter((file) => this.#flush(file));
    if (written.length === 0) return false;
    try {
      this.#sync.sync(
        written.flatMap((f) => f.folder.fds),
        written.flatMap((f) => this.#newNames(f)),
      );
    } catch (error) {
      for (const file of written) this.#troubled(file, diskError(error, "sync-failed"));
      return true;
    }
    for (const file of written) {
      file.unsynced = false;
      this.#relieve(file);
      if (file.end === undefined) continue;
      this.#forget(file);
      this.#endless.delete(file.relative);
      // A marker that stays makes the next start look again, and find the end.
      if (!this.#keepMarkers) this.#tidy(this.#marker(file.relative));
      this.#events.onEnded(file.handle, file.folder.frames, undefined);
    }
    return true;
  }

  /** Ends everything that is still open as partial, in one last attempt, and closes the files. Idempotent. */
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
    if (!folder.dirty && file.end === undefined && !file.unsynced) return false;
    if (!this.#closed && this.#clock.now() < file.retryAt) return false;
    try {
      if (folder.gone) throw diskError(new Error(`${folder.path} was removed`), "recording-folder-gone");
      file.unsynced = true;
      folder.flush();
      if (file.end !== undefined) this.#flushEnd(file, file.end);
      return true;
    } catch (error) {
      this.#troubled(file, diskError(error));
      return false;
    }
  }

  /** The end line, and another one after it where the first turned out to be untrue: the last one counts. */
  #flushEnd(file: OpenFile, end: Omit<EndLine, "frames">): void {
    const { folder } = file;
    folder.closeSegment();
    const state = file.damaged && end.state === "complete" ? "partial" : end.state;
    if (file.saidEnd !== state) folder.line({ ...end, state, frames: folder.frames });
    file.saidEnd = state;
    folder.flush();
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
    const hopeless = error.code === "recording-folder-gone" || now - file.troubledAt >= this.#giveUpMs;
    if (file.end !== undefined && (hopeless || this.#closed)) {
      this.#forget(file);
      this.#endless.add(file.relative);
      this.#events.onEnded(file.handle, file.folder.frames, error);
    } else if (hopeless && !file.lost) {
      file.lost = true;
      this.#events.onLost(file.handle, error);
    }
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

  /** Folders in which names are new, up to the storage. */
  #newNames({ folder, relative }: OpenFile): string[] {
    if (!folder.takeNewNames()) return [];
    const paths = [join(this.#root, OPEN_MARKERS)];
    for (let at = relative; ; at = dirname(at)) {
      paths.push(join(this.#root, at));
      if (at === "." || at === "/") return paths;
    }
  }

  #isOpen(relative: string): boolean {
    return Array.from(this.#open.values()).some((file) => file.relative === relative);
  }

  #marker(relative: string): string {
    return join(this.#root, OPEN_MARKERS, markerName(relative));
  }

  /** Removes what may as well stay. */
  #tidy(path: string): void {
    try {
      this.#files.rmSync(path, { recursive: true, force: true });
    } catch {
      // What is left is looked at by the next start.
    }
  }

  #forget(file: OpenFile): void {
    this.#open.delete(file.handle);
    file.folder.close();
  }
}
