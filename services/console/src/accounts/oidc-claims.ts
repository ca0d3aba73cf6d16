import { type GrantConfig, grantRights, type OidcConfig } from "@sidetone/config";
import { maxDnPattern, maxGrants, maxUserName } from "../limits.ts";
import type { UserRole } from "./accounts.ts";

/** Who the provider says that somebody is. */
export interface ClaimedUser {
  /** Issuer and `sub`: OpenID Connect Core 1.0, 5.7: nothing else identifies a person. */
  readonly subject: string;
  readonly name: string;
  readonly role: UserRole;
  readonly grants: readonly GrantConfig[];
}

/** Why somebody may not log in though the provider knows them. */
export type ClaimRefusal = "no-role" | "no-name";

/** The first that a person's values name counts. */
const strongest: readonly UserRole[] = ["administrator", "supervisor", "auditor", "agent"];

/** Makes a user of the claims of an ID token (and of UserInfo) by the mapping of the configuration. */
export function claimedUser(
  claims: Readonly<Record<string, unknown>>,
  o: Pick<OidcConfig, "nameClaim" | "roleClaim" | "roles" | "dnsClaim" | "grants">,
): ClaimedUser | ClaimRefusal {
  const { iss, sub } = claims;
  const roles = new Set(textsOf(claims[o.roleClaim]).map((value) => o.roles.get(value)));
  const role = strongest.find((one) => roles.has(one));
  if (role === undefined) return "no-role";
  const name = claims[o.nameClaim] ?? claims["email"];
  if (typeof iss !== "string" || typeof sub !== "string" || typeof name !== "string" || !isUserName(name))
    return "no-name";
  const dns = o.dnsClaim === undefined ? [] : textsOf(claims[o.dnsClaim]).filter(isDnPattern).slice(0, maxGrants);
  // What one may do with the DNs is not the provider's to say: a supervisor all that the role has, an agent what a desktop needs.
  const rights = role === "supervisor" ? grantRights : grantRights.filter((r) => r !== "suppress" && r !== "route");
  const grants = dns.length > 0 ? dns.map((one) => ({ dns: one, rights })) : o.grants;
  return { subject: `${iss} ${sub}`, name, role, grants };
}

/** Whether a user may be called so: something to see, no colon (RFC 7617: HTTP Basic), nothing around it. */
export function isUserName(name: string): boolean {
  return name.length > 0 && name.length <= maxUserName && name === name.trim() && !/[:\p{C}]/u.test(name);
}

/** Whether a text names DNs as grants do: `7001`, `70*`. */
export function isDnPattern(text: string): boolean {
  return /^[\w*+#.-]+$/.test(text) && text.length <= maxDnPattern;
}

/** A claim is a text, a list of them, or several in one text. */
function textsOf(claim: unknown): string[] {
  if (typeof claim === "string") return claim.includes(",") ? claim.split(",").map((s) => s.trim()) : [claim];
  return Array.isArray(claim) ? claim.filter((one) => typeof one === "string") : [];
}
