import assert from "node:assert/strict";
import { test } from "node:test";
import { absenceOf, rewindOf } from "./absence.ts";

test("R31: nothing is missing in an outage of 10 s, however late it was noticed; beyond that what the buffer could not hold", () => {
  for (const [away, unproven, gap] of [
    [0, 900, 0],
    [4_000, 2_000, 0],
    [0, 3_000, 0],
    [10_000, 0, 0],
    [10_000, 3_000, 0],
    [10_000, 5_000, 0],
    [12_000, 5_000, 2_000],
    [16_000, 0, 1_000],
  ] as const) {
    assert.deepEqual(absenceOf(away, unproven), { awayMs: away, gapMs: gap });
  }
});

test("R31: sent again is what was said since the recorder lived, and 2 s before, at most what is kept", () => {
  assert.deepEqual([0, 900, 3_000, 12_000, 60_000].map(rewindOf), [2_000, 2_900, 5_000, 14_000, 15_000]);
});
