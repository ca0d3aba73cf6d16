import type { DnConfig } from "@sidetone/config";
import type { SipUri } from "@sidetone/sip";
import type { Directory } from "../directory/index.ts";

/** Where numbers are looked up. */
export type Numbers = Pick<Directory, "dn" | "trunkForNumber">;

/** What a Request-URI means to us. */
export type Resolution =
  | { readonly kind: "dn"; readonly dn: DnConfig; readonly number: string }
  /** RFC 3261 8.2.2.1: a scheme we do not serve. */
  | { readonly kind: "refused"; readonly status: 404 | 416; readonly reason: string };

/** Reads the dialled number of a URI: its user part, unescaped, without parameters of a telephone number. */
export function dialledNumber(uri: SipUri): string | undefined {
  const user = uri.scheme === "tel" ? uri.opaque : uri.user;
  if (user === undefined || user === "") return undefined;
  const bare = user.split(";")[0] ?? user;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

/**
 * Finds the DN for a Request-URI: a DN of that name, else the trunk or trunk group with the longest prefix of the number.
 * Which host the URI names does not matter: everything that is sent to us is dialled here.
 */
export function resolveDestination(uri: SipUri, numbers: Numbers): Resolution {
  if (uri.scheme !== "sip" && uri.scheme !== "sips" && uri.scheme !== "tel") {
    return { kind: "refused", status: 416, reason: "Unsupported URI Scheme" };
  }
  const number = dialledNumber(uri);
  if (number === undefined) return { kind: "refused", status: 404, reason: "Not Found" };
  return resolveNumber(number, numbers);
}

/** Finds the DN for a dialled number; `number` of the result is without the prefix that led to a trunk. */
export function resolveNumber(number: string, numbers: Numbers): Resolution {
  const dn = numbers.dn(number);
  if (dn !== undefined) return { kind: "dn", dn, number };
  const trunk = numbers.trunkForNumber(number);
  if (trunk !== undefined) return { kind: "dn", dn: trunk, number: number.slice(trunk.prefix?.length ?? 0) };
  return { kind: "refused", status: 404, reason: "Not Found" };
}
