import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { SidetoneError, errorText } from "@sidetone/foundation";
import { busyTimeoutMs, maxPreparedStatements } from "./limits.ts";
import { migrations } from "./migrations.ts";
import type { SqlStatement, StatementResult, Unit, UnitResult } from "./wire.ts";

/** A store that ends with the process. */
const inMemory = ":memory:";

/** The SQLite file, synchronous: it lives in the storage's worker thread. */
export class StoreDatabase {
  readonly #database: Database.Database;
  readonly #lock: Database.Database;
  readonly #prepared = new Map<string, Database.Statement>();

  /**
   * Opens or creates `file`, brings its schema up to date.
   * @throws SidetoneError `storage-in-use`, `storage-newer`, `storage-unusable`
   */
  constructor(file: string) {
    this.#lock = takeLock(file === inMemory ? inMemory : `${file}.lock`, file);
    try {
      this.#database = new Database(file, { timeout: busyTimeoutMs });
      this.#database.pragma("journal_mode = WAL");
      // Not left to the default: an existing WAL file would be reopened with less.
      this.#database.pragma("synchronous = FULL");
      this.#database.pragma("foreign_keys = ON");
      migrate(this.#database, file);
    } catch (error) {
      this.#lock.close();
      if (error instanceof SidetoneError) throw error;
      throw new SidetoneError("storage-unusable", `${file} cannot be used as a store: ${errorText(error)}`, {
        exit: 1,
        remedy: "Check that the disk has room, that the file is writable and that it is a Sidetone store.",
        cause: error,
      });
    }
  }

  /** Runs all units in one transaction and returns when it is on the disk. A unit that fails is undone by itself. Throws where nothing could be committed. */
  run(units: readonly Unit[]): UnitResult[] {
    this.#database.exec("begin immediate");
    try {
      const results = units.map((unit) => this.#unit(unit));
      this.#database.exec("commit");
      return results;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("rollback");
      throw error;
    }
  }

  close(): void {
    this.#database.close();
    this.#lock.close();
  }

  #unit(unit: Unit): UnitResult {
    const [only, ...more] = unit;
    // One statement is undone by itself.
    if (only !== undefined && more.length === 0) return this.#alone(only);
    this.#database.exec("savepoint unit");
    try {
      const results = unit.map((statement) => this.#statement(statement));
      this.#database.exec("release unit");
      return { results };
    } catch (error) {
      // A full disk or a failed write ends the whole transaction: then there is no savepoint to go back to.
      if (!this.#database.inTransaction) throw error;
      this.#database.exec("rollback to unit");
      this.#database.exec("release unit");
      return { error: errorText(error) };
    }
  }

  #alone(statement: SqlStatement): UnitResult {
    try {
      return { results: [this.#statement(statement)] };
    } catch (error) {
      // A full disk or a failed write ends the whole transaction.
      if (!this.#database.inTransaction) throw error;
      return { error: errorText(error) };
    }
  }

  #statement(statement: SqlStatement): StatementResult {
    const prepared = this.#prepare(statement.sql);
    if (prepared.reader) return { rows: prepared.all(...statement.parameters), changes: 0 };
    return { rows: [], changes: prepared.run(...statement.parameters).changes };
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= maxPreparedStatements) this.#prepared.clear();
    const prepared = this.#database.prepare(sql);
    this.#prepared.set(sql, prepared);
    return prepared;
  }
}

/** Keeps a second SIP Server off the file; reading it with other programs stays possible. The system gives the lock back when the process dies. */
function takeLock(lockFile: string, file: string): Database.Database {
  let lock: Database.Database | undefined;
  try {
    mkdirSync(dirname(lockFile), { recursive: true });
    lock = new Database(lockFile, { timeout: busyTimeoutMs });
    lock.exec("begin exclusive");
    return lock;
  } catch (error) {
    lock?.close();
    const busy = error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
    if (busy) {
      throw new SidetoneError("storage-in-use", `${file} is in use by another SIP Server`, {
        exit: 1,
        remedy: "Give each SIP Server its own storage file, or stop the other one.",
      });
    }
    throw new SidetoneError("storage-unusable", `${lockFile} cannot be locked: ${errorText(error)}`, {
      exit: 1,
      remedy: "Check that the folder exists and is writable.",
      cause: error,
    });
  }
}

function migrate(database: Database.Database, file: string): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest) {
    throw new SidetoneError(
      "storage-newer",
      `${file} was written by a newer Sidetone (schema ${version}, this one knows ${newest})`,
      {
        exit: 1,
        remedy: "Start the newer version, or take another storage file.",
      },
    );
  }
  for (const step of migrations) {
    if (step.version <= version) continue;
    database.transaction(() => {
      database.exec(step.sql);
      database.pragma(`user_version = ${step.version}`);
    })();
  }
}
