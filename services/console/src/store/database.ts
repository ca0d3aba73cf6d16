import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { errorText, SidetoneError } from "@sidetone/foundation";
import Database from "better-sqlite3";
import { busyTimeoutMs } from "../limits.ts";
import { migrations } from "./migrations.ts";

/**
 * Opens or creates the console's database and brings its schema up to date. What is committed is on the disk.
 * @param file path, or `:memory:`
 * @throws SidetoneError `storage-newer`, `storage-unusable`, `database-damaged` (exit 1)
 */
export function openDatabase(file: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    database = new Database(file, { timeout: busyTimeoutMs });
    database.pragma("journal_mode = WAL");
    // Not left to the default: an existing WAL file would be reopened with less.
    database.pragma("synchronous = FULL");
    migrate(database, file);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof SidetoneError ? error : unusable(file, error);
  }
}

/** What an error of SQLite in the middle of the work is called outside. */
export function storeFailure(file: string, thrown: unknown): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown;
  if (isDamage(thrown)) return damaged(file, thrown);
  return new SidetoneError("storage-failed", `console.storage ${file}: ${thrown.message}`, {
    http: 503,
    remedy: "Check the disk that holds console.storage: its room, and that it may be written.",
    cause: thrown,
  });
}

function migrate(database: Database.Database, file: string): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest) {
    throw new SidetoneError(
      "storage-newer",
      `console.storage ${file} was written by a newer Sidetone (schema ${version}, this one knows ${newest})`,
      { exit: 1, http: 503, remedy: "Start the newer version, or take another storage file." },
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

function unusable(file: string, error: unknown): SidetoneError {
  if (isDamage(error)) return damaged(file, error);
  return new SidetoneError("storage-unusable", `console.storage ${file} cannot be used: ${errorText(error)}`, {
    exit: 1,
    http: 503,
    remedy: "Check that the disk has room, that the file is writable and that it is the console's.",
    cause: error,
  });
}

/** What SQLite says of a file that is no database, or no longer one. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Database.SqliteError ? error.code : "";
  return code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT");
}

function damaged(file: string, error: unknown): SidetoneError {
  return new SidetoneError("database-damaged", `console.storage ${file}: ${errorText(error)}`, {
    exit: 1,
    http: 503,
    remedy: `Stop the console and put back a backup of ${file}. Without one, move it, and ${file}-wal and ${file}-shm where they exist, away: its users, audit trail, saved searches and comments are not in the new one.`,
    cause: error,
  });
}
