import { constants } from "node:fs";
import { access, open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Cancel, type Clock, type Logger, rfc3339 } from "@sidetone/foundation";
import { MIN_FREE_BYTES, type PlainError, diskError } from "@sidetone/recording-file";
import {
  STALLED_MS,
  type StorageHealth,
  type StorageInput,
  type Trouble,
  initialStorage,
  refusals,
  stepStorage,
} from "./storage-health.ts";

/** Time between two looks at the storage; ms. */
export const LOOK_MS = 2000;
/** File that a look writes and removes, in the storage. */
const PROBE = ".probe";

/** The file system calls of a look; tests make them slow or fail. */
export interface StorageLook {
  /** Free and whole size of the disk; undefined where the file system does not tell. */
  room(): Promise<StorageHealth["room"]>;
  /** Writes a few bytes as a recording would be, and removes them. Rejects with what the file system says. */
  write(): Promise<void>;
}

/** The real look at a folder. */
export function lookAt(root: string): StorageLook {
  const probe = join(root, PROBE);
  return {
    async room() {
      const { blocks, bavail, bsize } = await statfs(root);
      return blocks === 0 ? undefined : { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
    },
    async write() {
      await access(root, constants.W_OK);
      const file = await open(probe, "w");
      try {
        await file.write("sidetone\n");
        await file.datasync();
      } finally {
        await file.close();
      }
      await rm(probe, { force: true });
    },
  };
}

/** Watches the recorder's storage: what its writer tells, and a look of its own every `LOOK_MS`, so that trouble is seen while nothing is recorded. */
export class StorageWatch {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #look: StorageLook;
  readonly #cancel: Cancel;
  #state: StorageHealth = initialStorage;
  /** Turns at which the look before had no answer yet; undefined where none is under way. Turns, as a stall of our own is not the disk's. */
  #waited: number | undefined;
  #writerStallMs = 0;

  constructor(o: { clock: Clock; log: Logger; look: StorageLook }) {
    this.#clock = o.clock;
    this.#log = o.log;
    this.#look = o.look;
    this.#cancel = o.clock.every(LOOK_MS, () => this.look());
  }

  get health(): StorageHealth {
    return this.#state;
  }

  /** Why no new session should be taken. */
  get refusals(): ReturnType<typeof refusals> {
    return refusals(this.#state);
  }

  /** No session can be opened now: its folder would wait for the disk. */
  get stalled(): boolean {
    return this.#state.stalledMs >= STALLED_MS;
  }

  trouble(handle: number, error: PlainError): void {
    this.#step({ kind: "trouble", handle, trouble: { code: error.code, text: error.message } });
  }

  relief(handle: number): void {
    this.#step({ kind: "relief", handle });
  }

  round(ms: number): void {
    this.#step({ kind: "round", ms });
  }

  /** How long the writer has been held; 0: no more. */
  writerStalled(ms: number): void {
    this.#writerStallMs = ms;
    this.#stall();
  }

  writerLost(): void {
    this.#writerStallMs = 0;
    this.#step({ kind: "writer-lost" });
  }

  /** A look now; where one has no answer yet, how long that takes. */
  look(): void {
    if (this.#waited !== undefined) {
      this.#waited += 1;
      return this.#stall();
    }
    const from = this.#clock.now();
    this.#waited = 0;
    void this.#looked().then(({ room, refusal }) => {
      this.#waited = undefined;
      this.#stall();
      this.#step({ kind: "look", room, refusal, writeMs: this.#clock.now() - from });
    });
  }

  close(): void {
    this.#cancel();
  }

  async #looked(): Promise<{ room: StorageHealth["room"]; refusal: Trouble | undefined }> {
    let room: StorageHealth["room"];
    try {
      room = await this.#look.room();
      await this.#look.write();
    } catch (thrown) {
      const error = diskError(thrown);
      // The storage's own folder is no recording's.
      const code = error.code === "recording-folder-gone" ? "disk-io-error" : error.code;
      return { room, refusal: { code, text: error.message } };
    }
    if (room === undefined || room.freeBytes >= MIN_FREE_BYTES) return { room, refusal: undefined };
    const text = `${room.freeBytes} bytes are left, a recording wants ${MIN_FREE_BYTES}`;
    return { room, refusal: { code: "disk-full", text } };
  }

  #stall(): void {
    const waited = this.#waited ?? 0;
    const ms = Math.max(this.#writerStallMs, waited > 1 ? waited * LOOK_MS : 0);
    if (ms !== this.#state.stalledMs) this.#step({ kind: "stall", ms });
  }

  #step(input: StorageInput): void {
    const [state, { raised, cleared }] = stepStorage(this.#state, input, this.#clock.wallMicros());
    this.#state = state;
    for (const { code, text, remedy } of raised) {
      if (code === "disk-filling" || code === "disk-slow") this.#log.warn({ code, remedy }, `storage: ${text}`);
      else this.#log.error({ code, remedy }, `storage: ${text}`);
    }
    for (const { code, sinceMicros } of cleared)
      this.#log.info({ code, since: rfc3339(sinceMicros) }, `storage: ${code} is over`);
  }
}
