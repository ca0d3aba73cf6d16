import { type GrantConfig, grantRights } from "@sidetone/config";
import { badBody } from "../body.ts";
import { maxGrants } from "../limits.ts";
import type { UserRole } from "./accounts.ts";
import { isDnPattern, isUserName } from "./oidc-claims.ts";

/** What may be sent about a user. */
export interface UserBody {
  readonly role?: UserRole;
  readonly grants?: readonly GrantConfig[];
  readonly disabled?: boolean;
  /** The user gets a new initial password. */
  readonly resetPassword?: boolean;
}

const roles: readonly UserRole[] = ["administrator", "supervisor", "auditor", "agent"];
const names = ["role", "grants", "disabled", "resetPassword"];

/** Reads it. @throws SidetoneError `bad-request` (400) */
export function userBody(body: unknown): UserBody {
  const fields = objectOf(body, names);
  const out: { -readonly [K in keyof UserBody]: UserBody[K] } = {};
  if (fields.has("role")) out.role = roleOf(fields.get("role"));
  if (fields.has("grants")) out.grants = grantsOfBody(fields.get("grants"));
  for (const name of ["disabled", "resetPassword"] as const) {
    const value = fields.get(name);
    if (value === undefined) continue;
    if (typeof value !== "boolean") throw badBody(`${name} must be true or false.`);
    out[name] = value;
  }
  return out;
}

/** Reads what a new user is made of. @throws SidetoneError `bad-request` (400) */
export function newUserBody(body: unknown): { name: string; role: UserRole; grants: readonly GrantConfig[] } {
  const fields = objectOf(body, ["name", "role", "grants"]);
  const name = fields.get("name");
  if (typeof name !== "string" || !isUserName(name))
    throw badBody("name must be 1 to 100 characters that can be seen, without a colon, and no spaces around it.");
  return { name, role: roleOf(fields.get("role")), grants: grantsOfBody(fields.get("grants") ?? []) };
}

function objectOf(body: unknown, known: readonly string[]): ReadonlyMap<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw badBody(`The body must be a JSON object with ${known.join(", ")}.`);
  const fields = new Map<string, unknown>(Object.entries(body));
  for (const name of fields.keys())
    if (!known.includes(name))
      throw badBody(`There is no ${JSON.stringify(name.slice(0, 40))} here; known are ${known.join(", ")}.`);
  return fields;
}

function roleOf(value: unknown): UserRole {
  const role = roles.find((one) => one === value);
  if (role === undefined) throw badBody(`role must be one of ${roles.join(", ")}.`);
  return role;
}

function grantsOfBody(value: unknown): GrantConfig[] {
  if (!Array.isArray(value) || value.length > maxGrants)
    throw badBody(`grants must be a list of at most ${maxGrants} { dns, rights }.`);
  return value.map((one: unknown) => {
    const { dns, rights } = typeof one === "object" && one !== null ? (one as Record<string, unknown>) : {};
    if (typeof dns !== "string" || !isDnPattern(dns)) throw badBody("dns of a grant must be a DN or a pattern as 70*.");
    if (!Array.isArray(rights) || rights.length === 0)
      throw badBody(`rights of ${dns} must be a list that is not empty.`);
    const known = grantRights.filter((right) => rights.includes(right));
    if (known.length !== new Set(rights).size) throw badBody(`rights of ${dns} must be of ${grantRights.join(", ")}.`);
    return { dns, rights: known };
  });
}
