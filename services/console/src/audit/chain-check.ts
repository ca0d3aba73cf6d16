import { chainStep } from "../limits.ts";
import type { ChainBreak, StoredAuditRow } from "../store/audit-chain.ts";
import type { ChainPlace } from "../store/audit-table.ts";
import type { ConsoleStore } from "../store/console-store.ts";

/** What a check of the whole trail found. */
export interface ChainReport {
  /** Last entry that is right, as are all before it; undefined: there is none. */
  readonly last: ChainPlace | undefined;
  readonly broken: ChainBreak | undefined;
}

/** Checks the trail from its first entry, in steps between which others read and write. */
export async function checkChain(table: Pick<ConsoleStore["audit"], "check">): Promise<ChainReport> {
  let place: ChainPlace | undefined;
  for (;;) {
    const step = await table.check(place, chainStep);
    place = step.place;
    if (step.done) return { last: place.id === 0 ? undefined : place, broken: step.broken };
  }
}

/** Whether an entry is still the one whose hash somebody wrote down. */
export function isNoted(row: StoredAuditRow | undefined, hash: string): boolean {
  return row?.hash === hash.toLowerCase();
}
