import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { SidetoneError } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { rebuildInBatches } from "./database-index.ts";
import type { RecordingIndex, RecordingPage, RecordingQuery, RecordingRow } from "./recording-row.ts";

/** A question to the index thread. */
export interface IndexAsk {
  readonly n: number;
  readonly ask:
    | { readonly do: "open" | "count" | "begin-rebuild" | "end-rebuild" | "close" }
    | { readonly do: "put"; readonly rows: readonly RecordingRow[] }
    | { readonly do: "get" | "remove"; readonly id: string }
    | { readonly do: "search"; readonly query: RecordingQuery }
    | { readonly do: "folders"; readonly state: RecordingState };
}

export interface IndexAnswer {
  readonly n: number;
  readonly value?: unknown;
  readonly error?: {
    readonly text: string;
    readonly damaged: boolean;
    readonly own: { readonly code: string; readonly remedy: string } | undefined;
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function failure(file: string, { text, damaged, own }: NonNullable<IndexAnswer["error"]>): SidetoneError {
  if (own !== undefined) return new SidetoneError(own.code, text, { exit: 1, http: 503, remedy: own.remedy });
  const message = `recorder.storage.database ${file}: ${text}`;
  if (!damaged) {
    const remedy = "Check the disk and the rights of recorder.storage.database.";
    return new SidetoneError("index-not-available", message, { exit: 1, http: 503, remedy });
  }
  const files = `${file}, and ${file}-wal and ${file}-shm where they exist`;
  return new SidetoneError("database-damaged", message, {
    exit: 1,
    http: 503,
    remedy: `Stop the recorder, move ${files}, away, and start it again: it makes a new index from the folders of recorder.storage.directory.`,
  });
}

/** The path in `sqlite:PATH`, or the path itself. */
export function indexFile(database: string): string {
  return database.startsWith("sqlite:") ? database.slice("sqlite:".length) : database;
}

/** The SQLite index in a thread of its own. */
export class IndexThread implements RecordingIndex {
  readonly #worker: Worker;
  readonly #asks = new Map<number, Waiting>();
  readonly #onClosed: (() => void) | undefined;
  #next = 1;
  #closing: Promise<void> | undefined;

  /** @param database `sqlite:PATH` or a path. @param onClosed called once, after it has been closed. Rejects with "index-not-available" or "database-damaged" where it cannot be opened. */
  static async open(database: string, onClosed?: () => void): Promise<IndexThread> {
    const file = indexFile(database);
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true });
    const thread = new IndexThread(file, onClosed);
    try {
      await thread.#ask({ do: "open" });
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
    return thread;
  }

  private constructor(file: string, onClosed: (() => void) | undefined) {
    this.#onClosed = onClosed;
    this.#worker = new Worker(new URL("./index-worker.ts", import.meta.url), {
      workerData: file,
      name: "recorder-index",
    });
    this.#worker.on("message", ({ n, value, error }: IndexAnswer) => {
      const waiting = this.#asks.get(n);
      this.#asks.delete(n);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(failure(file, error));
    });
    const fail = (error: Error): void => {
      for (const waiting of this.#asks.values()) waiting.reject(error);
      this.#asks.clear();
    };
    this.#worker.on("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", () =>
      fail(new SidetoneError("index-not-available", "the index thread has ended", { http: 503 })),
    );
  }

  async put(row: RecordingRow): Promise<void> {
    await this.putMany([row]);
  }

  async putMany(rows: readonly RecordingRow[]): Promise<void> {
    await this.#ask({ do: "put", rows });
  }

  rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    return rebuildInBatches(this, rows);
  }

  /** For `rebuildInBatches`. */
  async beginRebuild(): Promise<void> {
    await this.#ask({ do: "begin-rebuild" });
  }

  /** For `rebuildInBatches`. */
  async endRebuild(): Promise<number> {
    return (await this.#ask({ do: "end-rebuild" })) as number;
  }

  async remove(id: string): Promise<void> {
    await this.#ask({ do: "remove", id });
  }

  async get(id: string): Promise<RecordingRow | undefined> {
    return (await this.#ask({ do: "get", id })) as RecordingRow | undefined;
  }

  async search(query: RecordingQuery): Promise<RecordingPage> {
    return (await this.#ask({ do: "search", query })) as RecordingPage;
  }

  async foldersIn(state: RecordingState): Promise<readonly string[]> {
    return (await this.#ask({ do: "folders", state })) as readonly string[];
  }

  async count(): Promise<number> {
    return (await this.#ask({ do: "count" })) as number;
  }

  close(): Promise<void> {
    this.#closing ??= this.#ask({ do: "close" })
      .catch(() => undefined)
      .then(async () => {
        await this.#worker.terminate();
        this.#onClosed?.();
      });
    return this.#closing;
  }

  #ask(ask: IndexAsk["ask"]): Promise<unknown> {
    const n = this.#next++;
    return new Promise((resolve, reject) => {
      this.#asks.set(n, { resolve, reject });
      this.#worker.postMessage({ n, ask } satisfies IndexAsk);
    });
  }
}
