import Database from "better-sqlite3";
import { Kysely, SqliteDialect, sql } from "kysely";
import type { RecordingState } from "@sidetone/recording-file";
import type {
  RecordingDocument,
  RecordingIndex,
  RecordingPage,
  RecordingQuery,
  RecordingRow,
  SearchKey,
} from "./recording-row.ts";

interface RecordingsTable {
  id: string;
  start_micros: number;
  state: string;
  folder: string;
  document: string;
  text: string;
}

interface KeysTable {
  kind: string;
  value: string;
  id: string;
}

interface Tables {
  recordings: RecordingsTable;
  recording_keys: KeysTable;
}

/** The index in SQLite. Blocks its thread: use it through `IndexThread`. Every commit is on disk when it returns. */
export class SqliteIndex implements RecordingIndex {
  readonly #db: Kysely<Tables>;

  /** @param file path of the database, or `:memory:`. Throws where it cannot be opened. */
  static async open(file: string): Promise<SqliteIndex> {
    const database = new Database(file);
    database.pragma("journal_mode = WAL");
    // A WAL database that is opened again defaults to NORMAL, which may lose commits in a power cut.
    database.pragma("synchronous = FULL");
    const index = new SqliteIndex(new Kysely<Tables>({ dialect: new SqliteDialect({ database }) }));
    await index.#createTables();
    return index;
  }

  private constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  async put(row: RecordingRow): Promise<void> {
    const { id, state } = row.document;
    const values = {
      start_micros: row.startMicros,
      state,
      folder: row.folder,
      document: JSON.stringify(row.document),
      text: row.text,
    };
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .insertInto("recordings")
        .values({ id, ...values })
        .onConflict((c) => c.column("id").doUpdateSet(values))
        .execute();
      await trx.deleteFrom("recording_keys").where("id", "=", id).execute();
      for (const [kind, value] of row.keys) {
        await trx
          .insertInto("recording_keys")
          .values({ kind, value: value.toLowerCase(), id })
          .onConflict((c) => c.doNothing())
          .execute();
      }
    });
  }

  async putMany(rows: readonly RecordingRow[]): Promise<void> {
    for (const row of rows) await this.put(row);
  }

  async rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    const kept = new Set<string>();
    for await (const row of rows) {
      await this.put(row);
      kept.add(row.document.id);
    }
    const found = await this.#db.selectFrom("recordings").select("id").execute();
    const gone = found.filter(({ id }) => !kept.has(id));
    for (const { id } of gone) await this.remove(id);
    return { put: kept.size, removed: gone.length };
  }

  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx.deleteFrom("recording_keys").where("id", "=", id).execute();
      await trx.deleteFrom("recordings").where("id", "=", id).execute();
    });
  }

  async get(id: string): Promise<RecordingRow | undefined> {
    const found = await this.#db.selectFrom("recordings").selectAll().where("id", "=", id).executeTakeFirst();
    if (found === undefined) return undefined;
    const keys = await this.#db.selectFrom("recording_keys").selectAll().where("id", "=", id).execute();
    return { ...rowOf(found), keys: keys.map((k) => [k.kind as SearchKey, k.value] as const) };
  }

  async search(query: RecordingQuery): Promise<RecordingPage> {
    let select = this.#db
      .selectFrom("recordings")
      .selectAll()
      .orderBy("start_micros", "desc")
      .orderBy("id", "desc")
      .limit(query.limit + 1);
    if (query.fromMicros !== undefined) select = select.where("start_micros", ">=", query.fromMicros);
    if (query.toMicros !== undefined) select = select.where("start_micros", "<", query.toMicros);
    if (query.minDurationMs !== undefined)
      select = select.where(sql<boolean>`json_extract(document, '$.durationMs') >= ${query.minDurationMs}`);
    if (query.maxDurationMs !== undefined)
      select = select.where(sql<boolean>`json_extract(document, '$.durationMs') <= ${query.maxDurationMs}`);
    if (query.oneOf !== undefined) {
      const { kind, values } = query.oneOf;
      const wanted = values.map((v) => v.toLowerCase());
      select = select.where("id", "in", (sub) =>
        sub
          .selectFrom("recording_keys")
          .select("recording_keys.id")
          .where("kind", "=", kind)
          .where("value", "in", wanted),
      );
    }
    if (query.id !== undefined) select = select.where("id", "=", query.id);
    if (query.state !== undefined) select = select.where("state", "=", query.state);
    if (query.q !== undefined) {
      const pattern = `%${query.q.toLowerCase().replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`;
      select = select.where(sql<boolean>`text like ${pattern} escape '\\'`);
    }
    for (const [kind, value] of query.keys) {
      select = select.where("id", "in", (sub) =>
        sub
          .selectFrom("recording_keys")
          .select("recording_keys.id")
          .where("kind", "=", kind)
          .where("value", "=", value.toLowerCase()),
      );
    }
    if (query.after !== undefined) {
      const { startMicros, id } = query.after;
      select = select.where(sql<boolean>`(start_micros, id) < (${startMicros}, ${id})`);
    }
    const found = await select.execute();
    return { rows: found.slice(0, query.limit).map(rowOf), more: found.length > query.limit };
  }

  async foldersIn(state: RecordingState): Promise<readonly string[]> {
    const found = await this.#db.selectFrom("recordings").select("folder").where("state", "=", state).execute();
    return found.map((r) => r.folder);
  }

  async count(): Promise<number> {
    const found = await this.#db
      .selectFrom("recordings")
      .select((e) => e.fn.countAll<number>().as("n"))
      .executeTakeFirst();
    return found?.n ?? 0;
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }

  async #createTables(): Promise<void> {
    const { schema } = this.#db;
    await schema
      .createTable("recordings")
      .ifNotExists()
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("start_micros", "integer", (c) => c.notNull())
      .addColumn("state", "text", (c) => c.notNull())
      .addColumn("folder", "text", (c) => c.notNull())
      .addColumn("document", "text", (c) => c.notNull())
      .addColumn("text", "text", (c) => c.notNull())
      .execute();
    await schema
      .createIndex("recordings_by_start")
      .ifNotExists()
      .on("recordings")
      .columns(["start_micros desc", "id desc"])
      .execute();
    await schema
      .createIndex("recordings_by_state")
      .ifNotExists()
      .on("recordings")
      .columns(["state", "start_micros desc"])
      .execute();
    await schema
      .createTable("recording_keys")
      .ifNotExists()
      .addColumn("kind", "text", (c) => c.notNull())
      .addColumn("value", "text", (c) => c.notNull())
      .addColumn("id", "text", (c) => c.notNull())
      .addPrimaryKeyConstraint("recording_keys_pk", ["kind", "value", "id"])
      .execute();
    await schema.createIndex("recording_keys_by_id").ifNotExists().on("recording_keys").column("id").execute();
  }
}

function rowOf(found: RecordingsTable): RecordingRow {
  const document = JSON.parse(found.document) as RecordingDocument;
  return { document, folder: found.folder, startMicros: found.start_micros, keys: [], text: found.text };
}
