import type Database from "better-sqlite3";

/** A log-in that is still good. Times are wall-clock microseconds. */
export interface StoredSession {
  /** Of the cookie's token, which itself is kept nowhere. */
  readonly tokenHash: string;
  readonly user: string;
  readonly csrfToken: string;
  /** How the user logged in, e.g. `password`, `oidc`. */
  readonly kind: string;
  /** Hash of the token and of what the user's password was where the configuration has it: another password ends the session. */
  readonly stamp: string;
  /** IP address at the log-in. */
  readonly address: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

interface Row {
  token_hash: string;
  user: string;
  csrf_token: string;
  kind: string;
  stamp: string;
  address: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

/** The sessions of those who logged in. Blocks: lives in the store's thread. */
export class SessionTable {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  add(session: StoredSession): void {
    this.#db
      .prepare(
        `insert into sessions (token_hash, user, csrf_token, kind, address, created_at, last_seen_at, expires_at, stamp)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        session.tokenHash,
        session.user,
        session.csrfToken,
        session.kind,
        session.address,
        session.createdAt,
        session.lastSeenAt,
        session.expiresAt,
        session.stamp,
      );
  }

  /** Undefined where there is none, or it has expired by `now`. */
  get(tokenHash: string, now: number): StoredSession | undefined {
    const row = this.#db
      .prepare("select * from sessions where token_hash = ? and expires_at > ?")
      .get(tokenHash, now) as Row | undefined;
    return row === undefined ? undefined : sessionOf(row);
  }

  /** Those of a user that have not expired by `now`, the newest first. */
  ofUser(user: string, now: number): StoredSession[] {
    const rows = this.#db
      .prepare("select * from sessions where user = ? and expires_at > ? order by created_at desc")
      .all(user, now) as Row[];
    return rows.map(sessionOf);
  }

  /** It was used: it lives until `expiresAt` then. */
  seen(tokenHash: string, at: number, expiresAt: number): void {
    this.#db
      .prepare("update sessions set last_seen_at = ?, expires_at = ? where token_hash = ?")
      .run(at, expiresAt, tokenHash);
  }

  /** False where there was none. */
  remove(tokenHash: string): boolean {
    return this.#db.prepare("delete from sessions where token_hash = ?").run(tokenHash).changes === 1;
  }

  /** Ends all sessions of a user, except one; gives how many. */
  removeOfUser(user: string, exceptTokenHash?: string): number {
    return this.#db.prepare("delete from sessions where user = ? and token_hash <> ?").run(user, exceptTokenHash ?? "")
      .changes;
  }

  /** Forgets those that have expired by `now`; gives how many. */
  removeExpired(now: number): number {
    return this.#db.prepare("delete from sessions where expires_at <= ?").run(now).changes;
  }
}

function sessionOf(row: Row): StoredSession {
  return {
    tokenHash: row.token_hash,
    user: row.user,
    csrfToken: row.csrf_token,
    kind: row.kind,
    stamp: row.stamp,
    address: row.address,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
  };
}
