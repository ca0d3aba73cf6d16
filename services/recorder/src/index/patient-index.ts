import { type Clock, type Logger, SidetoneError, errorText } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { within } from "../within.ts";
import { INDEX_CLOSE_MS, INDEX_PATIENCE_MS, INDEX_RETRY_MS, MAX_WAITING_ROWS, PUT_ROWS } from "../limits.ts";
import type {
  CountedHits,
  CountQuery,
  RecordingIndex,
  RecordingPage,
  RecordingQuery,
  RecordingRow,
  SearchKey,
} from "./recording-row.ts";

/** What a patient index needs around it. */
export interface PatientSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  /** Rows begin to wait (the earliest of them began at this time), or (undefined) none waits any more. What it throws is logged. */
  readonly onBehind?: (sinceMicros: number | undefined) => void;
  /** Called with each row that is in the database now. */
  readonly onStored?: (row: RecordingRow) => void;
}

/**
 * An index whose database may refuse for a while: a full disk, a server that is restarted. Rows that it did not take are kept, shown, and
 * given to it again every second; nobody who records waits for it longer than a moment. `onBehind` lets the next start know where the
 * process ends meanwhile.
 */
export class PatientIndex implements RecordingIndex {
  readonly #inner: RecordingIndex;
  readonly #o: PatientSurroundings;
  /** By id, longest waiting first; undefined is to be taken out. */
  readonly #waiting = new Map<string, RecordingRow | undefined>();
  #trouble: string | undefined;
  #round: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  /** A row was refused here: the note for the next start stays. */
  #overflowed = false;

  constructor(inner: RecordingIndex, o: PatientSurroundings) {
    this.#inner = inner;
    this.#o = o;
  }

  /** Why the database takes no rows now; undefined while it does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Rows that the database does not have yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves also where the row has to wait. Rejects where too many do. */
  put(row: RecordingRow): Promise<void> {
    return this.#take(row.document.id, row);
  }

  async putMany(rows: readonly RecordingRow[]): Promise<void> {
    await Promise.all(rows.map((row) => this.put(row)));
  }

  remove(id: string): Promise<void> {
    return this.#take(id, undefined);
  }

  async get(id: string): Promise<RecordingRow | undefined> {
    return this.#waiting.has(id) ? this.#waiting.get(id) : this.#inner.get(id);
  }

  /** A row that waits is shown as it will be; one that the index has never had is not found yet. */
  async search(query: RecordingQuery): Promise<RecordingPage> {
    const { rows, more } = await this.#inner.search(query);
    const now = rows.flatMap((row) => {
      const { id } = row.document;
      const shown = this.#waiting.has(id) ? this.#waiting.get(id) : row;
      return shown === undefined ? [] : [shown];
    });
    return { rows: now.filter((row) => query.state === undefined || row.document.state === query.state), more };
  }

  countHits(query: CountQuery): Promise<CountedHits> {
    return this.#inner.countHits(query);
  }

  valuesOf(kind: SearchKey, prefix: string, limit: number): Promise<readonly string[]> {
    return this.#inner.valuesOf(kind, prefix, limit);
  }

  foldersIn(state: RecordingState): Promise<readonly string[]> {
    return this.#inner.foldersIn(state);
  }

  count(): Promise<number> {
    return this.#inner.count();
  }

  rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    return this.#inner.rebuild(rows);
  }

  async close(): Promise<void> {
    this.#cancel?.();
    const closed = (async () => {
      await this.#round;
      await this.#giveAll();
      this.#cancel?.();
      await this.#inner.close();
    })();
    await within(this.#o.clock, INDEX_CLOSE_MS, closed);
  }

  async #take(id: string, row: RecordingRow | undefined): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING_ROWS && !this.#waiting.has(id)) {
      this.#overflowed = true;
      throw new SidetoneError("index-not-available", `${this.#waiting.size} rows wait for the index already`, {
        http: 503,
        remedy: "Repair its database; what is missing is made from the folders at the next start.",
      });
    }
    this.#waiting.delete(id);
    this.#waiting.set(id, row);
    if (this.#trouble !== undefined) return;
    const written = (async () => {
      // The round that runs may have begun before this row was there.
      while (this.#trouble === undefined && this.#waiting.has(id) && this.#waiting.get(id) === row)
        await (this.#round ??= this.#giveAll().finally(() => {
          this.#round = undefined;
        }));
    })();
    await within(this.#o.clock, INDEX_PATIENCE_MS, written);
  }

  /** Gives everything that waits to the database, until there is nothing left or it refuses. */
  async #giveAll(): Promise<void> {
    let some = PUT_ROWS;
    while (this.#waiting.size > 0) {
      const batch = Array.from(this.#waiting).slice(0, some);
      const [first] = batch;
      try {
        const rows = batch.flatMap(([, row]) => (row === undefined ? [] : [row]));
        if (rows.length > 0) await this.#inner.putMany(rows);
        for (const [id, row] of batch) if (row === undefined) await this.#inner.remove(id);
        for (const [id, row] of batch) if (this.#waiting.get(id) === row) this.#waiting.delete(id);
        for (const row of rows) this.#o.onStored?.(row);
      } catch (error) {
        if (some > 1) {
          some = 1;
          continue;
        }
        // The next time another one begins: a row that is refused for its own sake keeps nobody back.
        if (first !== undefined && this.#waiting.get(first[0]) === first[1]) {
          this.#waiting.delete(first[0]);
          this.#waiting.set(...first);
        }
        return this.#fail(error);
      }
    }
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    if (!this.#overflowed) this.#tell(undefined);
    this.#o.log.info({ overflowed: this.#overflowed }, "the index takes rows again: none waits any more");
  }

  #fail(error: unknown): void {
    const { clock, log } = this.#o;
    if (this.#trouble === undefined) {
      log.error({ err: error }, `the index refuses rows, which wait and are given to it again: ${errorText(error)}`);
      const starts = Array.from(this.#waiting.values(), (row) => row?.startMicros ?? clock.wallMicros());
      this.#tell(Math.min(...starts));
    }
    this.#trouble = errorText(error);
    this.#cancel?.();
    this.#cancel = clock.after(INDEX_RETRY_MS, () => {
      this.#round ??= this.#giveAll().finally(() => {
        this.#round = undefined;
      });
    });
  }

  #tell(sinceMicros: number | undefined): void {
    try {
      this.#o.onBehind?.(sinceMicros);
    } catch (error) {
      this.#o.log.error({ err: error }, "that the index is behind could not be noted for the next start");
    }
  }
}
