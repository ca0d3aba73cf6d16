import type { RecorderConfig } from "@sidetone/config";
import { lockIndex } from "../store/storage-lock.ts";
import { IndexThread, indexFile } from "./index-thread.ts";
import type { RecordingIndex } from "./recording-row.ts";

/**
 * Opens the index of a storage folder and keeps every other recorder out of it until it is closed.
 * @throws SidetoneError `storage-in-use`, `index-not-available`, `database-damaged` (exit 1).
 */
export async function openIndex(storage: RecorderConfig["storage"]): Promise<RecordingIndex> {
  const unlock = lockIndex(indexFile(storage.database));
  try {
    return await IndexThread.open(storage.database, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}
