import type { ConsoleUser, GrantConfig } from "@sidetone/config";
import type Database from "better-sqlite3";

/** What is kept of a user who is not one of the configuration. */
export interface StoredUser {
  readonly name: string;
  readonly role: ConsoleUser["role"];
  readonly grants: readonly GrantConfig[];
  /** Undefined: logs in by OIDC only. */
  readonly passwordHash: string | undefined;
  readonly source: "local" | "oidc";
  /** Issuer and `sub` of an OIDC user, who is found by them and never by the name. */
  readonly subject: string | undefined;
  readonly disabled: boolean;
  /** The password was given by somebody else: the user chooses another one first of all. */
  readonly mustChange: boolean;
  /** Wall-clock microseconds; undefined: never yet. */
  readonly lastLogInAt: number | undefined;
  /** Wall-clock microseconds. */
  readonly createdAt: number;
  readonly changedAt: number;
}

/** What of a user may change; what is left out stays. */
export type UserChange = Partial<
  Pick<StoredUser, "role" | "grants" | "passwordHash" | "disabled" | "mustChange" | "lastLogInAt">
>;

interface Row {
  name: string;
  role: ConsoleUser["role"];
  grants: string;
  password_hash: string | null;
  source: StoredUser["source"];
  subject: string | null;
  disabled: number;
  must_change: number;
  last_log_in_at: number | null;
  created_at: number;
  changed_at: number;
}

/** The console's own users. Blocks: lives in the store's thread. */
export class UserTable {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** All, by name. */
  list(): StoredUser[] {
    return (this.#db.prepare("select * from users order by name").all() as Row[]).map(userOf);
  }

  get(name: string): StoredUser | undefined {
    const row = this.#db.prepare("select * from users where name = ?").get(name) as Row | undefined;
    return row === undefined ? undefined : userOf(row);
  }

  /** The user whom an OIDC provider knows by this. */
  bySubject(subject: string): StoredUser | undefined {
    const row = this.#db.prepare("select * from users where subject = ?").get(subject) as Row | undefined;
    return row === undefined ? undefined : userOf(row);
  }

  count(): number {
    return (this.#db.prepare("select count(*) as n from users").get() as { n: number }).n;
  }

  /** False where the name, or the subject, is taken. */
  add(user: StoredUser): boolean {
    const added = this.#db
      .prepare(
        `insert into users (name, role, grants, password_hash, source, disabled, created_at, changed_at, subject, must_change, last_log_in_at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
      )
      .run(
        user.name,
        user.role,
        JSON.stringify(user.grants),
        user.passwordHash ?? null,
        user.source,
        user.disabled ? 1 : 0,
        user.createdAt,
        user.changedAt,
        user.subject ?? null,
        user.mustChange ? 1 : 0,
        user.lastLogInAt ?? null,
      );
    return added.changes === 1;
  }

  /** The user as it is then; undefined where there is none. */
  change(name: string, change: UserChange, changedAt: number): StoredUser | undefined {
    return this.#db.transaction(() => {
      const before = this.get(name);
      if (before === undefined) return undefined;
      const after: StoredUser = { ...before, ...change, changedAt };
      this.#db
        .prepare(
          `update users set role = ?, grants = ?, password_hash = ?, disabled = ?, must_change = ?, last_log_in_at = ?, changed_at = ?
           where name = ?`,
        )
        .run(
          after.role,
          JSON.stringify(after.grants),
          after.passwordHash ?? null,
          after.disabled ? 1 : 0,
          after.mustChange ? 1 : 0,
          after.lastLogInAt ?? null,
          changedAt,
          name,
        );
      return after;
    })();
  }

  /** Removes the user with all sessions; false where there is none. Comments, searches and audit entries stay. */
  remove(name: string): boolean {
    return this.#db.transaction(() => {
      this.#db.prepare("delete from sessions where user = ?").run(name);
      return this.#db.prepare("delete from users where name = ?").run(name).changes === 1;
    })();
  }
}

function userOf(row: Row): StoredUser {
  return {
    name: row.name,
    role: row.role,
    grants: JSON.parse(row.grants) as GrantConfig[],
    passwordHash: row.password_hash ?? undefined,
    source: row.source,
    subject: row.subject ?? undefined,
    disabled: row.disabled === 1,
    mustChange: row.must_change === 1,
    lastLogInAt: row.last_log_in_at ?? undefined,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}
