import { type ConsoleUser, type GrantConfig, grantRights } from "@sidetone/config";
import type { Clock } from "@sidetone/foundation";
import { secretEqual } from "@sidetone/http";
import type { ConsoleStore } from "../store/console-store.ts";
import type { StoredUser, UserChange } from "../store/user-table.ts";
import type { Passwords } from "./passwords.ts";

/** Role of a person. */
export type UserRole = ConsoleUser["role"];

/** A person who has a log-in, wherever it is kept. */
export interface Account {
  readonly name: string;
  readonly role: UserRole;
  /** What the user may see and do live (T-Library). */
  readonly grants: readonly GrantConfig[];
  readonly source: "configuration" | StoredUser["source"];
  readonly disabled: boolean;
  /** Another password is to be chosen before anything else. */
  readonly mustChange: boolean;
  /** Wall-clock microseconds; undefined: never, or not known (users of the configuration). */
  readonly lastLogInAt: number | undefined;
}

/** What a name and a password turn out to be. */
export type Verdict =
  | { readonly kind: "right"; readonly account: Account }
  | { readonly kind: "wrong" }
  /** A demo password, but from another machine. */
  | { readonly kind: "demo-elsewhere" };

/** Every user of the console: those of the configuration, then those of its own store. */
export class Accounts {
  readonly #configured: ReadonlyMap<string, ConsoleUser>;
  readonly #users: ConsoleStore["users"];
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #logsIn: boolean;
  #stored = 0;

  /** @param o.oidc people may log in by OIDC, so nobody may without */
  constructor(o: {
    readonly configured: readonly ConsoleUser[];
    readonly users: ConsoleStore["users"];
    readonly passwords: Passwords;
    readonly clock: Clock;
    readonly oidc: boolean;
  }) {
    this.#configured = new Map(o.configured.map((user) => [user.name, user]));
    this.#users = o.users;
    this.#passwords = o.passwords;
    this.#clock = o.clock;
    this.#logsIn = o.configured.length > 0 || o.oidc;
  }

  /** Reads how many are stored; once, before anything else. */
  async load(): Promise<void> {
    this.#stored = await this.#users.count();
  }

  /** Nobody has a log-in, so everybody may do everything (the configuration lets this be on loopback only). */
  get open(): boolean {
    return !this.#logsIn && this.#stored === 0;
  }

  /** The demo administrator of the documented configuration. */
  get demo(): { readonly user: string; readonly password: string } | undefined {
    for (const { name, password, role } of this.#configured.values())
      if (role === "administrator" && isDemo(password)) return { user: name, password };
    return undefined;
  }

  get count(): number {
    return this.#configured.size + this.#stored;
  }

  async list(): Promise<Account[]> {
    const stored = (await this.#users.list()).filter(({ name }) => !this.#configured.has(name));
    return [...Array.from(this.#configured.values(), configuredAccount), ...stored.map(storedAccount)].toSorted(
      (a, b) => a.name.localeCompare(b.name, "en"),
    );
  }

  async find(name: string): Promise<Account | undefined> {
    const configured = this.#configured.get(name);
    if (configured !== undefined) return configuredAccount(configured);
    const stored = await this.#users.get(name);
    return stored === undefined ? undefined : storedAccount(stored);
  }

  async bySubject(subject: string): Promise<Account | undefined> {
    const stored = await this.#users.bySubject(subject);
    return stored === undefined || this.#configured.has(stored.name) ? undefined : storedAccount(stored);
  }

  /** Secret of the configuration that a session of this user depends on; empty: it depends on none. */
  sessionSecret(name: string): string {
    return this.#configured.get(name)?.password ?? "";
  }

  /**
   * Compares a password with what is kept of it. A wrong one takes the time of a hash whether the name exists or not.
   * @param local the request comes from this machine
   */
  async verify(name: string, password: string, local: boolean): Promise<Verdict> {
    const configured = this.#configured.get(name);
    if (configured !== undefined && secretEqual(password, configured.password)) {
      if (isDemo(password) && !local) return { kind: "demo-elsewhere" };
      return { kind: "right", account: configuredAccount(configured) };
    }
    const stored = configured === undefined ? await this.#users.get(name) : undefined;
    const hashed = stored?.source === "local" ? stored.passwordHash : undefined;
    if (!(await this.#passwords.matches(hashed, password)) || stored === undefined || hashed === undefined)
      return { kind: "wrong" };
    if (this.#passwords.isOutdated(hashed)) {
      const passwordHash = await this.#passwords.hash(password);
      await this.#users.change(name, { passwordHash }, stored.changedAt);
    }
    return { kind: "right", account: storedAccount(stored) };
  }

  /** False where the name is taken. */
  async add(user: Omit<StoredUser, "createdAt" | "changedAt" | "lastLogInAt">): Promise<boolean> {
    if (this.#configured.has(user.name)) return false;
    const now = this.#clock.wallMicros();
    const added = await this.#users.add({ ...user, createdAt: now, changedAt: now, lastLogInAt: undefined });
    if (added) this.#stored += 1;
    return added;
  }

  /** Undefined where the store has no such user. */
  async change(name: string, change: UserChange): Promise<Account | undefined> {
    if (this.#configured.has(name)) return undefined;
    const changed = await this.#users.change(name, change, this.#clock.wallMicros());
    return changed === undefined ? undefined : storedAccount(changed);
  }

  /** Removes the user and every session of theirs. */
  async remove(name: string): Promise<boolean> {
    const removed = await this.#users.remove(name);
    if (removed) this.#stored -= 1;
    return removed;
  }

  /** Writes down that somebody logged in. */
  async loggedIn(account: Account): Promise<void> {
    if (account.source !== "configuration") await this.change(account.name, { lastLogInAt: this.#clock.wallMicros() });
  }
}

/** Passwords of the documentation: they work on this machine only. */
function isDemo(password: string): boolean {
  return password.startsWith("demo-");
}

function configuredAccount({ name, role, grants = [] }: ConsoleUser): Account {
  return { name, role, grants, source: "configuration", disabled: false, mustChange: false, lastLogInAt: undefined };
}

function storedAccount({ name, role, grants, source, disabled, mustChange, lastLogInAt }: StoredUser): Account {
  return { name, role, grants: grantsOf(role, grants), source, disabled, mustChange, lastLogInAt };
}

/** Administrators may everything and auditors look at everything, as users of the configuration do; others what they were given. */
export function grantsOf(role: UserRole, grants: readonly GrantConfig[]): readonly GrantConfig[] {
  if (role === "administrator") return [{ dns: "*", rights: grantRights }];
  return role === "auditor" ? [{ dns: "*", rights: ["monitor"] }] : grants;
}
