import type { AudioSource } from "./audio-source.ts";
import { decodeUlaw, encodeUlaw } from "./g711.ts";

/** Sound in which every sample's place can be read off those around it: noise, the same for the same `seed`. µ-law only. */
export function numbered(seed: number): AudioSource {
  return (n) => {
    let x = Math.imul(n + 1, 0x9e37_79b1) ^ Math.imul(seed + 1, 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 15), 0x2c1b_3c6d);
    x = Math.imul(x ^ (x >>> 12), 0x297a_2d39);
    return ((x ^ (x >>> 15)) >> 17) | 0x400;
  };
}

/** What was said from `from` to `to` lies in the recording from `at` on, sample by sample; samples. */
export interface Stretch {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Samples that decide where a piece comes from. */
const KEY = 12;

/** Finds out which samples of a phone's `numbered` sound are in recordings. */
export class NumberedAudio {
  readonly #reference: Int16Array;
  readonly #places = new Map<string, number>();

  /** @param seconds how long the phone speaks at most */
  constructor(seed: number, seconds: number) {
    const source = numbered(seed);
    this.#reference = Int16Array.from({ length: seconds * 8000 }, (_, n) => decodeUlaw(encodeUlaw(source(n))));
    for (let n = 0; n + KEY <= this.#reference.length; n += 1) this.#places.set(keyAt(this.#reference, n), n);
  }

  /** What of it is in a channel, in the channel's order; two stretches that follow each other differ in what lies between. */
  find(channel: Int16Array): Stretch[] {
    const found: Stretch[] = [];
    for (let at = 0; at + KEY <= channel.length; ) {
      const from = this.#places.get(keyAt(channel, at));
      if (from === undefined) {
        at += 1;
        continue;
      }
      let length = KEY;
      while (at + length < channel.length && channel[at + length] === this.#reference[from + length]) length += 1;
      found.push({ at, from, to: from + length });
      at += length;
    }
    return found;
  }
}

/** Samples of `from` to `to` that are in none of the stretches, as pieces. */
export function missingOf(stretches: readonly Stretch[], from: number, to: number): { from: number; to: number }[] {
  const missing: { from: number; to: number }[] = [];
  let at = from;
  for (const stretch of stretches.toSorted((a, b) => a.from - b.from)) {
    if (stretch.from > at) missing.push({ from: at, to: Math.min(stretch.from, to) });
    at = Math.max(at, stretch.to);
    if (at >= to) break;
  }
  if (at < to) missing.push({ from: at, to });
  return missing;
}

function keyAt(samples: Int16Array, at: number): string {
  return samples.subarray(at, at + KEY).join();
}
