import assert from "node:assert/strict";
import { test } from "node:test";
import { readRange } from "./byte-range.ts";

test("RFC 9110 14.1.2: ranges from, to, suffix", () => {
  assert.deepEqual(readRange("bytes=0-9", 100), { kind: "part", start: 0, end: 9 });
  assert.deepEqual(readRange("bytes=90-", 100), { kind: "part", start: 90, end: 99 });
  assert.deepEqual(readRange("bytes=-10", 100), { kind: "part", start: 90, end: 99 });
  assert.deepEqual(readRange("bytes=-1000", 100), { kind: "part", start: 0, end: 99 });
  assert.deepEqual(readRange("bytes=50-1000", 100), { kind: "part", start: 50, end: 99 });
});

test("RFC 9110 15.5.17: a range behind the end is unsatisfiable", () => {
  assert.deepEqual(readRange("bytes=100-", 100), { kind: "unsatisfiable" });
  assert.deepEqual(readRange("bytes=-0", 100), { kind: "unsatisfiable" });
});

test("RFC 9110 14.2: what is not understood is ignored", () => {
  for (const header of [undefined, "items=0-1", "bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "bytes=", "bytes=-"]) {
    assert.deepEqual(readRange(header, 100), { kind: "all" }, String(header));
  }
});
