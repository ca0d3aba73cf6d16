import type { Clock } from "@sidetone/foundation";
import type { Selectable } from "kysely";
import type { CallJournalRow } from "./schema.ts";
import { type Storage, queries } from "./storage.ts";

/** One thing that happened to a call. */
export interface CallJournalEntry {
  readonly callUuid: string;
  readonly connId: string;
  /** E.g. `created`, `answered`, `released`. */
  readonly kind: string;
  /** ReferenceID of the T-Library request that it is about. */
  readonly reference?: number | undefined;
  /** Anything that JSON can carry. */
  readonly data?: unknown;
}

/** An entry as it was written. */
export interface CallJournalRecord extends CallJournalEntry {
  readonly id: number;
  /** Wall-clock microseconds. */
  readonly at: number;
}

/** Built once: every call makes some twenty entries. Its parameters are in the order of the columns here. */
const insertEntry = queries
  .insertInto("call_journal")
  .values({ at: 0, call_uuid: "", conn_id: "", kind: "", reference: 0, data: "" })
  .compile();

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
    const { callUuid, connId, kind, reference, data } = entry;
    const row = [this.#clock.wallMicros(), callUuid, connId, kind, reference ?? null, JSON.stringify(data ?? null)];
    await this.#storage.writeSoon({ compile: () => ({ ...insertEntry, parameters: row }) });
  }

  /** The entries of a call, the oldest first. */
  async of(callUuid: string): Promise<CallJournalRecord[]> {
    const rows = await this.#storage.read(
      queries.selectFrom("call_journal").selectAll().where("call_uuid", "=", callUuid).orderBy("id"),
    );
    return rows.map(recordOf);
  }

  /** The newest entries that name the call or the request, the oldest first. A request about a call that is not there has a ConnID only. */
  async find(
    by: { readonly connId: string } | { readonly reference: number },
    limit: number,
  ): Promise<CallJournalRecord[]> {
    const all = queries.selectFrom("call_journal").selectAll().orderBy("id", "desc").limit(limit);
    const query = "connId" in by ? all.where("conn_id", "=", by.connId) : all.where("reference", "=", by.reference);
    return (await this.#storage.read(query)).map(recordOf).toReversed();
  }

  /** Forgets entries older than that; gives their number. */
  async forgetBefore(wallMicros: number): Promise<number> {
    const [gone] = await this.#storage.write(queries.deleteFrom("call_journal").where("at", "<", wallMicros));
    return gone?.changes ?? 0;
  }
}

function recordOf(row: Selectable<CallJournalRow>): CallJournalRecord {
  return {
    id: row.id,
    at: row.at,
    callUuid: row.call_uuid,
    connId: row.conn_id,
    kind: row.kind,
    ...(row.reference === null ? {} : { reference: row.reference }),
    data: JSON.parse(row.data) as unknown,
  };
}
