import type { AudioEffect } from "./audio-effect.ts";
import type { Conference } from "./conference.ts";
import type { Leg } from "./leg.ts";
import { FRAME } from "./limits.ts";

/** One part of what is heard together. */
export interface MixTerm {
  /** A phone's voice, or all of a conference but for what `without` says in it, or what a phone is played. */
  readonly source: Leg | Conference | { readonly playedTo: Leg };
  readonly without: Leg | undefined;
  readonly effects: readonly AudioEffect[];
  /** It is not heard while this phone is played something. */
  readonly unlessPlayed: Leg | undefined;
}

/** The sum of several sources, in frames. Whoever uses it holds its phones' inputs and its conferences' sums (`Hold`). */
export class AudioMix {
  readonly sum = new Int32Array(FRAME);
  #terms: readonly MixTerm[] = [];
  readonly #part = new Int16Array(FRAME);

  get terms(): readonly MixTerm[] {
    return this.#terms;
  }

  /** What is heard from the next frame on. */
  set(terms: readonly MixTerm[], hold: Hold): void {
    const before = this.#terms;
    this.#terms = terms;
    for (const { source } of terms) hold.acquire(source);
    for (const { source } of before) hold.release(source);
  }

  /** Sums up the next frame. */
  frame(): void {
    this.sum.fill(0);
    for (let t = 0; t < this.#terms.length; t++) {
      const term = this.#terms[t];
      if (term === undefined || term.unlessPlayed?.player !== undefined) continue;
      this.#add(term);
    }
  }

  #add(term: MixTerm): void {
    const { source, effects } = term;
    const sum = this.sum;
    if ("members" in source) {
      source.complete();
      const own = term.without === undefined ? undefined : source.saidBy(term.without);
      if (effects.length === 0) {
        for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] ?? 0) + (source.sum[i] ?? 0) - (own?.[i] ?? 0);
        return;
      }
      for (let i = 0; i < FRAME; i++) this.#part[i] = limited((source.sum[i] ?? 0) - (own?.[i] ?? 0));
    } else {
      const frame = "playedTo" in source ? source.playedTo.player?.frame : source.saidNow;
      if (frame === undefined) return;
      if (effects.length === 0) {
        for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] ?? 0) + (frame[i] ?? 0);
        return;
      }
      this.#part.set(frame);
    }
    for (let n = 0; n < effects.length; n++) effects[n]?.apply(this.#part, FRAME);
    for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] ?? 0) + (this.#part[i] ?? 0);
  }
}

/** Who keeps sources decoded while somebody needs them. */
export interface Hold {
  readonly acquire: (source: MixTerm["source"]) => void;
  readonly release: (source: MixTerm["source"]) => void;
}

function limited(sample: number): number {
  return sample > 32_767 ? 32_767 : sample < -32_767 ? -32_767 : sample;
}
