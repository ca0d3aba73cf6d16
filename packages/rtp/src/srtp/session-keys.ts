import { createCipheriv } from "node:crypto";
import type { SrtpSuite } from "./suite.ts";

/** The keys that packets are protected with. */
export interface SessionKeys {
  readonly encryption: Uint8Array;
  readonly salt: Uint8Array;
  /** HMAC-SHA1; no octets with an AEAD suite. */
  readonly authentication: Uint8Array;
}

/** RFC 3711 4.3.2: labels of the six keys; RTCP's are three more than RTP's. */
const LABEL_ENCRYPTION = 0;
const LABEL_AUTHENTICATION = 1;
const LABEL_SALT = 2;
const RTCP_LABELS = 3;
/** RFC 3711 5.2: octets of the HMAC-SHA1 key. */
const AUTHENTICATION_LENGTH = 20;

/** Derives the keys for RTP or RTCP from a master key and its salt (RFC 3711 4.3.1, key derivation rate 0; RFC 6188 3; RFC 7714 11). */
export function deriveSessionKeys(suite: SrtpSuite, keySalt: Uint8Array, what: "rtp" | "rtcp"): SessionKeys {
  const { keyLength, saltLength } = suite;
  if (keySalt.length !== keyLength + saltLength) {
    throw new RangeError(`${suite.name} has ${keyLength + saltLength} octets of key and salt, not ${keySalt.length}`);
  }
  const master = keySalt.subarray(0, keyLength);
  const salt = keySalt.subarray(keyLength);
  const first = what === "rtp" ? 0 : RTCP_LABELS;
  return {
    encryption: pseudoRandom(master, salt, first + LABEL_ENCRYPTION, keyLength),
    salt: pseudoRandom(master, salt, first + LABEL_SALT, saltLength),
    authentication:
      suite.cipher === "gcm"
        ? new Uint8Array(0)
        : pseudoRandom(master, salt, first + LABEL_AUTHENTICATION, AUTHENTICATION_LENGTH),
  };
}

/** AES_CM_PRF (RFC 3711 4.3.3, RFC 6188 3): the key stream of the salt with the label in it. A salt of 12 octets is filled up with zeros. */
function pseudoRandom(master: Uint8Array, salt: Uint8Array, label: number, length: number): Uint8Array {
  const iv = new Uint8Array(16);
  iv.set(salt, 0);
  iv[7] = (iv[7] ?? 0) ^ label;
  const cipher = createCipheriv(master.length === 16 ? "aes-128-ctr" : "aes-256-ctr", master, iv);
  return Uint8Array.from(cipher.update(new Uint8Array(length)));
}
