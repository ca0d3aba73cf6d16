import { COMFORT_NOISE_SAMPLES } from "./limits.ts";
import { factorOfDb } from "./loudness.ts";
import { PEAK_0_DBM0 } from "./tones.ts";

/**
 * Noise for conferences in which nobody speaks. All conferences of a level share the samples, and these come from a
 * generator that needs the random source only to begin: a conference is configured in the thread that relays everybody's
 * packets, and 16,000 numbers from the system's source would hold them up for 0.2 s.
 */
export class ComfortNoise {
  readonly #random: () => number;
  readonly #levels = new Map<number, Int16Array>();

  /** @param random 0 to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Samples of this effective value, dBm0. Not to be written to. */
  samples(db: number): Int16Array {
    let known = this.#levels.get(db);
    if (known === undefined) {
      known = noise(db, this.#random());
      this.#levels.set(db, known);
    }
    return known;
  }

  /** Where a conference begins to read, so that no two sound the same. */
  start(length: number): number {
    return Math.floor(this.#random() * length);
  }
}

function noise(db: number, seed: number): Int16Array {
  // Evenly spread, so √3 times its effective value at most.
  const most = (PEAK_0_DBM0 / Math.SQRT2) * factorOfDb(db) * Math.sqrt(3);
  const samples = new Int16Array(COMFORT_NOISE_SAMPLES);
  let state = Math.floor(seed * 0xffff_ffff) | 1; // xorshift32; never 0
  for (let i = 0; i < samples.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    samples[i] = Math.round((state / 0x8000_0000) * most);
  }
  return samples;
}
