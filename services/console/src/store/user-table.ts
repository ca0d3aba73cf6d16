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
  readonly disabled: boolean;
  /** Wall-clock microseconds. */
  readonly createdAt: number;
  readonly changedAt: number;
}

/** What of a user may change; what is left out stays. */
export type UserChange = Partial<Pick<StoredUser, "role" | "grants" | "passwordHash" | "disabled">>;

interface Row {
  name: string;
  role: ConsoleUser["role"];
  grants: string;
  password_hash: string | null;
  source: StoredUser["source"];
  disabled: number;
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

  /** False where the name is taken. */
  add(user: StoredUser): boolean {
    const added = this.#db
      .prepare("insert into users values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing")
      .run(
        user.name,
        user.role,
        JSON.stringify(user.grants),
        user.passwordHash ?? null,
        user.source,
        user.disabled ? 1 : 0,
        user.createdAt,
        user.changedAt,
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
          "update users set role = ?, grants = ?, password_hash = ?, disabled = ?, changed_at = ? where name = ?",
        )
        .run(
          after.role,
          JSON.stringify(after.grants),
          after.passwordHash ?? null,
          after.disabled ? 1 : 0,
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
    disabled: row.disabled === 1,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}
