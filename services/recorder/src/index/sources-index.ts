import type { RecordingState } from "@sidetone/recording-file";
import type {
  CountedHits,
  CountQuery,
  RecordingIndex,
  RecordingPage,
  RecordingQuery,
  RecordingRow,
  SearchKey,
} from "./recording-row.ts";
import { combined, familyOf, otherCopy } from "./recording-sources.ts";

/**
 * An index in which two copies of a recording (R10) that have come to the same storage are one recording with two sources. A copy that is alone here
 * keeps the id that says which copy it is. Rows are put as their folders say; what is combined is found out here, so also when the index is rebuilt.
 */
export class SourcesIndex implements RecordingIndex {
  readonly #inner: RecordingIndex;
  readonly #readRow: (folder: string) => Promise<RecordingRow | undefined>;
  /** The last change of a recording: the next one waits for it. */
  readonly #turns = new Map<string, Promise<void>>();

  /** @param readRow the row as a folder says it */
  constructor(inner: RecordingIndex, readRow: (folder: string) => Promise<RecordingRow | undefined>) {
    this.#inner = inner;
    this.#readRow = readRow;
  }

  put(row: RecordingRow): Promise<void> {
    const { id, sources } = row.document;
    return this.#inTurn(familyOf(id).family, () => (sources === undefined ? this.#put(row) : this.#inner.put(row)));
  }

  async putMany(rows: readonly RecordingRow[]): Promise<void> {
    const alone = rows.filter((row) => familyOf(row.document.id).copy === 1);
    if (alone.length === rows.length && rows.every((row) => row.document.sources !== undefined))
      return this.#inner.putMany(rows);
    for (const row of rows) await this.put(row);
  }

  remove(id: string): Promise<void> {
    const { family } = familyOf(id);
    return this.#inTurn(family, async () => {
      const whole = await this.#inner.get(family);
      const left = whole?.document.sources?.filter((source) => source.id !== id);
      if (left === undefined) return this.#inner.remove(id);
      const rows = await Promise.all(left.map(({ folder }) => this.#readRow(folder)));
      await this.#store(
        family,
        rows.flatMap((row) => row ?? []),
      );
    });
  }

  async get(id: string): Promise<RecordingRow | undefined> {
    return (await this.#inner.get(id)) ?? (await this.ofCopy(id));
  }

  /** The row of one copy, as its folder says it where it is one of several. */
  async ofCopy(id: string): Promise<RecordingRow | undefined> {
    const whole = await this.#inner.get(familyOf(id).family);
    const source = whole?.document.sources?.find((one) => one.id === id);
    if (source !== undefined) return this.#readRow(source.folder);
    return whole?.document.sources === undefined ? this.#inner.get(id) : undefined;
  }

  search(query: RecordingQuery): Promise<RecordingPage> {
    return this.#inner.search(query);
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

  /** The second copies are put again once all rows are there. */
  async rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }> {
    const copies: RecordingRow[] = [];
    const counts = await this.#inner.rebuild(
      (async function* noting() {
        for await (const row of rows) {
          if (familyOf(row.document.id).copy !== 1) copies.push(row);
          yield row;
        }
      })(),
    );
    for (const row of copies) await this.put(row);
    return counts;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #put(row: RecordingRow): Promise<void> {
    const { id, callUuid } = row.document;
    const { family } = familyOf(id);
    const other = await this.ofCopy(otherCopy(id));
    // The same id with another CallUUID is another call (R8).
    if (other === undefined || other.document.callUuid !== callUuid) return this.#inner.put(row);
    await this.#store(family, [row, other]);
  }

  /** Puts what the copies make together, and takes out a copy's own row that is part of it now. */
  async #store(family: string, rows: readonly RecordingRow[]): Promise<void> {
    const whole = combined(family, rows);
    if (whole !== undefined) await this.#inner.put(whole);
    for (const id of [family, otherCopy(family)]) if (id !== whole?.document.id) await this.#inner.remove(id);
  }

  #inTurn(family: string, work: () => Promise<void>): Promise<void> {
    const done = (this.#turns.get(family) ?? Promise.resolve()).then(work);
    const settled = done.catch(() => undefined);
    this.#turns.set(family, settled);
    void settled.then(() => {
      if (this.#turns.get(family) === settled) this.#turns.delete(family);
    });
    return done;
  }
}
