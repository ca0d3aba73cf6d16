import { ok, type Result } from "@sidetone/foundation";
import { limitValue, mistake, orderMistake, type QueryMistake, textValue, timeValue } from "../api/query-values.ts";
import { PAGE_DEFAULT } from "../limits.ts";
import { type Verdict, verdicts } from "./judge.ts";
import {
  type Grouping,
  groupings,
  type JudgedParty,
  type PartyFilter,
  type PartyPlace,
} from "./reconciliation-store.ts";
import { isZone } from "./summary.ts";

const FILTERS = ["from", "to", "verdict", "dn", "reason", "site", "call-uuid"];
const PAGES = [...FILTERS, "limit", "cursor"];
const SUMMARY = [...FILTERS, "by", "tz"];

/** What of the list is wanted. */
export interface PartyQuery {
  readonly filter: PartyFilter;
  readonly limit: number;
  readonly after: PartyPlace | undefined;
}

/** Reads the parameters of `GET /api/v1/reconciliation`. */
export function readPartyQuery(query: Readonly<Record<string, unknown>>): Result<PartyQuery, QueryMistake> {
  const read = valuesOf(query, PAGES);
  if (!read.ok) return read;
  const filter = filterOf(read.value);
  if (!filter.ok) return filter;
  const wanted = read.value.get("limit");
  const limit = wanted === undefined ? ok(PAGE_DEFAULT) : limitValue(wanted);
  if (!limit.ok) return limit;
  const cursor = read.value.get("cursor");
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined)
    return mistake(
      "The parameter cursor is not one that this list has given.",
      "Give next of the page before, as it is.",
    );
  return ok({ filter: filter.value, limit: limit.value, after });
}

/** Reads the parameters of `GET /api/v1/reconciliation/summary`. */
export function readSummaryQuery(
  query: Readonly<Record<string, unknown>>,
): Result<{ readonly filter: PartyFilter; readonly by: Grouping; readonly tz: string }, QueryMistake> {
  const read = valuesOf(query, SUMMARY);
  if (!read.ok) return read;
  const filter = filterOf(read.value);
  if (!filter.ok) return filter;
  const wanted = read.value.get("by") ?? "day";
  const by = groupings.find((one) => one === wanted);
  if (by === undefined) return mistake(`The parameter by is none of ${groupings.join(", ")}.`, "Give one of them.");
  const tz = read.value.get("tz") ?? "UTC";
  if (!isZone(tz))
    return mistake("The parameter tz is not a time zone.", "Give its name, such as Europe/Berlin or UTC.");
  return ok({ filter: filter.value, by, tz });
}

/** Patterns of DNs to which the console limits who asks; undefined: they may see all. */
export function readScope(headers: Readonly<Record<string, string | string[] | undefined>>): string[] | undefined {
  const value = headers["x-sidetone-dns"];
  if (value === undefined) return undefined;
  return (typeof value === "string" ? value : value.join(","))
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** The place after a party, as text that URLs carry. */
export function formatCursor({ ledgerId, party }: JudgedParty): string {
  return Buffer.from(JSON.stringify([party.from, ledgerId, party.line])).toString("base64url");
}

function valuesOf(
  query: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Result<ReadonlyMap<string, string>, QueryMistake> {
  const read = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (!names.includes(name))
      return mistake(`There is no parameter ${JSON.stringify(name.slice(0, 40))}.`, `Known are ${names.join(", ")}.`);
    const text = textValue(name, value);
    if (!text.ok) return text;
    if (text.value !== "") read.set(name, text.value);
  }
  return ok(read);
}

function filterOf(read: ReadonlyMap<string, string>): Result<PartyFilter, QueryMistake> {
  const times = new Map<string, number>();
  for (const name of ["from", "to"]) {
    const text = read.get(name);
    if (text === undefined) continue;
    const time = timeValue(name, text);
    if (!time.ok) return time;
    times.set(name, time.value);
  }
  const [from, to] = [times.get("from"), times.get("to")];
  const order = orderMistake(from, to);
  if (order !== undefined) return order;
  const wanted = read.get("verdict")?.split(",");
  const known = wanted?.flatMap((text): Verdict[] => verdicts.filter((one) => one === text.trim()));
  if (known?.length !== wanted?.length)
    return mistake(
      `The parameter verdict is none of ${verdicts.join(", ")}.`,
      "Give one of them, or several with commas.",
    );
  return ok({
    from,
    to,
    verdicts: known,
    dn: read.get("dn"),
    reason: read.get("reason"),
    site: read.get("site"),
    callUuid: read.get("call-uuid"),
  });
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
