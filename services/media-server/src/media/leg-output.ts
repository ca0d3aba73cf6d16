import { type PacketIO, RTP_HEADER, writeRtpHeader } from "@sidetone/rtp";
import { conversion, DTMF, kindOfCodec } from "./kinds.ts";
import { MAX_PAYLOAD, SEAM } from "./limits.ts";
import type { Spot } from "./source-line.ts";
import type { LegSettings } from "./types.ts";

/** Sources of a leg's output that are no leg. */
export const MIXED = -2;
export const PLAYED = -3;

/**
 * The one continuous stream that a phone hears, whoever it is connected to: own SSRC, time stamps on the engine's line, sequence numbers
 * that keep the holes and the order of the source, so that the phone's jitter buffer sees what happened. Where the source changes, time
 * stamps neither go back nor make a hole: little of what is relayed is left out (`SEAM`), the rest is made up for by `shift`.
 */
export class LegOutput {
  readonly ssrc: number;
  readonly timestampBase: number;
  sent = 0;
  octets = 0;
  /** Telephone-events for a phone that did not take them. */
  unsendable = 0;
  /** By how much time stamps are ahead of their place on the line, or behind it; samples. */
  shift = 0;
  /** Number sent last. */
  #last: number;
  #offset = 0;
  /** The source whose numbering `#offset` and whose places `shift` belong to. */
  #source = -1;
  #numbered = false;
  #aligned = false;
  /** Where the audio that was sent ends. */
  #end = Number.NEGATIVE_INFINITY;
  readonly #scratch = new Uint8Array(RTP_HEADER + MAX_PAYLOAD);

  constructor(ssrc: number, sequence: number, timestampBase: number) {
    this.ssrc = ssrc;
    this.#last = sequence;
    this.timestampBase = timestampBase;
  }

  /** The next packet begins a numbering: its source was not heard until now. */
  begin(): void {
    this.#source = -1;
  }

  /** Sends what we make ourselves (`MIXED`, `PLAYED`): the number follows the one before. */
  sendNext(
    io: PacketIO,
    socket: number,
    dest: number,
    to: LegSettings,
    source: number,
    kind: number,
    at: Spot,
    data: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const next = (this.#last + 1 - this.#offset) & 0xffff;
    this.send(io, socket, dest, to, source, false, kind, false, next, at, data, offset, length);
  }

  /** A packet of a source's numbering is left out on purpose: its number is the next one's. */
  omit(source: number, sequence: number): void {
    if (source !== this.#source || !this.#numbered) return;
    const out = (sequence + this.#offset) & 0xffff;
    if (((out - this.#last) << 16) >> 16 > 0) this.#offset--;
  }

  /** Sends a telephone-event of ours between what the source sends, whose next number follows. As for taps, with room for a header. */
  insertKey(
    io: PacketIO,
    socket: number,
    dest: number,
    payloadType: number,
    marker: boolean,
    at: Spot,
    data: Uint8Array,
    offset: number,
    length: number,
  ): void {
    this.#last = (this.#last + 1) & 0xffff;
    this.#offset++;
    const timestamp = (at.position + this.timestampBase) | 0;
    writeRtpHeader(data, offset - RTP_HEADER, payloadType, marker, this.#last, timestamp, this.ssrc);
    io.queue(socket, dest, data, offset - RTP_HEADER, RTP_HEADER + length);
    this.sent++;
    this.octets += length;
  }

  /** Sends a packet; as for taps, there must be room for a header before `offset`. `fresh`: the source's numbering begins anew. */
  send(
    io: PacketIO,
    socket: number,
    dest: number,
    to: LegSettings,
    source: number,
    fresh: boolean,
    kind: number,
    marker: boolean,
    sequence: number,
    at: Spot,
    data: Uint8Array,
    offset: number,
    length: number,
  ): void {
    let payloadType = to.payloadType;
    let from = data;
    let start = offset;
    if (kind === DTMF) {
      if (to.dtmfPayloadType === undefined) {
        this.unsendable++;
        return;
      }
      payloadType = to.dtmfPayloadType;
    } else {
      const table = conversion(kind, kindOfCodec(to.codec));
      if (table !== undefined) {
        for (let i = 0; i < length; i++) this.#scratch[RTP_HEADER + i] = table[data[offset + i] ?? 0] ?? 0;
        from = this.#scratch;
        start = RTP_HEADER;
      }
    }
    if (source !== this.#source) {
      this.#source = source;
      this.#numbered = false;
      this.#aligned = false;
    }
    if (kind !== DTMF) {
      if (!this.#aligned) {
        const behind = this.#end - at.position;
        // What was relayed is in time to go on from; what we make goes on wherever it was.
        if (source >= 0 && behind > 0 && behind <= SEAM) return;
        this.shift = behind > -SEAM ? behind : 0;
        this.#aligned = true;
      }
      const end = at.position + this.shift + length;
      if (end > this.#end) this.#end = end;
    }
    const begins = fresh || !this.#numbered;
    if (begins) {
      this.#numbered = true;
      this.#offset = this.#last + 1 - sequence;
    }
    const out = (sequence + this.#offset) & 0xffff;
    // Forward only: a late packet does not move the end.
    if (((out - this.#last) << 16) >> 16 > 0) this.#last = out;
    writeRtpHeader(
      from,
      start - RTP_HEADER,
      payloadType,
      marker || (begins && kind !== DTMF),
      out,
      // 32 bits: more, as an argument, may be an object per packet.
      (at.position + this.shift + this.timestampBase) | 0,
      this.ssrc,
    );
    io.queue(socket, dest, from, start - RTP_HEADER, RTP_HEADER + length);
    this.sent++;
    this.octets += length;
  }
}
