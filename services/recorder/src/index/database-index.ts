import type { Kysely, Transaction } from "kysely";
import { SidetoneError } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { MAX_KEYS_PER_ROW, MAX_KEY_VALUE, PUT_ROWS, REBUILD_ROWS, REMOVE_ROWS } from "../limits.ts";
import { plainText } from "./plain-text.ts";
import { type FreeText, searchRows } from "./index-search.ts";
import type { IndexTables } from "./index-tables.ts";
import type {
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
    const storage = this.#storage;
    await trx
      .insertInto("recordings")
      .values(
        rows.map(([id, row]) => ({
          storage,
          id,
          start_micros: row.startMicros,
          duration_ms: row.document.durationMs,
          state: row.document.state,
          folder: row.folder,
          generation: this.#generation,
          text: plainText(row.text),
          document: JSON.stringify(row.document),
        })),
      )
      .onConflict((c) =>
        c.columns(["storage", "id"]).doUpdateSet((e) => ({
          start_micros: e.ref("excluded.start_micros"),
          duration_ms: e.ref("excluded.duration_ms"),
          state: e.ref("excluded.state"),
          folder: e.ref("excluded.folder"),
          generation: e.ref("excluded.generation"),
          text: e.ref("excluded.text"),
          document: e.ref("excluded.document"),
        })),
      )
      .execute();
    const ids = rows.map(([id]) => id);
    await trx.deleteFrom("recording_keys").where("storage", "=", storage).where("id", "in", ids).execute();
    const keys = rows.flatMap(([id, row]) =>
      keyRows(row).map(({ kind, value }) => ({ storage, kind, value, start_micros: row.startMicros, id })),
    );
    for (let at = 0; at < keys.length; at += PUT_ROWS)
      await trx
        .insertInto("recording_keys")
        .values(keys.slice(at, at + PUT_ROWS))
        .execute();
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
