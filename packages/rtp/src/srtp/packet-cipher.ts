/**
 * Protects packets of RTP or of RTCP with one set of session keys. A packet is `length` octets at `offset`, of which the first `clear` stay
 * readable. `index` has 48 bits; `rollover` is what RTP authenticates with a packet without sending it; `word` is the encryption flag and index
 * that RTCP sends with it (RFC 3711 3.4).
 */
export interface PacketCipher {
  /** Encrypts in place and writes the tag behind. There must be room for it. Returns the new length. */
  sealRtp(data: Uint8Array, offset: number, clear: number, length: number, ssrc: number, index: number): number;
  /** As above, with the word before or behind the tag. */
  sealRtcp(data: Uint8Array, offset: number, length: number, ssrc: number, word: number): number;
  /** Checks and decrypts in place; false, and nothing is changed, where it is not genuine. `tagAt`: where the tag begins. */
  openRtp(
    data: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    tagAt: number,
    ssrc: number,
    index: number,
  ): boolean;
  /** As above; `wordAt`: where the word is. */
  openRtcp(data: Uint8Array, offset: number, length: number, tagAt: number, ssrc: number, wordAt: number): boolean;
  /** Forgets what it keeps of a source. */
  forget(ssrc: number): void;
}

/** RFC 3711 3.4: header and SSRC of the first packet of a compound, which stay readable. */
export const RTCP_CLEAR = 8;
/** The flag before an SRTCP index: the packet is encrypted. */
export const ENCRYPTED_FLAG = 0x8000_0000;
