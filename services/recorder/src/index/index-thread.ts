import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { SidetoneError } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { openObjects, type WorkerObjects } from "@sidetone/worker-calls";
import { type DatabaseIndex, rebuildInBatches } from "./database-index.ts";
import type { RecordingIndex, RecordingPage, RecordingQuery, RecordingRow } from "./recording-row.ts";

/** What the index thread serves. */
interface Served {
  readonly index: DatabaseIndex;
}

/** The path in `sqlite:PATH`, or the path itself. */
export function indexFile(database: string): string {
  return database.startsWith("sqlite:") ? database.slice("sqlite:".length) : database;
}

/** The SQLite index in a thread of its own. */
export class IndexThread implements RecordingIndex {
  readonly #thread: WorkerObjects<Served>;
  readonly #onClosed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @param database `sqlite:PATH` or a path. @param onClosed called once, after it has been closed. Rejects with "index-not-available" or "database-damaged" where it cannot be opened. */
  static async open(database: string, onClosed?: () => void): Promise<IndexThread> {
    const file = indexFile(database);
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    const worker = new URL("./index-worker.ts", import.meta.url);
    return new IndexThread(await openObjects<Served>({ worker, data: file, name: "recorder-index" }), onClosed);
  }

  private constructor(thread: WorkerObjects<Served>, onClosed: (() => void) | undefined) {
    this.#thread = thread;
    this.#onClosed = onClosed;
  }

  async put(row: RecordingRow): Promise<void> {
    await this.putMany([row]);
  }

  putMany(rows: readonly RecordingRow[]): Promise<void> {
    return this.#ask((index) => index.putMany(rows));
  }

  rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    return rebuildInBatches(this, rows);
  }

  /** For `rebuildInBatches`. */
  beginRebuild(): Promise<void> {
    return this.#ask((index) => index.beginRebuild());
  }

  /** For `rebuildInBatches`. */
  endRebuild(): Promise<number> {
    return this.#ask((index) => index.endRebuild());
  }

  remove(id: string): Promise<void> {
    return this.#ask((index) => index.remove(id));
  }

  get(id: string): Promise<RecordingRow | undefined> {
    return this.#ask((index) => index.get(id));
  }

  search(query: RecordingQuery): Promise<RecordingPage> {
    return this.#ask((index) => index.search(query));
  }

  foldersIn(state: RecordingState): Promise<readonly string[]> {
    return this.#ask((index) => index.foldersIn(state));
  }

  count(): Promise<number> {
    return this.#ask((index) => index.count());
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#thread.close().then(() => this.#onClosed?.()));
  }

  /** A thread that has ended is an index that is not there. */
  async #ask<T>(ask: (index: WorkerObjects<Served>["objects"]["index"]) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#thread.objects.index);
    } catch (error) {
      if (!(error instanceof SidetoneError) || error.code !== "worker-ended") throw error;
      throw new SidetoneError("index-not-available", error.message, { http: 503, cause: error });
    }
  }
}
