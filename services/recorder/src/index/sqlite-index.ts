import Database from "better-sqlite3";
import { Kysely, type RawBuilder, SqliteDialect, sql } from "kysely";
import { COMMON_TEXTS, TEXT_FEW, TEXT_SOME } from "../limits.ts";
import { DatabaseIndex } from "./database-index.ts";
import type { FreeText } from "./index-search.ts";
import { type IndexTables, type Migration, migrate } from "./index-tables.ts";

/** Versions of the tables in SQLite. A released one is never changed. */
export const sqliteMigrations: readonly Migration[] = [
  {
    version: 1,
    statements: [
      // From before versions were counted; what was in them is found again in the folders.
      "drop table if exists recordings",
      "drop table if exists recording_keys",
      "create table storages (number integer primary key, name text not null unique, generation integer not null)",
      `create table recordings (number integer primary key, storage integer not null, id text not null, start_micros integer not null,
        duration_ms integer not null, state text not null, folder text not null, generation integer not null, text text not null,
        document text not null, unique (storage, id))`,
      "create index recordings_by_start on recordings (storage, start_micros, id, duration_ms, state)",
      "create index recordings_by_state on recordings (storage, state, start_micros, id, duration_ms)",
      `create table recording_keys (storage integer not null, kind text not null, value text not null, start_micros integer not null,
        id text not null, primary key (storage, kind, value, start_micros, id)) without rowid`,
      "create index recording_keys_by_id on recording_keys (storage, id)",
    ],
  },
  {
    version: 2,
    statements: [
      // Which rows have three characters in a row, without their places: a third of the size, and the text itself is looked at anyway.
      `create virtual table recordings_text using fts5(text, content='', contentless_delete=1, detail=none,
        tokenize='trigram case_sensitive 1')`,
      "insert into recordings_text (rowid, text) select number, text from recordings",
      `create trigger recordings_text_put after insert on recordings begin
        insert into recordings_text (rowid, text) values (new.number, new.text); end`,
      `create trigger recordings_text_change after update of text on recordings when new.text is not old.text begin
        delete from recordings_text where rowid = old.number;
        insert into recordings_text (rowid, text) values (new.number, new.text); end`,
      `create trigger recordings_text_remove after delete on recordings begin
        delete from recordings_text where rowid = old.number; end`,
    ],
  },
];

const elements = (json: string): RawBuilder<unknown> => sql`json_each(${json}) as e`;

/** FTS5 by trigrams, then the text itself. */
function freeText(): FreeText {
  // What was common stays so: it is not looked up with every page and count.
  const common = new Set<string>();
  return {
    has: (text) => sql<boolean>`instr(r.text, ${text}) > 0`,
    async candidates(db, text) {
      const all = trigrams(text);
      if (all.length === 0 || common.has(text)) return undefined;
      const match = all.map((t) => `"${t.replaceAll('"', '""')}"`).join(" AND ");
      const found = await sql<{ rowid: number }>`select rowid from recordings_text
        where recordings_text match ${match} limit ${TEXT_SOME}`.execute(db);
      if (found.rows.length >= TEXT_SOME) {
        if (common.size >= COMMON_TEXTS) common.clear();
        common.add(text);
        return undefined;
      }
      const numbers = JSON.stringify(found.rows.map(({ rowid }) => rowid));
      if (found.rows.length <= TEXT_FEW)
        return { from: sql`json_each(${numbers}) as c`, is: sql<boolean>`r.number = c.value` };
      // Rows are read in the order of time, and of the others only what the index of time has: the + keeps this one from leading.
      return { is: sql<boolean>`+r.number in (select value from json_each(${numbers}))` };
    },
  };
}

/** Every three characters in a row, each once. */
function trigrams(text: string): readonly string[] {
  const characters = Array.from(text);
  const found = new Set<string>();
  for (let at = 0; at + 3 <= characters.length; at++) found.add(characters.slice(at, at + 3).join(""));
  return Array.from(found);
}

/**
 * The index in SQLite. Blocks its thread: use it through `IndexThread`. Every commit is on disk when it returns.
 * @param file path of the database, or `:memory:`. Throws where it cannot be opened.
 * @param newest version of the tables; default: the last one
 */
export async function openSqliteIndex(file: string, newest?: number): Promise<DatabaseIndex> {
  const database = new Database(file);
  const db = new Kysely<IndexTables>({ dialect: new SqliteDialect({ database }) });
  try {
    database.pragma("journal_mode = WAL");
    // A WAL database that is opened again defaults to NORMAL, which may lose commits in a power cut.
    database.pragma("synchronous = FULL");
    // kB: the pages that a search or a rebuild of many rows comes back to.
    database.pragma("cache_size = -64000");
    await migrate(db, sqliteMigrations, { name: file, ...(newest === undefined ? {} : { newest }) });
    return await DatabaseIndex.open(
      { read: db, write: db, elements, freeText: freeText(), close: () => db.destroy() },
      "",
    );
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/**
 * The same index to be searched in, by another thread than the one that writes: neither waits for the other.
 * @param file that `openSqliteIndex` has opened before
 */
export async function openSqliteReader(file: string): Promise<DatabaseIndex> {
  const database = new Database(file, { readonly: true });
  const db = new Kysely<IndexTables>({ dialect: new SqliteDialect({ database }) });
  try {
    database.pragma("cache_size = -64000");
    const close = (): Promise<void> => db.destroy();
    return await DatabaseIndex.reading({ read: db, write: db, elements, freeText: freeText(), close }, "");
  } catch (error) {
    await db.destroy();
    throw error;
  }
}
