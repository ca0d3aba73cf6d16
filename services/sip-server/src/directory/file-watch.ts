import { stat } from "node:fs/promises";
import type { Cancel, Clock } from "@sidetone/foundation";

/** How often the file is looked at, ms. It counts as changed when two looks in a row see the same new file: no half-written one is read. */
const LOOK_EVERY_MS = 1000;

/** Tells one state of a file from another; undefined where it is not there. */
export type FileStamp = (file: string) => Promise<string | undefined>;

/** By i-node, size and time: it follows symbolic links, so that a mounted configuration is seen to change as well. */
export const fileStamp: FileStamp = async (file) => {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
};

/**
 * Calls `changed` when the file is another one and has settled. It asks instead of listening: events of the file system
 * do not exist on every one, and name the place, not the file, where a file is replaced.
 */
export class FileWatch {
  readonly #file: string;
  readonly #stampOf: FileStamp;
  readonly #changed: () => void;
  readonly #stop: Cancel;
  /** What the reader of the file has seen. */
  #known: string | undefined;
  #last: string | undefined;
  #looking = false;
  #stopped = false;

  constructor(file: string, o: { readonly clock: Clock; readonly stamp?: FileStamp; readonly changed: () => void }) {
    this.#file = file;
    this.#stampOf = o.stamp ?? fileStamp;
    this.#changed = o.changed;
    this.#stop = o.clock.every(LOOK_EVERY_MS, () => void this.#look());
    void this.taken();
  }

  /** The file is being read as it is now: only what comes after is a change. */
  async taken(): Promise<void> {
    this.#known = await this.#stampOf(this.#file);
  }

  stop(): void {
    this.#stopped = true;
    this.#stop();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const now = await this.#stampOf(this.#file);
    this.#looking = false;
    const settled = now === this.#last;
    this.#last = now;
    // A file that is gone for a moment is being replaced.
    if (this.#stopped || !settled || now === undefined || now === this.#known) return;
    this.#known = now;
    this.#changed();
  }
}
