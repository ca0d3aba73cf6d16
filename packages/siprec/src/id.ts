import { createHash } from "node:crypto";

/**
 * A metadata id that is always the same for the same parts, so that a recording keeps the ids of its sessions,
 * participants and streams when another Media Server takes it over. A UUID of version 8 (RFC 9562), as base64 of its
 * 16 bytes (RFC 7865 6.10).
 */
export function derivedId(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("base64");
}

/** True for 24 characters of base64 that hold 16 bytes: the form that RFC 7865 6.10 wants. */
export function isUuidId(id: string): boolean {
  return id.length === 24 && id.endsWith("==") && Buffer.from(id, "base64").toString("base64") === id;
}
