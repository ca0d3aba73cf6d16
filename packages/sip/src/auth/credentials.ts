import { createHash, randomBytes } from "node:crypto";
import { isToken, splitList, trimmed, unquote } from "../message/characters.ts";

/** RFC 7616, RFC 8760. Spelt as in the header. */
export type DigestAlgorithm = "MD5" | "SHA-256" | "SHA-512-256";

const HASHES = new Map<string, { algorithm: DigestAlgorithm; hash: string }>([
  ["md5", { algorithm: "MD5", hash: "md5" }],
  ["sha-256", { algorithm: "SHA-256", hash: "sha256" }],
  ["sha-512-256", { algorithm: "SHA-512-256", hash: "sha512-256" }],
]);

/** The algorithm that a header names, in any case; MD5 where it names none (RFC 7616 3.3); `undefined` for others. */
export function algorithmNamed(name: string | undefined): DigestAlgorithm | undefined {
  return HASHES.get((name ?? "MD5").toLowerCase())?.algorithm;
}

/** Lower-case hex of the hash of text of the wire, one byte per character. */
export function digestHex(algorithm: DigestAlgorithm, text: string): string {
  const hash = HASHES.get(algorithm.toLowerCase())?.hash ?? "sha256";
  return createHash(hash).update(text, "latin1").digest("hex");
}

const FIELDS_MAX = 32;

/** The fields of a Digest challenge or credentials, names in lower case, quotes undone; `undefined` where it is no Digest or malformed. */
export function parseDigestFields(value: string): Map<string, string> | undefined {
  const text = trimmed(value);
  const blank = text.indexOf(" ");
  if (blank === -1 || text.slice(0, blank).toLowerCase() !== "digest") return undefined;
  const parts = splitList(text.slice(blank + 1));
  if (parts.length === 0 || parts.length > FIELDS_MAX) return undefined;
  const fields = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf("=");
    if (equals === -1) return undefined;
    const name = trimmed(part, 0, equals).toLowerCase();
    if (!isToken(name) || fields.has(name)) return undefined;
    fields.set(name, unquote(trimmed(part, equals + 1)));
  }
  return fields;
}

/** What the response of RFC 7616 3.4.1 is made of. Text of the wire. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Absent for a server from before RFC 2617. */
  readonly qop?: { readonly nc: string; readonly cnonce: string };
}

/** The `response` value, qop=auth. */
export function digestResponse(d: DigestInput): string {
  const ha1 = digestHex(d.algorithm, `${d.username}:${d.realm}:${d.password}`);
  const ha2 = digestHex(d.algorithm, `${d.method}:${d.uri}`);
  const middle = d.qop === undefined ? d.nonce : `${d.nonce}:${d.qop.nc}:${d.qop.cnonce}:auth`;
  return digestHex(d.algorithm, `${ha1}:${middle}:${ha2}`);
}

/** A password that nobody has, so that checking an unknown user is the same work. */
export const NOBODYS_PASSWORD: string = randomBytes(16).toString("hex");
