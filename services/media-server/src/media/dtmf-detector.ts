import { SAMPLE_RATE } from "./limits.ts";
import { PEAK_0_DBM0 } from "./tones.ts";

/** Frequencies of ITU-T Q.23, Hz: rows, then columns. */
const FREQUENCIES = [697, 770, 852, 941, 1209, 1336, 1477, 1633] as const;
/** Keys by row and column. */
const KEYPAD = "123A456B789C*0#D";
/** 13 ms: a tone of the least length, 40 ms (ITU-T Q.24), holds two whole blocks wherever it begins. */
const BLOCK = 105;
/** Blocks in a row that make a key, and that end it. */
const HITS = 2;
/** Least peak of each frequency: -36 dBm0. */
const LEAST = PEAK_0_DBM0 * 10 ** (-36 / 20);
/** One frequency may be stronger than the other by 8 dB, the strongest of a group than the next by 7 dB at least; as powers. */
const TWIST = 6.3;
const APART = 5;
/** Share of a block's energy that is in the two frequencies. */
const PURE = 0.65;

/** Finds keys in samples, 105 and more of them (Goertzel). Allocates nothing after construction. */
export class ToneFinder {
  readonly #factors = Float64Array.from(FREQUENCIES, (hertz) => 2 * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE));
  readonly #powers = new Float64Array(FREQUENCIES.length);

  /** Place in the keypad of the key that is heard all through `samples`, or -1. */
  find(samples: Int16Array, length: number): number {
    let energy = 0;
    for (let i = 0; i < length; i++) {
      const sample = samples[i] ?? 0;
      energy += sample * sample;
    }
    const least = (LEAST * length) / 2;
    if (2 * energy < LEAST * LEAST * length) return -1;
    const powers = this.#powers;
    for (let f = 0; f < powers.length; f++) {
      const factor = this.#factors[f] ?? 0;
      let s1 = 0;
      let s2 = 0;
      for (let i = 0; i < length; i++) {
        const s = (samples[i] ?? 0) + factor * s1 - s2;
        s2 = s1;
        s1 = s;
      }
      powers[f] = s1 * s1 + s2 * s2 - factor * s1 * s2;
    }
    const row = this.#strongest(0);
    const column = this.#strongest(4);
    if (row < 0 || column < 0) return -1;
    const low = powers[row] ?? 0;
    const high = powers[column] ?? 0;
    if (low < least * least || high < least * least) return -1;
    if (low > TWIST * high || high > TWIST * low) return -1;
    if (2 * (low + high) < PURE * length * energy) return -1;
    return row * 4 + column - 4;
  }

  #strongest(from: number): number {
    const powers = this.#powers;
    let best = from;
    for (let f = from + 1; f < from + 4; f++) if ((powers[f] ?? 0) > (powers[best] ?? 0)) best = f;
    for (let f = from; f < from + 4; f++) {
      if (f !== best && APART * (powers[f] ?? 0) > (powers[best] ?? 0)) return -1;
    }
    return best;
  }
}

/** Takes a key that begins (`ms` 0) or has ended, with its length. */
export type KeyListener = (key: string, phase: "start" | "end", ms: number) => void;

/** Keys in a stream of samples, as they begin and end. */
export class DtmfDetector {
  readonly #finder = new ToneFinder();
  readonly #block = new Int16Array(BLOCK);
  readonly #told: KeyListener;
  #filled = 0;
  /** What the last block was, and how often in a row. */
  #last = -1;
  #run = 0;
  /** The key that is told of, and its blocks. */
  #key = -1;
  #blocks = 0;

  constructor(told: KeyListener) {
    this.#told = told;
  }

  take(samples: Int16Array, length: number): void {
    for (let i = 0; i < length; i++) {
      this.#block[this.#filled++] = samples[i] ?? 0;
      if (this.#filled < BLOCK) continue;
      this.#filled = 0;
      this.#judge(this.#finder.find(this.#block, BLOCK));
    }
  }

  /** Nothing more comes: what is heard has ended. */
  end(): void {
    this.#filled = 0;
    this.#last = -1;
    this.#run = 0;
    this.#release();
  }

  #judge(found: number): void {
    this.#run = found === this.#last ? this.#run + 1 : 1;
    this.#last = found;
    if (found === this.#key && found >= 0) {
      this.#blocks++;
      return;
    }
    if (this.#run < HITS) return;
    this.#release();
    if (found < 0) return;
    this.#key = found;
    this.#blocks = HITS;
    this.#told(KEYPAD[found] ?? "", "start", 0);
  }

  #release(): void {
    if (this.#key < 0) return;
    const key = KEYPAD[this.#key] ?? "";
    this.#key = -1;
    this.#told(key, "end", Math.round((this.#blocks * BLOCK * 1000) / SAMPLE_RATE));
  }
}
