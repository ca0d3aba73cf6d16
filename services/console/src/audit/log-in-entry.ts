import { errorText, type Logger } from "@sidetone/foundation";
import type { Audit, AuditEntry } from "./audit.ts";

/**
 * Keeps a log-in. An administrator comes in also while the audit cannot be written, since somebody must be able to look at what is wrong:
 * then the log alone has it. Rejects for everybody else, with `audit-unavailable` (503).
 */
export async function keepLogIn(audit: Audit, entry: AuditEntry, log: Logger): Promise<void> {
  try {
    await audit.record(entry);
  } catch (error) {
    if (entry.role !== "administrator" || entry.outcome !== "ok") throw error;
    log.error(
      { ...entry, error: errorText(error) },
      "an administrator's log-in is not in the audit, which cannot be written",
    );
  }
}
