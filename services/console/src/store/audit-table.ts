import type Database from "better-sqlite3";
import {
  type AuditRow,
  chainBreak,
  type ChainBreak,
  chainHash,
  chainStart,
  type StoredAuditRow,
} from "./audit-chain.ts";

/** Which entries are wanted; times are wall-clock microseconds. */
export interface AuditFilter {
  readonly from?: number | undefined;
  /** Not included. */
  readonly to?: number | undefined;
  readonly user?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
  readonly outcome?: string | undefined;
  /** Part of user, object, address or detail; upper and lower case of ASCII are one. */
  readonly text?: string | undefined;
}

/** How far a check of the chain has come. */
export interface ChainPlace {
  readonly id: number;
  readonly hash: string;
}

/** A step of a check of the chain. */
export interface ChainStep {
  /** Last entry that was found right. */
  readonly place: ChainPlace;
  readonly broken: ChainBreak | undefined;
  /** Nothing is left to be checked. */
  readonly done: boolean;
}

/** The audit trail: entries are added, never changed. Blocks: lives in the store's thread. */
export class AuditTable {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** Adds entries together or not at all; they are on the disk when it returns. */
  add(rows: readonly AuditRow[]): void {
    const insert = this.#db.prepare("insert into audit values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const run = this.#db.transaction(() => {
      let last = this.#last();
      for (const row of rows) {
        const id = last.id + 1;
        const hash = chainHash(last.hash, { ...row, id });
        const { at, user, role, address, action, object, outcome, detail } = row;
        insert.run(id, at, user, role, address, action, object, outcome, detail, hash);
        last = { id, hash };
      }
    });
    run.immediate();
  }

  /** Entries before the one with the id `before`, and not before the one with the id `downTo`, the newest first. */
  list(filter: AuditFilter, limit: number, before?: number, downTo?: number): StoredAuditRow[] {
    const { where, values } = conditions(filter);
    if (before !== undefined) {
      where.push("id < ?");
      values.push(before);
    }
    if (downTo !== undefined) {
      where.push("id >= ?");
      values.push(downTo);
    }
    const text = where.length === 0 ? "" : `where ${where.join(" and ")}`;
    return this.#db
      .prepare(`select * from audit ${text} order by id desc limit ?`)
      .all(...values, limit) as StoredAuditRow[];
  }

  /** Id of the newest entry; 0 = there is none. */
  newest(): number {
    return this.#last().id;
  }

  get(id: number): StoredAuditRow | undefined {
    return this.#db.prepare("select * from audit where id = ?").get(id) as StoredAuditRow | undefined;
  }

  /** Checks up to `limit` entries that follow a place; undefined = from the first. */
  check(place: ChainPlace | undefined, limit: number): ChainStep {
    const from = place ?? { id: 0, hash: chainStart };
    const rows = this.#db
      .prepare("select * from audit where id > ? order by id limit ?")
      .all(from.id, limit) as StoredAuditRow[];
    const broken = chainBreak(from, rows);
    const last = rows.at(-1);
    if (broken !== undefined) return { place: from, broken, done: true };
    const reached = last === undefined ? from : { id: last.id, hash: last.hash };
    if (rows.length === limit) return { place: reached, broken, done: false };
    // SQLite remembers the highest id that it ever gave: entries that were cut off at the end show by it.
    const given = this.#db.prepare("select seq from sqlite_sequence where name = 'audit'").get() as
      | { seq: number }
      | undefined;
    const cut = (given?.seq ?? 0) > reached.id;
    return { place: reached, broken: cut ? { id: reached.id + 1, reason: "missing" } : undefined, done: true };
  }

  #last(): ChainPlace {
    const last = this.#db.prepare("select id, hash from audit order by id desc limit 1").get() as
      | ChainPlace
      | undefined;
    return last ?? { id: 0, hash: chainStart };
  }
}

function conditions(filter: AuditFilter): { where: string[]; values: (string | number)[] } {
  const where: string[] = [];
  const values: (string | number)[] = [];
  const add = (text: string, ...value: readonly (string | number | undefined)[]): void => {
    const given = value.filter((v) => v !== undefined);
    if (given.length === 0) return;
    where.push(text);
    values.push(...given);
  };
  add("at >= ?", filter.from);
  add("at < ?", filter.to);
  add("user = ?", filter.user);
  add("action = ?", filter.action);
  add("object = ?", filter.object);
  add("outcome = ?", filter.outcome);
  if (filter.text !== undefined) {
    const like = `%${filter.text.replaceAll(/[\\%_]/g, "\\$&")}%`;
    add(
      "(user like ? escape '\\' or object like ? escape '\\' or address like ? escape '\\' or detail like ? escape '\\')",
      like,
      like,
      like,
      like,
    );
  }
  return { where, values };
}
