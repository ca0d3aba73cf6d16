import { readUint16, readUint32, writeUint16, writeUint32 } from "./rtp-packet.ts";

export const RTCP_SR = 200;
export const RTCP_RR = 201;
export const RTCP_SDES = 202;
export const RTCP_BYE = 203;

/** Seconds from 1900 to 1970 (RFC 3550 4). */
const NTP_EPOCH = 2_208_988_800;

/** A report block (RFC 3550 6.4.1). Delays in 1/65536 s. */
export interface ReportBlock {
  readonly ssrc: number;
  /** In 1/256. */
  readonly fractionLost: number;
  readonly lost: number;
  readonly highestSequence: number;
  /** In time-stamp units. */
  readonly jitter: number;
  readonly lastReport: number;
  readonly delaySinceLastReport: number;
}

/** What a sender says of itself in an SR. */
export interface SenderInfo {
  /** Wall clock of the report, µs since 1970; 0 where the sender has none. */
  readonly ntpMicros: number;
  /** Middle 32 bits of the NTP time, as a report block repeats them. */
  readonly ntpMiddle: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** One packet of a compound. */
export type RtcpPacket =
  | {
      readonly kind: "sender-report";
      readonly ssrc: number;
      readonly sender: SenderInfo;
      readonly blocks: readonly ReportBlock[];
    }
  | { readonly kind: "receiver-report"; readonly ssrc: number; readonly blocks: readonly ReportBlock[] }
  | { readonly kind: "description"; readonly ssrc: number; readonly cname: string | undefined }
  | { readonly kind: "bye"; readonly ssrcs: readonly number[] }
  | { readonly kind: "other"; readonly type: number };

/** Reads a compound (RFC 3550 6.1). Undefined where lengths or version are wrong; a compound need not begin with a report (RFC 5506). */
export function parseRtcp(data: Uint8Array, offset: number, length: number): RtcpPacket[] | undefined {
  const packets: RtcpPacket[] = [];
  const end = offset + length;
  let at = offset;
  while (at < end) {
    if (at + 4 > end || (data[at] ?? 0) >> 6 !== 2) return undefined;
    const size = 4 * (readUint16(data, at + 2) + 1);
    if (at + size > end) return undefined;
    const packet = parseOne(data, at, size);
    if (packet === undefined) return undefined;
    packets.push(packet);
    at += size;
  }
  return packets.length === 0 ? undefined : packets;
}

function parseOne(data: Uint8Array, at: number, size: number): RtcpPacket | undefined {
  const type = data[at + 1] ?? 0;
  const count = (data[at] ?? 0) & 31;
  switch (type) {
    case RTCP_SR: {
      if (size < 28 + 24 * count) return undefined;
      const seconds = readUint32(data, at + 8);
      const fraction = readUint32(data, at + 12);
      const sender = {
        ntpMicros:
          seconds === 0 && fraction === 0
            ? 0
            : (seconds - NTP_EPOCH) * 1_000_000 + Math.round((fraction * 1_000_000) / 0x1_0000_0000),
        ntpMiddle: ntpMiddle(seconds, fraction),
        timestamp: readUint32(data, at + 16),
        packets: readUint32(data, at + 20),
        octets: readUint32(data, at + 24),
      };
      return { kind: "sender-report", ssrc: readUint32(data, at + 4), sender, blocks: blocksAt(data, at + 28, count) };
    }
    case RTCP_RR:
      if (size < 8 + 24 * count) return undefined;
      return { kind: "receiver-report", ssrc: readUint32(data, at + 4), blocks: blocksAt(data, at + 8, count) };
    case RTCP_SDES:
      if (size < 8) return { kind: "description", ssrc: 0, cname: undefined };
      return { kind: "description", ssrc: readUint32(data, at + 4), cname: cnameAt(data, at + 8, at + size) };
    case RTCP_BYE: {
      if (size < 4 + 4 * count) return undefined;
      const ssrcs: number[] = [];
      for (let i = 0; i < count; i++) ssrcs.push(readUint32(data, at + 4 + 4 * i));
      return { kind: "bye", ssrcs };
    }
    default:
      return { kind: "other", type };
  }
}

function blocksAt(data: Uint8Array, from: number, count: number): ReportBlock[] {
  const blocks: ReportBlock[] = [];
  for (let i = 0; i < count; i++) {
    const at = from + 24 * i;
    const lost = readUint32(data, at + 4) & 0xff_ffff;
    blocks.push({
      ssrc: readUint32(data, at),
      fractionLost: data[at + 4] ?? 0,
      lost: lost >= 0x80_0000 ? lost - 0x100_0000 : lost,
      highestSequence: readUint32(data, at + 8),
      jitter: readUint32(data, at + 12),
      lastReport: readUint32(data, at + 16),
      delaySinceLastReport: readUint32(data, at + 20),
    });
  }
  return blocks;
}

function cnameAt(data: Uint8Array, from: number, end: number): string | undefined {
  let at = from;
  while (at + 2 <= end && data[at] !== 0) {
    const length = data[at + 1] ?? 0;
    if (at + 2 + length > end) return undefined;
    if (data[at] === 1) return Buffer.from(data.subarray(at + 2, at + 2 + length)).toString("utf8");
    at += 2 + length;
  }
  return undefined;
}

/** Middle 32 bits of the NTP time of a wall-clock time, as in a report block's LSR. */
export function ntpMiddleOf(wallMicros: number): number {
  const seconds = Math.floor(wallMicros / 1_000_000);
  return ntpMiddle(seconds + NTP_EPOCH, ntpFraction(wallMicros - seconds * 1_000_000));
}

/** Writes an SR or, without `sender`, an RR with at most one block. Returns the octets written. */
export function writeReport(
  into: Uint8Array,
  offset: number,
  ssrc: number,
  sender:
    | { readonly wallMicros: number; readonly timestamp: number; readonly packets: number; readonly octets: number }
    | undefined,
  block: ReportBlock | undefined,
): number {
  let at = offset + 8;
  if (sender !== undefined) {
    const seconds = Math.floor(sender.wallMicros / 1_000_000);
    writeUint32(into, at, seconds + NTP_EPOCH);
    writeUint32(into, at + 4, ntpFraction(sender.wallMicros - seconds * 1_000_000));
    writeUint32(into, at + 8, sender.timestamp);
    writeUint32(into, at + 12, sender.packets);
    writeUint32(into, at + 16, sender.octets);
    at += 20;
  }
  if (block !== undefined) {
    const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, block.lost)) & 0xff_ffff;
    writeUint32(into, at, block.ssrc);
    writeUint32(into, at + 4, ((block.fractionLost & 255) << 24) | lost);
    writeUint32(into, at + 8, block.highestSequence);
    writeUint32(into, at + 12, block.jitter);
    writeUint32(into, at + 16, block.lastReport);
    writeUint32(into, at + 20, block.delaySinceLastReport);
    at += 24;
  }
  into[offset] = 0x80 | (block === undefined ? 0 : 1);
  into[offset + 1] = sender === undefined ? RTCP_RR : RTCP_SR;
  writeUint16(into, offset + 2, (at - offset) / 4 - 1);
  writeUint32(into, offset + 4, ssrc);
  return at - offset;
}

/** Writes an SDES with a CNAME (ASCII, at most 255 octets). Returns the octets written. */
export function writeDescription(into: Uint8Array, offset: number, ssrc: number, cname: string): number {
  const length = Math.min(255, cname.length);
  // At least one zero octet ends the items (RFC 3550 6.5).
  const size = 8 + Math.ceil((2 + length + 1) / 4) * 4;
  into.fill(0, offset, offset + size);
  into[offset] = 0x81;
  into[offset + 1] = RTCP_SDES;
  writeUint16(into, offset + 2, size / 4 - 1);
  writeUint32(into, offset + 4, ssrc);
  into[offset + 8] = 1;
  into[offset + 9] = length;
  for (let i = 0; i < length; i++) into[offset + 10 + i] = cname.charCodeAt(i) & 127;
  return size;
}

/** Writes a BYE for one source. Returns the octets written. */
export function writeBye(into: Uint8Array, offset: number, ssrc: number): number {
  into[offset] = 0x81;
  into[offset + 1] = RTCP_BYE;
  writeUint16(into, offset + 2, 1);
  writeUint32(into, offset + 4, ssrc);
  return 8;
}

function ntpFraction(micros: number): number {
  return Math.floor((micros * 0x1_0000_0000) / 1_000_000);
}

function ntpMiddle(seconds: number, fraction: number): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}
