import type { RecorderConfig } from "@sidetone/config";
import { type Logger, type RandomBytes, silentLogger, systemRandom } from "@sidetone/foundation";
import { lockIndex } from "../store/storage-lock.ts";
import { IndexThread, indexFile } from "./index-thread.ts";
import { openPostgresIndex } from "./postgres-index.ts";
import type { RecordingIndex } from "./recording-row.ts";
import { storageName } from "./storage-name.ts";

/**
 * Opens the index of a storage folder, its tables brought to the newest version, and keeps every other recorder out of it until it is closed.
 * @throws SidetoneError `storage-in-use`, `index-not-available`, `database-damaged`, `database-newer` (exit 1).
 */
export async function openIndex(
  storage: RecorderConfig["storage"],
  o: { readonly log?: Logger; readonly random?: RandomBytes } = {},
): Promise<RecordingIndex> {
  const { database, databasePassword, directory } = storage;
  if (isPostgres(database)) {
    const name = storageName(directory, o.random ?? systemRandom);
    return openPostgresIndex({ url: database, password: databasePassword }, name, { log: o.log ?? silentLogger });
  }
  const unlock = lockIndex(indexFile(database));
  try {
    return await IndexThread.open(database, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function isPostgres(database: string): boolean {
  return database.startsWith("postgres:") || database.startsWith("postgresql:");
}
