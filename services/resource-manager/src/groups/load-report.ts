/** What a resource says of itself in its answer to OPTIONS. */
export interface LoadReport {
  readonly sessions: number;
  readonly capacity: number | undefined;
  /** It takes no new sessions. */
  readonly draining: boolean;
  /** It takes new sessions, but others should be asked first. */
  readonly reluctant?: boolean;
}

/** Header of the report: `X-Resource-Load: sessions=12;capacity=1500;draining;reluctant`. */
export const loadHeader = "X-Resource-Load";

/** Reads a load report; undefined where it says no sensible number of sessions. */
export function parseLoadReport(value: string | undefined): LoadReport | undefined {
  if (value === undefined || value.length > 200) return undefined;
  let sessions: number | undefined;
  let capacity: number | undefined;
  let draining = false;
  let reluctant = false;
  for (const part of value.split(";")) {
    const [name, text] = part.split("=", 2).map((s) => s.trim());
    const said = text === undefined || text === "true" || text === "1";
    if (name === "draining") draining = said;
    if (name === "reluctant") reluctant = said;
    const count = text === undefined || text === "" ? Number.NaN : Number(text);
    if (!Number.isSafeInteger(count) || count < 0) continue;
    if (name === "sessions") sessions = count;
    if (name === "capacity") capacity = count;
  }
  return sessions === undefined ? undefined : { sessions, capacity, draining, ...(reluctant ? { reluctant } : {}) };
}

/** Writes a load report. */
export function formatLoadReport(report: LoadReport): string {
  const capacity = report.capacity === undefined ? "" : `;capacity=${report.capacity}`;
  return `sessions=${report.sessions}${capacity}${report.draining ? ";draining" : ""}${report.reluctant === true ? ";reluctant" : ""}`;
}
