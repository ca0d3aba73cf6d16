import assert from "node:assert/strict";
import { test } from "node:test";
import { absenceOf } from "./absence.ts";

test("R31: what is missing is what was said before what is sent again, and what the buffer could not hold", () => {
  for (const [away, unproven, gap] of [
    [0, 900, 0],
    [4_000, 2_000, 0],
    [0, 3_000, 1_000],
    [8_000, 0, 0],
    [10_000, 0, 0],
    [12_000, 0, 2_000],
    [10_000, 3_000, 3_000],
  ] as const) {
    assert.deepEqual(absenceOf(away, unproven), { awayMs: away, gapMs: gap });
  }
});
