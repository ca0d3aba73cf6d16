import { createHmac, randomBytes } from "node:crypto";
import type { DigestAlgorithm, DnConfig } from "@sidetone/config";

const plain: readonly DigestAlgorithm[] = ["MD5"];

/**
 * Which digests a user is offered. One that does not exist is offered what some DN is offered, always the same for the
 * same name, so that the challenge does not tell who exists. A call from a stranger may be a trunk's, whose From is anybody:
 * where trunks are known by digest it is offered what they are.
 */
export class OfferedAlgorithms {
  readonly #secret = randomBytes(16);
  #dns: ReadonlyMap<string, DnConfig> | undefined;
  #sets: readonly (readonly DigestAlgorithm[])[] = [];
  #trunks: readonly DigestAlgorithm[] = [];

  /** @param calling whether the request is a call */
  of(user: string | undefined, dns: ReadonlyMap<string, DnConfig>, calling = false): readonly DigestAlgorithm[] {
    const known = user === undefined ? undefined : dns.get(user)?.digestAlgorithms;
    if (known !== undefined) return known;
    if (this.#dns !== dns) {
      this.#dns = dns;
      this.#sets = distinct(dns.values());
      const trunks = Array.from(dns.values()).filter((dn) => dn.inboundAuthentication === "digest");
      this.#trunks = Array.from(new Set(distinct(trunks).flat()));
    }
    if (calling && this.#trunks.length > 0) return this.#trunks;
    if (this.#sets.length < 2) return this.#sets[0] ?? plain;
    const hash = createHmac("sha256", this.#secret)
      .update(user ?? "")
      .digest();
    return this.#sets[hash.readUInt32BE(0) % this.#sets.length] ?? plain;
  }
}

/** Every set of digests that a DN is offered, once. */
function distinct(dns: Iterable<DnConfig>): readonly (readonly DigestAlgorithm[])[] {
  const sets = new Map<string, readonly DigestAlgorithm[]>();
  for (const { digestAlgorithms } of dns) sets.set(digestAlgorithms.join(","), digestAlgorithms);
  return Array.from(sets.values());
}
