import { errorText, SidetoneError } from "@sidetone/foundation";
import { serveObjects } from "@sidetone/worker-calls";
import type { IndexThreadData } from "./index-thread.ts";
import { openSqliteIndex, openSqliteReader } from "./sqlite-index.ts";

// A thread of the index: SQLite blocks, the service must not. Started by `IndexThread`.
let path = "";

serveObjects(
  async ({ file, reading }: IndexThreadData) => {
    path = file;
    return { index: await (reading ? openSqliteReader(file) : openSqliteIndex(file)) };
  },
  { close: ({ index }) => index.close(), explain: (thrown) => failure(path, thrown) },
);

/** What SQLite says of a file that is no database, or no longer one. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT");
}

function failure(file: string, thrown: unknown): SidetoneError {
  const text = errorText(thrown);
  const facts = { exit: 1, http: 503, cause: thrown };
  if (thrown instanceof SidetoneError) {
    return new SidetoneError(thrown.code, text, { ...facts, remedy: thrown.remedy ?? "" });
  }
  const message = `recorder.storage.database ${file}: ${text}`;
  if (!isDamage(thrown)) {
    const remedy = "Check the disk and the rights of recorder.storage.database.";
    return new SidetoneError("index-not-available", message, { ...facts, remedy });
  }
  const files = `${file}, and ${file}-wal and ${file}-shm where they exist`;
  return new SidetoneError("database-damaged", message, {
    ...facts,
    remedy: `Stop the recorder, move ${files}, away, and start it again: it makes a new index from the folders of recorder.storage.directory.`,
  });
}
