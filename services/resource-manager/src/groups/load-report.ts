/** What a resource says of itself in its answer to OPTIONS. */
export interface LoadReport {
  readonly sessions: number;
  readonly capacity: number | undefined;
  /** It takes no new sessions. */
  readonly draining: boolean;
}

/** Header of the report: `X-Resource-Load: sessions=12;capacity=1500;draining`. */
export const loadHeader = "X-Resource-Load";

/** Reads a load report; undefined where it says no sensible number of sessions. */
export function parseLoadReport(value: string | undefined): LoadReport | undefined {
  if (value === undefined || value.length > 200) return undefined;
  let sessions: number | undefined;
  let capacity: number | undefined;
  let draining = false;
  for (const part of value.split(";")) {
    const [name, text] = part.split("=", 2).map((s) => s.trim());
    if (name === "draining") draining = text === undefined || text === "true" || text === "1";
    const count = text === undefined || text === "" ? Number.NaN : Number(text);
    if (!Number.isSafeInteger(count) || count < 0) continue;
    if (name === "sessions") sessions = count;
    if (name === "capacity") capacity = count;
  }
  return sessions === undefined ? undefined : { sessions, capacity, draining };
}

/** Writes a load report. */
export function formatLoadReport(report: LoadReport): string {
  const capacity = report.capacity === undefined ? "" : `;capacity=${report.capacity}`;
  return `sessions=${report.sessions}${capacity}${report.draining ? ";draining" : ""}`;
}
