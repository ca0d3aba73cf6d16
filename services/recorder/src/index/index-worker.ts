import { parentPort, workerData } from "node:worker_threads";
import { SidetoneError, errorText } from "@sidetone/foundation";
import type { IndexAnswer, IndexAsk } from "./index-thread.ts";
import { openSqliteIndex } from "./sqlite-index.ts";

// The index thread: SQLite blocks, the service must not. Started by `IndexThread`.
const owner = parentPort;
if (owner === null) throw new Error("this file is started as a worker thread");
const opened = openSqliteIndex(workerData as string);
// Each question waits for the one before: their effects have an order. What kept it from opening is told to whoever asks.
let last: Promise<unknown> = opened.catch(() => undefined);

/** What SQLite says of a file that is no database, or no longer one. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT");
}

function plainError(error: unknown): NonNullable<IndexAnswer["error"]> {
  const own = error instanceof SidetoneError ? { code: error.code, remedy: error.remedy ?? "" } : undefined;
  return { text: errorText(error), damaged: isDamage(error), own };
}

async function carryOut(ask: IndexAsk["ask"]): Promise<unknown> {
  const index = await opened;
  switch (ask.do) {
    case "open":
      return undefined;
    case "put":
      return index.putMany(ask.rows);
    case "begin-rebuild":
      return index.beginRebuild();
    case "end-rebuild":
      return index.endRebuild();
    case "remove":
      return index.remove(ask.id);
    case "get":
      return index.get(ask.id);
    case "search":
      return index.search(ask.query);
    case "folders":
      return index.foldersIn(ask.state);
    case "count":
      return index.count();
    case "close":
      return index.close();
  }
}

owner.on("message", ({ n, ask }: IndexAsk) => {
  last = last
    .catch(() => undefined)
    .then(() => carryOut(ask))
    .then(
      (value) => owner.postMessage({ n, value } satisfies IndexAnswer),
      (error: unknown) => owner.postMessage({ n, error: plainError(error) } satisfies IndexAnswer),
    );
});
