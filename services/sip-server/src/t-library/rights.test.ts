import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { matches, Rights } from "./rights.ts";

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
  for (const [pattern, text, expected] of rows) assert.equal(matches(pattern, text), expected, `${pattern} ${text}`);
});

test("a pattern agrees with the same regular expression", () => {
  const few = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  fc.assert(
    fc.property(few, text, (pattern, given) => {
      const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(given);
      assert.equal(matches(pattern, given), expected);
    }),
  );
});

test("rights add up over the grants that name a DN; default none", () => {
  const rights = new Rights(
    [
      { dns: "70*", rights: ["monitor"] },
      { dns: "7001", rights: ["record", "control"] },
    ],
    undefined,
  );
  const verbs = ["monitor", "control", "route", "record", "userdata", "suppress"] as const;
  const of = (dn: string): string => verbs.filter((verb) => rights.may(verb, dn)).join(" ");
  assert.equal(of("7001"), "monitor control record");
  assert.equal(of("7002"), "monitor");
  assert.equal(of("8000"), "");
});

test("user data: without a list all keys are seen; with one only its keys and GSIP_", () => {
  const all = new Rights([], undefined);
  assert(all.sees("Card") && all.writes("Card"));
  const few = new Rights([], ["Customer*"]);
  assert(few.sees("CustomerId") && few.sees("GSIP_REC_FN") && !few.sees("Card"));
  assert(few.writes("CustomerId") && !few.writes("Card"));
  assert.deepEqual(few.shown({ Card: "1", CustomerId: 2, GSIP_RECORD: "On" }), { CustomerId: 2, GSIP_RECORD: "On" });
});
