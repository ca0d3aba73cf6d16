import { FRAME, MAX_LATE_FRAMES } from "./limits.ts";
import type { Spot } from "./source-line.ts";

/** Frames of 20 ms on the engine's line of samples. A frame is due when its last sample has been said. */
export class FramePace implements Spot {
  /** Place of the next frame's first sample. */
  readonly from = { position: 0 };
  /** Time stamp that it leaves with: of the moment when it is due. */
  position = 0;
  /** On the engine's line, as of the last look at the clock. In a field: as an argument it would be an object per call. */
  now = 0;

  begin(): void {
    this.from.position = Math.floor(this.now / FRAME) * FRAME;
    this.position = this.from.position + FRAME;
  }

  due(): boolean {
    return this.position <= this.now;
  }

  next(): void {
    this.from.position += FRAME;
    this.position += FRAME;
  }

  /** True where so many frames are due that phones cannot take them at once. */
  tooLate(): boolean {
    return this.now - this.position > MAX_LATE_FRAMES * FRAME;
  }
}
