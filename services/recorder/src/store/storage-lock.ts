import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { SidetoneError, errorText } from "@sidetone/foundation";
import Database from "better-sqlite3";
import { STORAGE_LOCK } from "@sidetone/recording-file";
import { LOCK_WAIT_MS } from "../limits.ts";

/** Gives a lock back. Idempotent. */
export type Unlock = () => void;

/**
 * Takes a folder of recordings for this recorder alone: a second one would close, as after a crash, what the first is writing.
 * The system gives the lock back when the process dies, however it dies: a `.lock` file that is left over stops nobody.
 * @throws SidetoneError `storage-in-use`, `storage-not-available` (exit 1).
 */
export function lockStorage(directory: string): Unlock {
  return lock(directory, join(directory, STORAGE_LOCK), "recorder.storage.directory");
}

/** The same for the index: a second recorder would mark the first one's recordings as lost. `:memory:` is nobody else's. */
export function lockIndex(file: string): Unlock {
  return file === ":memory:" ? () => undefined : lock(file, `${file}.lock`, "recorder.storage.database");
}

function lock(path: string, lockFile: string, option: string): Unlock {
  let held: Database.Database | undefined;
  try {
    mkdirSync(dirname(lockFile), { recursive: true });
    held = new Database(lockFile, { timeout: LOCK_WAIT_MS });
    held.exec("begin exclusive");
  } catch (error) {
    held?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) {
      throw new SidetoneError("storage-in-use", `${option}: ${path} is in use by another recorder`, {
        exit: 1,
        remedy: `Stop the other recorder, or give this one its own ${option}.`,
        cause: error,
      });
    }
    throw new SidetoneError("storage-not-available", `${option} ${path} cannot be locked: ${errorText(error)}`, {
      exit: 1,
      remedy: `Choose for ${option} what the user who runs Sidetone may write.`,
      cause: error,
    });
  }
  return () => held.close();
}
