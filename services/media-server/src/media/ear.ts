import { alawToLinear, type RtpView, ulawToLinear } from "@sidetone/rtp";
import type { Detection } from "./audio-types.ts";
import { DtmfDetector } from "./dtmf-detector.ts";
import { KeyEvents } from "./key-events.ts";
import { DTMF, PCMU } from "./kinds.ts";
import { MAX_PAYLOAD } from "./limits.ts";
import { dbOfPower, powerOfDb } from "./loudness.ts";
import type { SourceLine } from "./source-line.ts";

/** Speech must be this long to count: 40 ms, in samples. */
const ATTACK = 320;
/** Who sends nothing for so long is silent: 200 ms, in samples. */
const STALE = 1600;
const DEFAULT_THRESHOLD_DB = -40;
const DEFAULT_HANGOVER_MS = 400;

/** Whom an ear tells. */
export interface EarListener {
  readonly dtmf: (leg: number, key: string, phase: "start" | "end", ms: number) => void;
  readonly voice: (leg: number, speaking: boolean, levelDb: number) => void;
}

/** Listens to what one phone says while somebody wants to know: keys, speech, loudness. Decodes for that, changes nothing. */
export class Ear {
  /** Conferences that want to know how loud it is. */
  levelUsers = 0;
  readonly #leg: number;
  readonly #listener: EarListener;
  readonly #samples = new Int16Array(MAX_PAYLOAD);
  #events: KeyEvents | undefined;
  #tones: DtmfDetector | undefined;
  /** The phone sends telephone-events: tones in its audio are the same keys once more. */
  #sendsEvents = false;
  #voice = false;
  #threshold = 0;
  #hangover = 0;
  #speaking = false;
  /** Samples of speech in a row. */
  #loudFor = 0;
  /** End of the last packet that was speech, and of the last one of all, on the engine's line. */
  #loudAt = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Mean square of the last moments. */
  #power = 0;

  constructor(leg: number, listener: EarListener) {
    this.#leg = leg;
    this.#listener = listener;
  }

  set(detection: Detection): void {
    const key = (k: string, phase: "start" | "end", ms: number): void => this.#listener.dtmf(this.#leg, k, phase, ms);
    if (detection.dtmf === undefined) {
      this.#events?.end();
      this.#events = undefined;
    } else this.#events ??= new KeyEvents(key);
    if (detection.dtmf !== "both") {
      this.#tones?.end();
      this.#tones = undefined;
    } else this.#tones ??= new DtmfDetector(key);
    this.#voice = detection.voice !== undefined;
    this.#threshold = powerOfDb(detection.voice?.thresholdDb ?? DEFAULT_THRESHOLD_DB);
    this.#hangover = (detection.voice?.hangoverMs ?? DEFAULT_HANGOVER_MS) * 8;
    if (!this.#voice) this.#speaking = false;
  }

  /** True where nobody wants to know anything. */
  get idle(): boolean {
    return this.levelUsers === 0 && !this.#voice && this.#events === undefined;
  }

  /** Mean square of what is said now. @param now on the engine's line */
  power(now: number): number {
    return now - this.#heardAt > STALE ? 0 : this.#power;
  }

  /** Takes a packet that `line` has just placed. */
  take(kind: number, v: RtpView, line: SourceLine, data: Uint8Array): void {
    if (kind === DTMF) {
      if (this.#events === undefined) return;
      this.#sendsEvents = true;
      this.#tones?.end();
      this.#events.take(v, line, data);
      return;
    }
    const { payloadOffset, payloadLength } = v;
    const table = kind === PCMU ? ulawToLinear : alawToLinear;
    let sum = 0;
    for (let i = 0; i < payloadLength; i++) {
      const sample = table[data[payloadOffset + i] ?? 0] ?? 0;
      this.#samples[i] = sample;
      sum += sample * sample;
    }
    if (this.#tones !== undefined && !this.#sendsEvents) this.#tones.take(this.#samples, payloadLength);
    const power = sum / payloadLength;
    this.#power += (power - this.#power) * (power > this.#power ? 0.5 : 0.1);
    this.#heardAt = line.arrival;
    if (!this.#voice) return;
    if (power < this.#threshold) {
      this.#loudFor = 0;
      if (this.#speaking && line.arrival - this.#loudAt >= this.#hangover) this.#hush();
      return;
    }
    this.#loudFor += payloadLength;
    this.#loudAt = line.arrival;
    if (this.#speaking || this.#loudFor < ATTACK) return;
    this.#speaking = true;
    this.#listener.voice(this.#leg, true, dbOfPower(this.#power));
  }

  /** Looks whether something has ended while nothing came. @param now on the engine's line */
  tick(now: number): void {
    this.#events?.tick(now);
    if (now - this.#heardAt > STALE) this.#tones?.end();
    if (this.#speaking && now - this.#loudAt >= Math.max(this.#hangover, STALE)) this.#hush();
  }

  #hush(): void {
    this.#speaking = false;
    this.#loudFor = 0;
    this.#listener.voice(this.#leg, false, dbOfPower(this.#power));
  }
}
