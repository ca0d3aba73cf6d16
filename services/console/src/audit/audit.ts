/** What people do that is kept. */
export const auditActions = [
  "log-in",
  "log-out",
  "search",
  "saved-search",
  "open-recording",
  "listen",
  "download",
  "listen-live",
  "control-recording",
  "comment",
  "users",
  "resources",
  "configuration",
  "audit",
  "workspace",
] as const;
export type AuditAction = (typeof auditActions)[number];

/** What became of it. */
export const auditOutcomes = ["ok", "refused", "failed"] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** One thing that somebody did, or was refused. */
export interface AuditEntry {
  /** Name of the user; `api-token` of a program. */
  readonly user: string;
  readonly role: string;
  /** IP address that the request came from. */
  readonly address: string;
  readonly action: AuditAction;
  /** Id of the recording, ConnID, DN or user that it was about. */
  readonly object: string | undefined;
  readonly outcome: AuditOutcome;
  /** More for a reader: the query of a search, the reason of a refusal. */
  readonly detail: Readonly<Record<string, string>>;
}

/** Keeps what people do. */
export interface Audit {
  /** Resolves when the entry is kept; rejects where it cannot be: then what was asked for must not be served. */
  record(entry: AuditEntry): Promise<void>;
}
