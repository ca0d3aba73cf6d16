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

/** A line as it was written. */
export interface AuditRecord extends AuditEntry {
  readonly id: number;
  /** Wall-clock microseconds. */
  readonly at: number;
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

  /** The newest lines about a subject, the oldest first. */
  async about(subject: string, limit: number): Promise<AuditRecord[]> {
    const rows = await this.#storage.read(
      queries.selectFrom("audit").selectAll().where("subject", "=", subject).orderBy("id", "desc").limit(limit),
    );
    return rows
      .map(({ id, at, actor, action, subject: about, outcome, data }) => {
        return { id, at, actor, action, subject: about, outcome, data: JSON.parse(data) as unknown };
      })
      .toReversed();
  }
}
