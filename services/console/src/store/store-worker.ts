import { serveObjects } from "@sidetone/worker-calls";
import { AuditTable } from "./audit-table.ts";
import { CommentTable } from "./comment-table.ts";
import { openDatabase, storeFailure } from "./database.ts";
import { SavedSearchTable } from "./saved-search-table.ts";
import { SessionTable } from "./session-table.ts";
import { UserTable } from "./user-table.ts";

// The thread of the console's store: SQLite blocks, the service must not. Started by `openConsoleStore`.
let path = "";

/** What the thread serves, and the database behind it. */
function tablesOf(file: string) {
  path = file;
  const database = openDatabase(file);
  return {
    database,
    users: new UserTable(database),
    sessions: new SessionTable(database),
    audit: new AuditTable(database),
    savedSearches: new SavedSearchTable(database),
    comments: new CommentTable(database),
  };
}

serveObjects(tablesOf, {
  close: ({ database }) => void database.close(),
  explain: (thrown) => storeFailure(path, thrown),
});
