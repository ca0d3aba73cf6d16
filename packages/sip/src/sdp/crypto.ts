import { fail, ok, type Result } from "@sidetone/foundation";
import { parseDigits } from "../message/characters.ts";
import type { Sdp, SdpAttribute, SdpMedia } from "./sdp.ts";

/** One `inline:` of an `a=crypto` line. */
export interface SdpCryptoKey {
  /** Master key and the salt behind it. Never to a log. */
  readonly keySalt: Uint8Array;
  /** Packets that it may protect, as it was written (`2^20` or a number); absent: as many as the suite allows. */
  readonly lifetime?: string;
  /** The MKI as packets bear it (RFC 4568 6.1); no octets where packets have none. */
  readonly mki: Uint8Array;
}

/** An `a=crypto` line (RFC 4568 4, 9.1): what its writer will protect what it sends with. */
export interface SdpCrypto {
  readonly tag: number;
  /** E.g. `AES_CM_128_HMAC_SHA1_80`, upper case. */
  readonly suite: string;
  readonly keys: readonly SdpCryptoKey[];
  /** RFC 4568 6.3, e.g. `UNENCRYPTED_SRTCP`, `WSH=64`. */
  readonly sessionParameters: readonly string[];
}

/** Longest base64 that is read: AES-256 has 64 characters. */
const MAX_KEY_TEXT = 128;
/** RFC 4568 9.1: a tag has at most nine digits. */
const MAX_TAG = 999_999_999;
/** Keys in one line. */
const MAX_KEYS = 8;
/** Octets of an MKI (RFC 4568 6.1 allows 128). */
const MAX_MKI = 128;

/** Reads the value of an `a=crypto` line. */
export function parseCrypto(value: string): Result<SdpCrypto> {
  const [tagText, suite, keyText, ...sessionParameters] = value.split(" ").filter((word) => word !== "");
  const tag = parseDigits(tagText ?? "", MAX_TAG);
  if (tag === undefined || suite === undefined || keyText === undefined) return fail("malformed a=crypto");
  const texts = keyText.split(";").filter((text) => text !== "");
  if (texts.length === 0 || texts.length > MAX_KEYS) return fail("a=crypto without a key, or with too many");
  const keys: SdpCryptoKey[] = [];
  for (const text of texts) {
    const key = parseKey(text);
    if (key === undefined) return fail("malformed key in a=crypto");
    keys.push(key);
  }
  const [first] = keys;
  // RFC 4568 6.1: several keys are told apart by MKIs of one length.
  const apart = keys.length === 1 || keys.every(({ mki }) => mki.length > 0 && mki.length === first?.mki.length);
  return apart
    ? ok({ tag, suite: suite.toUpperCase(), keys, sessionParameters })
    : fail("a=crypto with several keys that no MKI tells apart");
}

function parseKey(text: string): SdpCryptoKey | undefined {
  const [inline, ...info] = text.split("|");
  const colon = inline?.indexOf(":") ?? -1;
  if (inline === undefined || inline.slice(0, colon).toLowerCase() !== "inline" || info.length > 2) return undefined;
  const keySalt = decodeBase64(inline.slice(colon + 1));
  if (keySalt === undefined) return undefined;
  let lifetime: string | undefined;
  let mki: Uint8Array | undefined;
  for (const part of info) {
    const found = part.includes(":") ? parseMki(part) : undefined;
    if (found !== undefined) mki = found;
    else if (mki === undefined && lifetime === undefined && isLifetime(part)) lifetime = part;
    else return undefined;
  }
  return { keySalt, mki: mki ?? new Uint8Array(0), ...(lifetime === undefined ? {} : { lifetime }) };
}

/** Octets of a base64 text; padding may be missing, as some leave it out. */
function decodeBase64(text: string): Uint8Array | undefined {
  if (text === "" || text.length > MAX_KEY_TEXT) return undefined;
  const octets = Uint8Array.from(Buffer.from(text, "base64"));
  const again = Buffer.from(octets).toString("base64");
  return again === text || again.replaceAll("=", "") === text ? octets : undefined;
}

function isLifetime(text: string): boolean {
  const digits = text.startsWith("2^") ? text.slice(2) : text;
  return parseDigits(digits, Number.MAX_SAFE_INTEGER) !== undefined;
}

/** `1:4`: number and octets. */
function parseMki(text: string): Uint8Array | undefined {
  const [numberText, lengthText, more] = text.split(":", 3);
  const length = parseDigits(lengthText ?? "", MAX_MKI);
  let left = parseDigits(numberText ?? "", Number.MAX_SAFE_INTEGER);
  if (length === undefined || length === 0 || left === undefined || more !== undefined) return undefined;
  const mki = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i--) {
    mki[i] = left % 256;
    left = Math.floor(left / 256);
  }
  return left === 0 ? mki : undefined;
}

/** The value of an `a=crypto` line. */
export function formatCrypto(crypto: SdpCrypto): string {
  const keys = crypto.keys.map(({ keySalt, lifetime, mki }) => {
    const id = mki.length === 0 ? "" : `|${mki.reduce((sum, octet) => sum * 256 + octet, 0)}:${mki.length}`;
    return `inline:${Buffer.from(keySalt).toString("base64")}${lifetime === undefined ? "" : `|${lifetime}`}${id}`;
  });
  return [crypto.tag, crypto.suite, keys.join(";"), ...crypto.sessionParameters].join(" ");
}

/** The line as an attribute. */
export function cryptoAttribute(crypto: SdpCrypto): SdpAttribute {
  return { name: "crypto", value: formatCrypto(crypto) };
}

/** The `a=crypto` lines of a stream that can be read, in order; a tag counts once (RFC 4568 5.1.1). */
export function cryptosOf(media: SdpMedia | Sdp): SdpCrypto[] {
  const found: SdpCrypto[] = [];
  for (const { name, value } of media.attributes) {
    if (name !== "crypto") continue;
    const crypto = parseCrypto(value ?? "");
    if (crypto.ok && !found.some(({ tag }) => tag === crypto.value.tag)) found.push(crypto.value);
  }
  return found;
}

/** True where a stream's protocol demands SRTP (RFC 3711 12, RFC 5124). */
export function isSecureRtp(media: Pick<SdpMedia, "protocol">): boolean {
  const protocol = media.protocol.toUpperCase();
  return protocol === "RTP/SAVP" || protocol === "RTP/SAVPF";
}

/** True where it is RTP without it; `a=crypto` there is a wish (RFC 8643 4). */
export function isPlainRtp(media: Pick<SdpMedia, "protocol">): boolean {
  const protocol = media.protocol.toUpperCase();
  return protocol === "RTP/AVP" || protocol === "RTP/AVPF";
}

/**
 * True where we can do what the session parameters of a line demand (RFC 4568 6.3): `WSH` is a hint, `UNENCRYPTED_SRTCP` says itself in each
 * packet, a leading `-` makes one optional; a line with any other one is not to be accepted.
 */
export function acceptsParameters(crypto: SdpCrypto): boolean {
  return crypto.sessionParameters.every((parameter) => {
    const upper = parameter.toUpperCase();
    return upper.startsWith("-") || upper.startsWith("WSH=") || upper === "UNENCRYPTED_SRTCP" || upper === "KDR=0";
  });
}

/** What an answer to an accepted line repeats of its session parameters (RFC 4568 6.3.2: what changes both directions). */
export function answeredParameters(crypto: SdpCrypto): string[] {
  return crypto.sessionParameters.filter((parameter) => parameter.toUpperCase() === "UNENCRYPTED_SRTCP");
}

/** True where nobody on the way can read the keys of `a=crypto` (RFC 4568 9): without that they protect little. */
export function hidesKeys(transport: string): boolean {
  return ["tls", "wss"].includes(transport.toLowerCase());
}
