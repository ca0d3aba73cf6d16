import { type ConsoleUser, type GrantConfig, grantRights } from "@sidetone/config";
import type { Clock } from "@sidetone/foundation";
import { secretEqual } from "@sidetone/http";
import { GuessLimit } from "./guess-limit.ts";
import { maxAuthorizationLength } from "./limits.ts";

/** Who asks: a user, a program with the API's token, or, where no users are configured, anybody. */
export interface Visitor {
  readonly kind: "user" | "program" | "anybody";
  /** Name of the user; `api-token` of a program. */
  readonly name: string;
  readonly role: UserRole;
  /** What the user may see and do live (T-Library). */
  readonly grants: readonly GrantConfig[];
  /** DNs (patterns of grants) that everything shown must have to do with; undefined: everything is shown. */
  readonly scope: readonly string[] | undefined;
}

/** Role of a person. */
export type UserRole = ConsoleUser["role"];

const everything: readonly GrantConfig[] = [{ dns: "*", rights: grantRights }];
const program: Visitor = {
  kind: "program",
  name: "api-token",
  role: "administrator",
  grants: everything,
  scope: undefined,
};
const anybody: Visitor = {
  kind: "anybody",
  name: "anybody",
  role: "administrator",
  grants: everything,
  scope: undefined,
};

/** A user as a visitor: supervisors and agents see what has to do with the DNs of their grants. */
export function userAsVisitor(name: string, role: UserRole, grants: readonly GrantConfig[]): Visitor {
  const limited = role === "supervisor" || role === "agent";
  return { kind: "user", name, role, grants, scope: limited ? grants.map(({ dns }) => dns) : undefined };
}

/** Whether a request may go on. */
export type Admission =
  | { readonly kind: "admitted"; readonly visitor: Visitor }
  | { readonly kind: "unknown" }
  | { readonly kind: "wait"; readonly seconds: number };

/** HTTP Basic (RFC 7617) with the console's users, or the bearer token of the API. Without users everybody may. */
export class Authentication {
  readonly #users: readonly ConsoleUser[];
  readonly #token: string | undefined;
  readonly #guesses: GuessLimit;

  constructor(users: readonly ConsoleUser[], token: string | undefined, clock: Clock) {
    this.#users = users;
    this.#token = token;
    this.#guesses = new GuessLimit(clock);
  }

  /** @param ip of the client: guesses are counted per user and address. */
  admit(authorization: string | undefined, ip: string): Admission {
    if (this.#users.length === 0) return { kind: "admitted", visitor: anybody };
    if (authorization === undefined || authorization.length > maxAuthorizationLength) return { kind: "unknown" };
    const space = authorization.indexOf(" ");
    const scheme = authorization.slice(0, Math.max(0, space)).toLowerCase();
    const value = authorization.slice(space + 1).trim();
    if (scheme === "bearer") return this.#bearer(value, ip);
    return scheme === "basic" ? this.#basic(value, ip) : { kind: "unknown" };
  }

  #bearer(value: string, ip: string): Admission {
    const token = this.#token;
    return this.#limited(`${ip} token`, () => (token !== undefined && secretEqual(value, token) ? program : undefined));
  }

  #basic(value: string, ip: string): Admission {
    const text = Buffer.from(value, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) return { kind: "unknown" };
    const name = text.slice(0, colon);
    const password = text.slice(colon + 1);
    return this.#limited(`${ip} ${name}`, () => {
      let found: Visitor | undefined;
      // Every user is compared, so that the time does not tell which names exist.
      for (const user of this.#users) {
        const matches = secretEqual(`${name}:${password}`, `${user.name}:${user.password}`);
        if (matches) found = userAsVisitor(user.name, user.role, user.grants ?? []);
      }
      return found;
    });
  }

  #limited(key: string, check: () => Visitor | undefined): Admission {
    const seconds = this.#guesses.waitSeconds(key);
    if (seconds > 0) return { kind: "wait", seconds };
    const visitor = check();
    if (visitor === undefined) {
      this.#guesses.failed(key);
      return { kind: "unknown" };
    }
    this.#guesses.succeeded(key);
    return { kind: "admitted", visitor };
  }
}
