import { fail, ok, parseRfc3339, type Result } from "@sidetone/foundation";
import { MAX_QUERY_VALUE, PAGE_MAX } from "../limits.ts";

/** What is wrong with a query: where, why, and what would be right. */
export interface QueryMistake {
  readonly detail: string;
  readonly remedy: string;
}

/** RFC 3339 5.6 with a date, a time and an offset. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** A query that is refused. */
export function mistake(detail: string, remedy: string): Result<never, QueryMistake> {
  return fail({ detail, remedy });
}

/** The value of a parameter as text that was given once. */
export function textValue(name: string, value: unknown): Result<string, QueryMistake> {
  if (typeof value !== "string") return mistake(`The parameter ${name} is given more than once.`, "Give it once.");
  return value.length > MAX_QUERY_VALUE
    ? mistake(`The parameter ${name} is longer than ${MAX_QUERY_VALUE} characters.`, "Give a part of it as q.")
    : ok(value);
}

/** A time; wall-clock microseconds. */
export function timeValue(name: string, value: string): Result<number, QueryMistake> {
  const micros = TIME.test(value) ? parseRfc3339(value) : undefined;
  return micros === undefined
    ? mistake(
        `The parameter ${name} is not a time of RFC 3339.`,
        "Write it such as 2026-11-20T09:15:00Z or 2026-11-20T10:15:00%2B01:00: the + of an offset is %2B in a URL.",
      )
    : ok(micros);
}

/** The size of a page. */
export function limitValue(value: string): Result<number, QueryMistake> {
  const limit = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  return limit < 1 || limit > PAGE_MAX
    ? mistake(`The parameter limit is not a number from 1 to ${PAGE_MAX}.`, "For more, follow next with cursor.")
    : ok(limit);
}

/** Two times between which nothing can be. */
export function orderMistake(
  from: number | undefined,
  to: number | undefined,
): Result<never, QueryMistake> | undefined {
  if (from === undefined || to === undefined || from < to) return undefined;
  return mistake("The parameter from is not before to.", "Change the two: from counts, to does not.");
}
