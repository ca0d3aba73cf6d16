import { type Result, rfc3339, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import type { QueryMistake } from "../api/query-values.ts";
import type { LedgerState } from "./ledger-follower.ts";
import { formatCursor, readPartyQuery, readScope, readSummaryQuery } from "./party-query.ts";
import type { JudgedParty } from "./reconciliation-store.ts";
import { emptySummary } from "./summary.ts";
import { totals } from "./totals.ts";
import type { AsyncStore } from "./store-thread.ts";
import type { StreamAlarm } from "./stream-alarms.ts";

/** What the answer is made of. */
export interface ReconciliationParts {
  /** Undefined: no ledger is followed. */
  readonly store: Pick<AsyncStore, "list" | "counts" | "groups"> | undefined;
  ledgers(): readonly LedgerState[];
  alarms(): readonly StreamAlarm[];
}

/**
 * `GET /api/v1/reconciliation?from=&to=&verdict=&dn=&reason=&site=&call-uuid=&limit=&cursor=` → what was expected, what became of it with reasons, the
 * share that is recorded, ledgers that cannot be read, streams that bring nothing now, and the parties, newest first.
 * `GET /api/v1/reconciliation/summary?by=day|site|dn&tz=` with the same filters → the numbers by day, site or DN.
 * `x-sidetone-dns` narrows both to the DNs of its patterns.
 */
export function addReconciliationApi(app: FastifyInstance, parts: ReconciliationParts): void {
  app.get("/api/v1/reconciliation", async (request) => {
    const { filter, limit, after } = taken(readPartyQuery(asQuery(request.query)));
    const dns = readScope(request.headers);
    const { verdicts: _, reason: __, ...all } = { ...filter, dns };
    const [counts, found] =
      parts.store === undefined
        ? [[], []]
        : await Promise.all([parts.store.counts(all), parts.store.list({ ...filter, dns }, limit + 1, after)]);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      ...totals(counts),
      reasons: counts.filter(({ reason }) => reason !== ""),
      ledgers: parts.ledgers(),
      alarms: dns === undefined ? parts.alarms() : [],
      parties: page.map(partyView),
      next: found.length > limit && last !== undefined ? formatCursor(last) : null,
    };
  });
  app.get("/api/v1/reconciliation/summary", async (request) => {
    const { filter, by, tz } = taken(readSummaryQuery(asQuery(request.query)));
    const dns = readScope(request.headers);
    const summary = (await parts.store?.groups({ ...filter, dns }, by, tz)) ?? emptySummary;
    return { by, tz, ...summary };
  });
}

function asQuery(query: unknown): Readonly<Record<string, unknown>> {
  return query as Readonly<Record<string, unknown>>;
}

function taken<T>(read: Result<T, QueryMistake>): T {
  if (read.ok) return read.value;
  throw new SidetoneError("bad-parameter", read.error.detail, { http: 400, remedy: read.error.remedy });
}

function partyView({ party, judgement, sipServer, site }: JudgedParty): Record<string, unknown> {
  const { callUuid, connId, dn, side, turn, cause, from, until, recordingId, outcome, reason } = party;
  return {
    verdict: judgement?.verdict ?? "pending",
    reason: judgement?.reason ?? null,
    policy: judgement?.policy ?? null,
    callUuid,
    connId,
    dn,
    side,
    turn,
    cause,
    expectedFrom: rfc3339(from),
    expectedUntil: until === undefined ? null : rfc3339(until),
    expectedMs: judgement?.expectedMs ?? 0,
    recordedMs: judgement?.recordedMs ?? 0,
    findings: judgement?.findings ?? [],
    recordingId: recordingId ?? null,
    recordings: judgement?.recordings ?? [],
    site,
    ledger: { sipServer, outcome, reason: reason ?? null },
  };
}
