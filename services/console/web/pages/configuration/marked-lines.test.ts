import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, lineRange, markedLines } from "./marked-lines.ts";

const mark = (line: number, column = 1) => ({ line, column, path: "a", message: `m${line}` });

test("mistakes and warnings come in the order of their places", () => {
  const found = findingsOf({ mistakes: [mark(5), mark(2, 9)], warnings: [mark(2, 3)] });
  assert.deepEqual(
    found.map((f) => [f.line, f.column, f.kind]),
    [
      [2, 3, "warning"],
      [2, 9, "mistake"],
      [5, 1, "mistake"],
    ],
  );
});

test("each finding stands at its line, one behind the end at the last", () => {
  const lines = markedLines("a: 1\r\nb: 2\n", findingsOf({ mistakes: [mark(2), mark(9)], warnings: [mark(0)] }));
  assert.deepEqual(
    lines.map((l) => [l.number, l.text, l.findings.map((f) => f.message)]),
    [
      [1, "a: 1", ["m0"]],
      [2, "b: 2", ["m2", "m9"]],
    ],
  );
  assert.equal(markedLines("", []).length, 1);
});

test("a line's place in the text, for the cursor", () => {
  const text = "ab\n\ncd";
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => lineRange(text, n)),
    [
      [0, 2],
      [3, 3],
      [4, 6],
      [6, 6],
    ],
  );
});
