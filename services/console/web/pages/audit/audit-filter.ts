/** What the list of the audit is narrowed to; an empty text is no condition. Times are RFC 3339. */
export interface AuditFilter {
  readonly q: string;
  readonly user: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: string;
  readonly from: string;
  readonly to: string;
}

const names = ["q", "user", "action", "object", "outcome", "from", "to"] as const;

/** Nothing is left out. */
export const wholeAudit: AuditFilter = { q: "", user: "", action: "", object: "", outcome: "", from: "", to: "" };

/** The filter that a page's address names; what is not known there is passed over. */
export function readFilter(query: Readonly<Record<string, string>>): AuditFilter {
  return { ...wholeAudit, ...Object.fromEntries(names.map((name) => [name, query[name] ?? ""])) };
}

/** The query string of a filter, for the page's address and for the API; empty for the whole audit. */
export function queryOf(filter: AuditFilter, more: Readonly<Record<string, string>> = {}): string {
  const given = [...names.map((name) => [name, filter[name]] as const), ...Object.entries(more)];
  const text = new URLSearchParams(given.filter(([, value]) => value !== "").map(([name, value]) => [name, value]));
  return text.size === 0 ? "" : `?${text.toString()}`;
}

/** Whether anything is left out. */
export function narrows(filter: AuditFilter): boolean {
  return names.some((name) => filter[name] !== "");
}

/** A moment as `<input type="datetime-local">` has it, in the viewer's zone; empty where it is none. */
export function localInput(moment: string): string {
  const at = new Date(moment);
  if (moment === "" || Number.isNaN(at.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The other way round. */
export function fromLocalInput(text: string): string {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
