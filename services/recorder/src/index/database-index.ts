import { type Kysely, type RawBuilder, type Transaction, sql } from "kysely";
import { SidetoneError } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { MAX_KEYS_PER_ROW, MAX_KEY_VALUE, PUT_ROWS, REBUILD_ROWS, REMOVE_ROWS } from "../limits.ts";
import { plainText } from "./plain-text.ts";
import { countedHits } from "./index-count.ts";
import { type FreeText, searchRows } from "./index-search.ts";
import type { IndexTables } from "./index-tables.ts";
import { valuesOf } from "./index-values.ts";
import type {
  CountedHits,
  CountQuery,
  RecordingDocument,
  RecordingIndex,
  RecordingPage,
  RecordingQuery,
  RecordingRow,
  SearchKey,
} from "./recording-row.ts";

/** What a database is to the index. */
export interface IndexDatabase {
  readonly read: Kysely<IndexTables>;
  /** Writes come one after the other, in the order they were asked for. */
  readonly write: Kysely<IndexTables>;
  /** The elements of a JSON array as a table `e` with the column `value`. */
  readonly elements: (json: string) => RawBuilder<unknown>;
  /** How text is searched here. */
  readonly freeText: FreeText;
  /** What an error of this database is called outside; default: itself. */
  readonly explain?: (error: unknown) => Error;
  close(): Promise<void>;
}

/** The index on any SQL database that Kysely speaks to: the tables of `index-tables.ts`, restricted to one storage folder. */
export class DatabaseIndex implements RecordingIndex {
  readonly #database: IndexDatabase;
  readonly #storage: number;
  #generation: number;
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** @param name of the storage folder; the tables are there already */
  static async open(database: IndexDatabase, name: string): Promise<DatabaseIndex> {
    const { write } = database;
    const found = await write.transaction().execute(async (trx) => {
      await trx
        .insertInto("storages")
        .values({ name, generation: 0 })
        .onConflict((c) => c.column("name").doNothing())
        .execute();
      return trx.selectFrom("storages").selectAll().where("name", "=", name).executeTakeFirstOrThrow();
    });
    return new DatabaseIndex(database, found.number, found.generation);
  }

  /** One that only reads, of a database that another one has opened. */
  static async reading(database: IndexDatabase, name: string): Promise<DatabaseIndex> {
    const found = await database.read
      .selectFrom("storages")
      .selectAll()
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    return new DatabaseIndex(database, found.number, found.generation);
  }

  private constructor(database: IndexDatabase, storage: number, generation: number) {
    this.#database = database;
    this.#storage = storage;
    this.#generation = generation;
  }

  put(row: RecordingRow): Promise<void> {
    return this.putMany([row]);
  }

  putMany(rows: readonly RecordingRow[]): Promise<void> {
    // A statement cannot put the same row twice.
    const byId = new Map(rows.map((row) => [plainText(row.document.id), row]));
    return this.#write(async (trx) => {
      const all = Array.from(byId);
      for (let at = 0; at < all.length; at += PUT_ROWS) await this.#putSome(trx, all.slice(at, at + PUT_ROWS));
    });
  }

  async #putSome(trx: Transaction<IndexTables>, rows: readonly (readonly [string, RecordingRow])[]): Promise<void> {
    const { elements } = this.#database;
    const storage = this.#storage;
    const values = rows.map(([id, { document, folder, startMicros, text }]) => [
      id,
      startMicros,
      document.durationMs,
      document.state,
      folder,
      plainText(text),
      JSON.stringify(document),
    ]);
    // One value for all rows: a statement with a value for each would be some hundred kB, and made anew each time.
    await sql`insert into recordings (storage, id, start_micros, duration_ms, state, folder, text, document, generation)
      select ${storage}, e.value ->> 0, cast(e.value ->> 1 as bigint), cast(e.value ->> 2 as bigint), e.value ->> 3, e.value ->> 4,
        e.value ->> 5, e.value ->> 6, ${this.#generation}
      from ${elements(JSON.stringify(values))} where true
      on conflict (storage, id) do update set start_micros = excluded.start_micros, duration_ms = excluded.duration_ms,
        state = excluded.state, folder = excluded.folder, text = excluded.text, document = excluded.document,
        generation = excluded.generation`.execute(trx);
    const ids = JSON.stringify(rows.map(([id]) => [id]));
    await sql`delete from recording_keys where storage = ${storage}
      and id in (select e.value ->> 0 from ${elements(ids)})`.execute(trx);
    const keys = rows.flatMap(([id, row]) => keyRows(row).map(({ kind, value }) => [kind, value, row.startMicros, id]));
    await sql`insert into recording_keys (storage, kind, value, start_micros, id)
      select ${storage}, e.value ->> 0, e.value ->> 1, cast(e.value ->> 2 as bigint), e.value ->> 3
      from ${elements(JSON.stringify(keys))}`.execute(trx);
  }

  remove(id: string): Promise<void> {
    return this.#write((trx) => this.#removeSome(trx, [plainText(id)]));
  }

  async #removeSome(trx: Transaction<IndexTables>, ids: readonly string[]): Promise<void> {
    for (const table of ["recording_keys", "recordings"] as const)
      await trx.deleteFrom(table).where("storage", "=", this.#storage).where("id", "in", ids).execute();
  }

  get(id: string): Promise<RecordingRow | undefined> {
    return this.#read(async (db) => {
      const found = await db
        .selectFrom("recordings")
        .select(["start_micros", "folder", "document", "text"])
        .where("storage", "=", this.#storage)
        .where("id", "=", plainText(id))
        .executeTakeFirst();
      if (found === undefined) return undefined;
      const keys = await db
        .selectFrom("recording_keys")
        .select(["kind", "value"])
        .where("storage", "=", this.#storage)
        .where("id", "=", plainText(id))
        .orderBy("kind")
        .orderBy("value")
        .execute();
      return { ...rowOf(found), keys: keys.map((k) => [k.kind as SearchKey, k.value] as const) };
    });
  }

  search(query: RecordingQuery): Promise<RecordingPage> {
    return this.#read(async (db) => {
      const found = await searchRows(db, this.#storage, this.#database.freeText, query);
      return { rows: found.slice(0, query.limit).map(rowOf), more: found.length > query.limit };
    });
  }

  countHits(query: CountQuery): Promise<CountedHits> {
    return this.#read((db) => countedHits(db, this.#storage, this.#database.freeText, query));
  }

  valuesOf(kind: SearchKey, prefix: string, limit: number): Promise<readonly string[]> {
    return this.#read((db) => valuesOf(db, this.#storage, { kind, prefix, limit }));
  }

  foldersIn(state: RecordingState): Promise<readonly string[]> {
    return this.#read(async (db) => {
      const found = await db
        .selectFrom("recordings")
        .select("folder")
        .where("storage", "=", this.#storage)
        .where("state", "=", state)
        .execute();
      return found.map((r) => r.folder);
    });
  }

  count(): Promise<number> {
    return this.#read(async (db) => {
      const found = await db
        .selectFrom("recordings")
        .select((e) => e.fn.countAll<number>().as("n"))
        .where("storage", "=", this.#storage)
        .executeTakeFirst();
      return found?.n ?? 0;
    });
  }

  rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    return rebuildInBatches(this, rows);
  }

  /** From now on rows that are put are told from those that were there. */
  beginRebuild(): Promise<void> {
    return this.#write(async (trx) => {
      const generation = this.#generation + 1;
      await trx.updateTable("storages").set({ generation }).where("number", "=", this.#storage).execute();
      this.#generation = generation;
    });
  }

  /** Takes out what has not been put since `beginRebuild`; gives how many. */
  async endRebuild(): Promise<number> {
    for (let removed = 0; ; ) {
      const ids = await this.#write(async (trx) => {
        const old = await trx
          .selectFrom("recordings")
          .select("id")
          .where("storage", "=", this.#storage)
          .where("generation", "<", this.#generation)
          .limit(REMOVE_ROWS)
          .execute();
        const found = old.map((r) => r.id);
        if (found.length > 0) await this.#removeSome(trx, found);
        return found;
      });
      if (ids.length === 0) return removed;
      removed += ids.length;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.catch(() => undefined).then(() => this.#database.close());
    return this.#closing;
  }

  async #read<T>(run: (db: Kysely<IndexTables>) => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    const { read, explain } = this.#database;
    try {
      return await run(read);
    } catch (error) {
      throw explain?.(error) ?? error;
    }
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined)
      throw new SidetoneError("index-not-available", "The index is closed.", { http: 503 });
  }

  async #write<T>(run: (trx: Transaction<IndexTables>) => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    const { write, explain } = this.#database;
    const done = this.#last.catch(() => undefined).then(() => write.transaction().execute(run));
    this.#last = done;
    try {
      return await done;
    } catch (error) {
      throw explain?.(error) ?? error;
    }
  }
}

/** What a rebuild is made of, wherever the index lives. */
export interface Rebuilding {
  beginRebuild(): Promise<void>;
  putMany(rows: readonly RecordingRow[]): Promise<void>;
  endRebuild(): Promise<number>;
}

/** `RecordingIndex.rebuild`, a batch at a time: the rows may be more than memory holds. */
export async function rebuildInBatches(
  index: Rebuilding,
  rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>,
): Promise<{ put: number; removed: number }> {
  await index.beginRebuild();
  let put = 0;
  let batch: RecordingRow[] = [];
  const flush = async (): Promise<void> => {
    await index.putMany(batch);
    put += batch.length;
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length >= REBUILD_ROWS) await flush();
  }
  if (batch.length > 0) await flush();
  return { put, removed: await index.endRebuild() };
}

/** Each pair once, in the form in which it is compared. What is too long to be asked for is not kept. */
function keyRows(row: RecordingRow): { kind: string; value: string }[] {
  const unique = new Map<string, { kind: string; value: string }>();
  for (const [name, given] of row.keys) {
    const [kind, value] = [comparable(name), comparable(given)];
    if (kind.length > MAX_KEY_VALUE || value.length > MAX_KEY_VALUE) continue;
    if (unique.size < MAX_KEYS_PER_ROW) unique.set(`${kind}\n${value}`, { kind, value });
  }
  return Array.from(unique.values());
}

function comparable(text: string): string {
  return plainText(text.toLowerCase());
}

function rowOf(found: { document: string; folder: string; start_micros: number; text: string }): RecordingRow {
  const document = JSON.parse(found.document) as RecordingDocument;
  return { document, folder: found.folder, startMicros: found.start_micros, keys: [], text: found.text };
}
