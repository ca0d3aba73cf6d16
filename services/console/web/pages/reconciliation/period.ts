/** A stretch of time that somebody looks at; RFC 3339, `to` not included. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

/** Stretches that are chosen by name. */
export const periodNames = { today: "Today", week: "7 days", month: "30 days", own: "Own" } as const;
export type PeriodName = keyof typeof periodNames;

const days: Readonly<Record<Exclude<PeriodName, "own">, number>> = { today: 1, week: 7, month: 30 };

/** What is looked at: it stands in the address, so that it can be sent to somebody. */
export interface View {
  readonly period: PeriodName;
  /** First and last day, `2026-11-28`, of an own period. */
  readonly first: string;
  readonly last: string;
  readonly verdict: "faults" | "missing" | "partial" | "by-policy" | "pending" | "recorded" | "all";
  readonly by: "day" | "site" | "dn";
  readonly dn: string;
  readonly site: string;
  readonly reason: string;
  /** Narrowed to a day of the period. */
  readonly day: string;
}

const verdicts: readonly View["verdict"][] = [
  "faults",
  "missing",
  "partial",
  "by-policy",
  "pending",
  "recorded",
  "all",
];
const groupings: readonly View["by"][] = ["day", "site", "dn"];

/** Reads the address's query. */
export function readView(search: string, now: Date): View {
  const read = new URLSearchParams(search);
  const text = (name: string): string => read.get(name) ?? "";
  const period = (Object.keys(periodNames) as PeriodName[]).find((name) => name === text("period")) ?? "week";
  const today = dayKey(now);
  return {
    period,
    first: isDay(text("first")) ? text("first") : today,
    last: isDay(text("last")) ? text("last") : today,
    verdict: verdicts.find((one) => one === text("verdict")) ?? "faults",
    by: groupings.find((one) => one === text("by")) ?? "day",
    dn: text("dn"),
    site: text("site"),
    reason: text("reason"),
    day: isDay(text("day")) ? text("day") : "",
  };
}

/** The view as an address's query; what is usual is left out. */
export function viewQuery(view: View): string {
  const query = new URLSearchParams();
  const put = (name: string, value: string, usual: string): void => {
    if (value !== usual) query.set(name, value);
  };
  put("period", view.period, "week");
  if (view.period === "own") {
    query.set("first", view.first);
    query.set("last", view.last);
  }
  put("verdict", view.verdict, "faults");
  put("by", view.by, "day");
  for (const name of ["dn", "site", "reason", "day"] as const) put(name, view[name], "");
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

/** The stretch of a view, days being those of the viewer's zone. */
export function periodOf(view: View, now: Date): Period {
  if (view.day !== "") return { from: startOf(view.day), to: startOf(view.day, 1) };
  if (view.period === "own") {
    const [first, last] = view.first <= view.last ? [view.first, view.last] : [view.last, view.first];
    return { from: startOf(first), to: startOf(last, 1) };
  }
  const today = dayKey(now);
  return { from: startOf(today, 1 - days[view.period]), to: startOf(today, 1) };
}

/** Parameters of `GET /api/v1/reconciliation`. */
export function listQuery(view: View, now: Date): URLSearchParams {
  const query = filterQuery(view, now);
  if (view.verdict === "faults") query.set("verdict", "missing,partial");
  else if (view.verdict !== "all") query.set("verdict", view.verdict);
  return query;
}

/** Parameters of `GET /api/v1/reconciliation/summary`. @param zone the viewer's */
export function summaryQuery(view: View, now: Date, zone: string): URLSearchParams {
  const query = filterQuery(view, now);
  query.set("by", view.by);
  query.set("tz", zone);
  return query;
}

function filterQuery(view: View, now: Date): URLSearchParams {
  const query = new URLSearchParams({ ...periodOf(view, now) });
  for (const name of ["dn", "site", "reason"] as const) if (view[name] !== "") query.set(name, view[name]);
  return query;
}

/** The day of a moment in the viewer's zone, `2026-11-28`. */
export function dayKey(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Midnight of a day in the viewer's zone, or of another one as many days later. */
function startOf(day: string, later = 0): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
