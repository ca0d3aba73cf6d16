import { type Result, fail, ok } from "@sidetone/foundation";
import { PEAK_POINTS_DEFAULT, PEAK_POINTS_MAX } from "../limits.ts";
import type { PeakQuestion } from "../peaks/peak-view.ts";
import type { SearchMistake } from "./search-query.ts";

/** Reads `from-ms`, `to-ms` and `points`; other parameters are not looked at. */
export function readPeaksQuery(parameters: Readonly<Record<string, unknown>>): Result<PeakQuestion, SearchMistake> {
  const numbers: Record<string, number | undefined> = {};
  for (const name of ["from-ms", "to-ms", "points"]) {
    const value = parameters[name];
    if (value === undefined || value === "") continue;
    if (typeof value !== "string" || !/^\d{1,12}$/.test(value))
      return fail({ detail: `The parameter ${name} is not a whole number.`, remedy: "Write it such as 2000." });
    numbers[name] = Number(value);
  }
  const { "from-ms": fromMs = 0, "to-ms": toMs, points = PEAK_POINTS_DEFAULT } = numbers;
  if (points < 1 || points > PEAK_POINTS_MAX)
    return fail({
      detail: `The parameter points is not a number from 1 to ${PEAK_POINTS_MAX}.`,
      remedy: "Ask for a shorter part: there is one point for each 20 ms at most.",
    });
  if (toMs !== undefined && toMs <= fromMs)
    return fail({ detail: "The parameter from-ms is not before to-ms.", remedy: "Change the two." });
  return ok({ fromMs, toMs, points });
}
