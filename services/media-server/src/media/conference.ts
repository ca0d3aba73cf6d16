import type { ConferenceOptions } from "./audio-types.ts";
import type { ComfortNoise } from "./comfort-noise.ts";
import { Part } from "./conference-part.ts";
import { encodeMix } from "./encode-mix.ts";
import { PCMU } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME } from "./limits.ts";
import type { OverlayTrack } from "./overlay-track.ts";
import type { Spot } from "./source-line.ts";
import { isConference, type Stream } from "./stream.ts";
import { RTP_HEADER } from "@sidetone/rtp";

/**
 * A conference: who speaks and who hears in it, and while somebody needs it, the sum of what is said. Each makes its frame when the first
 * needs it, so one that is joined to others, in whatever order, adds no delay: `begin` of all goes before `complete` of any.
 */
export class Conference {
  readonly name: string;
  /** Who speaks in it: legs, conferences, and with `monitor` legs of which it hears a copy of what they hear. */
  readonly incoming: Stream[] = [];
  /** Who hears it. */
  readonly outgoing: Stream[] = [];
  options: ConferenceOptions = {};
  /** What is played to all who hear it. */
  readonly tracks: OverlayTrack[] = [];
  /** The same with what is played to conferences that it hears. */
  heardTracks: readonly OverlayTrack[] = [];
  /** Who needs the sum. */
  users = 0;
  readonly sum = new Int32Array(FRAME);
  /** Who speaks in it and is mixed. */
  members: readonly Part[] = [];
  /** Those of them that are conferences. */
  #joined: readonly Part[] = [];
  /** Without what other conferences say. */
  readonly #own = new Int32Array(FRAME);
  #ownSounds = false;
  #ownBegun = false;
  #ownMade = false;
  #begun = false;
  #at: Spot = { position: 0 };
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

  /** Conferences that it hears or that hear it. */
  get neighbours(): Conference[] {
    const others = [...this.incoming.map(({ from }) => from), ...this.outgoing.map(({ to }) => to)];
    return Array.from(new Set(others.filter(isConference)));
  }

  /** Takes over who speaks in it. Returns those who are gone. */
  takeMembers(): Part[] {
    const before = this.members;
    this.members = this.incoming.map((stream) => before.find((known) => known.stream === stream) ?? new Part(stream));
    this.#joined = this.members.filter(({ conference }) => conference !== undefined);
    return before.filter((part) => !this.members.includes(part));
  }

  /** The next frame begins. @param at its place on the engine's line */
  begin(at: Spot): void {
    this.#at = at;
    this.#ownBegun = false;
    this.#ownMade = false;
    this.#begun = false;
    this.#made[0] = false;
    this.#made[1] = false;
    const contends = this.contending;
    for (let j = 0; j < this.#joined.length; j++) this.#joined[j]?.begin(contends);
  }

  /** Sums up the frame, where it is not yet. Where sound came round, who asks for what is being made gets silence. */
  complete(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { sum } = this;
    sum.fill(0);
    this.#makeOwn();
    sum.set(this.#own);
    for (let j = 0; j < this.#joined.length; j++) {
      const part = this.#joined[j];
      if (part === undefined) continue;
      part.sayJoined(this);
      if (part.chosen && part.said !== undefined) add(sum, part.said);
    }
    if (this.#noise !== undefined) this.#addNoise(this.#noise);
  }

  /**
   * Writes what another conference hears of it in this frame: all but what that one says here, and no comfort noise, which each makes for its
   * own. False where nobody speaks.
   */
  sayTo(to: Conference, sum: Int32Array): boolean {
    this.#makeOwn();
    if (!this.#ownMade) return false;
    sum.set(this.#own);
    let sounds = this.#ownSounds;
    for (let j = 0; j < this.#joined.length; j++) {
      const part = this.#joined[j];
      if (part === undefined || !part.chosen || part.conference === to) continue;
      part.sayJoined(this);
      if (part.said === undefined) continue;
      add(sum, part.said);
      sounds = true;
    }
    return sounds;
  }

  /** What a member adds to the sum of this frame. */
  saidBy(leg: Leg): Int16Array | Int32Array | undefined {
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

  /** What is said here, by others than conferences; and who is mixed of all. */
  #makeOwn(): void {
    if (this.#ownBegun) return;
    this.#ownBegun = true;
    const { members, contending } = this;
    for (let m = 0; m < members.length; m++) {
      const part = members[m];
      if (part === undefined) continue;
      if (part.conference === undefined) part.sayOwn(this.#at, contending);
      part.chosen = !contending || part.preferred;
    }
    if (contending) this.#choose(this.options.nLoudest ?? 0);
    this.#own.fill(0);
    this.#ownSounds = false;
    for (let m = 0; m < members.length; m++) {
      const part = members[m];
      if (part === undefined || part.conference !== undefined) continue;
      if (!part.chosen) part.said = undefined;
      if (part.said === undefined) continue;
      add(this.#own, part.said);
      this.#ownSounds = true;
    }
    this.#ownMade = true;
  }

  /** The loudest are mixed, besides those who always are. */
  #choose(most: number): void {
    const { members } = this;
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
  }

  #addNoise(samples: Int16Array): void {
    for (let i = 0; i < FRAME; i++) this.sum[i] = (this.sum[i] ?? 0) + (samples[this.#noiseAt + i] ?? 0);
    this.#noiseAt += FRAME;
    // Another stretch each time: what repeats itself is heard as a rhythm.
    if (this.#noiseAt + FRAME > samples.length) this.#noiseAt = this.#comfort.start(FRAME);
  }
}

function add(sum: Int32Array, said: Int16Array | Int32Array): void {
  for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] ?? 0) + (said[i] ?? 0);
}
