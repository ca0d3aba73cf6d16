import { SAMPLE_RATE } from "./limits.ts";

/** A single tone or two at once (RFC 5707 9.7.3.1), or with none a silence. */
export interface Tone {
  /** Hz, 0 to 3,999. */
  readonly frequency1?: number;
  /** dBm0, -96 to 0. */
  readonly level1Db?: number;
  readonly frequency2?: number;
  readonly level2Db?: number;
  /** 0 = for ever; ms. */
  readonly durationMs: number;
  /** Silence after each time; ms. Default 0. */
  readonly silenceMs?: number;
  /** -1 = for ever. Default 1. */
  readonly iterations?: number;
}

/** Tones one after another, as `play` takes them. */
export interface ToneSequence {
  readonly audio: readonly Int16Array[];
  readonly iterations: number;
  /** Where rounds after the first begin. */
  readonly loopFrom: number;
}

/** Peak of a sine at 0 dBm0 in 16-bit samples: 3.14 dB below full scale (ITU-T G.711 for A-law; µ-law 3.17). */
export const PEAK_0_DBM0 = 22_837;

const ROWS = [697, 770, 852, 941] as const;
const COLUMNS = [1209, 1336, 1477, 1633] as const;
const KEYPAD = "123A456B789C*0#D";
/** Rise and fall of a tone, so that it does not click: 2 ms. */
const RAMP = 16;

function amplitude(levelDb: number): number {
  return levelDb <= -96 ? 0 : PEAK_0_DBM0 * 10 ** (levelDb / 20);
}

function samplesOf(ms: number): number {
  return Math.round((ms * SAMPLE_RATE) / 1000);
}

/** Samples of one sounding of a tone; a duration of 0 gives one whole second, which joins to itself where frequencies are whole numbers. */
export function toneSamples(tone: Tone): Int16Array {
  const endless = tone.durationMs === 0;
  const length = endless ? SAMPLE_RATE : samplesOf(tone.durationMs);
  const parts = [
    { hertz: tone.frequency1, peak: amplitude(tone.level1Db ?? 0) },
    { hertz: tone.frequency2, peak: amplitude(tone.level2Db ?? 0) },
  ];
  const out = new Int16Array(length);
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (const { hertz, peak } of parts) {
      if (hertz !== undefined) sum += peak * Math.sin((2 * Math.PI * hertz * i) / SAMPLE_RATE);
    }
    const edge = endless ? 1 : Math.min(1, (i + 1) / RAMP, (length - i) / RAMP);
    out[i] = Math.max(-32_767, Math.min(32_767, Math.round(sum * edge)));
  }
  return out;
}

/** Silence of a length. */
export function silenceSamples(ms: number): Int16Array {
  return new Int16Array(samplesOf(ms));
}

/** The two frequencies of a key `0-9 * # A-D` (ITU-T Q.23); undefined where it is none. */
export function dtmfFrequencies(key: string): readonly [number, number] | undefined {
  const at = key.length === 1 ? KEYPAD.indexOf(key.toUpperCase()) : -1;
  const [low, high] = [ROWS[Math.floor(at / 4)], COLUMNS[at % 4]];
  return at < 0 || low === undefined || high === undefined ? undefined : [low, high];
}

/** Keys as tones (RFC 5707 9.7.2); signs that are no keys are left out. @param levelDb of both frequencies together, dBm0 */
export function dtmfSamples(digits: string, toneMs = 100, intervalMs = 100, levelDb = -6): Int16Array[] {
  const out: Int16Array[] = [];
  for (const key of digits) {
    const pair = dtmfFrequencies(key);
    if (pair === undefined) continue;
    const each = levelDb - 3.01;
    const [frequency1, frequency2] = pair;
    out.push(toneSamples({ frequency1, frequency2, level1Db: each, level2Db: each, durationMs: toneMs }));
    out.push(silenceSamples(intervalMs));
  }
  return out;
}

/** What `tonegen` plays (RFC 5707 9.7.3); a tone that goes on for ever is the last that is heard. @param iterations -1 = for ever */
export function toneSequence(tones: readonly Tone[], iterations = 1): ToneSequence {
  const audio: Int16Array[] = [];
  for (const tone of tones) {
    const times = tone.iterations ?? 1;
    const one = [toneSamples(tone)];
    if (tone.silenceMs !== undefined && tone.silenceMs > 0) one.push(silenceSamples(tone.silenceMs));
    if (tone.durationMs === 0 || times < 0) {
      const loopFrom = audio.length;
      return { audio: [...audio, ...(tone.durationMs === 0 ? one.slice(0, 1) : one)], iterations: -1, loopFrom };
    }
    for (let n = 0; n < times; n++) audio.push(...one);
  }
  return { audio, iterations, loopFrom: 0 };
}
