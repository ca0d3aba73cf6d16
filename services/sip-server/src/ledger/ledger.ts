import type { Clock, Logger } from "@sidetone/foundation";
import type { LedgerCause, LedgerOutcome, LedgerRow, LedgerSide } from "../storage/schema.ts";
import { maxCountedReasons } from "./limits.ts";
import { type Query, type Storage, queries } from "../storage/storage.ts";
import { sql } from "kysely";

/** Names the line of a call-party. */
export interface LedgerKey {
  readonly callUuid: string;
  readonly dn: string;
  readonly side: LedgerSide;
  /** Needed only where two parties of one side share a DN, e.g. two legs on one trunk. */
  readonly party?: string;
}

/** A call-party that should be recorded (R34). */
export interface LedgerEntry extends LedgerKey {
  readonly connId: string;
  readonly cause: LedgerCause;
  /** From when on its audio is expected in a recording; wall-clock microseconds. */
  readonly expectedFrom: number;
  readonly recordingId?: string | undefined;
}

/** Facts that become known while the line stays as it is. Times are wall-clock microseconds. */
export interface LedgerFacts {
  readonly recordingId?: string;
  /** When the party left, or was no longer to be recorded. */
  readonly expectedUntil?: number;
  readonly recordedFrom?: number;
  readonly recordedUntil?: number;
  /** What decided that it is not recorded, or not any longer, e.g. `R27 record-consult-calls: false`. */
  readonly policy?: string | undefined;
}

/** How it ended: a recorder took it, took a part of it, or did not take it, with why. */
export interface LedgerResolution extends LedgerFacts {
  readonly outcome: "recorded" | "partial" | "not-recorded";
  /** `no-media-server`, `no-recorder`, `recorder-refused (486 ...)`, `recorder-no-answer`, `codec`, `by-policy`, `answered-not` ...; `unknown reason` where `not-recorded` gives none. */
  readonly reason?: string | undefined;
}

/** Counts of the ledger since the start, for the metrics. */
export interface LedgerCounts {
  readonly expected: number;
  readonly recorded: number;
  readonly partial: number;
  readonly notRecorded: ReadonlyMap<string, number>;
  readonly failedWrites: number;
}

/** The number of the change that is being written. */
const nextChange = sql<number>`(select coalesce(max(change), 0) + 1 from ledger)`;

/** The reason of lines that a restart found open. */
export const restartReason = "server restarted";

/**
 * R34: the durable list of call-parties that should have been recorded, and what became of each.
 *
 * Lines are written in the order of the calls; a `resolve` right behind its `expect` needs no waiting in between.
 */
export class Ledger {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #log: Logger;
  #expected = 0;
  #recorded = 0;
  #partial = 0;
  readonly #notRecorded = new Map<string, number>();
  #failedWrites = 0;

  constructor(o: { readonly storage: Storage; readonly clock: Clock; readonly log: Logger }) {
    this.#storage = o.storage;
    this.#clock = o.clock;
    this.#log = o.log;
  }

  /**
   * To be called at the start, before calls: lines left open by a crash become `unknown`, `server restarted`, but for those
   * of calls that are restored (R33). Gives their number.
   */
  async closeLeftOpen(): Promise<number> {
    const [left] = await this.#storage.write(
      queries
        .updateTable("ledger")
        .set({ outcome: "unknown", reason: restartReason, resolved_at: this.#clock.wallMicros(), change: nextChange })
        .where("outcome", "=", "open")
        .where(
          "call_uuid",
          "not in",
          queries.selectFrom("call_snapshots").select("call_uuid").where("restorable", "=", 1),
        ),
    );
    const count = left?.changes ?? 0;
    if (count > 0) this.#log.warn({ lines: count }, "the ledger had lines left open by the last run");
    return count;
  }

  /**
   * Writes that a party should be recorded; resolves when the line is on the disk, so that the answer may go to the caller.
   * The same key again is the same line while it is open, and a new line once it is resolved.
   */
  async expect(entry: LedgerEntry): Promise<void> {
    const party = entry.party ?? "";
    const lines = queries
      .selectFrom("ledger")
      .where("call_uuid", "=", entry.callUuid)
      .where("dn", "=", entry.dn)
      .where("side", "=", entry.side)
      .where("party", "=", party);
    const insert = queries
      .insertInto("ledger")
      .columns([
        "call_uuid",
        "dn",
        "side",
        "party",
        "conn_id",
        "cause",
        "expected_from",
        "outcome",
        "recording_id",
        "turn",
        "change",
      ])
      .expression(
        lines
          .select([
            sql.val(entry.callUuid).as("a"),
            sql.val(entry.dn).as("b"),
            sql.val(entry.side).as("c"),
            sql.val(party).as("d"),
            sql.val(entry.connId).as("e"),
            sql.val(entry.cause).as("f"),
            sql.val(entry.expectedFrom).as("g"),
            sql.val("open").as("h"),
            sql.val(entry.recordingId ?? null).as("i"),
            sql<number>`coalesce(max(turn), 0) + 1`.as("j"),
            nextChange.as("k"),
          ])
          .having(sql<boolean>`coalesce(sum(outcome = 'open'), 0) = 0`),
      );
    await this.#write(entry, insert);
    this.#expected += 1;
  }

  /** Writes what became of a party's line. A later resolution replaces an earlier one (R17: a start that succeeds in mid-call). */
  async resolve(key: LedgerKey, resolution: LedgerResolution): Promise<void> {
    const reason = resolution.reason ?? (resolution.outcome === "not-recorded" ? "unknown reason" : undefined);
    await this.#change(key, {
      outcome: resolution.outcome,
      reason: reason ?? null,
      resolved_at: this.#clock.wallMicros(),
      ...columns(resolution),
    });
    if (resolution.outcome === "recorded") this.#recorded += 1;
    else if (resolution.outcome === "partial") this.#partial += 1;
    else this.#countNotRecorded(reason ?? "unknown reason");
  }

  /** Adds facts to a party's line, whatever its outcome. */
  async update(key: LedgerKey, facts: LedgerFacts): Promise<void> {
    await this.#change(key, columns(facts));
  }

  counts(): LedgerCounts {
    return {
      expected: this.#expected,
      recorded: this.#recorded,
      partial: this.#partial,
      notRecorded: this.#notRecorded,
      failedWrites: this.#failedWrites,
    };
  }

  #countNotRecorded(reason: string): void {
    // What stands in brackets is for people.
    const [key = reason] = reason.split(" (", 1);
    const known = this.#notRecorded.has(key) || this.#notRecorded.size < maxCountedReasons;
    const name = known ? key : "other";
    this.#notRecorded.set(name, (this.#notRecorded.get(name) ?? 0) + 1);
  }

  async #change(key: LedgerKey, set: Partial<Omit<LedgerRow, "id">>): Promise<void> {
    if (Object.keys(set).length === 0) return;
    const newest = queries
      .selectFrom("ledger")
      .select("id")
      .where("call_uuid", "=", key.callUuid)
      .where("dn", "=", key.dn)
      .where("side", "=", key.side)
      .where("party", "=", key.party ?? "")
      .orderBy("turn", "desc")
      .limit(1);
    const changes = await this.#write(
      key,
      queries
        .updateTable("ledger")
        .set({ ...set, change: nextChange })
        .where("id", "=", newest),
    );
    if (changes === 0)
      this.#log.warn({ callUuid: key.callUuid, dn: key.dn, side: key.side }, "the ledger has no line for this party");
  }

  async #write(key: LedgerKey, query: Query): Promise<number> {
    try {
      const [result] = await this.#storage.write(query);
      return result?.changes ?? 0;
    } catch (error) {
      this.#failedWrites += 1;
      this.#log.error({ callUuid: key.callUuid, dn: key.dn, error }, "a ledger line could not be written");
      throw error;
    }
  }
}

function columns(facts: LedgerFacts): Partial<Omit<LedgerRow, "id">> {
  return {
    ...(facts.recordingId === undefined ? {} : { recording_id: facts.recordingId }),
    ...(facts.expectedUntil === undefined ? {} : { expected_until: facts.expectedUntil }),
    ...(facts.recordedFrom === undefined ? {} : { recorded_from: facts.recordedFrom }),
    ...(facts.recordedUntil === undefined ? {} : { recorded_until: facts.recordedUntil }),
    ...(facts.policy === undefined ? {} : { policy: facts.policy }),
  };
}

export type { LedgerCause, LedgerOutcome, LedgerSide };
