import { RTP_HEADER } from "@sidetone/rtp";
import { encodeMix } from "./encode-mix.ts";
import { kindOfCodec, PCMU } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME, MIX_DELAY, MIX_MAX_JITTER, MIX_RING } from "./limits.ts";
import { MixInput } from "./mix-input.ts";
import type { Spot } from "./source-line.ts";

const how = { ring: MIX_RING, delay: MIX_DELAY, jitter: MIX_MAX_JITTER } as const;

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
  readonly #key = { position: 0 };

  /** Adds a member, which is heard from the frame at `at` on. */
  add(leg: Leg, at: Spot): void {
    leg.mixer = this;
    leg.input = new MixInput(at, how);
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
      if (leg?.settings === undefined || !leg.hearsOthers || leg.player !== undefined) continue;
      const kind = kindOfCodec(leg.settings.codec);
      if (leg.input?.sounds === true) {
        encodeMix(kind, sum, leg.input.frame, this.#own);
        leg.sendMixed(kind, at, this.#own, RTP_HEADER, FRAME);
        continue;
      }
      const all = kind === PCMU ? this.#all[0] : this.#all[1];
      if (this.#encoded[kind] !== true) {
        encodeMix(kind, sum, undefined, all);
        this.#encoded[kind] = true;
      }
      leg.sendMixed(kind, at, all, RTP_HEADER, FRAME);
    }
  }

  /** A key that a member pressed reaches all others as it came (RFC 4733); `place`: where it would be heard. */
  key(from: Leg, kind: number, place: Spot, data: Uint8Array, offset: number, length: number): void {
    const at = this.#key;
    // A frame's time stamp is that of its end.
    at.position = place.position + FRAME;
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
