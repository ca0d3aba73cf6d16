import { type Clock, errorText, type Logger } from "@sidetone/foundation";
import type { CallKeeper, KeptCall } from "../signalling/server-context.ts";
import type { CallSnapshotRow } from "../storage/schema.ts";
import { type Query, queries, type Storage } from "../storage/storage.ts";
import { type CallSnapshot, readSnapshot, SNAPSHOT_VERSION, writeSnapshot } from "./call-snapshot.ts";

/** Changes of a call within this time are one snapshot, ms: as much of a call's history may be lost in a crash. */
export const KEEP_AFTER_MS = 20;

/** Built once; parameters in the order of the columns here. */
const putRow = queries
  .insertInto("call_snapshots")
  .values({ call_uuid: "", version: 0, restorable: 0, at: 0, data: "" })
  .onConflict((conflict) =>
    conflict.column("call_uuid").doUpdateSet((excluded) => ({
      version: excluded.ref("excluded.version"),
      restorable: excluded.ref("excluded.restorable"),
      at: excluded.ref("excluded.at"),
      data: excluded.ref("excluded.data"),
    })),
  )
  .compile();
const dropRow = queries.deleteFrom("call_snapshots").where("call_uuid", "=", "").compile();

/** Counts since the start. */
export interface CallStoreStats {
  readonly snapshots: number;
  /** Characters of them. */
  readonly bytes: number;
}

/**
 * R33: how every call stands, one row each, for a restarted server. What changes together goes to the disk together: two
 * calls that become one are one there too.
 */
export class CallStore implements CallKeeper {
  readonly #storage: Pick<Storage, "write" | "writeSoon" | "read">;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed = new Set<KeptCall>();
  #ended: string[] = [];
  #flushing = false;
  #closed = false;
  #snapshots = 0;
  #bytes = 0;

  constructor(o: {
    readonly storage: Pick<Storage, "write" | "writeSoon" | "read">;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#storage = o.storage;
    this.#clock = o.clock;
    this.#log = o.log;
  }

  stats(): CallStoreStats {
    return { snapshots: this.#snapshots, bytes: this.#bytes };
  }

  /**
   * What the last run left. A row of another version, or one that cannot be read, is removed and logged: that call ends by
   * its timers.
   */
  async load(): Promise<readonly CallSnapshot[]> {
    const rows = await this.#storage.read<CallSnapshotRow>(queries.selectFrom("call_snapshots").selectAll());
    const read: CallSnapshot[] = [];
    for (const { call_uuid: callUuid, version, data } of rows) {
      const snapshot = version === SNAPSHOT_VERSION ? readSnapshot(data) : undefined;
      if (snapshot !== undefined) {
        read.push(snapshot);
        continue;
      }
      this.#log.error({ callUuid, version }, "a call of before the restart cannot be read and is not restored");
      await this.#storage.write(dropOf(callUuid));
    }
    return read;
  }

  /** A call of before the restart is not to be answered for. */
  async forget(callUuid: string): Promise<void> {
    await this.#storage.write(dropOf(callUuid));
  }

  changed(call: KeptCall): void {
    this.#changed.add(call);
    this.#flushSoon();
  }

  ended(call: KeptCall): void {
    this.#changed.delete(call);
    this.#ended.push(call.call.callUuid);
    this.#flushSoon();
  }

  /** Writes what has changed now. What changes later is not written any more. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #flushSoon(): void {
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    this.#clock.after(KEEP_AFTER_MS, () => {
      this.#flushing = false;
      if (!this.#closed) this.#flush();
    });
  }

  #flush(): void {
    const at = this.#clock.wallMicros();
    const work: Query[] = [];
    for (const call of this.#changed) {
      const data = this.#textOf(call);
      if (data === undefined) continue;
      const { callUuid, answeredMicros, endedMicros } = call.call;
      const restorable = answeredMicros !== undefined && endedMicros === undefined ? 1 : 0;
      work.push({ compile: () => ({ ...putRow, parameters: parametersOf(callUuid, restorable, at, data) }) });
      this.#snapshots += 1;
      this.#bytes += data.length;
    }
    this.#changed.clear();
    for (const callUuid of this.#ended.splice(0)) work.push(dropOf(callUuid));
    if (work.length === 0) return;
    this.#storage.writeSoon(...work).catch((error: unknown) => {
      this.#log.error({ calls: work.length, error: errorText(error) }, "calls could not be kept for a restart");
    });
  }

  /** A call that cannot be written must not keep the others from it. */
  #textOf(call: KeptCall): string | undefined {
    try {
      return writeSnapshot(call.snapshot());
    } catch (error) {
      const { callUuid } = call.call;
      this.#log.error({ callUuid, error: errorText(error) }, "a call could not be kept for a restart");
      return undefined;
    }
  }
}

function parametersOf(callUuid: string, restorable: number, at: number, data: string): readonly (string | number)[] {
  return [callUuid, SNAPSHOT_VERSION, restorable, at, data];
}

function dropOf(callUuid: string): Query {
  return { compile: () => ({ ...dropRow, parameters: [callUuid] }) };
}
