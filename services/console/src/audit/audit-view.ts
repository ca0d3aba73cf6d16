import { rfc3339 } from "@sidetone/foundation";
import type { StoredAuditRow } from "../store/audit-chain.ts";

/** An entry as `GET /api/v1/audit` shows it. */
export interface AuditEntryView {
  /** Numbered from 1 without a gap. */
  readonly id: number;
  /** RFC 3339. */
  readonly at: string;
  readonly user: string;
  readonly role: string;
  readonly address: string;
  readonly action: string;
  /** Null: it was about none. */
  readonly object: string | null;
  readonly outcome: string;
  readonly detail: Readonly<Record<string, string>>;
  /** SHA-256 over the entry before and this one. */
  readonly hash: string;
}

/** A row for readers. */
export function entryView({
  id,
  at,
  user,
  role,
  address,
  action,
  object,
  outcome,
  detail,
  hash,
}: StoredAuditRow): AuditEntryView {
  return {
    id,
    at: rfc3339(at),
    user,
    role,
    address,
    action,
    object: object === "" ? null : object,
    outcome,
    detail: readDetail(detail),
    hash,
  };
}

/** A file that somebody tampered with must be shown all the same. */
function readDetail(text: string): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { text };
    return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, String(v)]));
  } catch {
    return { text };
  }
}
