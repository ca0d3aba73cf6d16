import { AudioMix } from "./audio-mix.ts";
import type { AudioEffect } from "./audio-effect.ts";
import type { Conference } from "./conference.ts";
import type { Leg } from "./leg.ts";
import { FRAME } from "./limits.ts";
import type { Spot } from "./source-line.ts";
import { isConference, type Stream } from "./stream.ts";

/** How fast a loud participant becomes one of the loudest, and how fast it ceases to be. */
const RISE = 0.3;
const FALL = 0.03;

/** What one participant of a conference says in it: a phone, another conference, or a copy of what a phone hears. */
export class Part {
  readonly stream: Stream;
  /** A phone that speaks itself. */
  readonly leg: Leg | undefined;
  readonly conference: Conference | undefined;
  /** Whose hearing is copied, and what that is. */
  readonly monitored: Leg | undefined;
  readonly heard: AudioMix | undefined;
  /** What is mixed of it now; undefined = nothing. Of a phone its own samples where nothing is done to them. */
  said: Int16Array | Int32Array | undefined;
  chosen = true;
  /** Mean square, as slow as the choice of the loudest is to change. In an array: as a field it would be an object per frame. */
  readonly #power = new Float64Array(1);
  /** Of a conference: nothing is limited before the end, so that the order of adding does not matter. */
  readonly #sum: Int32Array;
  readonly #changed = new Int16Array(FRAME);
  #made = false;

  constructor(stream: Stream) {
    const { from, monitor } = stream;
    this.stream = stream;
    this.conference = isConference(from) ? from : undefined;
    const leg = isConference(from) ? undefined : from;
    this.leg = monitor ? undefined : leg;
    this.monitored = monitor ? leg : undefined;
    this.heard = monitor && leg !== undefined ? new AudioMix() : undefined;
    this.#sum = new Int32Array(this.conference === undefined ? 0 : FRAME);
  }

  get effect(): AudioEffect {
    return this.stream.effect;
  }

  /** It does not contend. */
  get preferred(): boolean {
    return this.stream.effect.settings.preferred ?? false;
  }

  get power(): number {
    return this.#power[0] ?? 0;
  }

  /** The next frame begins. */
  begin(contends: boolean): void {
    // How loud another conference is shows in the frame before: who is mixed must not depend on the order in which they are made.
    if (contends && this.conference !== undefined) this.#follow(this.said);
    this.#made = false;
  }

  /** Takes the frame of a phone, or of what a phone hears, whose mixes are made. */
  sayOwn(at: Spot, contends: boolean): void {
    const { leg, monitored, heard } = this;
    const frame = leg !== undefined ? leg.saidNow : this.#copy(at, monitored, heard);
    // Before anything is done to it: who is amplified does not contend by that.
    if (contends) this.#follow(frame);
    this.said = frame === undefined || this.effect.neutral ? frame : this.#change(frame);
  }

  /** Takes, once a frame, what another conference says: all but what `to` says there; undefined where nobody speaks. */
  sayJoined(to: Conference): void {
    if (this.#made) return;
    // First: who asks again meanwhile has come round, and gets nothing.
    this.#made = true;
    this.said = undefined;
    const sum = this.#sum;
    if (this.conference?.sayTo(to, sum) !== true) return;
    if (this.effect.neutral) {
      this.said = sum;
      return;
    }
    for (let i = 0; i < FRAME; i++) this.#changed[i] = limited(sum[i] ?? 0);
    this.said = this.#change(this.#changed);
  }

  #copy(at: Spot, leg: Leg | undefined, heard: AudioMix | undefined): Int16Array | undefined {
    if (leg === undefined || heard === undefined) return undefined;
    heard.frame();
    leg.addOverlays(heard.sum, at, FRAME);
    for (let i = 0; i < FRAME; i++) this.#changed[i] = limited(heard.sum[i] ?? 0);
    return this.#changed;
  }

  #change(frame: Int16Array): Int16Array | undefined {
    if (this.effect.mute) return undefined;
    if (frame !== this.#changed) this.#changed.set(frame);
    this.effect.apply(this.#changed, FRAME);
    return this.#changed;
  }

  #follow(frame: Int16Array | Int32Array | undefined): void {
    let sum = 0;
    if (frame !== undefined) for (let i = 0; i < FRAME; i++) sum += (frame[i] ?? 0) * (frame[i] ?? 0);
    const power = sum / FRAME;
    const known = this.power;
    this.#power[0] = known + (power - known) * (power > known ? RISE : FALL);
  }
}

function limited(sample: number): number {
  return sample > 32_767 ? 32_767 : sample < -32_767 ? -32_767 : sample;
}
