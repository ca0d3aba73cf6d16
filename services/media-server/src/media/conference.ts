import { AudioEffect } from "./audio-effect.ts";
import type { ConferenceOptions } from "./audio-types.ts";
import type { ComfortNoise } from "./comfort-noise.ts";
import { encodeMix } from "./encode-mix.ts";
import { PCMU } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME } from "./limits.ts";
import type { OverlayTrack } from "./overlay-track.ts";
import type { Stream } from "./stream.ts";
import { RTP_HEADER } from "@sidetone/rtp";

/** How fast a loud member becomes one of the loudest, and how fast it ceases to be. */
const RISE = 0.3;
const FALL = 0.03;

/** What one member says in a conference. */
class Part {
  readonly leg: Leg;
  effect: AudioEffect;
  preferred: boolean;
  /** What is mixed of it now; undefined = nothing. */
  said: Int16Array | undefined;
  power = 0;
  chosen = true;
  readonly changed = new Int16Array(FRAME);

  constructor(leg: Leg, effect: AudioEffect) {
    this.leg = leg;
    this.effect = effect;
    this.preferred = effect.settings.preferred ?? false;
  }
}

/** A conference: who speaks and who hears in it, and while somebody needs it, the sum of what is said. */
export class Conference {
  readonly name: string;
  /** Who speaks in it. */
  readonly incoming: Stream[] = [];
  /** Who hears it. */
  readonly outgoing: Stream[] = [];
  options: ConferenceOptions = {};
  /** What is played to all who hear it. */
  readonly tracks: OverlayTrack[] = [];
  /** Who needs the sum. */
  users = 0;
  readonly sum = new Int32Array(FRAME);
  /** Who speaks in it and is mixed. */
  members: readonly Part[] = [];
  /** The same frame for all who hear it as it is and say nothing: µ-law, A-law; and whether it was made. */
  readonly #same = [new Uint8Array(RTP_HEADER + FRAME), new Uint8Array(RTP_HEADER + FRAME)] as const;
  readonly #made = [false, false];
  #noise: Int16Array | undefined;
  #noiseAt = 0;
  readonly #comfort: ComfortNoise;

  constructor(name: string, comfort: ComfortNoise) {
    this.name = name;
    this.#comfort = comfort;
  }

  /** How it is mixed from now on. */
  configure(options: ConferenceOptions): void {
    this.options = options;
    const { comfortNoiseDb } = options;
    this.#noise = comfortNoiseDb === undefined ? undefined : this.#comfort.samples(comfortNoiseDb);
    this.#noiseAt = this.#noise === undefined ? 0 : this.#comfort.start(this.#noise.length - FRAME);
  }

  /** True where not all that is said is mixed. */
  get contending(): boolean {
    return (this.options.nLoudest ?? Number.POSITIVE_INFINITY) < this.incoming.length;
  }

  /** Takes over who speaks in it, with what is done to it. */
  takeMembers(): void {
    this.members = this.incoming.map((stream) => {
      const leg = stream.from as Leg;
      const part = this.members.find((known) => known.leg === leg) ?? new Part(leg, stream.effect);
      part.effect = stream.effect;
      part.preferred = stream.effect.settings.preferred ?? false;
      return part;
    });
  }

  /** Sums up the next frame. */
  frame(): void {
    const { members, sum } = this;
    sum.fill(0);
    for (let m = 0; m < members.length; m++) {
      const part = members[m];
      if (part === undefined) continue;
      part.said = this.#say(part);
    }
    if (this.contending) this.#choose(this.options.nLoudest ?? 0);
    for (let m = 0; m < members.length; m++) {
      const said = members[m]?.said;
      if (said === undefined) continue;
      for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] ?? 0) + (said[i] ?? 0);
    }
    if (this.#noise !== undefined) this.#addNoise(this.#noise);
    this.#made[0] = false;
    this.#made[1] = false;
  }

  /** What a member adds to the sum of this frame. */
  saidBy(leg: Leg): Int16Array | undefined {
    for (let m = 0; m < this.members.length; m++) if (this.members[m]?.leg === leg) return this.members[m]?.said;
    return undefined;
  }

  /** The sum as it is, encoded once for all. */
  encoded(kind: number): Uint8Array {
    const same = kind === PCMU ? this.#same[0] : this.#same[1];
    if (this.#made[kind] !== true) {
      encodeMix(kind, this.sum, FRAME, same);
      this.#made[kind] = true;
    }
    return same;
  }

  /** When one of the others was heard last, wall-clock µs; undefined where none was. */
  lastHeardBut(leg: Leg): number | undefined {
    let last: number | undefined;
    for (const { from } of this.incoming) {
      const at = from === leg ? undefined : (from as Leg).lastMicros;
      if (at !== undefined && (last === undefined || at > last)) last = at;
    }
    return last;
  }

  #say(part: Part): Int16Array | undefined {
    const frame = part.leg.saidNow;
    if (this.contending) {
      let sum = 0;
      if (frame !== undefined) for (let i = 0; i < FRAME; i++) sum += (frame[i] ?? 0) * (frame[i] ?? 0);
      const power = sum / FRAME;
      part.power += (power - part.power) * (power > part.power ? RISE : FALL);
    }
    if (frame === undefined || part.effect.neutral) return frame;
    if (part.effect.mute) return undefined;
    part.changed.set(frame);
    part.effect.apply(part.changed, FRAME);
    return part.changed;
  }

  /** The loudest are mixed, and who always is. */
  #choose(most: number): void {
    const { members } = this;
    for (let m = 0; m < members.length; m++) {
      const part = members[m];
      if (part !== undefined) part.chosen = part.preferred;
    }
    for (let n = 0; n < most; n++) {
      let loudest: Part | undefined;
      for (let m = 0; m < members.length; m++) {
        const part = members[m];
        if (part === undefined || part.chosen || part.effect.mute) continue;
        if (loudest === undefined || part.power > loudest.power) loudest = part;
      }
      if (loudest === undefined) break;
      loudest.chosen = true;
    }
    for (let m = 0; m < members.length; m++) {
      const part = members[m];
      if (part !== undefined && !part.chosen) part.said = undefined;
    }
  }

  #addNoise(samples: Int16Array): void {
    for (let i = 0; i < FRAME; i++) this.sum[i] = (this.sum[i] ?? 0) + (samples[this.#noiseAt + i] ?? 0);
    this.#noiseAt += FRAME;
    // Another stretch each time: what repeats itself is heard as a rhythm.
    if (this.#noiseAt + FRAME > samples.length) this.#noiseAt = this.#comfort.start(FRAME);
  }
}
