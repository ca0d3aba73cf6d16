import { patternToGlob } from "@sidetone/config";
import { type Result, fail, ok, rfc3339 } from "@sidetone/foundation";
import { sql } from "kysely";
import type { LedgerOutcome, LedgerRow } from "../storage/schema.ts";
import { type Storage, queries } from "../storage/storage.ts";
import { defaultPage, maxPage } from "./limits.ts";

/** Which lines are wanted. Times are wall-clock microseconds of `expectedFrom`: `from` included, `to` not. */
export interface LedgerFilter {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly dn?: string | undefined;
  readonly callUuid?: string | undefined;
  readonly outcome?: LedgerOutcome | undefined;
  /** Lines of DNs that one of these patterns (`70*`) names; undefined: all. */
  readonly dns?: readonly string[] | undefined;
  /** 1 to 1000; default 100. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

/** A line as people and programs see it. Times are RFC 3339 with microseconds. */
export interface LedgerLine {
  readonly id: number;
  readonly callUuid: string;
  readonly connId: string;
  readonly dn: string;
  readonly side: LedgerRow["side"];
  readonly party: string | null;
  readonly turn: number;
  readonly cause: LedgerRow["cause"];
  readonly expectedFrom: string;
  readonly expectedUntil: string | null;
  readonly outcome: LedgerOutcome;
  readonly reason: string | null;
  readonly recordingId: string | null;
  readonly recordedFrom: string | null;
  readonly recordedUntil: string | null;
  readonly resolvedAt: string | null;
  /** What decided that it is not recorded, or not any longer. */
  readonly policy: string | null;
}

/** A page of lines, the newest first. `next` is null on the last one. */
export interface LedgerPage {
  readonly lines: readonly LedgerLine[];
  readonly next: string | null;
}

/** A page of the ledger; fails with a sentence where the cursor is not one of ours. Lines that come in while someone pages do not shift the pages. */
export async function listLedger(storage: Storage, filter: LedgerFilter): Promise<Result<LedgerPage>> {
  const limit = Math.min(Math.max(Math.trunc(filter.limit ?? defaultPage), 1), maxPage);
  let query = queries.selectFrom("ledger").selectAll();
  if (filter.from !== undefined) query = query.where("expected_from", ">=", filter.from);
  if (filter.to !== undefined) query = query.where("expected_from", "<", filter.to);
  if (filter.dn !== undefined) query = query.where("dn", "=", filter.dn);
  if (filter.callUuid !== undefined) query = query.where("call_uuid", "=", filter.callUuid);
  if (filter.outcome !== undefined) query = query.where("outcome", "=", filter.outcome);
  const { dns } = filter;
  if (dns !== undefined)
    query = query.where((e) => e.or(dns.map((pattern) => sql<boolean>`dn glob ${patternToGlob(pattern)}`)));
  if (filter.cursor !== undefined) {
    const after = readCursor(filter.cursor);
    if (after === undefined) return fail("the cursor is not one that this list gave out");
    query = query.where((e) => e(e.refTuple("expected_from", "id"), "<", e.tuple(after.expectedFrom, after.id)));
  }
  const rows = await storage.read(
    query
      .orderBy("expected_from", "desc")
      .orderBy("id", "desc")
      .limit(limit + 1),
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return ok({ lines: page.map(line), next: rows.length > limit && last !== undefined ? formatCursor(last) : null });
}

/** Lines that have changed, in the order of their last changes. */
export interface LedgerChanges {
  /** Another one where the ledger has been replaced: what was read before is not part of it. */
  readonly ledgerId: string;
  readonly lines: readonly LedgerLine[];
  /** Give it as `after` to go on. */
  readonly next: number;
  readonly more: boolean;
}

/** R34: what has changed in the ledger after a change; each line once, as it is now. For who follows the ledger. */
export async function listLedgerChanges(
  storage: Storage,
  { after = 0, limit = defaultPage }: { readonly after?: number | undefined; readonly limit?: number | undefined },
): Promise<LedgerChanges> {
  const [identity] = await storage.read(queries.selectFrom("ledger_identity").selectAll());
  const rows = await storage.read(
    queries
      .selectFrom("ledger")
      .selectAll()
      .where("change", ">", after)
      .orderBy("change")
      .limit(Math.min(limit, maxPage) + 1),
  );
  const page = rows.slice(0, Math.min(limit, maxPage));
  return {
    ledgerId: identity?.id ?? "",
    lines: page.map(line),
    next: page.at(-1)?.change ?? after,
    more: rows.length > page.length,
  };
}

function formatCursor(row: { readonly expected_from: number; readonly id: number }): string {
  return Buffer.from(`${row.expected_from}.${row.id}`).toString("base64url");
}

function readCursor(cursor: string): { expectedFrom: number; id: number } | undefined {
  if (cursor.length > 64) return undefined;
  const [expectedFrom, id, more] = Buffer.from(cursor, "base64url").toString("latin1").split(".");
  if (expectedFrom === undefined || id === undefined || more !== undefined) return undefined;
  const read = { expectedFrom: Number(expectedFrom), id: Number(id) };
  return Number.isSafeInteger(read.expectedFrom) && Number.isSafeInteger(read.id) ? read : undefined;
}

type StoredLine = Omit<LedgerRow, "id"> & { readonly id: number };

function line(row: StoredLine): LedgerLine {
  return {
    id: row.id,
    callUuid: row.call_uuid,
    connId: row.conn_id,
    dn: row.dn,
    side: row.side,
    party: row.party === "" ? null : row.party,
    turn: row.turn,
    cause: row.cause,
    expectedFrom: rfc3339(row.expected_from),
    expectedUntil: time(row.expected_until),
    outcome: row.outcome,
    reason: row.reason,
    recordingId: row.recording_id,
    recordedFrom: time(row.recorded_from),
    recordedUntil: time(row.recorded_until),
    resolvedAt: time(row.resolved_at),
    policy: row.policy,
  };
}

function time(micros: number | null): string | null {
  return micros === null ? null : rfc3339(micros);
}
