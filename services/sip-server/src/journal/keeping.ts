import type { JournalDatabase } from "./journal-database.ts";
import { LOOK_AFTER_BYTES } from "./limits.ts";

const DAY_MICROS = 24 * 3_600_000_000;

/** How long and how much of the journal is kept. */
export class Keeping {
  readonly #database: Pick<JournalDatabase, "removeBefore" | "removeOldest" | "size">;
  readonly #days: number;
  readonly #size: number;
  #unlooked = 0;

  constructor(o: {
    readonly database: Pick<JournalDatabase, "removeBefore" | "removeOldest" | "size">;
    readonly days: number;
    /** Bytes. */
    readonly size: number;
  }) {
    this.#database = o.database;
    this.#days = o.days;
    this.#size = o.size;
  }

  /** So many bytes have come: where there are too many now the oldest go. */
  written(bytes: number): void {
    this.#unlooked += bytes;
    if (this.#unlooked < Math.min(LOOK_AFTER_BYTES, this.#size / 20)) return;
    this.#unlooked = 0;
    while (this.#database.size > this.#size && this.#database.removeOldest() > 0);
  }

  /** Removes what is too old; gives the number of rows. @param now wall-clock microseconds */
  sweep(now: number): number {
    let removed = 0;
    for (;;) {
      const gone = this.#database.removeBefore(now - this.#days * DAY_MICROS);
      if (gone === 0) return removed;
      removed += gone;
    }
  }
}
