import type { RecordingIndex, RecordingRow } from "../index/recording-row.ts";

/** The same index; whoever watches calls hears of every row that is put. */
export function watchedIndex(index: RecordingIndex, onRow: (row: RecordingRow) => void): RecordingIndex {
  return {
    put(row) {
      onRow(row);
      return index.put(row);
    },
    putMany: (rows) => index.putMany(rows),
    remove: (id) => index.remove(id),
    get: (id) => index.get(id),
    search: (query) => index.search(query),
    countHits: (query) => index.countHits(query),
    valuesOf: (kind, prefix, limit) => index.valuesOf(kind, prefix, limit),
    foldersIn: (state) => index.foldersIn(state),
    count: () => index.count(),
    rebuild: (rows) => index.rebuild(rows),
    close: () => index.close(),
  };
}
