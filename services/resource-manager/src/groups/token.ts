import { maxTokenLength } from "../limits.ts";

/** Header of the affinity token, in 2xx responses and in later INVITEs (contract: affinity). */
export const tokenHeader = "X-Resource-Token";
/** Header with SIP URIs or tokens, comma-separated, of resources that an INVITE goes to only where no other is left. */
export const avoidHeader = "X-Resource-Avoid";
/** Header with the SIP URI that a client named for the other copy of the recording (R10): this copy never goes there. */
export const siblingHeader = "X-Resource-Sibling";

/** What a token says. */
export interface ResourceToken {
  readonly group: string;
  readonly address: string;
}

/**
 * An opaque name of a resource that any Resource Manager with the same groups understands, without shared state (R32).
 * It grants nothing: only resources that are configured are looked up by it.
 */
export function makeToken(token: ResourceToken): string {
  return Buffer.from(JSON.stringify([1, token.group, token.address]), "utf8").toString("base64url");
}

/** Reads a token; undefined where it is not one of ours. */
export function readToken(text: string | undefined): ResourceToken | undefined {
  if (text === undefined || text.length === 0 || text.length > maxTokenLength) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text.trim(), "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed) || parsed[0] !== 1) return undefined;
  const [, group, address] = parsed as unknown[];
  return typeof group === "string" && typeof address === "string" ? { group, address } : undefined;
}
