/** A stretch of a recording, ms; the end is not part of it. */
export type Stretch = readonly [fromMs: number, toMs: number];

/** Time of a recording by who speaks, ms. Together they are its length. */
export interface TalkShares {
  readonly customer: number;
  readonly agent: number;
  readonly both: number;
  readonly silence: number;
}

/** How the time of a recording divides: only one side, both at once, nobody. */
export function talkShares(customer: readonly Stretch[], agent: readonly Stretch[], durationMs: number): TalkShares {
  const sum = (stretches: readonly Stretch[]): number => stretches.reduce((ms, [from, to]) => ms + to - from, 0);
  let both = 0;
  let next = 0;
  for (const [from, to] of customer) {
    while (next < agent.length && (agent[next]?.[1] ?? 0) <= from) next += 1;
    for (let n = next; n < agent.length; n++) {
      const [start, end] = agent[n] ?? [0, 0];
      if (start >= to) break;
      both += Math.min(to, end) - Math.max(from, start);
    }
  }
  const [a, b] = [sum(customer) - both, sum(agent) - both];
  return { customer: a, agent: b, both, silence: Math.max(0, durationMs - a - b - both) };
}

/** Where nobody speaks for at least `leastMs`. */
export function silences(
  customer: readonly Stretch[],
  agent: readonly Stretch[],
  durationMs: number,
  leastMs: number,
): Stretch[] {
  const found: Stretch[] = [];
  let end = 0;
  for (const [from, to] of [...customer, ...agent].toSorted((a, b) => a[0] - b[0])) {
    if (from - end >= leastMs) found.push([end, from]);
    end = Math.max(end, to);
  }
  if (durationMs - end >= leastMs) found.push([end, durationMs]);
  return found;
}

/** Heard before and after a silence that is skipped; ms. */
const MARGIN_MS = 250;

/** Where to go on from a moment within a silence; undefined where it is not in one, or near enough its end. */
export function skipTo(found: readonly Stretch[], ms: number): number | undefined {
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((found[middle]?.[1] ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  const silence = found[low];
  if (silence === undefined || ms < silence[0] + MARGIN_MS) return undefined;
  const target = silence[1] - MARGIN_MS;
  return target > ms ? target : undefined;
}
