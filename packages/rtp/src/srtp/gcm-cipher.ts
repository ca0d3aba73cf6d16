import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { readUint32, writeUint32 } from "../rtp-packet.ts";
import { ENCRYPTED_FLAG, type PacketCipher, RTCP_CLEAR } from "./packet-cipher.ts";
import type { SessionKeys } from "./session-keys.ts";

const TAG = 16;

/** AES-GCM (RFC 7714). node:crypto has no way to give a cipher a new IV, so each packet costs an object. */
export class GcmCipher implements PacketCipher {
  readonly #key: KeyObject;
  readonly #algorithm: "aes-128-gcm" | "aes-256-gcm";
  readonly #salt: Uint8Array;
  readonly #iv = new Uint8Array(12);
  readonly #readable = new Uint8Array(RTCP_CLEAR + 4);

  constructor(keys: SessionKeys) {
    this.#key = createSecretKey(keys.encryption);
    this.#algorithm = keys.encryption.length === 16 ? "aes-128-gcm" : "aes-256-gcm";
    this.#salt = keys.salt;
  }

  sealRtp(data: Uint8Array, offset: number, clear: number, length: number, ssrc: number, index: number): number {
    this.#setIv(ssrc, index);
    this.#seal(data, offset + clear, offset + length, data.subarray(offset, offset + clear));
    return length + TAG;
  }

  /** RFC 7714 9: the word comes after the tag, and is authenticated with what is readable. */
  sealRtcp(data: Uint8Array, offset: number, length: number, ssrc: number, word: number): number {
    const readable = this.#rtcpReadable(data, offset, length, word);
    this.#setIv(ssrc, word % ENCRYPTED_FLAG);
    this.#seal(data, offset + (word >= ENCRYPTED_FLAG ? RTCP_CLEAR : length), offset + length, readable);
    writeUint32(data, offset + length + TAG, word);
    return length + TAG + 4;
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
    this.#setIv(ssrc, index);
    return this.#open(data, offset + clear, offset + length, tagAt, data.subarray(offset, offset + clear));
  }

  openRtcp(data: Uint8Array, offset: number, length: number, tagAt: number, ssrc: number, wordAt: number): boolean {
    const word = readUint32(data, wordAt);
    const readable = this.#rtcpReadable(data, offset, length, word);
    this.#setIv(ssrc, word % ENCRYPTED_FLAG);
    const from = offset + (word >= ENCRYPTED_FLAG ? RTCP_CLEAR : length);
    return this.#open(data, from, offset + length, tagAt, readable);
  }

  forget(_ssrc: number): void {
    // Nothing is kept of a source.
  }

  #seal(data: Uint8Array, from: number, to: number, readable: Uint8Array): void {
    const cipher = createCipheriv(this.#algorithm, this.#key, this.#iv, { authTagLength: TAG });
    cipher.setAAD(readable);
    const sealed = cipher.update(data.subarray(from, to));
    cipher.final();
    data.set(sealed, from);
    data.set(cipher.getAuthTag(), to);
  }

  #open(data: Uint8Array, from: number, to: number, tagAt: number, readable: Uint8Array): boolean {
    const cipher = createDecipheriv(this.#algorithm, this.#key, this.#iv, { authTagLength: TAG });
    cipher.setAAD(readable);
    cipher.setAuthTag(data.subarray(tagAt, tagAt + TAG));
    const opened = cipher.update(data.subarray(from, to));
    try {
      cipher.final();
    } catch {
      return false;
    }
    data.set(opened, from);
    return true;
  }

  #rtcpReadable(data: Uint8Array, offset: number, length: number, word: number): Uint8Array {
    const size = word >= ENCRYPTED_FLAG ? RTCP_CLEAR : length;
    const into = size === RTCP_CLEAR ? this.#readable : new Uint8Array(size + 4);
    into.set(data.subarray(offset, offset + size), 0);
    writeUint32(into, size, word);
    return into;
  }

  /** RFC 7714 8.1, 9.1: SSRC and the 48-bit index, over the salt. */
  #setIv(ssrc: number, index: number): void {
    const iv = this.#iv;
    iv[0] = 0;
    iv[1] = 0;
    writeUint32(iv, 2, ssrc);
    writeUint32(iv, 6, Math.floor(index / 0x1_0000) >>> 0);
    iv[10] = index >>> 8;
    iv[11] = index;
    for (let i = 0; i < 12; i++) iv[i] = (iv[i] ?? 0) ^ (this.#salt[i] ?? 0);
  }
}
