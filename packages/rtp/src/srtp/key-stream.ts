import { type Cipheriv, createCipheriv } from "node:crypto";

/** RTP packets whose key stream is made by one call of the cipher. */
export const KEY_STREAM_AHEAD = 8;
/** Blocks of 16 octets that one call makes at most. */
const MAX_BLOCKS = 128;
const BLOCK = 16;

/**
 * AES counter mode (RFC 3711 4.1.1, RFC 6188 2) of one source. The cipher object lives as long as the session: node:crypto takes longer to make
 * one than to encrypt a packet. The blocks of the packets that follow are known, so theirs are made in the same call.
 */
export class KeyStream {
  readonly #cipher: Cipheriv;
  readonly #salt: Uint8Array;
  #counters = new Uint8Array(0);
  #made: Uint8Array = new Uint8Array(0);
  /** The packet that `#made` begins with, how many packets and how many blocks for each. */
  #first = -1;
  #packets = 0;
  #blocks = 0;
  readonly #ssrc: number;
  readonly #ahead: number;

  /** @param ahead packets for which it is made at once */
  constructor(key: Uint8Array, salt: Uint8Array, ssrc: number, ahead: number) {
    this.#cipher = createCipheriv(key.length === 16 ? "aes-128-ecb" : "aes-256-ecb", key, null);
    this.#cipher.setAutoPadding(false);
    this.#salt = salt;
    this.#ssrc = ssrc;
    this.#ahead = ahead;
  }

  /** Encrypts or decrypts in place. @param index of the packet, 48 bits (RTP: rollover counter and sequence number) */
  apply(data: Uint8Array, offset: number, length: number, index: number): void {
    const blocks = Math.ceil(length / BLOCK);
    const isMade = index >= this.#first && index < this.#first + this.#packets && blocks <= this.#blocks;
    if (!isMade && blocks > 0) {
      // A straggler must not cost those that come after it what is made for them.
      if (index < this.#first && blocks <= MAX_BLOCKS) {
        xor(data, offset, length, this.#make(index, 1, blocks), 0);
        return;
      }
      this.#packets = Math.max(1, Math.min(this.#ahead, Math.floor(MAX_BLOCKS / blocks)));
      this.#first = index;
      this.#blocks = blocks;
      this.#made = this.#make(index, this.#packets, blocks);
    }
    xor(data, offset, length, this.#made, (index - this.#first) * this.#blocks * BLOCK);
  }

  #make(first: number, packets: number, blocks: number): Uint8Array {
    const size = packets * blocks * BLOCK;
    if (this.#counters.length < size) this.#counters = new Uint8Array(size);
    const c = this.#counters;
    const salt = this.#salt;
    const ssrc = this.#ssrc;
    for (let packet = 0, at = 0; packet < packets; packet++) {
      const index = first + packet;
      const high = Math.floor(index / 0x1_0000_0000);
      const low = index >>> 0;
      for (let block = 0; block < blocks; block++, at += BLOCK) {
        for (let i = 0; i < 14; i++) c[at + i] = salt[i] ?? 0;
        c[at + 4] = (c[at + 4] ?? 0) ^ (ssrc >>> 24);
        c[at + 5] = (c[at + 5] ?? 0) ^ (ssrc >>> 16);
        c[at + 6] = (c[at + 6] ?? 0) ^ (ssrc >>> 8);
        c[at + 7] = (c[at + 7] ?? 0) ^ ssrc;
        c[at + 8] = (c[at + 8] ?? 0) ^ (high >>> 8);
        c[at + 9] = (c[at + 9] ?? 0) ^ high;
        c[at + 10] = (c[at + 10] ?? 0) ^ (low >>> 24);
        c[at + 11] = (c[at + 11] ?? 0) ^ (low >>> 16);
        c[at + 12] = (c[at + 12] ?? 0) ^ (low >>> 8);
        c[at + 13] = (c[at + 13] ?? 0) ^ low;
        c[at + 14] = block >>> 8;
        c[at + 15] = block;
      }
    }
    return this.#cipher.update(c.subarray(0, size));
  }
}

function xor(data: Uint8Array, offset: number, length: number, stream: Uint8Array, from: number): void {
  for (let i = 0; i < length; i++) data[offset + i] = (data[offset + i] ?? 0) ^ (stream[from + i] ?? 0);
}
