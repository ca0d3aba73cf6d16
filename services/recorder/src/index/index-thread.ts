import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { SidetoneError } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { openObjects, type WorkerObjects } from "@sidetone/worker-calls";
import { type DatabaseIndex, rebuildInBatches } from "./database-index.ts";
import { PagesFirst } from "./pages-first.ts";
import type {
  CountedHits,
  CountQuery,
  RecordingIndex,
  RecordingPage,
  RecordingQuery,
  RecordingRow,
  SearchKey,
} from "./recording-row.ts";

/** What a thread of the index serves. */
interface Served {
  readonly index: DatabaseIndex;
}

/** What a thread of the index is started with. */
export interface IndexThreadData {
  readonly file: string;
  /** It only searches: another one has opened the file, and writes. */
  readonly reading: boolean;
}

type Thread = WorkerObjects<Served>;

/** The path in `sqlite:PATH`, or the path itself. */
export function indexFile(database: string): string {
  return database.startsWith("sqlite:") ? database.slice("sqlite:".length) : database;
}

/** The SQLite index in two threads: one writes, one searches, so that no search keeps the row of a recording waiting. */
export class IndexThread implements RecordingIndex {
  readonly #writer: Thread;
  /** The same one for what is in memory only. */
  readonly #reader: Thread;
  readonly #turns = new PagesFirst();
  readonly #onClosed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @param database `sqlite:PATH` or a path. @param onClosed called once, after it has been closed. Rejects with "index-not-available" or "database-damaged" where it cannot be opened. */
  static async open(database: string, onClosed?: () => void): Promise<IndexThread> {
    const file = indexFile(database);
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    const worker = new URL("./index-worker.ts", import.meta.url);
    const thread = (reading: boolean, name: string): Promise<Thread> =>
      openObjects<Served>({ worker, data: { file, reading } satisfies IndexThreadData, name });
    const writer = await thread(false, "recorder-index");
    try {
      const reader = file === ":memory:" ? writer : await thread(true, "recorder-index-reader");
      return new IndexThread(writer, reader, onClosed);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  private constructor(writer: Thread, reader: Thread, onClosed: (() => void) | undefined) {
    this.#writer = writer;
    this.#reader = reader;
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
    return this.#turns.page(() => this.#ask((index) => index.search(query), this.#reader));
  }

  countHits(query: CountQuery): Promise<CountedHits> {
    return this.#turns.count(() => this.#ask((index) => index.countHits(query), this.#reader));
  }

  valuesOf(kind: SearchKey, prefix: string, limit: number): Promise<readonly string[]> {
    return this.#turns.page(() => this.#ask((index) => index.valuesOf(kind, prefix, limit), this.#reader));
  }

  foldersIn(state: RecordingState): Promise<readonly string[]> {
    return this.#ask((index) => index.foldersIn(state));
  }

  count(): Promise<number> {
    return this.#ask((index) => index.count());
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    // The writer last: who closes a database last folds its log into it.
    if (this.#reader !== this.#writer) await this.#reader.close();
    await this.#writer.close();
    this.#onClosed?.();
  }

  /** A thread that has ended is an index that is not there. */
  async #ask<T>(ask: (index: Thread["objects"]["index"]) => Promise<T>, thread = this.#writer): Promise<T> {
    try {
      return await ask(thread.objects.index);
    } catch (error) {
      if (!(error instanceof SidetoneError) || error.code !== "worker-ended") throw error;
      throw new SidetoneError("index-not-available", error.message, { http: 503, cause: error });
    }
  }
}
