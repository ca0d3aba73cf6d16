import { SAMPLE_RATE } from "./audio-source.ts";

/** Power of one frequency in linear samples, by Goertzel's recurrence; normalised so that a full-scale sine gives 1. */
export function goertzel(samples: ArrayLike<number>, hz: number, from = 0, to = samples.length): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE);
  let before = 0;
  let last = 0;
  for (let n = from; n < to; n += 1) {
    const now = (samples[n] ?? 0) / 32768 + coefficient * last - before;
    before = last;
    last = now;
  }
  const length = to - from;
  const power = last * last + before * before - coefficient * last * before;
  return length === 0 ? 0 : (4 * power) / (length * length);
}

/** Root mean square of linear samples, of full scale. */
export function level(samples: ArrayLike<number>, from = 0, to = samples.length): number {
  let sum = 0;
  for (let n = from; n < to; n += 1) sum += ((samples[n] ?? 0) / 32768) ** 2;
  return to <= from ? 0 : Math.sqrt(sum / (to - from));
}

/** The strongest frequency between 200 and 3,600 Hz to about 1 Hz, from at most the first 200 ms of the range; `undefined` in silence (below -50 dBFS). */
export function dominantFrequency(samples: ArrayLike<number>, from = 0, end = samples.length): number | undefined {
  const to = Math.min(end, from + 1600); // a longer window is narrower than the search's steps
  if (level(samples, from, to) < 0.003) return undefined;
  let best = 200;
  let power = 0;
  let step = Math.max(2, SAMPLE_RATE / Math.max(1, to - from) / 2);
  let low = 200;
  let high = 3600;
  while (step >= 0.2) {
    for (let hz = low; hz <= high; hz += step) {
      const here = goertzel(samples, hz, from, to);
      if (here > power) {
        power = here;
        best = hz;
      }
    }
    low = Math.max(200, best - step);
    high = Math.min(3600, best + step);
    step /= 4;
  }
  return best;
}

/** What sounds in each window of `windowMs`. */
export function frequencyTrack(samples: ArrayLike<number>, windowMs = 50): (number | undefined)[] {
  const size = Math.round((windowMs * SAMPLE_RATE) / 1000);
  const track: (number | undefined)[] = [];
  for (let at = 0; at + size <= samples.length; at += size) track.push(dominantFrequency(samples, at, at + size));
  return track;
}

/** A silence inside sound. */
export interface Gap {
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** Silences of at least `minMs` between the first and the last sound; silence is a sample below `threshold` of full scale. */
export function gaps(samples: ArrayLike<number>, minMs = 10, threshold = 0.004): Gap[] {
  const limit = threshold * 32768;
  const found: Gap[] = [];
  let lastSound = -1;
  for (let n = 0; n < samples.length; n += 1) {
    if (Math.abs(samples[n] ?? 0) < limit) continue;
    const quietSamples = n - lastSound - 1;
    if (lastSound >= 0 && quietSamples >= (minMs * SAMPLE_RATE) / 1000) {
      found.push({
        fromMs: ((lastSound + 1) * 1000) / SAMPLE_RATE,
        lengthMs: (quietSamples * 1000) / SAMPLE_RATE,
      });
    }
    lastSound = n;
  }
  return found;
}
