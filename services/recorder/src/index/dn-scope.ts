import { matchesPattern } from "@sidetone/config";
import { type RawBuilder, sql } from "kysely";
import { plainText } from "./plain-text.ts";
import type { RecordingRow } from "./recording-row.ts";

// Who is limited to some DNs is shown only recordings in which one of them is a party: in SQL where there are many, here where there is one.

/** Sorts behind everything that begins with the text before it. */
export const LAST_CHARACTER = "\u{10ffff}";

/**
 * DN patterns of a request (`x-sidetone-dns: 70*, 8001`) as `RecordingQuery.scope` has them. Undefined is everything, also where `*` is among
 * them; an empty list is nothing.
 */
export function readScope(header: string | readonly string[] | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const text = typeof header === "string" ? header : header.join(",");
  const patterns = text
    .split(",")
    .map((pattern) => plainText(pattern.trim().toLowerCase()))
    .filter((pattern) => pattern !== "");
  return patterns.includes("*") ? undefined : Array.from(new Set(patterns));
}

/** Whether a value, such as a DN, fits one of the patterns. */
export function fitsScope(value: string, scope: readonly string[]): boolean {
  return scope.some((pattern) => matchesPattern(pattern, value.toLowerCase()));
}

/** Whether someone who is limited to these DNs may see the recording. @param row with its keys */
export function inScope(row: RecordingRow, scope: readonly string[] | undefined): boolean {
  return scope === undefined || row.keys.some(([kind, value]) => kind === "dn" && fitsScope(value, scope));
}

/** True where `x.value` fits the pattern. */
export function fits(pattern: string): RawBuilder<boolean> {
  const star = pattern.indexOf("*");
  if (star === -1) return sql<boolean>`x.value = ${pattern}`;
  const like = Array.from(pattern, (c) => (c === "*" ? "%" : /[\\%_]/.test(c) ? `\\${c}` : c)).join("");
  const fitting = sql<boolean>`x.value like ${like} escape '\\'`;
  const start = pattern.slice(0, star);
  // What is between is in one place of an index.
  return start === ""
    ? fitting
    : sql<boolean>`(x.value >= ${start} and x.value <= ${start + LAST_CHARACTER} and ${fitting})`;
}

/** True where `r` has a DN that fits. */
export function hasScope(storage: number, scope: readonly string[]): RawBuilder<boolean> {
  if (scope.length === 0) return sql<boolean>`1 = 0`;
  return sql<boolean>`exists (select 1 from recording_keys x where x.storage = ${storage} and x.id = r.id and x.kind = 'dn'
    and (${sql.join(scope.map(fits), sql` or `)}))`;
}
