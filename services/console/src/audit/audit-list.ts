import { textStep } from "../limits.ts";
import type { StoredAuditRow } from "../store/audit-chain.ts";
import type { AuditFilter } from "../store/audit-table.ts";
import type { ConsoleStore } from "../store/console-store.ts";

/**
 * Entries before the one with the id `before`, the newest first. No index helps to find a part of a text: that is looked for in steps, between
 * which entries can be written, or nobody could listen meanwhile.
 */
export async function auditList(
  table: Pick<ConsoleStore["audit"], "list" | "newest">,
  filter: AuditFilter,
  limit: number,
  before: number | undefined,
): Promise<StoredAuditRow[]> {
  if (filter.text === undefined) return table.list(filter, limit, before);
  const found: StoredAuditRow[] = [];
  let end = before ?? (await table.newest()) + 1;
  while (end > 1 && found.length < limit) {
    const downTo = Math.max(1, end - textStep);
    found.push(...(await table.list(filter, limit - found.length, end, downTo)));
    end = downTo;
  }
  return found;
}
