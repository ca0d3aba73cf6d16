import { type AsyncObjects, openObjects } from "@sidetone/worker-calls";
import type { AuditTable } from "./audit-table.ts";
import type { CommentTable } from "./comment-table.ts";
import type { SavedSearchTable } from "./saved-search-table.ts";
import type { SessionTable } from "./session-table.ts";
import type { UserTable } from "./user-table.ts";

interface Tables {
  readonly users: UserTable;
  readonly sessions: SessionTable;
  readonly audit: AuditTable;
  readonly savedSearches: SavedSearchTable;
  readonly comments: CommentTable;
}

/**
 * What the console itself keeps, by table: `await store.users.get("anna")`. Methods are answered in the order of the calls, and what they wrote
 * is on the disk then. They reject with SidetoneError `storage-failed`, `database-damaged` or `worker-ended` (503).
 */
export interface ConsoleStore extends AsyncObjects<Tables> {
  /** Waits for what was asked for, then closes the file and ends its thread. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the store, in a thread of its own, creating file and folder where they are missing.
 * @param file path, or `:memory:`
 * @throws SidetoneError `storage-newer`, `storage-unusable`, `database-damaged` (exit 1)
 */
export async function openConsoleStore(file: string): Promise<ConsoleStore> {
  const worker = new URL("./store-worker.ts", import.meta.url);
  const { objects, close } = await openObjects<Tables>({ worker, data: file, name: "console-store" });
  const { users, sessions, audit, savedSearches, comments } = objects;
  return { users, sessions, audit, savedSearches, comments, close };
}
