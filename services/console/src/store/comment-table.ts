import type Database from "better-sqlite3";

/** What somebody wrote about a moment of a recording. */
export interface StoredComment {
  readonly id: number;
  readonly recording: string;
  /** Milliseconds from the recording's beginning. */
  readonly atMs: number;
  readonly text: string;
  readonly user: string;
  /** Wall-clock microseconds. */
  readonly createdAt: number;
}

interface Row {
  id: number;
  recording: string;
  at_ms: number;
  text: string;
  user: string;
  created_at: number;
}

/** The comments on recordings. Blocks: lives in the store's thread. */
export class CommentTable {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** Those of a recording, in the order of the moments that they are about. */
  of(recording: string): StoredComment[] {
    const rows = this.#db
      .prepare("select * from comments where recording = ? order by at_ms, id")
      .all(recording) as Row[];
    return rows.map(commentOf);
  }

  get(id: number): StoredComment | undefined {
    const row = this.#db.prepare("select * from comments where id = ?").get(id) as Row | undefined;
    return row === undefined ? undefined : commentOf(row);
  }

  /** The comment with its id; undefined, and nothing is kept, where the recording has `limit` already. */
  add(comment: Omit<StoredComment, "id">, limit: number): StoredComment | undefined {
    const { recording, atMs, text, user, createdAt } = comment;
    return this.#db.transaction(() => {
      const there = this.#db.prepare("select count(*) as n from comments where recording = ?").get(recording) as {
        n: number;
      };
      if (there.n >= limit) return undefined;
      const added = this.#db
        .prepare("insert into comments (recording, at_ms, text, user, created_at) values (?, ?, ?, ?, ?)")
        .run(recording, atMs, text, user, createdAt);
      return { id: Number(added.lastInsertRowid), ...comment };
    })();
  }

  /** False where there was none. */
  remove(id: number): boolean {
    return this.#db.prepare("delete from comments where id = ?").run(id).changes === 1;
  }
}

function commentOf({ id, recording, at_ms, text, user, created_at }: Row): StoredComment {
  return { id, recording, atMs: at_ms, text, user, createdAt: created_at };
}
