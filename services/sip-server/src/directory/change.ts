import { isDeepStrictEqual } from "node:util";
import type { DirectoryContent } from "./snapshot.ts";

/** Names that came, went, or mean something else now. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What is different in a new content. */
export interface DirectoryChange {
  readonly dns: NameChanges;
  readonly agentLogins: NameChanges;
  readonly applications: NameChanges;
  /** Names of options as the code has them, `noAnswerTimeoutMs`. */
  readonly options: readonly string[];
}

/** Compares two contents; entries that are the same objects cost next to nothing. */
export function changeBetween(before: DirectoryContent, after: DirectoryContent): DirectoryChange {
  const options = new Map<string, unknown>(Object.entries(before.options));
  return {
    dns: names(before.dns, after.dns),
    agentLogins: names(before.agentLogins, after.agentLogins),
    applications: names(before.applications, after.applications),
    options: Object.entries(after.options)
      .filter(([name, value]) => !isDeepStrictEqual(options.get(name), value))
      .map(([name]) => name),
  };
}

/** True where nothing is different. */
export function isEmpty(change: DirectoryChange): boolean {
  const lists = [change.dns, change.agentLogins, change.applications].map((c) => [c.added, c.removed, c.changed]);
  return change.options.length === 0 && lists.flat().every((list) => list.length === 0);
}

function names<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): NameChanges {
  const added: string[] = [];
  const changed: string[] = [];
  for (const [name, value] of after) {
    const old = before.get(name);
    if (old === undefined) added.push(name);
    else if (old !== value && !isDeepStrictEqual(old, value)) changed.push(name);
  }
  const removed = Array.from(before.keys()).filter((name) => !after.has(name));
  return { added, removed, changed };
}
