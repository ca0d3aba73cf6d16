import assert from "node:assert/strict";
import { test } from "node:test";
import { bestFailure } from "./ringing.ts";

const table: [number[], number][] = [
  [[486, 480], 486],
  [[480, 404], 404],
  [[408, 603], 603],
  [[500, 486], 486],
  [[404, 600], 600],
  [[401], 480],
  [[302], 480],
  [[503], 500],
  [[], 480],
];

for (const [statuses, expected] of table) {
  test(`RFC 3261 16.7 step 6: of ${statuses.join(", ") || "nothing"} the caller is told ${expected}`, () => {
    assert.equal(bestFailure(statuses.map((status) => ({ status, reason: "" }))).status, expected);
  });
}
