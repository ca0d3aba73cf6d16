import { type PacketIO, RTP_HEADER, writeBye, writeDescription, writeReport, writeRtpHeader } from "@sidetone/rtp";
import { conversion, DTMF, kindOfCodec, MARKER, PCMU, STATIC_PCMA, STATIC_PCMU } from "./kinds.ts";
import * as limits from "./limits.ts";
import type { SocketPair } from "./port-pair-sockets.ts";
import type { Spot } from "./source-line.ts";
import { TapBuffer } from "./tap-buffer.ts";
import { TapProtection } from "./tap-protection.ts";
import { TapSources } from "./tap-sources.ts";
import type { AudioCodec, TapStats } from "./types.ts";

const CNAME = "sidetone";
/** A packet is `RTP_HEADER` into the scratch, so that a header fits before it. */
const scratchSize = RTP_HEADER + limits.MAX_PAYLOAD;

/**
 * One replica stream. Sequence numbers are contiguous, time stamps are positions on the engine's line: a hole upstream, a pause or a
 * failover is a jump of the time stamp, nothing is made up.
 */
export class Tap {
  readonly id: number;
  /** Who is heard in it. */
  readonly sources = new TapSources(this);
  readonly protection: TapProtection;
  readonly ssrc: number;
  readonly sockets: SocketPair;
  paused: boolean;
  /** Paused since capture has not begun, not by anybody's wish. */
  unbegun: boolean;
  /** Where what was captured ends. */
  until = Number.NEGATIVE_INFINITY;
  readonly #io: PacketIO;
  readonly #timestampBase: number;
  readonly #buffer = new TapBuffer(
    limits.TAP_BUFFER_OCTETS,
    limits.TAP_BUFFER_PACKETS,
    (limits.TAP_BUFFER_MS * limits.SAMPLE_RATE) / 1000,
  );
  readonly #scratch = new Uint8Array(scratchSize);
  /** -1: as it comes. */
  #codec = -1;
  #payloadType = 0;
  #dtmfPayloadType: number | undefined;
  #dest = -1;
  #rtcpDest = -1;
  #sequence: number;
  #captured = 0;
  #sent = 0;
  #octets = 0;
  #overflowSeen = 0;
  #overflowing = false;
  #lastReport = Number.NEGATIVE_INFINITY;
  /** Packets for the present destination. */
  #sentThere = 0;

  constructor(o: {
    readonly id: number;
    readonly ssrc: number;
    readonly sequence: number;
    readonly timestampBase: number;
    readonly sockets: SocketPair;
    readonly io: PacketIO;
    readonly paused: boolean;
    readonly unbegun: boolean;
  }) {
    this.id = o.id;
    this.ssrc = o.ssrc;
    this.sockets = o.sockets;
    this.paused = o.paused;
    this.unbegun = o.paused && o.unbegun;
    this.#io = o.io;
    this.protection = new TapProtection(o.io);
    this.#sequence = o.sequence;
    this.#timestampBase = o.timestampBase;
  }

  /** How the stream is to look from now on, the buffer included. Without a type for telephone-events the one before stays. */
  setFormat(codec: AudioCodec | undefined, payloadType: number, dtmfPayloadType: number | undefined): void {
    this.#codec = codec === undefined ? -1 : kindOfCodec(codec);
    this.#payloadType = payloadType;
    this.#dtmfPayloadType = dtmfPayloadType ?? this.#dtmfPayloadType;
  }

  /** True while packets wait and can be sent. */
  get flushing(): boolean {
    return this.#dest >= 0 && this.#buffer.waiting > 0;
  }

  /** Packets that wait to be sent. */
  get waiting(): number {
    return this.#buffer.waiting;
  }

  /** Sends to prepared destinations of the PacketIO from now on, or buffers (undefined). Takes them over. */
  setDestination(dests: { readonly rtp: number; readonly rtcp: number } | undefined): void {
    if (this.#dest >= 0) {
      this.#io.freeDest(this.#dest);
      this.#io.freeDest(this.#rtcpDest);
    }
    this.#dest = dests?.rtp ?? -1;
    this.#rtcpDest = dests?.rtcp ?? -1;
    this.#sentThere = 0;
    this.#lastReport = Number.NEGATIVE_INFINITY;
  }

  /** Takes a packet of the phone. `data` must have room for a header before `offset`, and may be written to there. */
  capture(kind: number, marker: boolean, at: Spot, data: Uint8Array, offset: number, length: number): void {
    if (this.paused) return;
    this.#captured++;
    const sends = this.#dest >= 0 && this.#buffer.waiting === 0;
    // First: where it is sent a header is written before it, and its payload may be converted elsewhere.
    this.#keep(kind, marker, at, data, offset, length, sends);
    if (sends) this.#send(kind, marker, at, data, offset, length);
  }

  /** Puts a packet into the buffer. */
  keep(kind: number, marker: boolean, at: Spot, data: Uint8Array, offset: number, length: number): void {
    this.#keep(kind, marker, at, data, offset, length, false);
  }

  /** Form of G.711 that a mix is made in. */
  get mixKind(): number {
    return this.#codec < 0 ? PCMU : this.#codec;
  }

  /** What was captured since `position`, sent or not, is sent to the next destination. */
  rewind(position: number): void {
    this.#buffer.rewind(position);
  }

  /** Sends up to `most` packets of the buffer. */
  flush(most: number): void {
    for (let i = 0; i < most && this.flushing; i++) {
      const { length, offset, tag, data, position } = this.#buffer;
      for (let k = 0; k < length; k++) this.#scratch[RTP_HEADER + k] = data[offset + k] ?? 0;
      this.#send(tag & 3, (tag & MARKER) !== 0, { position }, this.#scratch, RTP_HEADER, length);
      this.#buffer.took();
    }
  }

  reportDue(nowMs: number): boolean {
    return this.#dest >= 0 && nowMs - this.#lastReport >= limits.TAP_REPORT_MS;
  }

  /** Sends a sender report: the wall clock now, and the time stamp of what is being said now. */
  report(wallMicros: number, nowPosition: number, nowMs: number): void {
    this.#lastReport = nowMs;
    const s = this.#scratch;
    const sender = {
      wallMicros,
      timestamp: nowPosition + this.#timestampBase,
      packets: this.#sent,
      octets: this.#octets,
    };
    let size = writeReport(s, 0, this.ssrc, sender, undefined);
    size += writeDescription(s, size, this.ssrc, CNAME);
    this.protection.queueRtcp(this.sockets.rtcp, this.#rtcpDest, s, size);
  }

  /** True once where the buffer has begun to lose packets since it was last empty. */
  overflowBegins(): boolean {
    const { lost, waiting } = this.#buffer;
    if (waiting === 0) {
      this.#overflowSeen = lost;
      this.#overflowing = false;
    }
    if (this.#overflowing || lost === this.#overflowSeen) return false;
    this.#overflowing = true;
    return true;
  }

  /** Says good-bye (RFC 3550 6.6) and forgets the destination. */
  end(): void {
    if (this.#dest < 0) return;
    let size = writeReport(this.#scratch, 0, this.ssrc, undefined, undefined);
    size += writeDescription(this.#scratch, size, this.ssrc, CNAME);
    size += writeBye(this.#scratch, size, this.ssrc);
    this.protection.queueRtcp(this.sockets.rtcp, this.#rtcpDest, this.#scratch, size);
    this.setDestination(undefined);
  }

  stats(): TapStats {
    return {
      tap: this.id,
      legs: this.sources.legs.map(({ id }) => id),
      captured: this.#captured,
      sent: this.#sent,
      sentOctets: this.#octets,
      buffered: this.#buffer.waiting,
      overflowed: this.#buffer.lost,
      paused: this.paused,
    };
  }

  #keep(
    kind: number,
    marker: boolean,
    at: Spot,
    data: Uint8Array,
    offset: number,
    length: number,
    sent: boolean,
  ): void {
    if (kind !== DTMF && at.position + length > this.until) this.until = at.position + length;
    this.#buffer.push(data, offset, length, at, kind | (marker ? MARKER : 0), sent);
  }

  #send(kind: number, marker: boolean, at: Spot, data: Uint8Array, offset: number, length: number): void {
    let payloadType: number;
    let from = data;
    let start = offset;
    if (kind === DTMF) {
      if (this.#dtmfPayloadType === undefined) return;
      payloadType = this.#dtmfPayloadType;
    } else if (this.#codec < 0) {
      payloadType = kind === PCMU ? STATIC_PCMU : STATIC_PCMA;
    } else {
      payloadType = this.#payloadType;
      const table = conversion(kind, this.#codec);
      if (table !== undefined) {
        // In place this would spoil the packet for the next tap.
        for (let i = 0; i < length; i++) this.#scratch[RTP_HEADER + i] = table[data[offset + i] ?? 0] ?? 0;
        from = this.#scratch;
        start = RTP_HEADER;
      }
    }
    // 32 bits: more, as an argument, may be an object per packet.
    const timestamp = (at.position + this.#timestampBase) | 0;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    writeRtpHeader(from, start - RTP_HEADER, payloadType, marker, this.#sequence, timestamp, this.ssrc);
    this.protection.queueRtp(this.sockets.rtp, this.#dest, from, start - RTP_HEADER, RTP_HEADER + length);
    // The report that went before may have been lost, and with it what ties this stream to the wall clock.
    if (this.#sentThere === 0) this.#lastReport = Number.NEGATIVE_INFINITY;
    this.#sentThere++;
    this.#sent++;
    this.#octets += length;
  }
}
