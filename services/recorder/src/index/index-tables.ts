import { type Generated, type Kysely, sql } from "kysely";
import { SidetoneError } from "@sidetone/foundation";

/** A storage folder whose recordings are in this database; SQLite has one. */
interface StoragesTable {
  number: Generated<number>;
  name: string;
  /** Counts the rebuilds; a row with a smaller one was not found by the last. */
  generation: number;
}

interface RecordingsTable {
  storage: number;
  id: string;
  start_micros: number;
  duration_ms: number;
  state: string;
  folder: string;
  generation: number;
  text: string;
  document: string;
}

interface KeysTable {
  storage: number;
  kind: string;
  value: string;
  start_micros: number;
  id: string;
}

/** The tables of the index, the same in every database. */
export interface IndexTables {
  storages: StoragesTable;
  recordings: RecordingsTable;
  recording_keys: KeysTable;
}

/** One change of the tables; all of it happens, or nothing. */
export interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

const keptVersion = "create table if not exists index_version (version integer not null)";

/** The version that the tables have; 0 where there are none. */
async function versionOf(db: Kysely<IndexTables>): Promise<number> {
  const found = await sql<{ version: number }>`select version from index_version`.execute(db);
  return found.rows[0]?.version ?? 0;
}

/**
 * Brings the tables to the newest version, in one transaction.
 * @param lock a statement that lets one recorder at a time do it
 * @param newest default: the last one; an older one for tests
 * @returns whether anything was changed
 * @throws SidetoneError `database-newer` (exit 1).
 */
export async function migrate(
  db: Kysely<IndexTables>,
  migrations: readonly Migration[],
  o: { readonly name: string; readonly lock?: string; readonly newest?: number },
): Promise<boolean> {
  const newest = o.newest ?? migrations.at(-1)?.version ?? 0;
  return db.transaction().execute(async (trx) => {
    if (o.lock !== undefined) await sql.raw(o.lock).execute(trx);
    await sql.raw(keptVersion).execute(trx);
    const version = await versionOf(trx);
    if (version > newest) {
      throw new SidetoneError(
        "database-newer",
        `recorder.storage.database ${o.name} was written by a newer Sidetone (version ${version}, this one knows ${newest})`,
        {
          exit: 1,
          remedy: "Start the newer version, or give this one another database: it makes a new index from the folders.",
        },
      );
    }
    const steps = migrations.filter((step) => step.version > version && step.version <= newest);
    for (const step of steps) for (const statement of step.statements) await sql.raw(statement).execute(trx);
    if (steps.length === 0) return false;
    await sql`delete from index_version`.execute(trx);
    await sql`insert into index_version (version) values (${newest})`.execute(trx);
    return true;
  });
}
