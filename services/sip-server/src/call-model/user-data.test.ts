import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { KVList } from "@sidetone/tlib";
import { changedByClient, type UserDataChange, withPairs } from "./user-data.ts";

const gsip: KVList = { GSIP_RECORD: "On", GSIP_REC_FN: "f" };

/** `ok keys` or why not. */
function outcome(before: KVList, change: UserDataChange): string {
  const changed = changedByClient(before, change);
  if (!changed.ok) return changed.error.kind;
  return `ok ${changed.value.keys.join(",")}`;
}

const table: readonly [string, KVList, UserDataChange, string][] = [
  ["attach adds pairs", {}, { kind: "attach", data: { a: "1", b: 2 } }, "ok a,b"],
  ["attach of what is there changes nothing", { a: { b: 1 } }, { kind: "attach", data: { a: { b: 1 } } }, "ok "],
  ["update names only what differs", { a: "1", b: 2 }, { kind: "update", data: { a: "1", b: 3 } }, "ok b"],
  ["a nested list is one value", { a: { b: 1 } }, { kind: "update", data: { a: { b: 2 } } }, "ok a"],
  [
    "binary is compared by content",
    { a: { $binary: "AA==" } },
    { kind: "update", data: { a: { $binary: "AA==" } } },
    "ok ",
  ],
  ["delete of a pair", { a: "1" }, { kind: "delete-pair", key: "a" }, "ok a"],
  ["delete of a pair that is not there", { a: "1" }, { kind: "delete-pair", key: "b" }, "ok "],
  ["a key of Object.prototype is no pair", {}, { kind: "delete-pair", key: "toString" }, "ok "],
  ["delete of all", { a: "1", b: 2 }, { kind: "delete-all" }, "ok a,b"],
  ["R22: GSIP_ keys are not written", {}, { kind: "attach", data: { GSIP_RECORD: "Off" } }, "reserved"],
  ["R22: in no spelling", {}, { kind: "update", data: { gsip_rec_fn: "x" } }, "reserved"],
  ["R22: nor deleted", gsip, { kind: "delete-pair", key: "GSIP_RECORD" }, "reserved"],
  ["R22: delete of all leaves them", { ...gsip, a: "1" }, { kind: "delete-all" }, "ok a"],
  ["32 KB are the limit", {}, { kind: "attach", data: { a: "x".repeat(33_000) } }, "too-large"],
  ["32 KB together", { a: "x".repeat(20_000) }, { kind: "attach", data: { b: "x".repeat(20_000) } }, "too-large"],
  [
    "what is too much may become less",
    { a: "x".repeat(40_000) },
    { kind: "update", data: { a: "x".repeat(39_000) } },
    "ok a",
  ],
  [
    "SIP Server's own keys do not count",
    { GSIP_REC_FN: "x".repeat(200) },
    { kind: "attach", data: { a: "x".repeat(32 * 1024 - 8) } },
    "ok a",
  ],
];

for (const [name, before, change, expected] of table) test(name, () => assert.equal(outcome(before, change), expected));

test("property: the keys named are exactly those whose values differ, and nothing is changed in place", () => {
  const list = fc.dictionary(
    fc.constantFrom("a", "b", "c", "GSIP_RECORD"),
    fc.oneof(fc.string(), fc.integer({ max: 9 })),
  );
  fc.assert(
    fc.property(list, list, (before: KVList, data: KVList) => {
      const copy = structuredClone(before);
      const { userData, keys } = withPairs(before, data);
      assert.deepEqual({ ...before }, { ...copy });
      for (const key of ["a", "b", "c", "GSIP_RECORD"]) {
        assert.equal(keys.includes(key), before[key] !== userData[key]);
        assert.equal(userData[key], Object.hasOwn(data, key) ? data[key] : before[key]);
      }
    }),
  );
});
