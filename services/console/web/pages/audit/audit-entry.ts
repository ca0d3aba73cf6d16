/** An entry as `GET /api/v1/audit` gives it. */
export interface AuditEntry {
  readonly id: number;
  /** RFC 3339. */
  readonly at: string;
  readonly user: string;
  readonly role: string;
  readonly address: string;
  readonly action: string;
  readonly object: string | null;
  readonly outcome: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly hash: string;
}

/** A page of them. */
export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
  readonly next: string | null;
}

/** Every action, in the words of the page. */
export const actionWords: Readonly<Record<string, string>> = {
  "log-in": "Logged in",
  "log-out": "Logged out",
  search: "Searched",
  "saved-search": "Saved search",
  "open-recording": "Opened recording",
  listen: "Listened",
  download: "Downloaded",
  "listen-live": "Listened live",
  "control-recording": "Controlled recording",
  comment: "Commented",
  users: "Users",
  resources: "Resources",
  configuration: "Configuration",
  audit: "Audit",
  workspace: "Workspace",
};

const aboutRecordings = new Set(["open-recording", "listen", "download", "listen-live", "comment"]);

/** Where in the console the entry's object is shown; undefined: nowhere. */
export function objectLink({ action, object, detail }: AuditEntry): string | undefined {
  if (object !== null && aboutRecordings.has(action)) return `/recordings/${encodeURIComponent(object)}`;
  if (action === "users") return "/users";
  if (action === "search") return `/search${queryPart(detail["url"])}`;
  return undefined;
}

/** What an entry says besides who, when and what, as names and values. */
export function detailOf({ action, object, detail }: AuditEntry): readonly (readonly [string, string])[] {
  const { method, url, ...rest } = detail;
  const more = Object.entries(rest);
  // The object says as much as the path of its request.
  if (url === undefined || (object !== null && aboutRecordings.has(action))) return more;
  if (action !== "search") return [["request", `${method ?? ""} ${url}`.trim()], ...more];
  const asked = Array.from(new URLSearchParams(queryPart(url))).filter(
    ([name]) => name !== "limit" && name !== "cursor",
  );
  return [...asked, ...more];
}

function queryPart(url: string | undefined): string {
  const mark = url?.indexOf("?") ?? -1;
  return url === undefined || mark < 0 ? "" : url.slice(mark);
}
