import { alawToLinear, RTP_HEADER, type RtpView, ulawToLinear } from "@sidetone/rtp";
import type { AudioEffect } from "./audio-effect.ts";
import { encodeMix } from "./encode-mix.ts";
import { DTMF, kindOfCodec, PCMU } from "./kinds.ts";
import type { Leg } from "./leg.ts";
import { MAX_PAYLOAD } from "./limits.ts";
import type { SourceLine } from "./source-line.ts";

/** Room in which packets are changed, one after another. */
export class PassageRoom {
  readonly samples = new Int16Array(MAX_PAYLOAD);
  readonly sum = new Int32Array(MAX_PAYLOAD);
  readonly out = new Uint8Array(RTP_HEADER + MAX_PAYLOAD);
}

/**
 * What one phone says on its way to another that hears nobody else: packet by packet, as they come. Where there is something to change, or
 * an overlay sounds, a packet is decoded, changed and encoded in its place, so that neither its time nor its number differ.
 */
export class Passage {
  readonly from: Leg;
  readonly to: Leg;
  /** What is done to it, in this order; none that does nothing. */
  effects: readonly AudioEffect[] = [];
  /** When the last packet passed, on the engine's line. */
  passedAt = Number.NEGATIVE_INFINITY;
  readonly #room: PassageRoom;

  constructor(from: Leg, to: Leg, room: PassageRoom) {
    this.from = from;
    this.to = to;
    this.#room = room;
  }

  /** Takes a packet that `line` has just placed; there must be room for a header before its payload. */
  pass(kind: number, v: RtpView, line: SourceLine, data: Uint8Array): void {
    const to = this.to;
    this.passedAt = line.arrival;
    if (to.player !== undefined) return;
    if (kind === DTMF) {
      if (this.#stopsKeys()) to.output.omit(this.from.id, v.sequence);
      else to.relay(this.from.id, line.fresh, kind, v, line, data, v.payloadOffset);
      return;
    }
    if (this.effects.length === 0 && !to.overlaid(line, v.payloadLength)) {
      to.relay(this.from.id, line.fresh, kind, v, line, data, v.payloadOffset);
      return;
    }
    if (to.settings === undefined) return;
    const out = kindOfCodec(to.settings.codec);
    this.#change(kind, out, v, line, data);
    to.relay(this.from.id, line.fresh, out, v, line, this.#room.out, RTP_HEADER);
  }

  #change(kind: number, out: number, v: RtpView, line: SourceLine, data: Uint8Array): void {
    const { samples, sum } = this.#room;
    const { payloadOffset, payloadLength } = v;
    const table = kind === PCMU ? ulawToLinear : alawToLinear;
    for (let i = 0; i < payloadLength; i++) samples[i] = table[data[payloadOffset + i] ?? 0] ?? 0;
    for (let n = 0; n < this.effects.length; n++) this.effects[n]?.apply(samples, payloadLength);
    for (let i = 0; i < payloadLength; i++) sum[i] = samples[i] ?? 0;
    this.to.addOverlays(sum, line, payloadLength);
    encodeMix(out, sum, payloadLength, this.#room.out);
  }

  #stopsKeys(): boolean {
    for (let n = 0; n < this.effects.length; n++) if (this.effects[n]?.passesKeys === false) return true;
    return false;
  }
}
