import { RTP_HEADER } from "@sidetone/rtp";
import { AudioMix } from "./audio-mix.ts";
import { encodeMix } from "./encode-mix.ts";
import type { FramePace } from "./frame-pace.ts";
import { kindOfCodec } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { FRAME } from "./limits.ts";

/** What a phone hears that hears several others, made frame by frame. */
export class HearingMix {
  readonly leg: Leg;
  readonly mix = new AudioMix();
  /** Whose keys are passed on to it. */
  keyed: readonly Leg[] = [];
  readonly #out = new Uint8Array(RTP_HEADER + FRAME);

  constructor(leg: Leg) {
    this.leg = leg;
  }

  /** Sends the next frame. */
  frame(pace: FramePace): void {
    const { leg, mix } = this;
    if (leg.settings === undefined || !leg.hearsOthers || leg.player !== undefined) return;
    const kind = kindOfCodec(leg.settings.codec);
    const overlaid = leg.overlaid(pace.from, FRAME);
    const same = overlaid ? undefined : this.#same(kind);
    if (same !== undefined) {
      leg.sendMixed(kind, pace, same, RTP_HEADER, FRAME);
      return;
    }
    mix.frame();
    if (overlaid) leg.addOverlays(mix.sum, pace.from, FRAME);
    encodeMix(kind, mix.sum, FRAME, this.#out);
    leg.sendMixed(kind, pace, this.#out, RTP_HEADER, FRAME);
  }

  /** The frame of all who hear one conference and say nothing in it. */
  #same(kind: number): Uint8Array | undefined {
    const [term] = this.mix.terms;
    if (term === undefined || this.mix.terms.length > 1 || term.effects.length > 0) return undefined;
    if (!("members" in term.source) || term.unlessPlayed !== undefined) return undefined;
    if (term.without !== undefined && term.source.saidBy(term.without) !== undefined) return undefined;
    return term.source.encoded(kind);
  }
}
