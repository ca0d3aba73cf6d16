import { sides, type Side } from "./recording.ts";

/** Which ears hear which side. */
export type Ears = "own" | "both";

/** How loud a channel is heard, and what sounds in it most; measured behind its volume. */
export interface Heard {
  /** Root mean square, dBFS; -Infinity is silence. */
  readonly level: number;
  /** The strongest frequency, Hz. */
  readonly hz: number;
}

interface Way {
  readonly gain: GainNode;
  readonly pan: StereoPannerNode;
  readonly analyser: AnalyserNode;
  readonly samples: Float32Array<ArrayBuffer>;
  readonly bins: Float32Array<ArrayBuffer>;
}

const silence: Heard = { level: Number.NEGATIVE_INFINITY, hz: 0 };

/**
 * The way from a media element to the ears: each side of the call by itself through volume, meter and place. Browsers let it begin
 * with a click or key only: until `start` the element is heard directly.
 */
export class Listening {
  readonly #media: HTMLMediaElement;
  #context: AudioContext | undefined;
  readonly #ways = new Map<Side, Way>();
  readonly #volumes = new Map<Side, number>(sides.map((side) => [side, 1]));
  #ears: Ears = "both";

  constructor(media: HTMLMediaElement) {
    this.#media = media;
  }

  /** To be called with a click or key of a person. */
  async start(): Promise<void> {
    this.#context ??= this.#build();
    if (this.#context.state === "suspended") await this.#context.resume();
  }

  /** @param volume 0 to 1; 0 is muted */
  setVolume(side: Side, volume: number): void {
    this.#volumes.set(side, volume);
    const way = this.#ways.get(side);
    if (way !== undefined) way.gain.gain.value = volume;
  }

  /** `own`: customer in the left ear, agent in the right one; `both`: both in both. */
  setEars(ears: Ears): void {
    this.#ears = ears;
    for (const [side, way] of this.#ways) way.pan.pan.value = panOf(side, ears);
  }

  /** What is heard of a side now. */
  heard(side: Side): Heard {
    const way = this.#ways.get(side);
    if (way === undefined || this.#context === undefined) return silence;
    way.analyser.getFloatTimeDomainData(way.samples);
    const power = way.samples.reduce((sum, x) => sum + x * x, 0) / way.samples.length;
    if (power < 1e-9) return silence;
    way.analyser.getFloatFrequencyData(way.bins);
    const loudest = way.bins.reduce(
      (best, level, n) => (level > (way.bins[best] ?? Number.NEGATIVE_INFINITY) ? n : best),
      0,
    );
    return { level: 10 * Math.log10(power), hz: (loudest * this.#context.sampleRate) / way.analyser.fftSize };
  }

  /** Idempotent. */
  close(): void {
    void this.#context?.close();
    this.#context = undefined;
    this.#ways.clear();
  }

  #build(): AudioContext {
    const context = new AudioContext();
    const splitter = context.createChannelSplitter(2);
    context.createMediaElementSource(this.#media).connect(splitter);
    for (const [channel, side] of sides.entries()) {
      const gain = context.createGain();
      const analyser = context.createAnalyser();
      const pan = context.createStereoPanner();
      analyser.fftSize = 4096;
      analyser.smoothingTimeConstant = 0;
      gain.gain.value = this.#volumes.get(side) ?? 1;
      pan.pan.value = panOf(side, this.#ears);
      splitter.connect(gain, channel);
      gain.connect(analyser).connect(pan).connect(context.destination);
      const samples = new Float32Array(analyser.fftSize);
      const bins = new Float32Array(analyser.frequencyBinCount);
      this.#ways.set(side, { gain, pan, analyser, samples, bins });
    }
    return context;
  }
}

function panOf(side: Side, ears: Ears): number {
  return ears === "both" ? 0 : side === "customer" ? -1 : 1;
}
