import { type Clock, errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import { maxAuditText, maxWaitingAudit } from "../limits.ts";
import type { AuditRow } from "../store/audit-chain.ts";
import type { ConsoleStore } from "../store/console-store.ts";
import type { Audit, AuditEntry } from "./audit.ts";

interface Waiting {
  readonly row: AuditRow;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * The audit trail in the console's store. Entries that come while one is on its way to the disk share the next commit, in their order.
 * `record` rejects with SidetoneError `audit-unavailable` (503) where an entry cannot be kept.
 */
export class StoredAudit implements Audit {
  readonly #table: Pick<ConsoleStore["audit"], "add">;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #writing = false;
  #failing: string | undefined;

  constructor(o: { readonly table: Pick<ConsoleStore["audit"], "add">; readonly clock: Clock; readonly log: Logger }) {
    this.#table = o.table;
    this.#clock = o.clock;
    this.#log = o.log;
  }

  /** Why the last entry could not be kept; undefined: it could. */
  get failing(): string | undefined {
    return this.#failing;
  }

  record(entry: AuditEntry): Promise<void> {
    if (this.#waiting.length >= maxWaitingAudit) {
      return Promise.reject(unavailable(`${maxWaitingAudit} entries wait for the disk already`));
    }
    return new Promise((done, failed) => {
      this.#waiting.push({ row: rowOf(entry, this.#clock.wallMicros()), done, failed });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#table.add(batch.map(({ row }) => row));
        this.#told(undefined);
        for (const { done } of batch) done();
      } catch (error) {
        const why = errorText(error);
        this.#told(why);
        for (const { failed } of batch) failed(unavailable(why));
      }
    }
    this.#writing = false;
  }

  /** Once when it begins, once when it is over. */
  #told(why: string | undefined): void {
    if (why !== undefined && this.#failing === undefined) {
      this.#log.error({ error: why }, "the audit trail cannot be written: nothing that needs an entry is served");
    } else if (why === undefined && this.#failing !== undefined) this.#log.info({}, "the audit trail is written again");
    this.#failing = why;
  }
}

function unavailable(why: string): SidetoneError {
  return new SidetoneError("audit-unavailable", `The audit trail cannot be written, so this is not served: ${why}`, {
    http: 503,
    remedy: "An administrator looks at the disk that holds console.storage: its room, and that it may be written.",
  });
}

function rowOf(entry: AuditEntry, at: number): AuditRow {
  const { user, role, address, action, object = "", outcome, detail } = entry;
  const short = Object.entries(detail).map(([name, value]) => [name, value.slice(0, maxAuditText)] as const);
  return {
    at,
    user: user.slice(0, maxAuditText),
    role,
    address,
    action,
    object: object.slice(0, maxAuditText),
    outcome,
    detail: JSON.stringify(Object.fromEntries(short)),
  };
}
