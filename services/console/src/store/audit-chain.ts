import { createHash } from "node:crypto";

/** What happened, as it is written down. */
export interface AuditRow {
  readonly user: string;
  readonly role: string;
  /** IP address of who asked; empty where the console itself acted. */
  readonly address: string;
  readonly action: string;
  /** What it was done to, e.g. a recording's id. */
  readonly object: string;
  readonly outcome: string;
  /** JSON text; no secrets. */
  readonly detail: string;
  /** Wall-clock microseconds. */
  readonly at: number;
}

/** An entry of the trail. */
export interface StoredAuditRow extends AuditRow {
  /** Numbered from 1 without a gap. */
  readonly id: number;
  /** SHA-256 over the hash of the entry before and this one; hexadecimal. */
  readonly hash: string;
}

/** What stands in place of a hash before the first entry. */
export const chainStart = "0".repeat(64);

/** The hash of an entry: SHA-256 of the one before and the entry's fields as a JSON array, one line each. */
export function chainHash(previous: string, row: AuditRow & { readonly id: number }): string {
  const { id, at, user, role, address, action, object, outcome, detail } = row;
  const fields = JSON.stringify([id, at, user, role, address, action, object, outcome, detail]);
  return createHash("sha256").update(`${previous}\n${fields}`).digest("hex");
}

/** The first entry that does not follow from those before it. */
export interface ChainBreak {
  readonly id: number;
  readonly reason: "missing" | "changed";
}

/** Whether rows, in order, follow the entry `after`; gives the first that does not. */
export function chainBreak(
  after: { readonly id: number; readonly hash: string },
  rows: readonly StoredAuditRow[],
): ChainBreak | undefined {
  let { id, hash } = after;
  for (const row of rows) {
    if (row.id !== id + 1) return { id: id + 1, reason: "missing" };
    if (chainHash(hash, row) !== row.hash) return { id: row.id, reason: "changed" };
    ({ id, hash } = row);
  }
  return undefined;
}
