import type { Verdict } from "./judge.ts";

/** Numbers of what was expected. */
export interface Totals {
  readonly expected: number;
  readonly recorded: number;
  readonly partial: number;
  readonly missing: number;
  readonly byPolicy: number;
  readonly pending: number;
  readonly shareRecorded: number | null;
}

/** Numbers of each verdict, and the share of what should be there and has ended that is there whole; null where nothing is to be there. */
export function totals(counts: readonly { readonly verdict: Verdict; readonly count: number }[]): Totals {
  const of = (verdict: Verdict): number =>
    counts.reduce((sum, one) => (one.verdict === verdict ? sum + one.count : sum), 0);
  const [recorded, partial, missing, pending] = [of("recorded"), of("partial"), of("missing"), of("pending")];
  const ended = recorded + partial + missing;
  return {
    expected: ended + pending,
    recorded,
    partial,
    missing,
    byPolicy: of("by-policy"),
    pending,
    shareRecorded: ended === 0 ? null : recorded / ended,
  };
}
