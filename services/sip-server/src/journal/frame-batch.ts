import type { JournalEntry } from "@sidetone/sip";
import { BATCH_BYTES, DIALOGS_AHEAD, KEPT_MESSAGE_BYTES } from "./limits.ts";
import type { Batch, CallRow, DialogRow, FrameHead, GapRow } from "./wire.ts";

/** What has happened since the last batch went to the writer. */
export class FrameBatch {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  readonly #frames: FrameHead[] = [];
  readonly #dialogs: DialogRow[] = [];

  /** @param memory of a batch before that needs it no more */
  constructor(memory: Uint8Array<ArrayBuffer> = new Uint8Array(BATCH_BYTES)) {
    this.#bytes = memory;
  }

  get empty(): boolean {
    return this.#frames.length === 0 && this.#dialogs.length === 0;
  }

  get frames(): number {
    return this.#frames.length;
  }

  /** Copies a frame. False: there is no room for it. */
  add(entry: JournalEntry, callId: string): boolean {
    const { bytes, wallMicros, direction, transport, local, remote } = entry;
    const length = Math.min(bytes.length, KEPT_MESSAGE_BYTES);
    if (this.#length + length > BATCH_BYTES) return false;
    this.#bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.#length);
    this.#frames.push({
      at: wallMicros,
      direction,
      transport,
      local,
      remote,
      callId,
      offset: this.#length,
      length,
      bytes: bytes.length,
    });
    this.#length += length;
    return true;
  }

  /** A dialog is one of a call's. */
  link(dialog: DialogRow): void {
    this.#dialogs.push(dialog);
  }

  /** As it goes to the writer, and the batch after it. A batch that is nearly empty does not go with its whole memory. */
  sealed(calls: readonly CallRow[], gap: GapRow | undefined): { readonly batch: Batch; readonly next: FrameBatch } {
    const full = this.#length * 2 > BATCH_BYTES;
    const bytes = full ? this.#bytes.subarray(0, this.#length) : this.#bytes.slice(0, this.#length);
    const batch = { frames: this.#frames, bytes, dialogs: this.#dialogs, calls, gap };
    return { batch, next: full ? new FrameBatch() : new FrameBatch(this.#bytes) };
  }

  /** Another one without its frames: what belongs to which call is few, and needed for all that comes. */
  withoutFrames(): FrameBatch {
    const next = new FrameBatch(this.#bytes);
    next.#dialogs.push(...this.#dialogs.slice(-DIALOGS_AHEAD));
    return next;
  }
}
