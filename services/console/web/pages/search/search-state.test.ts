import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readLength } from "./search-fields.ts";
import {
  everything,
  narrows,
  parametersOf,
  queryOf,
  readPlace,
  readState,
  readTyped,
  withCondition,
} from "./search-state.ts";
import { rangeOf } from "./time-range.ts";

test("a link says the whole state and the place, and is read back as it was written", () => {
  const name = fc.constantFrom("dn", "agent", "state", "param.Result", "user-data.account no", "min-duration-ms");
  const value = fc.string({ minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.record({
        q: fc.string({ maxLength: 12 }),
        when: fc.constantFrom(undefined, "today" as const, "7d" as const),
        from: fc.constant(""),
        to: fc.constant(""),
        conditions: fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one }),
      }),
      fc.nat(1_000_000),
      (state, row) => {
        const asOf = row === 0 ? "" : "2026-11-20T09:15:00.000Z";
        const query = queryOf(state, { row, asOf });
        assert.deepEqual(readState(query), { ...state });
        assert.deepEqual(readPlace(query), { row, asOf });
      },
    ),
  );
  assert.equal(queryOf(everything), "");
  assert.equal(narrows(everything), false);
  assert.deepEqual(readState("?nonsense=1&row=x&dn=&dn=7001"), { ...everything, conditions: [["dn", "7001"]] });
});

test("the list stays as it was at a time: whichever end is earlier counts", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  const state = { ...everything, from: "2026-11-01T00:00:00Z", to: "2026-11-10T00:00:00Z" };
  assert.equal(parametersOf(state, "2026-11-20T00:00:00Z", now).get("to"), "2026-11-10T00:00:00Z");
  assert.equal(parametersOf(state, "2026-11-05T00:00:00+02:00", now).get("to"), "2026-11-05T00:00:00+02:00");
  assert.equal(parametersOf(everything, "", now).toString(), "");
  const { from, to } = rangeOf("yesterday", now);
  assert.equal(Date.parse(to ?? "") - Date.parse(from ?? ""), 86_400_000);
});

test("conditions that are typed", () => {
  assert.deepEqual(readTyped("dn:7001"), { q: "dn:7001", conditions: [] });
  assert.deepEqual(readTyped("dn:7001 "), { q: "", conditions: [["dn", "7001"]] });
  assert.deepEqual(readTyped('sold Agent:1001 param.result:"very sold" x', true), {
    q: "sold x",
    conditions: [
      ["agent", "1001"],
      ["param.result", "very sold"],
    ],
  });
  assert.deepEqual(readTyped("sip:7001@x.example ", true), { q: "sip:7001@x.example", conditions: [] });
  assert.deepEqual(withCondition(withCondition(everything, "dn", "1"), "dn", "2").conditions, [["dn", "2"]]);
  assert.deepEqual(withCondition(withCondition(everything, "dn", "1"), "dn", "").conditions, []);
});

test("lengths as people write them", () => {
  for (const [text, ms] of [
    ["45", 45_000],
    ["2:30", 150_000],
    ["1:00:00", 3_600_000],
    ["", undefined],
    ["2m", undefined],
  ] as const)
    assert.equal(readLength(text), ms, text);
});
