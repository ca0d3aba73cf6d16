import type Database from "better-sqlite3";

/** A search that somebody gave a name. */
export interface SavedSearch {
  readonly owner: string;
  /** Unique among the owner's. */
  readonly name: string;
  /** The query string of the search page, without the question mark. */
  readonly query: string;
  /** Everybody who may search sees it. */
  readonly shared: boolean;
  /** Wall-clock microseconds. */
  readonly changedAt: number;
}

interface Row {
  owner: string;
  name: string;
  query: string;
  shared: number;
  changed_at: number;
}

/** The saved searches. Blocks: lives in the store's thread. */
export class SavedSearchTable {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** What a user sees: their own, then those that others share, each by name. */
  visibleTo(user: string): SavedSearch[] {
    const rows = this.#db
      .prepare("select * from saved_searches where owner = ? or shared = 1 order by owner <> ?, name, owner")
      .all(user, user) as Row[];
    return rows.map(searchOf);
  }

  get(owner: string, name: string): SavedSearch | undefined {
    const row = this.#db.prepare("select * from saved_searches where owner = ? and name = ?").get(owner, name) as
      | Row
      | undefined;
    return row === undefined ? undefined : searchOf(row);
  }

  /** Adds or replaces. False, and nothing is kept, where it would be one more than `limit` of this owner's. */
  put(search: SavedSearch, limit: number): boolean {
    const { owner, name, query, shared, changedAt } = search;
    return this.#db.transaction(() => {
      const others = this.#db
        .prepare("select count(*) as n from saved_searches where owner = ? and name <> ?")
        .get(owner, name) as { n: number };
      if (others.n >= limit) return false;
      this.#db
        .prepare("insert or replace into saved_searches values (?, ?, ?, ?, ?)")
        .run(owner, name, query, shared ? 1 : 0, changedAt);
      return true;
    })();
  }

  /** False where there was none. */
  remove(owner: string, name: string): boolean {
    return this.#db.prepare("delete from saved_searches where owner = ? and name = ?").run(owner, name).changes === 1;
  }
}

function searchOf({ owner, name, query, shared, changed_at }: Row): SavedSearch {
  return { owner, name, query, shared: shared === 1, changedAt: changed_at };
}
