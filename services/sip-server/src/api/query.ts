import { SidetoneError, parseRfc3339 } from "@sidetone/foundation";
import type { LedgerFilter } from "../ledger/listing.ts";
import type { LedgerOutcome } from "../storage/schema.ts";

const outcomes: readonly LedgerOutcome[] = ["open", "recorded", "partial", "not-recorded", "unknown"];

/** The parameters of a query, each given once and known. @throws SidetoneError `bad-query` (400) */
export function readParameters(query: unknown, known: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (!known.includes(name)) throw badQuery(`unknown parameter ${name}`, `Known: ${known.join(", ") || "none"}.`);
    if (typeof value !== "string") throw badQuery(`parameter ${name} is given more than once`);
    if (value !== "") parameters.set(name, value);
  }
  return parameters;
}

/** The filter of `GET /api/v1/ledger`. @throws SidetoneError `bad-query` (400) */
export function readLedgerFilter(query: unknown): LedgerFilter {
  const read = readParameters(query, ["from", "to", "dn", "call-uuid", "outcome", "limit", "cursor"]);
  const outcome = read.get("outcome");
  const known = outcomes.find((one) => one === outcome);
  if (outcome !== undefined && known === undefined)
    throw badQuery(`outcome ${outcome} is unknown`, `Known: ${outcomes.join(", ")}.`);
  return {
    from: time(read, "from"),
    to: time(read, "to"),
    dn: read.get("dn"),
    callUuid: read.get("call-uuid"),
    outcome: known,
    limit: limitOf(read.get("limit")),
    cursor: read.get("cursor"),
  };
}

/** The parameters of `GET /api/v1/ledger/changes`. @throws SidetoneError `bad-query` (400) */
export function readChangesQuery(query: unknown): { readonly after: number; readonly limit: number | undefined } {
  const read = readParameters(query, ["after", "limit"]);
  const after = Number(read.get("after") ?? "0");
  if (!Number.isSafeInteger(after) || after < 0) throw badQuery("after is not the `next` of an answer before");
  return { after, limit: limitOf(read.get("limit")) };
}

/** An error of the asker. */
export function badQuery(message: string, remedy?: string): SidetoneError {
  return new SidetoneError("bad-query", message, remedy === undefined ? { http: 400 } : { http: 400, remedy });
}

function time(read: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = read.get(name);
  if (text === undefined) return undefined;
  const micros = parseRfc3339(text);
  if (micros === undefined) throw badQuery(`${name} is no time`, "Give it like 2026-11-20T09:15:15Z.");
  return micros;
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw badQuery("limit is not between 1 and 1000");
  return limit;
}
