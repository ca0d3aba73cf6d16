import { Kysely, PostgresDialect, sql } from "kysely";
import { type Logger, SidetoneError, errorText } from "@sidetone/foundation";
import pg from "pg";
import { PG_ANSWER_MS, PG_CONNECT_MS, PG_READERS } from "../limits.ts";
import { DatabaseIndex } from "./database-index.ts";
import type { FreeText } from "./index-search.ts";
import { type IndexTables, type Migration, migrate } from "./index-tables.ts";

/** Versions of the tables in PostgreSQL. A released one is never changed. Text is compared by its bytes, as SQLite does. */
export const postgresMigrations: readonly Migration[] = [
  {
    version: 1,
    statements: [
      `create table storages (number integer generated always as identity primary key, name text collate "C" not null unique,
        generation bigint not null)`,
      `create table recordings (storage integer not null, id text collate "C" not null, start_micros bigint not null,
        duration_ms bigint not null, state text collate "C" not null, folder text collate "C" not null, generation bigint not null,
        text text collate "C" not null, document text collate "C" not null, primary key (storage, id))`,
      "create index recordings_by_start on recordings (storage, start_micros, id, duration_ms, state)",
      "create index recordings_by_state on recordings (storage, state, start_micros, id, duration_ms)",
      `create table recording_keys (storage integer not null, kind text collate "C" not null, value text collate "C" not null,
        start_micros bigint not null, id text collate "C" not null, primary key (storage, kind, value, start_micros, id))`,
      "create index recording_keys_by_id on recording_keys (storage, id)",
    ],
  },
  {
    version: 2,
    statements: [
      "create extension if not exists pg_trgm",
      "create index recordings_text on recordings using gin (text gin_trgm_ops)",
    ],
  },
];

/** The one who migrates; any number that nobody else in the database uses. */
const MIGRATING = "select pg_advisory_xact_lock(7391, 0)";
/** First half of the lock that belongs to a storage folder; the second half is a hash of its name. */
const STORAGE_LOCK = 7392;
const BIGINT = 20;

/** `LIKE` with an index of trigrams; PostgreSQL itself chooses between it and the order of time. */
const freeText: FreeText = {
  has: (text) => sql<boolean>`r.text like ${`%${text.replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`}`,
  candidates: async () => undefined,
};

/** Where a PostgreSQL index is. */
export interface PostgresPlace {
  /** `postgres://USER@HOST:PORT/DATABASE`, or with `?host=` a folder of sockets. */
  readonly url: string;
  /** Instead of one in the URL. */
  readonly password?: string | undefined;
}

/**
 * The index in PostgreSQL 15 or newer. Whoever writes holds the lock of its storage folder, on the same connection: a second recorder that
 * calls itself the same is refused, and a connection that was lost is made anew, lock first, by the next statement.
 * @param name of the storage folder
 * @param o.newest version of the tables; default: the last one
 * @throws SidetoneError `index-not-available`, `storage-in-use`, `database-newer` (exit 1).
 */
export async function openPostgresIndex(
  place: PostgresPlace,
  name: string,
  o: { readonly log: Logger; readonly newest?: number },
): Promise<DatabaseIndex> {
  const shown = shownUrl(place.url);
  const explain = (error: unknown): SidetoneError => explained(error, shown);
  const pool = (max: number, more: pg.PoolConfig): pg.Pool => {
    const made = new pg.Pool({
      connectionString: place.url,
      ...(place.password === undefined ? {} : { password: place.password }),
      application_name: "sidetone-recorder",
      connectionTimeoutMillis: PG_CONNECT_MS,
      query_timeout: PG_ANSWER_MS,
      keepAlive: true,
      types: { getTypeParser: (oid: number, format?: "text" | "binary") => parserOf(oid, format) },
      max,
      ...more,
    });
    // A connection that is lost while nobody uses it: the next statement makes another one.
    made.on("error", (error) => o.log.warn({ err: error }, `a connection to the index was lost: ${errorText(error)}`));
    return made;
  };
  const readers = pool(PG_READERS, {});
  const writer = pool(1, {
    idleTimeoutMillis: 0,
    verify: (client, done) => {
      lockStorage(client, name, shown).then(() => done(), done);
    },
  });
  const opened = (kept: pg.Pool): Kysely<IndexTables> =>
    new Kysely<IndexTables>({ dialect: new PostgresDialect({ pool: kept }) });
  const [read, write] = [opened(readers), opened(writer)];
  const close = async (): Promise<void> => {
    await Promise.all([read.destroy(), write.destroy()]);
  };
  try {
    await migrateAlone(pool(1, { query_timeout: 0 }), shown, o.newest);
    return await DatabaseIndex.open({ read, write, freeText, explain, close }, name);
  } catch (error) {
    await close();
    throw explain(error);
  }
}

/** On a connection of its own, which may take the time that a new index of many rows takes. */
async function migrateAlone(pool: pg.Pool, shown: string, newest: number | undefined): Promise<void> {
  const db = new Kysely<IndexTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrate(db, postgresMigrations, {
      name: shown,
      lock: MIGRATING,
      ...(newest === undefined ? {} : { newest }),
    });
  } finally {
    await db.destroy();
  }
}

function parserOf(oid: number, format: "text" | "binary" | undefined): (value: string) => unknown {
  // Microseconds since 1970 and all counts are exact numbers.
  return oid === BIGINT ? Number : (pg.types.getTypeParser(oid, format ?? "text") as (value: string) => unknown);
}

async function lockStorage(client: pg.PoolClient, name: string, shown: string): Promise<void> {
  // A server that has lost us gives the lock back after half a minute.
  await client.query("set tcp_keepalives_idle = 15; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3");
  const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1, hashtext($2)) as held", [
    STORAGE_LOCK,
    name,
  ]);
  if (rows[0]?.held === true) return;
  throw new SidetoneError(
    "storage-in-use",
    `recorder.storage.database ${shown}: storage ${name} is in use by another recorder`,
    {
      exit: 1,
      http: 503,
      remedy: "Stop the other recorder. Where its folder is a copy of this one, delete storage-name in one of them.",
    },
  );
}

/** The URL without its password. */
function shownUrl(url: string): string {
  try {
    const shown = new URL(url);
    shown.password = "";
    shown.searchParams.delete("password");
    return shown.href;
  } catch {
    return "postgres:";
  }
}

function explained(error: unknown, shown: string): SidetoneError {
  if (error instanceof SidetoneError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new SidetoneError("index-not-available", `recorder.storage.database ${shown}: ${errorText(error) || code}`, {
    exit: 1,
    http: 503,
    remedy: remedyOf(code, errorText(error)),
    cause: error,
  });
}

/** By SQLSTATE, PostgreSQL's appendix A, or the system's name of an error. */
function remedyOf(code: string, text: string): string {
  if (code.startsWith("28"))
    return "Check the user in recorder.storage.database, database-password, and the server's pg_hba.conf.";
  if (code === "3D000") return "Create the database: createdb --owner USER NAME.";
  if (text.includes("pg_trgm"))
    return "Install the server's contrib modules, and as its superuser run in this database: CREATE EXTENSION pg_trgm.";
  if (code === "42501") return "Make the user the owner of the database: ALTER DATABASE NAME OWNER TO USER.";
  return "Check that the PostgreSQL server runs and can be reached from here.";
}
