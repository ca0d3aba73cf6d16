import { type Clock, type Logger, errorText } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { INDEX_RETRY_MS, MAX_WAITING_ROWS } from "../limits.ts";
import type { RecordingIndex, RecordingPage, RecordingQuery, RecordingRow } from "./recording-row.ts";

/**
 * An index whose disk may refuse for a while, usually because it is the full disk of the recordings: rows that it did not take are kept, shown,
 * and given to it again every second. What is still waiting when the process ends is made from the folders at the next start.
 */
export class PatientIndex implements RecordingIndex {
  readonly #inner: RecordingIndex;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #waiting = new Map<string, RecordingRow>();
  #cancel: (() => void) | undefined;

  constructor(inner: RecordingIndex, clock: Clock, log: Logger) {
    this.#inner = inner;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves also where the row has to wait. Rejects where too many do. */
  async put(row: RecordingRow): Promise<void> {
    const { id } = row.document;
    try {
      await this.#inner.put(row);
      this.#waiting.delete(id);
    } catch (error) {
      if (this.#waiting.size >= MAX_WAITING_ROWS) throw error;
      if (this.#waiting.size === 0) this.#log.error({ err: error }, `the index refuses rows: ${errorText(error)}`);
      this.#waiting.set(id, row);
      this.#retryLater();
    }
  }

  async putMany(rows: readonly RecordingRow[]): Promise<void> {
    for (const row of rows) await this.put(row);
  }

  rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    return this.#inner.rebuild(rows);
  }

  async remove(id: string): Promise<void> {
    this.#waiting.delete(id);
    await this.#inner.remove(id);
  }

  async get(id: string): Promise<RecordingRow | undefined> {
    return this.#waiting.get(id) ?? (await this.#inner.get(id));
  }

  /** A row that waits is shown as it will be; one that the index has never had is not found yet. */
  async search(query: RecordingQuery): Promise<RecordingPage> {
    const { rows, more } = await this.#inner.search(query);
    const now = rows.map((row) => this.#waiting.get(row.document.id) ?? row);
    return { rows: now.filter((row) => query.state === undefined || row.document.state === query.state), more };
  }

  foldersIn(state: RecordingState): Promise<readonly string[]> {
    return this.#inner.foldersIn(state);
  }

  count(): Promise<number> {
    return this.#inner.count();
  }

  async close(): Promise<void> {
    this.#cancel?.();
    await this.#giveAgain();
    await this.#inner.close();
  }

  #retryLater(): void {
    this.#cancel ??= this.#clock.after(INDEX_RETRY_MS, () => {
      void this.#giveAgain().then(() => {
        this.#cancel = undefined;
        if (this.#waiting.size > 0) this.#retryLater();
        else this.#log.info({}, "the index takes rows again");
      });
    });
  }

  /** Stops at the first that is refused: so will be the others. */
  async #giveAgain(): Promise<void> {
    for (const [id, row] of Array.from(this.#waiting)) {
      try {
        await this.#inner.put(row);
      } catch {
        return;
      }
      if (this.#waiting.get(id) === row) this.#waiting.delete(id);
    }
  }
}
