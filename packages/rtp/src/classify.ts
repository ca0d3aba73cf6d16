/** What a datagram on a media port is, by its first octets (RFC 7983 7, RFC 5761 4). */
export type DatagramKind = "rtp" | "rtcp" | "stun" | "dtls" | "zrtp" | "turn" | "other";

/** Classifies `length` octets at `offset`. Looks at no more than two of them: reading the packet decides whether it is well-formed. */
export function classify(data: Uint8Array, offset: number, length: number): DatagramKind {
  if (length < 2) return "other";
  const first = data[offset] ?? 0;
  if (first >= 128 && first <= 191) {
    const second = data[offset + 1] ?? 0;
    return second >= 192 && second <= 223 ? "rtcp" : "rtp";
  }
  if (first <= 3) return "stun";
  if (first >= 16 && first <= 19) return "zrtp";
  if (first >= 20 && first <= 63) return "dtls";
  if (first >= 64 && first <= 79) return "turn";
  return "other";
}
