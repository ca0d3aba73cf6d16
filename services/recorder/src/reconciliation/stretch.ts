/** A stretch of time, wall-clock microseconds: `from` included, `to` not. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The same time as stretches in order that do not touch. */
export function union(stretches: readonly Stretch[]): Stretch[] {
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of stretches.filter((s) => s.to > s.from).sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}

/** What of `stretches` lies in none of `taken`, in order. */
export function without(stretches: readonly Stretch[], taken: readonly Stretch[]): Stretch[] {
  const holes = union(taken);
  const out: Stretch[] = [];
  for (const { from, to } of union(stretches)) {
    let at = from;
    for (const hole of holes) {
      if (hole.to <= at || hole.from >= to) continue;
      if (hole.from > at) out.push({ from: at, to: hole.from });
      at = Math.max(at, hole.to);
    }
    if (at < to) out.push({ from: at, to });
  }
  return out;
}

/** What of `stretches` lies in `others`, too. */
export function within(stretches: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  return without(stretches, without(stretches, others));
}

/** Length of stretches that do not overlap, ms. */
export function lengthMs(stretches: readonly Stretch[]): number {
  return Math.round(stretches.reduce((sum, s) => sum + (s.to - s.from), 0) / 1000);
}
