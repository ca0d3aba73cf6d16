import type { FileCodec } from "@sidetone/recording-file";
import type { HeardAudio } from "./heard-line.ts";

/** Copies what goes to a recording's files, for as long as somebody listens. */
export class HeardTap {
  #onHeard: ((audio: HeardAudio) => void) | undefined;
  #pieces: (Uint8Array | number)[] = [];

  /** Somebody listens from now on, or nobody any more. */
  listen(onHeard: ((audio: HeardAudio) => void) | undefined): void {
    this.#onHeard = onHeard;
    this.#pieces = [];
  }

  /** Interleaved frames, or a number of frames of silence. The bytes are copied: they are the writer's. */
  take(piece: Uint8Array | number): void {
    if (this.#onHeard !== undefined) this.#pieces.push(typeof piece === "number" ? piece : piece.slice());
  }

  /** Gives what was taken since the last time. @param behindMs how long ago its end was said */
  flush(codec: FileCodec, behindMs: number): void {
    if (this.#pieces.length > 0) this.#onHeard?.({ codec, pieces: this.#pieces.splice(0), behindMs });
  }
}
