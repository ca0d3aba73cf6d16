import { isLoopback, mapped } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { secret, text } from "../scalars.ts";
import { listOf, mapOf, object, optional, required } from "../shapes.ts";
import type { OidcConfig } from "../types.ts";
import { grants } from "./grants.ts";
import { userRole } from "./user-role.ts";

/** OpenID Connect Discovery 1.0, 2: https without query or fragment; http only to this machine. It may have a path. */
const issuer: Reader<string> = (at, reading) => {
  const value = text(at, reading);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url !== undefined && secure && url.search === "" && url.hash === "" && url.username === "") return value;
  return reading.complain(
    at,
    `"${value}" is not an issuer.`,
    "Write the provider's https URL; http is taken on loopback only.",
  );
};

const fields = object({
  issuer: required(issuer),
  "client-id": required(text),
  "client-secret": required(secret),
  label: optional(text, "Single sign-on"),
  scopes: optional(listOf(text, 1), ["openid", "profile", "email"]),
  "name-claim": optional(text, "preferred_username"),
  "role-claim": optional(text, "groups"),
  roles: required(mapOf("roles", () => userRole)),
  "dns-claim": optional(text),
  grants: optional(grants, []),
});

/** `console.oidc`. */
export const oidc: Reader<OidcConfig> = mapped(fields, (v, at, reading) => {
  if (v.roles.size === 0)
    return reading.complain({ path: `${at.path}.roles` }, "is empty: nobody could log in.", "Write VALUE: ROLE.");
  if (!v.scopes.includes("openid"))
    return reading.complain({ path: `${at.path}.scopes` }, "lacks openid, without which it is not OpenID Connect.");
  return {
    issuer: v.issuer,
    clientId: v["client-id"],
    clientSecret: v["client-secret"],
    label: v.label,
    scopes: v.scopes,
    nameClaim: v["name-claim"],
    roleClaim: v["role-claim"],
    roles: v.roles,
    dnsClaim: v["dns-claim"],
    grants: v.grants,
  };
});
