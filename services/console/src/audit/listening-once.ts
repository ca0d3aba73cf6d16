import type { Clock } from "@sidetone/foundation";
import { listeningMs, maxListenings } from "../limits.ts";
import type { Audit, AuditEntry } from "./audit.ts";

/**
 * One entry for one listening: a player fetches a recording in many parts, and each would be an entry. The same person, address and recording
 * within ten minutes of the last entry count as the same; what was refused is always kept.
 */
export class ListeningOnce implements Audit {
  readonly #audit: Audit;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly at: number; readonly entry: Promise<void> }>();

  constructor(audit: Audit, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  record(entry: AuditEntry): Promise<void> {
    if (entry.action !== "listen" || entry.outcome !== "ok") return this.#audit.record(entry);
    const key = JSON.stringify([entry.user, entry.role, entry.address, entry.object]);
    const now = this.#clock.now();
    const before = this.#kept.get(key);
    // Who asks while the first entry is on its way waits for that one.
    if (before !== undefined && now - before.at < listeningMs) return before.entry;
    const kept = this.#audit.record(entry);
    this.#kept.delete(key);
    this.#kept.set(key, { at: now, entry: kept });
    kept.catch(() => {
      if (this.#kept.get(key)?.entry === kept) this.#kept.delete(key);
    });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxListenings) break;
      this.#kept.delete(oldest);
    }
    return kept;
  }
}
