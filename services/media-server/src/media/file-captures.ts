import { linearToAlaw, linearToUlaw } from "@sidetone/rtp";
import { AudioMix, type MixTerm } from "./audio-mix.ts";
import type { FileRecordingOptions } from "./audio-types.ts";
import type { Conference } from "./conference.ts";
import type { CapturedAudio } from "./file-recordings.ts";
import type { FramePace } from "./frame-pace.ts";
import { monitorTerms } from "./hearing-plan.ts";
import type { HeldInputs } from "./held-inputs.ts";
import type { Leg } from "./leg.ts";
import { FILE_CHUNK_OCTETS, FRAME, SAMPLE_RATE } from "./limits.ts";
import { powerOfDb } from "./loudness.ts";
import { isConference } from "./stream.ts";
import type { AudioCodec } from "./types.ts";

/** Quieter is silence: -50 dBm0. */
const SILENCE = powerOfDb(-50);

/** One recording to a local file: its audio, until it is handed over. */
class FileCapture {
  readonly source: Leg | Conference;
  readonly both: boolean;
  readonly mix = new AudioMix();
  paused: boolean;
  ended: "no" | "time" | "octets" | "source" = "no";
  octets = 0;
  silentOctets = 0;
  readonly #format: "PCM" | AudioCodec;
  readonly #most: number;
  readonly #chunk = new Uint8Array(FILE_CHUNK_OCTETS);
  #filled = 0;
  #limit: "time" | "octets";

  constructor(source: Leg | Conference, o: FileRecordingOptions) {
    this.source = source;
    this.both = o.direction === "both";
    this.paused = o.paused ?? false;
    this.#format = o.format;
    const perSample = o.format === "PCM" ? 2 : 1;
    const time = ((o.maxTimeMs ?? Number.POSITIVE_INFINITY) * SAMPLE_RATE * perSample) / 1000;
    const octets = o.maxOctets ?? Number.POSITIVE_INFINITY;
    this.#limit = time <= octets ? "time" : "octets";
    // Whole samples only.
    const most = Math.min(time, octets);
    this.#most = Number.isFinite(most) ? most - (most % perSample) : most;
  }

  get captured(): CapturedAudio {
    const perMs = (this.#format === "PCM" ? 2 : 1) * (SAMPLE_RATE / 1000);
    return { ms: Math.round(this.octets / perMs), octets: this.octets, silentOctets: this.silentOctets };
  }

  get full(): boolean {
    return this.#filled + 2 * FRAME > this.#chunk.length;
  }

  /** What waits to be written. */
  take(): Uint8Array {
    const taken = this.#chunk.slice(0, this.#filled);
    this.#filled = 0;
    return taken;
  }

  frame(pace: FramePace): void {
    if (this.paused || this.ended !== "no") return;
    const { sum } = this.mix;
    this.mix.frame();
    const { source } = this;
    const tracks = isConference(source) ? source.heardTracks : this.both ? source.overlays : undefined;
    if (tracks !== undefined) for (let t = 0; t < tracks.length; t++) tracks[t]?.addTo(sum, pace.from, FRAME);
    const before = this.octets;
    let energy = 0;
    for (let i = 0; i < FRAME; i++) {
      const sample = Math.max(-32_767, Math.min(32_767, sum[i] ?? 0));
      energy += sample * sample;
      if (this.octets >= this.#most) continue;
      this.#put(sample);
    }
    this.silentOctets = energy / FRAME < SILENCE ? this.silentOctets + this.octets - before : 0;
    if (this.octets >= this.#most) this.ended = this.#limit;
  }

  #put(sample: number): void {
    if (this.#format === "PCM") {
      this.#chunk[this.#filled++] = sample & 255;
      this.#chunk[this.#filled++] = (sample >> 8) & 255;
      this.octets += 2;
      return;
    }
    const table = this.#format === "PCMU" ? linearToUlaw : linearToAlaw;
    this.#chunk[this.#filled++] = table[sample & 0xffff] ?? 0;
    this.octets++;
  }
}

/** Recordings to local files, as far as the packets' thread has to do with them: it makes the audio and hands it over. */
export class FileCaptures {
  readonly #all = new Map<number, FileCapture>();
  #list: readonly FileCapture[] = [];
  readonly #held: HeldInputs;
  readonly #onAudio: (recording: number, octets: Uint8Array) => void;
  readonly #onEnd: (recording: number, reason: "time" | "octets" | "source", captured: CapturedAudio) => void;

  constructor(o: {
    readonly held: HeldInputs;
    readonly onAudio: (recording: number, octets: Uint8Array) => void;
    readonly onEnd: (recording: number, reason: "time" | "octets" | "source", captured: CapturedAudio) => void;
  }) {
    this.#held = o.held;
    this.#onAudio = o.onAudio;
    this.#onEnd = o.onEnd;
  }

  get count(): number {
    return this.#list.length;
  }

  start(recording: number, source: Leg | Conference, o: FileRecordingOptions): void {
    const capture = new FileCapture(source, o);
    capture.mix.set(termsOf(capture), this.#held);
    this.#all.set(recording, capture);
    this.#list = Array.from(this.#all.values());
  }

  sourceOf(recording: number): Leg | Conference | undefined {
    return this.#all.get(recording)?.source;
  }

  setPaused(recording: number, paused: boolean): boolean {
    const capture = this.#all.get(recording);
    if (capture !== undefined) capture.paused = paused;
    return capture !== undefined;
  }

  stop(recording: number): CapturedAudio | undefined {
    const capture = this.#all.get(recording);
    if (capture === undefined) return undefined;
    this.#onAudio(recording, capture.take());
    capture.mix.set([], this.#held);
    this.#all.delete(recording);
    this.#list = Array.from(this.#all.values());
    return capture.captured;
  }

  /** What a leg hears has changed. */
  refresh(leg: Leg): void {
    for (const capture of this.#list) {
      if (capture.source === leg && capture.both) capture.mix.set(termsOf(capture), this.#held);
    }
  }

  /** A leg or a conference is gone. */
  removeSource(source: Leg | Conference): void {
    for (const capture of this.#list) if (capture.source === source) capture.ended = "source";
    this.takeEnded();
  }

  /** Makes the next frame of each. True where one has ended, or has audio to hand over. */
  frame(pace: FramePace): boolean {
    let due = false;
    for (let i = 0; i < this.#list.length; i++) {
      const capture = this.#list[i];
      if (capture === undefined) continue;
      capture.frame(pace);
      if (capture.full) this.#handOver(capture);
      if (capture.ended !== "no") due = true;
    }
    return due;
  }

  /** Tells of those that have ended by themselves. */
  takeEnded(): void {
    for (const [recording, capture] of Array.from(this.#all)) {
      const reason = capture.ended;
      if (reason === "no") continue;
      this.stop(recording);
      this.#onEnd(recording, reason, capture.captured);
    }
  }

  #handOver(capture: FileCapture): void {
    for (const [recording, one] of this.#all) if (one === capture) this.#onAudio(recording, capture.take());
  }
}

function termsOf(capture: FileCapture): MixTerm[] {
  const { source, both } = capture;
  if (!isConference(source) && both) return monitorTerms(source, {}, undefined);
  return [{ source, without: undefined, effects: [], unlessPlayed: undefined }];
}
