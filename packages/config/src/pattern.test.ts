import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { matchesPattern, patternToGlob } from "./pattern.ts";

test("a pattern: * stands for any characters, all others for themselves", () => {
  const rows: readonly [string, string, boolean][] = [
    ["*", "", true],
    ["70*", "7001", true],
    ["70*", "70", true],
    ["70*", "7101", false],
    ["7001", "7001", true],
    ["7001", "70011", false],
    ["*01", "7001", true],
    ["7*1*", "70012", true],
    ["7*1*3", "70012", false],
    ["7.01", "7001", false],
    ["", "7001", false],
  ];
  for (const [pattern, text, expected] of rows)
    assert.equal(matchesPattern(pattern, text), expected, `${pattern} ${text}`);
});

test("a pattern agrees with the same regular expression", () => {
  const few = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  fc.assert(
    fc.property(few, text, (pattern, given) => {
      const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(given);
      assert.equal(matchesPattern(pattern, given), expected);
    }),
  );
});

test("a pattern as GLOB: only the star means something", () => {
  assert.equal(patternToGlob("7[0]?*"), "7[[]0][?]*");
  assert.equal(patternToGlob("70*"), "70*");
});
