import { MAX_GROUPS } from "../limits.ts";
import type { GroupCount, Grouping } from "./reconciliation-store.ts";
import { type Totals, totals } from "./totals.ts";

/** The numbers of a day (`2026-11-28`), a site or a DN. */
export interface Group extends Totals {
  readonly key: string;
}

/** `GET /api/v1/reconciliation/summary`. */
export interface Summary {
  readonly total: Totals;
  readonly groups: readonly Group[];
  /** There are more groups than are shown. */
  readonly more: boolean;
}

/** Where nothing is expected. */
export const emptySummary: Summary = { total: totals([]), groups: [], more: false };

/** Whether a time zone has this name. */
export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * Counts as groups: days in their order, as the zone has them; of the others those with most that is not whole first. Pure.
 * @param tz name of a zone, for days
 */
export function summed(counts: readonly GroupCount[], by: Grouping, tz: string): Summary {
  const dayOf = by === "day" ? daysIn(tz) : String;
  const byKey = Map.groupBy(counts, ({ key }) => dayOf(key));
  const groups = Array.from(byKey, ([key, found]): Group => ({ key, ...totals(found) }));
  const order = (a: Group, b: Group): number =>
    by === "day"
      ? a.key.localeCompare(b.key)
      : faults(b) - faults(a) || a.key.localeCompare(b.key, "en", { numeric: true });
  groups.sort(order);
  // Of days the last ones are of interest.
  const shown = by === "day" ? groups.slice(-MAX_GROUPS) : groups.slice(0, MAX_GROUPS);
  return { total: totals(counts), groups: shown, more: groups.length > shown.length };
}

function faults({ missing, partial }: Totals): number {
  return missing + partial;
}

/** The day of a moment, wall-clock microseconds. Zones change their offset by whole quarters of an hour, at one. */
function daysIn(tz: string): (micros: string | number) => string {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: tz, year: "numeric", month: "2-digit", day: "2-digit" });
  return (micros) => format.format(Number(micros) / 1000);
}
