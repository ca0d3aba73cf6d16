import { rfc3339, parseRfc3339, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import { MAX_QUERY_VALUE, PAGE_DEFAULT, PAGE_MAX } from "../limits.ts";
import { type Verdict, verdicts } from "./judge.ts";
import type { LedgerState } from "./ledger-follower.ts";
import type { JudgedParty, PartyFilter, PartyPlace } from "./reconciliation-store.ts";
import type { AsyncStore } from "./store-thread.ts";
import type { StreamAlarm } from "./stream-alarms.ts";

/** What the answer is made of. */
export interface ReconciliationParts {
  /** Undefined: no ledger is followed. */
  readonly store: Pick<AsyncStore, "list" | "counts"> | undefined;
  ledgers(): readonly LedgerState[];
  alarms(): readonly StreamAlarm[];
}

const NAMES = ["from", "to", "verdict", "dn", "call-uuid", "limit", "cursor"] as const;

/**
 * `GET /api/v1/reconciliation?from=&to=&verdict=&dn=&call-uuid=&limit=&cursor=` → what was expected, what became of it with reasons, the share
 * that is recorded, ledgers that cannot be read, streams that bring nothing now, and the parties, newest first.
 */
export function addReconciliationApi(app: FastifyInstance, parts: ReconciliationParts): void {
  app.get("/api/v1/reconciliation", async (request) => {
    const { filter, limit, after } = readQuery(request.query as Readonly<Record<string, unknown>>);
    const { verdict: _, ...all } = filter;
    const [counts, found] =
      parts.store === undefined
        ? [[], []]
        : await Promise.all([parts.store.counts(all), parts.store.list(filter, limit + 1, after)]);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      ...totals(counts),
      reasons: counts.filter(({ reason }) => reason !== ""),
      ledgers: parts.ledgers(),
      alarms: parts.alarms(),
      parties: page.map(partyView),
      next: found.length > limit && last !== undefined ? formatCursor(last) : null,
    };
  });
}

/** Numbers of each verdict, and the share of what should be there and has ended that is there whole; null where nothing is to be there. */
export function totals(counts: readonly { readonly verdict: Verdict; readonly count: number }[]): {
  readonly expected: number;
  readonly recorded: number;
  readonly partial: number;
  readonly missing: number;
  readonly byPolicy: number;
  readonly pending: number;
  readonly shareRecorded: number | null;
} {
  const of = (verdict: Verdict): number =>
    counts.reduce((sum, one) => (one.verdict === verdict ? sum + one.count : sum), 0);
  const [recorded, partial, missing, pending] = [of("recorded"), of("partial"), of("missing"), of("pending")];
  const ended = recorded + partial + missing;
  return {
    expected: ended + pending,
    recorded,
    partial,
    missing,
    byPolicy: of("by-policy"),
    pending,
    shareRecorded: ended === 0 ? null : recorded / ended,
  };
}

function partyView({ party, judgement, sipServer }: JudgedParty): Record<string, unknown> {
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
    ledger: { sipServer, outcome, reason: reason ?? null },
  };
}

function readQuery(query: Readonly<Record<string, unknown>>): {
  readonly filter: PartyFilter;
  readonly limit: number;
  readonly after: PartyPlace | undefined;
} {
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (!NAMES.some((known) => known === name))
      throw bad(`There is no parameter ${JSON.stringify(name.slice(0, 40))}; known are ${NAMES.join(", ")}.`);
    if (typeof value !== "string") throw bad(`The parameter ${name} is given more than once.`);
    if (value.length > MAX_QUERY_VALUE)
      throw bad(`The parameter ${name} is longer than ${MAX_QUERY_VALUE} characters.`);
    if (value !== "") read.set(name, value);
  }
  const time = (name: string): number | undefined => {
    const text = read.get(name);
    const micros = text === undefined ? undefined : parseRfc3339(text);
    if (text !== undefined && micros === undefined)
      throw bad(`The parameter ${name} is not a time such as 2026-11-20T09:15:00Z.`);
    return micros;
  };
  const wanted = read.get("verdict");
  const verdict = verdicts.find((one) => one === wanted);
  if (wanted !== undefined && verdict === undefined)
    throw bad(`The parameter verdict is none of ${verdicts.join(", ")}.`);
  const text = read.get("limit") ?? String(PAGE_DEFAULT);
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE_MAX) throw bad(`The parameter limit is not a number from 1 to ${PAGE_MAX}.`);
  const cursor = read.get("cursor");
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined)
    throw bad("The parameter cursor is not one that this list has given.");
  const filter = { from: time("from"), to: time("to"), verdict, dn: read.get("dn"), callUuid: read.get("call-uuid") };
  return { filter, limit, after };
}

function bad(message: string): SidetoneError {
  return new SidetoneError("bad-parameter", message, { http: 400 });
}

function formatCursor({ ledgerId, party }: JudgedParty): string {
  return Buffer.from(JSON.stringify([party.from, ledgerId, party.line])).toString("base64url");
}

function readCursor(text: string): PartyPlace | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (!Array.isArray(value) || value.length !== 3) return undefined;
    const [from, ledgerId, line] = value as unknown[];
    return typeof from === "number" && typeof ledgerId === "string" && typeof line === "number"
      ? { from, ledgerId, line }
      : undefined;
  } catch {
    return undefined;
  }
}
