/** Octets of an RTP header without CSRC and extension. */
export const RTP_HEADER = 12;

/**
 * An RTP header read in place (RFC 3550 5.1): one object, filled again for each packet. CSRC list, extension and padding are stepped
 * over; the payload stays where it is.
 */
export class RtpView {
  payloadType = 0;
  marker = false;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  payloadOffset = 0;
  payloadLength = 0;

  /** False where the octets are no RTP packet: version, lengths of CSRC list, extension or padding that do not fit. */
  read(data: Uint8Array, offset: number, length: number): boolean {
    if (length < RTP_HEADER || offset + length > data.length) return false;
    const first = data[offset] ?? 0;
    if (first >> 6 !== 2) return false;
    const second = data[offset + 1] ?? 0;
    let header = RTP_HEADER + (first & 15) * 4;
    if ((first & 0x10) !== 0) {
      if (header + 4 > length) return false;
      header += 4 + 4 * readUint16(data, offset + header + 2);
    }
    if (header > length) return false;
    let payload = length - header;
    if ((first & 0x20) !== 0) {
      const padding = data[offset + length - 1] ?? 0;
      if (padding === 0 || padding > payload) return false;
      payload -= padding;
    }
    this.payloadType = second & 127;
    this.marker = second > 127;
    this.sequence = readUint16(data, offset + 2);
    this.timestamp = readUint32(data, offset + 4);
    this.ssrc = readUint32(data, offset + 8);
    this.payloadOffset = offset + header;
    this.payloadLength = payload;
    return true;
  }
}

/** Writes a plain header of 12 octets (RFC 3550 5.1). */
export function writeRtpHeader(
  into: Uint8Array,
  offset: number,
  payloadType: number,
  marker: boolean,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  into[offset] = 0x80;
  into[offset + 1] = (marker ? 128 : 0) | (payloadType & 127);
  writeUint16(into, offset + 2, sequence);
  writeUint32(into, offset + 4, timestamp);
  writeUint32(into, offset + 8, ssrc);
}

/** Big-endian, without a DataView. */
export function readUint16(data: Uint8Array, at: number): number {
  return ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
}

/** Big-endian, without a DataView. */
export function readUint32(data: Uint8Array, at: number): number {
  return (
    (((data[at] ?? 0) << 24) | ((data[at + 1] ?? 0) << 16) | ((data[at + 2] ?? 0) << 8) | (data[at + 3] ?? 0)) >>> 0
  );
}

/** Big-endian; takes the low 16 bits. */
export function writeUint16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >> 8;
  into[at + 1] = value;
}

/** Big-endian; takes the value modulo 2^32. */
export function writeUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}
