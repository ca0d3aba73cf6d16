import { computed, signal } from "@preact/signals";
import { type Ears, type Heard, Listening } from "./listening.ts";
import { sides, type Side } from "./recording.ts";
import { skipTo, type Stretch } from "./speech.ts";

/** Slowest, fastest, and the step between. */
export const speeds = { least: 0.5, most: 3, step: 0.25 } as const;

/** Two looks at the meters; ms. */
const meterMs = 80;

interface Loudness {
  readonly volume: number;
  readonly muted: boolean;
}

const full: Loudness = { volume: 1, muted: false };
const nothing: Heard = { level: Number.NEGATIVE_INFINITY, hz: 0 };

/** A recording that is played: one media element, read by Range as far as it is heard, and what a person has chosen. */
export class Playback {
  readonly media: HTMLAudioElement;
  readonly #listening: Listening;
  readonly playing = signal(false);
  /** Position, ms. */
  readonly at = signal(0);
  readonly speed = signal(1);
  readonly skipping = signal(false);
  readonly ears = signal<Ears>("both");
  readonly loudness = signal<Readonly<Record<Side, Loudness>>>({ customer: full, agent: full });
  readonly heard = signal<Readonly<Record<Side, Heard>>>({ customer: nothing, agent: nothing });
  /** Why nothing is heard. */
  readonly problem = signal<string | undefined>(undefined);
  /** Where nobody speaks. */
  readonly silences = signal<readonly Stretch[]>([]);
  readonly durationMs = signal(0);
  readonly ended = computed(() => !this.playing.value && this.at.value >= this.durationMs.value - 50);
  #frame = 0;
  #metersAt = 0;
  /** Where to go as soon as the length is known. */
  #wanted: number | undefined;

  constructor() {
    this.media = new Audio();
    this.media.preload = "metadata";
    this.#listening = new Listening(this.media);
    this.media.addEventListener("play", () => this.#turn(true));
    this.media.addEventListener("pause", () => this.#turn(false));
    this.media.addEventListener("ended", () => this.#turn(false));
    this.media.addEventListener("seeking", () => this.#look());
    this.media.addEventListener("timeupdate", () => this.#look());
    this.media.addEventListener("loadedmetadata", () => {
      this.media.playbackRate = this.speed.value;
      if (this.#wanted !== undefined) this.media.currentTime = this.#wanted / 1000;
      this.#wanted = undefined;
    });
    this.media.addEventListener("error", () => {
      if (this.media.getAttribute("src") !== null)
        this.problem.value =
          "The audio cannot be read. Try again; if it stays so, the integrity below says what is wrong with its files.";
    });
  }

  /** Takes other audio, or the same that has grown, and stays where it is. */
  load(src: string, o: { readonly atMs: number }): void {
    const going = this.playing.value;
    this.problem.value = undefined;
    this.#wanted = o.atMs;
    this.at.value = o.atMs;
    this.media.src = src;
    if (going) void this.play();
  }

  async play(): Promise<void> {
    try {
      await this.#listening.start();
      await this.media.play();
    } catch (error) {
      // A pause or another source that came meanwhile is no failure.
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.problem.value = "The browser does not play this audio. Press Play once more.";
    }
  }

  pause(): void {
    this.media.pause();
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else {
      if (this.ended.value) this.seek(0);
      void this.play();
    }
  }

  seek(ms: number): void {
    const wanted = Math.min(Math.max(0, ms), this.durationMs.value);
    this.at.value = wanted;
    if (this.media.readyState === 0) this.#wanted = wanted;
    else this.media.currentTime = wanted / 1000;
  }

  /** The pitch stays. */
  setSpeed(speed: number): void {
    this.speed.value = Math.min(speeds.most, Math.max(speeds.least, speed));
    this.media.preservesPitch = true;
    this.media.playbackRate = this.speed.value;
  }

  setEars(ears: Ears): void {
    this.ears.value = ears;
    this.#listening.setEars(ears);
  }

  setLoudness(side: Side, change: Partial<Loudness>): void {
    const next = { ...this.loudness.value[side], ...change };
    this.loudness.value = { ...this.loudness.value, [side]: next };
    this.#listening.setVolume(side, next.muted ? 0 : next.volume);
  }

  /** Idempotent. */
  close(): void {
    cancelAnimationFrame(this.#frame);
    this.media.pause();
    this.media.removeAttribute("src");
    this.media.load();
    this.#listening.close();
  }

  #turn(playing: boolean): void {
    this.playing.value = playing;
    cancelAnimationFrame(this.#frame);
    this.#look();
    if (playing) this.#run();
    else this.heard.value = { customer: nothing, agent: nothing };
  }

  #run(): void {
    this.#frame = requestAnimationFrame((now) => {
      this.#look();
      if (this.skipping.value) {
        const to = skipTo(this.silences.value, this.at.value);
        if (to !== undefined) this.seek(to);
      }
      if (now - this.#metersAt >= meterMs) {
        this.#metersAt = now;
        const [customer, agent] = sides.map((side) => this.#listening.heard(side));
        this.heard.value = { customer: customer ?? nothing, agent: agent ?? nothing };
      }
      this.#run();
    });
  }

  #look(): void {
    if (this.#wanted === undefined) this.at.value = this.media.currentTime * 1000;
  }
}
