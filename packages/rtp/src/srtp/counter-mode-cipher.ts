import { readUint32, writeUint32 } from "../rtp-packet.ts";
import { HmacSha1 } from "./hmac-sha1.ts";
import { KeyStream } from "./key-stream.ts";
import { ENCRYPTED_FLAG, type PacketCipher, RTCP_CLEAR } from "./packet-cipher.ts";
import { rolloverOf } from "./packet-index.ts";
import type { SessionKeys } from "./session-keys.ts";

/** AES in counter mode with HMAC-SHA1 (RFC 3711 4.1.1, 4.2.1; RFC 6188). */
export class CounterModeCipher implements PacketCipher {
  readonly #keys: SessionKeys;
  readonly #tagLength: number;
  readonly #ahead: number;
  readonly #hmac: HmacSha1;
  readonly #streams = new Map<number, KeyStream>();

  constructor(keys: SessionKeys, tagLength: number, ahead: number) {
    this.#keys = keys;
    this.#tagLength = tagLength;
    this.#ahead = ahead;
    this.#hmac = new HmacSha1(keys.authentication);
  }

  sealRtp(data: Uint8Array, offset: number, clear: number, length: number, ssrc: number, index: number): number {
    this.#streamOf(ssrc).apply(data, offset + clear, length - clear, index);
    this.#hmac.sign(data, offset, length, rolloverOf(index));
    return this.#putTag(data, offset, length);
  }

  sealRtcp(data: Uint8Array, offset: number, length: number, ssrc: number, word: number): number {
    if (word >= ENCRYPTED_FLAG) {
      this.#streamOf(ssrc).apply(data, offset + RTCP_CLEAR, length - RTCP_CLEAR, word - ENCRYPTED_FLAG);
    }
    writeUint32(data, offset + length, word);
    this.#hmac.sign(data, offset, length + 4);
    return this.#putTag(data, offset, length + 4);
  }

  openRtp(
    data: Uint8Array,
    offset: number,
    clear: number,
    length: number,
    tagAt: number,
    ssrc: number,
    index: number,
  ): boolean {
    this.#hmac.sign(data, offset, length, rolloverOf(index));
    if (!this.#hmac.matches(data, tagAt, this.#tagLength)) return false;
    this.#streamOf(ssrc).apply(data, offset + clear, length - clear, index);
    return true;
  }

  openRtcp(data: Uint8Array, offset: number, length: number, tagAt: number, ssrc: number, wordAt: number): boolean {
    this.#hmac.sign(data, offset, length + 4);
    if (!this.#hmac.matches(data, tagAt, this.#tagLength)) return false;
    const word = readUint32(data, wordAt);
    if (word >= ENCRYPTED_FLAG) {
      this.#streamOf(ssrc).apply(data, offset + RTCP_CLEAR, length - RTCP_CLEAR, word - ENCRYPTED_FLAG);
    }
    return true;
  }

  forget(ssrc: number): void {
    this.#streams.delete(ssrc);
  }

  #streamOf(ssrc: number): KeyStream {
    let stream = this.#streams.get(ssrc);
    if (stream === undefined) {
      stream = new KeyStream(this.#keys.encryption, this.#keys.salt, ssrc, this.#ahead);
      this.#streams.set(ssrc, stream);
    }
    return stream;
  }

  #putTag(data: Uint8Array, offset: number, length: number): number {
    for (let i = 0; i < this.#tagLength; i++) data[offset + length + i] = this.#hmac.tag[i] ?? 0;
    return length + this.#tagLength;
  }
}
