/** Names of RFC 4568 6.2, RFC 6188 8 and RFC 7714 14.1. */
export type SrtpSuiteName =
  | "AES_CM_128_HMAC_SHA1_80"
  | "AES_CM_128_HMAC_SHA1_32"
  | "AES_256_CM_HMAC_SHA1_80"
  | "AES_256_CM_HMAC_SHA1_32"
  | "AEAD_AES_128_GCM"
  | "AEAD_AES_256_GCM";

/** What a suite is made of; lengths in octets. */
export interface SrtpSuite {
  readonly name: SrtpSuiteName;
  readonly cipher: "counter-mode" | "gcm";
  readonly keyLength: number;
  readonly saltLength: number;
  /** Authentication tag of RTP, and of RTCP. */
  readonly tagLength: number;
  readonly rtcpTagLength: number;
}

function counterMode(name: SrtpSuiteName, keyLength: number, tagLength: number): SrtpSuite {
  // RFC 4568 6.2.2: the short tag is for RTP only.
  return { name, cipher: "counter-mode", keyLength, saltLength: 14, tagLength, rtcpTagLength: 10 };
}

function gcm(name: SrtpSuiteName, keyLength: number): SrtpSuite {
  return { name, cipher: "gcm", keyLength, saltLength: 12, tagLength: 16, rtcpTagLength: 16 };
}

/** All that is served, cheapest first. */
export const SRTP_SUITES: readonly SrtpSuite[] = [
  counterMode("AES_CM_128_HMAC_SHA1_80", 16, 10),
  counterMode("AES_256_CM_HMAC_SHA1_80", 32, 10),
  counterMode("AES_CM_128_HMAC_SHA1_32", 16, 4),
  counterMode("AES_256_CM_HMAC_SHA1_32", 32, 4),
  gcm("AEAD_AES_128_GCM", 16),
  gcm("AEAD_AES_256_GCM", 32),
];

/** Octets that a packet grows by at most when it is protected: SRTCP index and tag. We send no MKI. */
export const SRTP_OVERHEAD = 4 + 16;

/** The suite of a name (case matters not); undefined for one that is not served. */
export function srtpSuite(name: string): SrtpSuite | undefined {
  const upper = name.toUpperCase();
  return SRTP_SUITES.find((suite) => suite.name === upper);
}

/** A master key with its salt behind it, as `a=crypto` carries them, and the MKI that its packets bear (no octets: none). */
export interface SrtpMasterKey {
  readonly keySalt: Uint8Array;
  readonly mki: Uint8Array;
}

/** What one direction of a stream is protected with. Plain data: it may go to a thread. Never to a log. */
export interface SrtpParameters {
  readonly suite: SrtpSuiteName;
  /** One for sending; a receiver may know several, told apart by their MKIs, which are all of one length. */
  readonly keys: readonly SrtpMasterKey[];
}

/** True where both protect with the same keys. */
export function sameSrtp(a: SrtpParameters | undefined, b: SrtpParameters | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
  return (
    a.suite === b.suite &&
    a.keys.length === b.keys.length &&
    a.keys.every((key, i) => {
      const other = b.keys[i];
      return other !== undefined && same(key.keySalt, other.keySalt) && same(key.mki, other.mki);
    })
  );
}
