import type { GrantConfig } from "@sidetone/config";
import { grantRights } from "@sidetone/config";
import { fail, ok, type Result } from "@sidetone/foundation";
import { maxGrants, maxUserLength } from "./limits.ts";

/** Whom a token is for (RFC 7519 4.1.3). */
export const audience = "sip-server";
/** Version of the claims. */
export const version = 1;

/** What a token says. */
export interface AccessClaims {
  /** Name of the console's user. */
  readonly user: string;
  readonly grants: readonly GrantConfig[];
  /** Seconds since 1970-01-01T00:00:00Z. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The claims as JSON, under the names of RFC 7519 4.1. */
export function writeClaims(claims: AccessClaims): string {
  const { user, grants, issuedAt, expiresAt } = claims;
  return JSON.stringify({ v: version, aud: audience, sub: user, iat: issuedAt, exp: expiresAt, grants });
}

/** Reads what `writeClaims` wrote. The text is signed, but by who knows which version of the console. */
export function readClaims(text: string): Result<AccessClaims> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return fail("its claims are no JSON");
  }
  if (!isRecord(parsed)) return fail("its claims are no JSON object");
  if (parsed["v"] !== version) return fail(`its version is not ${version}`);
  if (parsed["aud"] !== audience) return fail(`it is for another audience than ${audience}`);
  const { sub: user, iat: issuedAt, exp: expiresAt } = parsed;
  if (typeof user !== "string" || user === "" || user.length > maxUserLength) return fail("it names no user");
  if (!isSeconds(issuedAt) || !isSeconds(expiresAt)) return fail("it does not say when it was issued and expires");
  const grants = readGrants(parsed["grants"]);
  return grants === undefined ? fail("its grants are malformed") : ok({ user, grants, issuedAt, expiresAt });
}

function readGrants(value: unknown): GrantConfig[] | undefined {
  if (!Array.isArray(value) || value.length > maxGrants) return undefined;
  const grants: GrantConfig[] = [];
  for (const one of value as readonly unknown[]) {
    if (!isRecord(one) || typeof one["dns"] !== "string" || !Array.isArray(one["rights"])) return undefined;
    const named = one["rights"] as readonly unknown[];
    // A right that this version does not know is none.
    grants.push({ dns: one["dns"], rights: grantRights.filter((right) => named.includes(right)) });
  }
  return grants;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
