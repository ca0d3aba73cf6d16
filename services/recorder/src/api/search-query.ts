import { type Result, fail, ok, parseRfc3339 } from "@sidetone/foundation";
import type { RecordingState } from "@sidetone/recording-file";
import { MAX_QUERY_VALUE, PAGE_DEFAULT, PAGE_MAX } from "../limits.ts";
import { type RecordingQuery, type SearchKey, searchKeys } from "../index/recording-row.ts";

const STATES: readonly RecordingState[] = ["recording", "complete", "partial", "failed"];
const NAMES: ReadonlySet<string> = new Set(["from", "to", "id", "state", "q", "limit", "cursor", ...searchKeys]);

/** Reads the parameters of a search. The error names the parameter that is wrong. */
export function readSearch(parameters: Readonly<Record<string, unknown>>): Result<RecordingQuery> {
  const keys: [SearchKey, string][] = [];
  let query: Omit<RecordingQuery, "keys"> = { limit: PAGE_DEFAULT };
  for (const [name, value] of Object.entries(parameters)) {
    if (!NAMES.has(name))
      return fail(
        `There is no parameter ${JSON.stringify(name.slice(0, 40))}; known are ${Array.from(NAMES).join(", ")}.`,
      );
    if (typeof value !== "string") return fail(`The parameter ${name} is given more than once.`);
    if (value.length > MAX_QUERY_VALUE)
      return fail(`The parameter ${name} is longer than ${MAX_QUERY_VALUE} characters.`);
    if (value === "") continue;
    const key = searchKeys.find((k) => k === name);
    if (key !== undefined) {
      keys.push([key, value]);
      continue;
    }
    const read = readOne(name, value, query);
    if (!read.ok) return read;
    query = read.value;
  }
  return ok({ ...query, keys });
}

function readOne(
  name: string,
  value: string,
  query: Omit<RecordingQuery, "keys">,
): Result<Omit<RecordingQuery, "keys">> {
  switch (name) {
    case "from":
    case "to": {
      const micros = parseRfc3339(value);
      if (micros === undefined) return fail(`The parameter ${name} is not a time such as 2026-11-20T09:15:00Z.`);
      return ok(name === "from" ? { ...query, fromMicros: micros } : { ...query, toMicros: micros });
    }
    case "state": {
      const state = STATES.find((s) => s === value);
      return state === undefined
        ? fail(`The parameter state is none of ${STATES.join(", ")}.`)
        : ok({ ...query, state });
    }
    case "limit": {
      const limit = /^\d{1,6}$/.test(value) ? Number(value) : 0;
      return limit < 1 || limit > PAGE_MAX
        ? fail(`The parameter limit is not a number from 1 to ${PAGE_MAX}.`)
        : ok({ ...query, limit });
    }
    case "cursor": {
      const after = readCursor(value);
      return after === undefined
        ? fail("The parameter cursor is not one that a search has given.")
        : ok({ ...query, after });
    }
    case "id":
      return ok({ ...query, id: value });
    default:
      return ok({ ...query, q: value });
  }
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
    return typeof startMicros === "number" && typeof id === "string" ? { startMicros, id } : undefined;
  } catch {
    return undefined;
  }
}
