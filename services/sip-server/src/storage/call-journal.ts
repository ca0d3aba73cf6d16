import type { Clock } from "@sidetone/foundation";
import { type Storage, queries } from "./storage.ts";

/** One thing that happened to a call. */
export interface CallJournalEntry {
  readonly callUuid: string;
  readonly connId: string;
  /** E.g. `created`, `answered`, `released`. */
  readonly kind: string;
  /** Anything that JSON can carry. */
  readonly data?: unknown;
}

/** R33: what happened to each call, in order, so that a restarted server can answer for it. */
export class CallJournal {
  readonly #storage: Storage;
  readonly #clock: Clock;

  constructor(o: { readonly storage: Storage; readonly clock: Clock }) {
    this.#storage = o.storage;
    this.#clock = o.clock;
  }

  /** Resolves when it is on the disk; the order of the calls is the order of the entries, waited for or not. */
  async append(entry: CallJournalEntry): Promise<void> {
    await this.#storage.write(
      queries.insertInto("call_journal").values({
        at: this.#clock.wallMicros(),
        call_uuid: entry.callUuid,
        conn_id: entry.connId,
        kind: entry.kind,
        data: JSON.stringify(entry.data ?? null),
      }),
    );
  }

  /** The entries of a call, the oldest first. */
  async of(callUuid: string): Promise<(CallJournalEntry & { readonly at: number })[]> {
    const rows = await this.#storage.read(
      queries.selectFrom("call_journal").selectAll().where("call_uuid", "=", callUuid).orderBy("id"),
    );
    return rows.map((row) => ({
      at: row.at,
      callUuid: row.call_uuid,
      connId: row.conn_id,
      kind: row.kind,
      data: JSON.parse(row.data) as unknown,
    }));
  }

  /** Forgets entries older than that; gives their number. */
  async forgetBefore(wallMicros: number): Promise<number> {
    const [gone] = await this.#storage.write(queries.deleteFrom("call_journal").where("at", "<", wallMicros));
    return gone?.changes ?? 0;
  }
}
