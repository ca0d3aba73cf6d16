import { linearToAlaw, linearToUlaw, RTP_HEADER } from "@sidetone/rtp";
import { kindOfCodec, PCMU } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME } from "./limits.ts";
import { MixInput } from "./mix-input.ts";
import type { Spot } from "./source-line.ts";

const LOUDEST = 32_767;

/** Writes the sum of everything but `own`, limited to 16 bits, in one of the two forms of G.711. */
function encode(kind: number, sum: Int32Array, own: Int16Array | undefined, into: Uint8Array): void {
  const table = kind === PCMU ? linearToUlaw : linearToAlaw;
  for (let i = 0; i < FRAME; i++) {
    let sample = (sum[i] ?? 0) - (own === undefined ? 0 : (own[i] ?? 0));
    if (sample > LOUDEST) sample = LOUDEST;
    else if (sample < -LOUDEST) sample = -LOUDEST;
    into[RTP_HEADER + i] = table[sample & 0xffff] ?? 0;
  }
}

/**
 * A conference of three and more: each member hears the sum of the others. Members that say nothing hear the same, which is then encoded
 * once for each form of G.711. Allocates nothing per packet and frame.
 */
export class Mixer {
  readonly members: Leg[] = [];
  readonly #sum = new Int32Array(FRAME);
  readonly #own = new Uint8Array(RTP_HEADER + FRAME);
  /** What everyone hears who says nothing: µ-law, A-law; and whether it is encoded for this frame. */
  readonly #all = [new Uint8Array(RTP_HEADER + FRAME), new Uint8Array(RTP_HEADER + FRAME)] as const;
  readonly #encoded = [false, false];

  /** Adds a member, which is heard from the frame at `at` on. */
  add(leg: Leg, at: Spot): void {
    leg.mixer = this;
    leg.input = new MixInput(at);
    this.members.push(leg);
  }

  remove(leg: Leg): void {
    const at = this.members.indexOf(leg);
    if (at < 0) return;
    this.members.splice(at, 1);
    leg.mixer = undefined;
    leg.input = undefined;
  }

  skipTo(at: Spot): void {
    for (const { input } of this.members) input?.skipTo(at);
  }

  /** Mixes and sends one frame; `at`: its time stamp. */
  frame(at: Spot): void {
    const members = this.members;
    const sum = this.#sum;
    sum.fill(0);
    for (let m = 0; m < members.length; m++) {
      const input = members[m]?.input;
      if (input === undefined) continue;
      input.next();
      if (!input.sounds) continue;
      for (let i = 0; i < FRAME; i++) sum[i] = (sum[i] ?? 0) + (input.frame[i] ?? 0);
    }
    this.#encoded[0] = false;
    this.#encoded[1] = false;
    for (let m = 0; m < members.length; m++) {
      const leg = members[m];
      if (leg?.settings === undefined || !leg.hearsOthers) continue;
      const kind = kindOfCodec(leg.settings.codec);
      if (leg.input?.sounds === true) {
        encode(kind, sum, leg.input.frame, this.#own);
        leg.sendMixed(kind, at, this.#own, RTP_HEADER, FRAME);
        continue;
      }
      const all = kind === PCMU ? this.#all[0] : this.#all[1];
      if (this.#encoded[kind] !== true) {
        encode(kind, sum, undefined, all);
        this.#encoded[kind] = true;
      }
      leg.sendMixed(kind, at, all, RTP_HEADER, FRAME);
    }
  }

  /** A key that a member pressed reaches all others as it came (RFC 4733); `at`: its time stamp in the mix. */
  key(from: Leg, kind: number, at: Spot, data: Uint8Array, offset: number, length: number): void {
    for (let m = 0; m < this.members.length; m++) {
      const leg = this.members[m];
      if (leg === undefined || leg === from || !leg.hearsOthers) continue;
      leg.sendMixed(kind, at, data, offset, length);
    }
  }

  /** When one of the others was heard last, wall-clock µs; undefined where none was. */
  lastHeardBut(leg: Leg): number | undefined {
    let last: number | undefined;
    for (const other of this.members) {
      const at = other === leg ? undefined : other.lastMicros;
      if (at !== undefined && (last === undefined || at > last)) last = at;
    }
    return last;
  }
}
