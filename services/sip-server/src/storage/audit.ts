import type { Clock } from "@sidetone/foundation";
import { type Storage, queries } from "./storage.ts";

/** Who asked for what, and what came of it. */
export interface AuditEntry {
  /** Application, user or DN. */
  readonly actor: string;
  readonly action: string;
  /** What it was about: a DN, a ConnID, a recording id. */
  readonly subject: string;
  readonly outcome: string;
  /** Anything that JSON can carry; no secrets. */
  readonly data?: unknown;
}

/** The audit trail: lines are added, never changed. */
export class AuditTrail {
  readonly #storage: Storage;
  readonly #clock: Clock;

  constructor(o: { readonly storage: Storage; readonly clock: Clock }) {
    this.#storage = o.storage;
    this.#clock = o.clock;
  }

  /** Resolves when it is on the disk. */
  async append(entry: AuditEntry): Promise<void> {
    await this.#storage.write(
      queries.insertInto("audit").values({
        at: this.#clock.wallMicros(),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        outcome: entry.outcome,
        data: JSON.stringify(entry.data ?? null),
      }),
    );
  }
}
