import { DTMF } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import type { MixInput } from "./mix-input.ts";
import type { SourceLine, Spot } from "./source-line.ts";
import type { Tap } from "./tap.ts";

/** What one phone gives to one replica: undecoded where it is the only one, else into the replica's mix. */
export class TapFeed implements Spot {
  /** Place in the replica's stream of what was captured last. */
  position = 0;
  readonly leg: Leg;
  readonly tap: Tap;
  /** Nothing said before this place on the phone's line is captured. */
  captureFrom = Number.NEGATIVE_INFINITY;
  /** Undecoded: by how much the stream is ahead of the phone's line. */
  shift = 0;
  /** Mixed. */
  input: MixInput | undefined;
  /** Mixed: by how much the stream is behind the engine's line. */
  told = 0;

  constructor(leg: Leg, tap: Tap) {
    this.leg = leg;
    this.tap = tap;
  }

  /** Takes a packet that `line` has just placed. As for taps, there must be room for a header before `offset`. */
  capture(kind: number, marker: boolean, line: SourceLine, data: Uint8Array, offset: number, length: number): void {
    if (this.tap.paused || line.position < this.captureFrom) return;
    const input = this.input;
    if (input === undefined) {
      this.position = line.position + this.shift;
    } else {
      input.take(kind, line, data, offset, length);
      if (kind !== DTMF) return;
      this.position = input.position - this.told;
    }
    this.tap.capture(kind, marker, this, data, offset, length);
  }

  /** Puts what is kept of the phone since a place on its line into the replica's buffer. */
  recall(from: number): void {
    const { input, shift, tap } = this;
    const { lag } = this.leg.line;
    this.leg.recall(from, (kind, marker, position, data, offset, length) => {
      if (input === undefined) tap.keep(kind, marker, { position: position + shift }, data, offset, length);
      else if (kind !== DTMF) input.put(kind, { position: position + lag }, data, offset, length);
    });
  }
}
