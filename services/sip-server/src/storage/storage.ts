import { Worker } from "node:worker_threads";
import { type Logger, SidetoneError, systemClock } from "@sidetone/foundation";
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { maxLingerMs, maxQueuedUnits, maxUnitsPerBatch } from "./limits.ts";
import type { Schema } from "./schema.ts";
import type {
  FromWorker,
  SqlStatement,
  SqlValue,
  StatementResult,
  ToWorker,
  Unit,
  UnitResult,
  WorkerStart,
} from "./wire.ts";

/** Builds queries for `Storage.write` and `Storage.read`; cannot run them. */
export const queries = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** A built query. */
export interface Query<Row = unknown> {
  compile(): CompiledQuery<Row>;
}

/** Counts since the storage was opened. */
export interface StorageStats {
  /** Units that wait for the disk. */
  readonly queued: number;
  readonly batches: number;
  readonly units: number;
  readonly failedBatches: number;
}

/**
 * The SIP Server's durable store: one SQLite file in a thread of its own.
 *
 * Group commit: while one transaction is on its way to the disk, everything that comes in waits and becomes the next
 * one, so that a write alone is not delayed and thousands a second share their syncs.
 */
export interface Storage {
  readonly id: string;
  readonly file: string;
  readonly closed: boolean;
  /** Runs the queries together or not at all; resolves when they are on the disk. Rejects with SidetoneError `storage-failed`, `storage-full-queue` or `storage-closed`. */
  write(...unit: readonly Query[]): Promise<readonly StatementResult[]>;
  /** As `write`, for what nobody waits for: it goes with the next write, at the latest after 20 ms. */
  writeSoon(...unit: readonly Query[]): Promise<readonly StatementResult[]>;
  /** The rows of a query; it sees every write that was asked for before it. */
  read<Row>(query: Query<Row>): Promise<Row[]>;
  stats(): StorageStats;
  /** Waits for what was asked for, then closes the file and ends the thread. Idempotent. */
  close(): Promise<void>;
}

interface Job {
  readonly unit: Unit;
  readonly done: (result: UnitResult) => void;
}

/**
 * Opens the store, creating file and folder where they are missing.
 * @throws SidetoneError `storage-in-use`, `storage-newer`, `storage-unusable` (exit code 1)
 */
export async function openStorage(o: { readonly file: string; readonly log: Logger }): Promise<Storage> {
  const storage = new WorkerStorage(o.file, o.log);
  await storage.opened;
  return storage;
}

class WorkerStorage implements Storage {
  readonly id: string;
  readonly file: string;
  readonly opened: Promise<void>;
  readonly #log: Logger;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #waiting: Job[] = [];
  #inFlight: readonly Job[] | undefined;
  #flushAsked = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;
  #dead: string | undefined;
  #batches = 0;
  #units = 0;
  #failedBatches = 0;

  constructor(file: string, log: Logger) {
    this.id = `storage:${file}`;
    this.file = file;
    this.#log = log;
    const start: WorkerStart = { file };
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: start,
      name: "sip-server-storage",
    });
    const opening = Promise.withResolvers<void>();
    const exiting = Promise.withResolvers<void>();
    this.opened = opening.promise;
    this.#exited = exiting.promise;
    this.#worker.on("message", (message: FromWorker) => {
      if (message.kind === "open") opening.resolve();
      else if (message.kind === "refused") {
        opening.reject(
          new SidetoneError(message.code, message.message, { exit: 1, remedy: refusalRemedy(message.code) }),
        );
      } else if (message.kind !== "closed") this.#finished(message);
    });
    this.#worker.on("error", (error) => this.#died(error.message, opening.reject));
    this.#worker.on("exit", () => {
      if (this.#closing === undefined) this.#died("the storage thread ended", opening.reject);
      exiting.resolve();
    });
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  write(...unit: readonly Query[]): Promise<readonly StatementResult[]> {
    return this.#write(unit, "now");
  }

  writeSoon(...unit: readonly Query[]): Promise<readonly StatementResult[]> {
    return this.#write(unit, "soon");
  }

  async #write(unit: readonly Query[], when: "now" | "soon"): Promise<readonly StatementResult[]> {
    const result = await this.#run(unit.map(statement), when);
    if ("error" in result) {
      throw new SidetoneError("storage-failed", `the store did not take a write: ${result.error}`, {
        sip: 500,
        http: 503,
        remedy: "Check the disk that holds the storage file.",
      });
    }
    return result.results;
  }

  async read<Row>(query: Query<Row>): Promise<Row[]> {
    const [first] = await this.write(query);
    return Array.from(first?.rows ?? []) as Row[];
  }

  stats(): StorageStats {
    const queued = this.#waiting.length + (this.#inFlight?.length ?? 0);
    return { queued, batches: this.#batches, units: this.#units, failedBatches: this.#failedBatches };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.stats().queued > 0 && this.#dead === undefined) {
      this.#flush();
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    if (this.#dead === undefined) this.#post({ kind: "close" });
    await this.#exited;
  }

  #run(unit: Unit, when: "now" | "soon"): Promise<UnitResult> {
    if (this.#closing !== undefined)
      throw new SidetoneError("storage-closed", "the store is closed", { sip: 503, http: 503 });
    if (this.#dead !== undefined) throw new SidetoneError("storage-failed", this.#dead, { sip: 500, http: 503 });
    if (this.#waiting.length >= maxQueuedUnits) {
      throw new SidetoneError("storage-full-queue", `${maxQueuedUnits} writes wait for the disk`, {
        sip: 503,
        http: 503,
        remedy: "Check the disk that holds the storage file: it does not keep up.",
      });
    }
    return new Promise((done) => {
      this.#waiting.push({ unit, done });
      if (when === "now") this.#askFlush();
      else if (this.#waiting.length === 1) this.#linger();
    });
  }

  #linger(): void {
    systemClock.after(maxLingerMs, () => this.#flush());
  }

  #askFlush(): void {
    if (this.#flushAsked || this.#inFlight !== undefined) return;
    this.#flushAsked = true;
    // After the present turn of the event loop, so that everything that its datagrams caused shares one commit.
    setImmediate(() => {
      this.#flushAsked = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#inFlight !== undefined || this.#waiting.length === 0 || this.#dead !== undefined) return;
    const jobs = this.#waiting.slice(0, maxUnitsPerBatch);
    this.#waiting = this.#waiting.slice(jobs.length);
    this.#inFlight = jobs;
    this.#post({ kind: "batch", units: jobs.map((job) => job.unit) });
  }

  #finished(message: Extract<FromWorker, { kind: "batch" | "failed" }>): void {
    const jobs = this.#inFlight ?? [];
    this.#inFlight = undefined;
    this.#batches += 1;
    this.#units += jobs.length;
    if (message.kind === "failed") {
      this.#failedBatches += 1;
      this.#log.error(
        { file: this.file, writes: jobs.length, error: message.message },
        "the store did not take writes",
      );
    }
    for (const [index, job] of jobs.entries()) {
      const result = message.kind === "batch" ? message.units[index] : undefined;
      job.done(result ?? { error: message.kind === "failed" ? message.message : "no result" });
    }
    if (this.#waiting.length > 0) this.#flush();
    else this.#drained?.();
  }

  #died(why: string, reject: (error: Error) => void): void {
    if (this.#dead !== undefined) return;
    this.#dead = why;
    reject(new SidetoneError("storage-unusable", why, { exit: 1 }));
    const lost = [...(this.#inFlight ?? []), ...this.#waiting];
    this.#inFlight = undefined;
    this.#waiting = [];
    if (lost.length > 0)
      this.#log.error({ file: this.file, writes: lost.length, error: why }, "the storage thread ended");
    for (const job of lost) job.done({ error: why });
    this.#drained?.();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function statement(query: Query): SqlStatement {
  const compiled = query.compile();
  return { sql: compiled.sql, parameters: compiled.parameters as readonly SqlValue[] };
}

function refusalRemedy(code: string): string {
  if (code === "storage-in-use") return "Give each SIP Server its own storage file, or stop the other one.";
  if (code === "storage-newer") return "Start the newer version, or take another storage file.";
  return "Check that the disk has room, that the file is writable and that it is a Sidetone store.";
}
