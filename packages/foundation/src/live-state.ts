/**
 * What is shown live, as parts of keyed values. Values are immutable and never undefined: one that has changed is another object, so a comparison costs no look inside.
 */
export type LiveState = Readonly<Record<string, ReadonlyMap<string, unknown>>>;

/** What has changed of a part. */
export interface PartChange {
  /** Values that are new or other than before, by key. */
  readonly set: readonly (readonly [key: string, value: unknown])[];
  /** Keys that are no longer there. */
  readonly gone: readonly string[];
}

/** What makes one state of another; parts that are as they were are left out. JSON can carry it. */
export type LiveChange = Readonly<Record<string, PartChange>>;

const none: ReadonlyMap<string, unknown> = new Map();

/** What has changed; undefined: nothing. From `{}` it is everything. */
export function changeBetween(before: LiveState, after: LiveState): LiveChange | undefined {
  const change: Record<string, PartChange> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name] ?? none, after[name] ?? none];
    if (old === now) continue;
    const set: [string, unknown][] = [];
    const gone: string[] = [];
    for (const [key, value] of now) if (old.get(key) !== value) set.push([key, value]);
    // Without something new, or something gone, the sizes are equal.
    if (set.length > 0 || old.size !== now.size) for (const key of old.keys()) if (!now.has(key)) gone.push(key);
    if (set.length > 0 || gone.length > 0) change[name] = { set, gone };
  }
  return Object.keys(change).length === 0 ? undefined : change;
}

/** The state after a change; parts that it does not name are the same objects. */
export function afterChange(state: LiveState, change: LiveChange): LiveState {
  const after: Record<string, ReadonlyMap<string, unknown>> = { ...state };
  for (const [name, { set, gone }] of Object.entries(change)) {
    const part = new Map(state[name]);
    for (const key of gone) part.delete(key);
    for (const [key, value] of set) part.set(key, value);
    after[name] = part;
  }
  return after;
}

/** A change as it came over a wire; undefined where it is none. */
export function readLiveChange(text: string): LiveChange | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every(isPartChange) ? (value as LiveChange) : undefined;
}

function isPartChange(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("set" in value) || !("gone" in value)) return false;
  const { set, gone } = value;
  const pair = (one: unknown): boolean => Array.isArray(one) && one.length === 2 && typeof one[0] === "string";
  return Array.isArray(set) && set.every(pair) && Array.isArray(gone) && gone.every((key) => typeof key === "string");
}
