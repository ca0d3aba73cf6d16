import { type PacketIO, RTP_HEADER, writeRtpHeader } from "@sidetone/rtp";
import { conversion, DTMF, kindOfCodec } from "./kinds.ts";
import { MAX_PAYLOAD } from "./limits.ts";
import type { Spot } from "./source-line.ts";
import type { LegSettings } from "./types.ts";

/**
 * The one continuous stream that a phone hears, whoever it is connected to: own SSRC, time stamps on the engine's line, sequence numbers
 * that keep the holes and the order of the source, so that the phone's jitter buffer sees what happened.
 */
export class LegOutput {
  readonly ssrc: number;
  readonly timestampBase: number;
  sent = 0;
  octets = 0;
  /** Telephone-events for a phone that did not take them. */
  unsendable = 0;
  #last: number;
  #offset = 0;
  /** The source whose numbering `#offset` belongs to. */
  #source = -1;
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
    const begins = fresh || source !== this.#source;
    if (begins) {
      this.#source = source;
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
      at.position + this.timestampBase,
      this.ssrc,
    );
    io.queue(socket, dest, from, start - RTP_HEADER, RTP_HEADER + length);
    this.sent++;
    this.octets += length;
  }
}
