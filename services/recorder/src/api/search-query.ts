import { type Result, fail, nearestName, ok } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { MAX_QUERY_KEYS, MAX_QUERY_VALUE, PAGE_DEFAULT, PAGE_MAX } from "../limits.ts";
import { limitValue, mistake, orderMistake, type QueryMistake, textValue, timeValue } from "./query-values.ts";
import { type RecordingQuery, type SearchKey, searchKeys } from "../index/recording-row.ts";

const STATES: readonly RecordingState[] = ["recording", "complete", "partial", "failed"];
const PLAIN = ["from", "to", "min-duration-ms", "max-duration-ms", "id", "state", "q", "limit", "cursor"];
const NAMES: readonly string[] = [...PLAIN, ...searchKeys];
/** `param.NAME`, `user-data.NAME`: names are the caller's own. */
const OPEN_NAMES = ["param.", "user-data."];

/** What is wrong with a search: where, why, and what would be right. */
export type SearchMistake = QueryMistake;

type Partly = Omit<RecordingQuery, "keys">;

/** Reads the parameters of a search. */
export function readSearch(parameters: Readonly<Record<string, unknown>>): Result<RecordingQuery, SearchMistake> {
  const keys: [SearchKey, string][] = [];
  let query: Partly = { limit: PAGE_DEFAULT };
  for (const [name, raw] of Object.entries(parameters)) {
    const shown = name.slice(0, 40);
    const key = keyNamed(name);
    if (key === undefined && !PLAIN.includes(name)) return fail(unknown(shown));
    if (name.length > MAX_QUERY_VALUE)
      return mistake(`The parameter ${shown}... has a name of more than ${MAX_QUERY_VALUE} characters.`, "Shorten it.");
    const given = textValue(shown, raw);
    if (!given.ok) return given;
    const { value } = given;
    if (value === "") continue;
    if (key !== undefined) {
      if (keys.length >= MAX_QUERY_KEYS)
        return mistake(`There are more than ${MAX_QUERY_KEYS} exact values.`, "Ask for fewer of them.");
      keys.push([key, value]);
      continue;
    }
    const read = readOne(name, value, query);
    if (!read.ok) return read;
    query = read.value;
  }
  return contradiction(query) ?? ok({ ...query, keys });
}

function keyNamed(name: string): SearchKey | undefined {
  const found = searchKeys.find((key) => key === name);
  if (found !== undefined) return found;
  const open = OPEN_NAMES.some((start) => name.length > start.length && name.startsWith(start));
  return open ? (name.toLowerCase() as SearchKey) : undefined;
}

function unknown(name: string): SearchMistake {
  const near = nearestName(name, NAMES);
  const hint = near === undefined ? "" : `Did you mean ${near}? `;
  return {
    detail: `There is no parameter ${JSON.stringify(name)}.`,
    remedy: `${hint}Known are ${NAMES.join(", ")}, param.NAME and user-data.NAME.`,
  };
}

/** Two parameters between which nothing can be. */
function contradiction(query: Partly): Result<never, SearchMistake> | undefined {
  const { fromMicros, toMicros, minDurationMs, maxDurationMs } = query;
  const order = orderMistake(fromMicros, toMicros);
  if (order !== undefined) return order;
  if (minDurationMs !== undefined && maxDurationMs !== undefined && minDurationMs > maxDurationMs)
    return mistake("The parameter min-duration-ms is more than max-duration-ms.", "Change the two.");
  return undefined;
}

function readOne(name: string, value: string, query: Partly): Result<Partly, SearchMistake> {
  switch (name) {
    case "from":
    case "to": {
      const read = timeValue(name, value);
      if (!read.ok) return read;
      const micros = read.value;
      return ok(name === "from" ? { ...query, fromMicros: micros } : { ...query, toMicros: micros });
    }
    case "min-duration-ms":
    case "max-duration-ms": {
      if (!/^\d{1,12}$/.test(value))
        return mistake(`The parameter ${name} is not a number of milliseconds.`, "Write it such as 60000.");
      const ms = Number(value);
      return ok(name === "min-duration-ms" ? { ...query, minDurationMs: ms } : { ...query, maxDurationMs: ms });
    }
    case "state": {
      const state = STATES.find((s) => s === value);
      return state === undefined
        ? mistake(`The parameter state is none of ${STATES.join(", ")}.`, "Give one of them, or leave it out.")
        : ok({ ...query, state });
    }
    case "limit": {
      const read = limitValue(value);
      return read.ok ? ok({ ...query, limit: read.value }) : read;
    }
    case "cursor": {
      const after = readCursor(value);
      return after === undefined
        ? mistake("The parameter cursor is not one that a search has given.", "Give next of the page before, as it is.")
        : ok({ ...query, after });
    }
    case "id":
      return ok({ ...query, id: value });
    default:
      return ok({ ...query, q: value });
  }
}

/** Reads the parameters of the positions of a search: those of the search, and `every`, hits of a block. */
export function readPositions(
  parameters: Readonly<Record<string, unknown>>,
): Result<{ readonly query: RecordingQuery; readonly every: number | undefined }, SearchMistake> {
  const { every, ...others } = parameters;
  if ("limit" in others) return fail(unknown("limit"));
  const query = readSearch(others);
  if (!query.ok) return query;
  if (every === undefined || every === "") return ok({ query: query.value, every: undefined });
  const hits = typeof every === "string" && /^\d{1,6}$/.test(every) ? Number(every) : 0;
  return hits < 1 || hits > PAGE_MAX
    ? mistake(`The parameter every is not a number from 1 to ${PAGE_MAX}.`, "Take the limit of the pages.")
    : ok({ query: query.value, every: hits });
}

/** Reads what proposals are asked for: of which parameter of the search, and what they begin with. */
export function readSuggestion(
  parameters: Readonly<Record<string, unknown>>,
): Result<{ readonly field: SearchKey; readonly prefix: string }, SearchMistake> {
  const { field, prefix = "" } = parameters;
  const key = typeof field === "string" && field.length <= MAX_QUERY_VALUE ? keyNamed(field) : undefined;
  if (key === undefined)
    return mistake(
      "The parameter field names no value that is searched for exactly.",
      `Give one of ${searchKeys.join(", ")}, param.NAME and user-data.NAME.`,
    );
  if (typeof prefix !== "string" || prefix.length > MAX_QUERY_VALUE)
    return mistake(`The parameter prefix is not one text of at most ${MAX_QUERY_VALUE} characters.`, "Shorten it.");
  return ok({ field: key, prefix });
}

/** The place after a row, as text that URLs carry. */
export function formatCursor(row: { startMicros: number; id: string }): string {
  return Buffer.from(JSON.stringify([row.startMicros, row.id])).toString("base64url");
}

function readCursor(text: string): RecordingQuery["after"] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [startMicros, id] = value as unknown[];
    return Number.isSafeInteger(startMicros) && typeof id === "string"
      ? { startMicros: startMicros as number, id }
      : undefined;
  } catch {
    return undefined;
  }
}
