import type { StreamSettings } from "./audio-types.ts";
import { ToneFinder } from "./dtmf-detector.ts";
import { factorOfDb, powerOfDb } from "./loudness.ts";

/** Quieter is no speech, which automatic gain goes by: -50 dBm0. */
const SPEECH = powerOfDb(-50);
/** Automatic gain falls and rises by so much in 20 ms: 1 dB and 0.2 dB. */
const FALL = factorOfDb(-1);
const RISE = factorOfDb(0.2);
/** The most that automatic gain takes away. */
const LEAST_GAIN = factorOfDb(-40);
/** Parts of a gain's step that are counted. */
const STEPS = 1e9;
/** Shorter than this no tone is looked for; samples. */
const LEAST_TONE = 80;

/** What is done to the audio of one stream. Keeps what it knows of the speaker from packet to packet; allocates nothing for one. */
export class AudioEffect {
  /** It changes nothing. */
  readonly neutral: boolean;
  /** Telephone-events pass. */
  readonly passesKeys: boolean;
  readonly mute: boolean;
  readonly settings: StreamSettings;
  readonly #automatic: boolean;
  readonly #finder: ToneFinder | undefined;
  /** The packet before was a key's tone. */
  #wasTone = false;
  /**
   * The gain that is used now; mean square of the speaker's voice, the one that is wanted, and the most gain. Numbers in an array: as
   * fields that are whole or not they would be objects.
   */
  readonly #state = new Float64Array(4);

  constructor(settings: StreamSettings = {}) {
    const { gainDb = 0, mute = false, automaticGain, clampDtmf = false } = settings;
    this.settings = settings;
    this.mute = mute;
    this.neutral = gainDb === 0 && !mute && automaticGain === undefined && !clampDtmf;
    this.passesKeys = !mute && !clampDtmf;
    this.#automatic = automaticGain !== undefined;
    this.#state[0] = factorOfDb(gainDb);
    if (automaticGain !== undefined) {
      this.#state[2] = powerOfDb(automaticGain.targetDb);
      this.#state[3] = factorOfDb(automaticGain.maxGainDb);
    }
    this.#finder = clampDtmf ? new ToneFinder() : undefined;
  }

  /** Changes samples in their place. */
  apply(samples: Int16Array, length: number): void {
    if (this.mute || this.#isTone(samples, length)) {
      samples.fill(0, 0, length);
      return;
    }
    if (this.#automatic) this.#follow(samples, length);
    else this.#amplify(samples, length, 0);
  }

  /** @param step that the gain changes by from sample to sample, times `STEPS`; a whole number */
  #amplify(samples: Int16Array, length: number, step: number): void {
    let gain = this.#state[0] ?? 0;
    const change = step / STEPS;
    for (let i = 0; i < length; i++) {
      const sample = Math.round((samples[i] ?? 0) * gain);
      samples[i] = sample > 32_767 ? 32_767 : sample < -32_767 ? -32_767 : sample;
      gain += change;
    }
  }

  /** A tone leaks for less than a packet where it begins; the one after it is taken out as well, for its rest. */
  #isTone(samples: Int16Array, length: number): boolean {
    if (this.#finder === undefined) return false;
    const was = this.#wasTone;
    this.#wasTone = length >= LEAST_TONE && this.#finder.find(samples, length) >= 0;
    return was || this.#wasTone;
  }

  #follow(samples: Int16Array, length: number): void {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += (samples[i] ?? 0) * (samples[i] ?? 0);
    const power = sum / length;
    if (power < SPEECH) {
      this.#amplify(samples, length, 0);
      return;
    }
    const state = this.#state;
    const known = state[1] ?? 0;
    const voice = known === 0 ? power : known + (power - known) * 0.05;
    state[1] = voice;
    const wanted = Math.max(LEAST_GAIN, Math.min(state[3] ?? 0, Math.sqrt((state[2] ?? 0) / voice)));
    const gain = state[0] ?? 0;
    const next = wanted < gain ? Math.max(wanted, gain * FALL) : Math.min(wanted, gain * RISE);
    this.#amplify(samples, length, Math.round(((next - gain) / length) * STEPS));
    state[0] = next;
  }
}
