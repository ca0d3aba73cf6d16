/** What a datagram is by its first octets (RFC 7983, RFC 5761 4). */
export type DatagramKind = "rtp" | "rtcp" | "other";

/** An RTP packet's fields, overwritten by each `read`. */
export class RtpView {
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** Of the payload within the data, padding taken off. */
  start = 0;
  length = 0;

  /** RFC 3550 5.1: header, CSRCs, extension, padding. False where the packet is not well-formed. */
  read(data: Uint8Array, offset: number, length: number): boolean {
    if (length < 12) return false;
    const first = byte(data, offset);
    if (first >> 6 !== 2) return false;
    let header = 12 + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0) {
      if (length < header + 4) return false;
      header += 4 + 4 * ((byte(data, offset + header + 2) << 8) | byte(data, offset + header + 3));
    }
    let payload = length - header;
    if (payload < 0) return false;
    if ((first & 0x20) !== 0) {
      const padding = byte(data, offset + length - 1);
      if (padding === 0 || padding > payload) return false;
      payload -= padding;
    }
    this.payloadType = byte(data, offset + 1) & 0x7f;
    this.sequence = (byte(data, offset + 2) << 8) | byte(data, offset + 3);
    this.timestamp = uint32(data, offset + 4);
    this.ssrc = uint32(data, offset + 8);
    this.start = offset + header;
    this.length = payload;
    return true;
  }
}

/** Tells RTP from RTCP, also where both share a port, and both from STUN, DTLS and noise. */
export function kindOf(data: Uint8Array, offset: number, length: number): DatagramKind {
  if (length < 8 || byte(data, offset) >> 6 !== 2) return "other";
  const type = byte(data, offset + 1);
  // RFC 5761 4: RTCP packet types 192-223 cannot be RTP payload types of our profile.
  return type >= 192 && type <= 223 ? "rtcp" : "rtp";
}

/** The sender information of an RTCP SR (RFC 3550 6.4.1). */
export interface SenderReport {
  readonly ssrc: number;
  readonly ntpMicros: number;
  readonly timestamp: number;
}

/** Seconds between the eras of NTP (1900) and Unix (1970). */
const NTP_UNIX_SECONDS = 2_208_988_800;

/** What a compound RTCP packet holds for a receiver: sender reports, and the sources that said BYE. */
export function readRtcp(
  data: Uint8Array,
  offset: number,
  length: number,
): { reports: SenderReport[]; byes: number[] } | undefined {
  const reports: SenderReport[] = [];
  const byes: number[] = [];
  let at = offset;
  const end = offset + length;
  while (at + 4 <= end) {
    if (byte(data, at) >> 6 !== 2) return undefined;
    const size = 4 + 4 * ((byte(data, at + 2) << 8) | byte(data, at + 3));
    if (at + size > end) return undefined;
    const type = byte(data, at + 1);
    if (type === 200 && size >= 28) {
      const seconds = uint32(data, at + 8);
      const ntpMicros =
        seconds === 0 ? 0 : (seconds - NTP_UNIX_SECONDS) * 1_000_000 + (uint32(data, at + 12) / 2 ** 32) * 1_000_000;
      reports.push({ ssrc: uint32(data, at + 4), ntpMicros, timestamp: uint32(data, at + 16) });
    } else if (type === 203) {
      const count = byte(data, at) & 0x1f;
      for (let i = 0; i < count && 8 + 4 * i <= size; i++) byes.push(uint32(data, at + 4 + 4 * i));
    }
    at += size;
  }
  return at === end ? { reports, byes } : undefined;
}

function byte(data: Uint8Array, at: number): number {
  return data[at] ?? 0;
}

function uint32(data: Uint8Array, at: number): number {
  return ((byte(data, at) << 24) | (byte(data, at + 1) << 16) | (byte(data, at + 2) << 8) | byte(data, at + 3)) >>> 0;
}
