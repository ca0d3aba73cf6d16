import { RTP_HEADER } from "@sidetone/rtp";
import { encodeMix } from "./encode-mix.ts";
import type { FramePace } from "./frame-pace.ts";
import { FRAME, TAP_MIX_DELAY, TAP_MIX_RING } from "./limits.ts";
import { MixInput } from "./mix-input.ts";
import type { Spot } from "./source-line.ts";
import type { Tap } from "./tap.ts";

const how = { ring: TAP_MIX_RING, delay: 0, jitter: 0 } as const;

/**
 * The sum of several sources of one replica, in frames on the engine's line: what was said together is heard together. It waits for late
 * packets as long as it likes; a frame in which nobody spoke is not made.
 */
export class TapMix implements Spot {
  /** Place of the frame in the stream. */
  position = 0;
  /** Its place on the engine's line. */
  start: number;
  readonly #told: number;
  #inputs: MixInput[] = [];
  /** Sources that are gone, of which something is still to be heard. */
  #leaving: MixInput[] = [];
  #sounded = false;
  readonly #sum = new Int32Array(FRAME);
  readonly #out = new Uint8Array(RTP_HEADER + FRAME);

  /**
   * @param start place of the first frame
   * @param told by how much the stream is behind the engine's line; samples
   */
  constructor(start: number, told: number) {
    this.start = start;
    this.#told = told;
  }

  add(): MixInput {
    const input = new MixInput({ position: this.start }, how);
    this.#inputs.push(input);
    return input;
  }

  /** What it has said is still heard, nothing more. */
  leave(input: MixInput): void {
    this.#inputs = this.#inputs.filter((one) => one !== input);
    this.#leaving.push(input);
  }

  /** Forgets everything and begins anew at `start`. */
  begin(start: number): void {
    this.start = start;
    this.#leaving = [];
    for (const input of this.#inputs) input.begin({ position: start });
  }

  /** Makes the frames that are due. True where there were many: they are in the replica's buffer then. */
  frames(tap: Tap, pace: FramePace): boolean {
    const many = pace.now - this.start - TAP_MIX_DELAY > 5 * FRAME;
    for (; pace.now - this.start - TAP_MIX_DELAY >= FRAME; this.start += FRAME) this.#frame(tap, many, FRAME);
    if (this.#leaving.length > 0) this.#leaving = this.#leaving.filter(({ end }) => end > this.start);
    return many;
  }

  /** Makes frames of all that was said until now. */
  drain(tap: Tap): void {
    let end = Number.NEGATIVE_INFINITY;
    for (const input of [...this.#inputs, ...this.#leaving]) end = Math.max(end, input.end);
    for (; this.start < end; this.start += FRAME) this.#frame(tap, false, Math.min(FRAME, end - this.start));
    this.#leaving = [];
  }

  #frame(tap: Tap, keep: boolean, length: number): void {
    const sum = this.#sum;
    sum.fill(0);
    const present = this.#add(this.#inputs);
    const gone = this.#add(this.#leaving);
    this.position = this.start - this.#told;
    const marker = !this.#sounded;
    this.#sounded = present || gone;
    if (!this.#sounded) return;
    encodeMix(tap.mixKind, sum, FRAME, this.#out);
    if (keep) tap.keep(tap.mixKind, marker, this, this.#out, RTP_HEADER, length);
    else tap.capture(tap.mixKind, marker, this, this.#out, RTP_HEADER, length);
  }

  #add(inputs: readonly MixInput[]): boolean {
    let sounds = false;
    for (let n = 0; n < inputs.length; n++) {
      const input = inputs[n];
      if (input === undefined) continue;
      input.next();
      if (!input.sounds) continue;
      sounds = true;
      for (let i = 0; i < FRAME; i++) this.#sum[i] = (this.#sum[i] ?? 0) + (input.frame[i] ?? 0);
    }
    return sounds;
  }
}
