/** Sequence numbers of one turn. */
const TURN = 0x1_0000;
const HALF = 0x8000;

/**
 * The 48-bit index of a packet: rollover counter and sequence number (RFC 3711 3.3.1, appendix A), the one that is nearest to the newest index.
 * @param highest the newest index that is known; not negative
 */
export function packetIndex(highest: number, sequence: number): number {
  const newest = highest % TURN;
  let turn = (highest - newest) / TURN;
  if (sequence - newest > HALF) turn -= 1;
  else if (newest - sequence > HALF) turn += 1;
  // Before the first turn there is none.
  return Math.max(0, turn) * TURN + sequence;
}

/** The rollover counter of an index, 32 bits. */
export function rolloverOf(index: number): number {
  return Math.floor(index / TURN) >>> 0;
}

/** Octets of an RTP header with CSRC list and extension (RFC 3550 5.1); -1 where they do not fit. */
export function rtpHeaderLength(data: Uint8Array, offset: number, length: number): number {
  if (length < 12) return -1;
  const first = data[offset] ?? 0;
  if (first >> 6 !== 2) return -1;
  let header = 12 + (first & 15) * 4;
  if ((first & 0x10) !== 0) {
    if (header + 4 > length) return -1;
    header += 4 + 4 * (((data[offset + header + 2] ?? 0) << 8) | (data[offset + header + 3] ?? 0));
  }
  return header > length ? -1 : header;
}
