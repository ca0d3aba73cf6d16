import { createHmac } from "node:crypto";
import { type GrantConfig, grantRights } from "@sidetone/config";
import type { Clock, RandomBytes } from "@sidetone/foundation";
import { secretEqual } from "@sidetone/http";
import type { Account, Accounts, UserRole, Verdict } from "./accounts/accounts.ts";
import type { LogInLimit } from "./accounts/log-in-limit.ts";
import { knownPasswordMs, maxAuthorizationLength, maxKnownPasswords } from "./limits.ts";

export type { UserRole } from "./accounts/accounts.ts";

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

const everything: readonly GrantConfig[] = [{ dns: "*", rights: grantRights }];
const program: Visitor = {
  kind: "program",
  name: "api-token",
  role: "administrator",
  grants: everything,
  scope: undefined,
};

/** Who asks where nobody has a log-in. */
export const anybody: Visitor = {
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
  | { readonly kind: "admitted"; readonly visitor: Visitor; readonly account?: Account }
  | { readonly kind: "unknown"; readonly name: string }
  | { readonly kind: "demo-elsewhere" }
  | { readonly kind: "wait"; readonly seconds: number };

/** Where a request comes from: guesses are counted per address, and demo passwords work on this machine only. */
export interface Origin {
  readonly ip: string;
  readonly local: boolean;
}

const unknown: Admission = { kind: "unknown", name: "" };

/** What programs send with each request: HTTP Basic (RFC 7617) with a user, or the bearer token of the API. */
export class Authentication {
  readonly #accounts: Accounts;
  readonly #token: string | undefined;
  readonly #limit: LogInLimit;
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  /** What was right before, as a keyed hash: programs send their password with every request. */
  readonly #known = new Map<string, { readonly at: number; readonly account: string }>();

  constructor(o: {
    readonly accounts: Accounts;
    readonly token: string | undefined;
    readonly limit: LogInLimit;
    readonly clock: Clock;
    readonly random: RandomBytes;
  }) {
    this.#accounts = o.accounts;
    this.#token = o.token;
    this.#limit = o.limit;
    this.#clock = o.clock;
    this.#key = o.random(32);
  }

  /** The header Authorization. */
  async admit(authorization: string | undefined, origin: Origin): Promise<Admission> {
    if (this.#accounts.open) return { kind: "admitted", visitor: anybody };
    if (authorization === undefined || authorization.length > maxAuthorizationLength) return unknown;
    const space = authorization.indexOf(" ");
    const scheme = authorization.slice(0, Math.max(0, space)).toLowerCase();
    const value = authorization.slice(space + 1).trim();
    if (scheme === "bearer") return this.#bearer(value, origin);
    if (scheme !== "basic") return unknown;
    const text = Buffer.from(value, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) return unknown;
    return this.#basic(text.slice(0, colon), text.slice(colon + 1), origin);
  }

  /** A name and a password, however they came. */
  async logIn(name: string, password: string, origin: Origin): Promise<Verdict | { kind: "wait"; seconds: number }> {
    const seconds = this.#limit.begin(origin.ip, name);
    if (seconds > 0) return { kind: "wait", seconds };
    const verdict = await this.#accounts.verify(name, password, origin.local);
    if (verdict.kind !== "wrong") this.#limit.succeeded(origin.ip, name);
    return verdict;
  }

  /** A user got another password, or none any longer: what was right before is to be compared again. */
  forget(name: string): void {
    for (const [key, { account }] of this.#known) if (account === name) this.#known.delete(key);
  }

  #bearer(value: string, { ip }: Origin): Admission {
    const seconds = this.#limit.begin(ip, "token");
    if (seconds > 0) return { kind: "wait", seconds };
    if (this.#token === undefined || !secretEqual(value, this.#token)) return unknown;
    this.#limit.succeeded(ip, "token");
    return { kind: "admitted", visitor: program };
  }

  async #basic(name: string, password: string, origin: Origin): Promise<Admission> {
    const key = createHmac("sha256", this.#key)
      .update(JSON.stringify([name, password, origin.local]))
      .digest("base64");
    const known = this.#known.get(key);
    if (known !== undefined && this.#clock.now() - known.at < knownPasswordMs) {
      const account = await this.#accounts.find(name);
      if (account !== undefined && !account.disabled) return admitted(account);
    }
    const verdict = await this.logIn(name, password, origin);
    if (verdict.kind === "wait" || verdict.kind === "demo-elsewhere") return verdict;
    if (verdict.kind === "wrong" || verdict.account.disabled) return { kind: "unknown", name };
    this.#known.delete(key);
    this.#known.set(key, { at: this.#clock.now(), account: name });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= maxKnownPasswords) break;
      this.#known.delete(oldest);
    }
    return admitted(verdict.account);
  }
}

function admitted(account: Account): Admission {
  const { name, role, grants } = account;
  return { kind: "admitted", visitor: userAsVisitor(name, role, grants), account };
}
