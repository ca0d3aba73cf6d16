import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern, type PatternFormat } from "./digit-pattern.ts";

function judge(text: string, format: PatternFormat, digits: string, silence = false): string {
  const pattern = compilePattern(text, format);
  assert.ok(pattern.ok, pattern.ok ? "" : pattern.error);
  return pattern.value.judge(digits.match(/[0-9A-D*#]L?/g) ?? [], silence);
}

test("RFC 5707 9.7.5.2: moml+digits", () => {
  const table: [string, string, boolean, string][] = [
    ["xxxx#", "", false, "partial"],
    ["xxxx#", "1234", false, "partial"],
    ["xxxx#", "1234#", false, "match"],
    ["xxxx#", "123#", false, "none"],
    ["xxxx#", "12345", false, "none"],
    ["5", "5", false, "match"],
    ["*9", "*8", false, "none"],
    ["#L", "#L", false, "match"],
    ["#", "#L", false, "none"],
    ["length=3", "123", false, "match"],
    ["min=2;max=4", "12", false, "open"],
    ["min=2;max=4", "12", true, "match"],
    ["min=2;max=4", "1", true, "none"],
    ["min=2;max=4", "1234", false, "match"],
    ["min=2;max=4;rtk=#", "1234", false, "open"],
    ["min=2;max=4;rtk=#", "1#", false, "none"],
    ["min=2;max=4;rtk=#", "12#", false, "match"],
    ["rtk=#", "1234567#", false, "match"],
  ];
  for (const [text, digits, silence, expected] of table) {
    assert.equal(judge(text, "moml+digits", digits, silence), expected, `${text} ${digits} ${silence}`);
  }
});

test("RFC 3435 2.1.5: digit maps of MGCP", () => {
  const map = "(0T|00T|[1-7]xxx|8xxxxxxx|#xx|*xx|91xxxxxxxxxx|9011x.T)";
  const table: [string, boolean, string][] = [
    ["0", false, "partial"],
    ["0", true, "match"],
    ["00", true, "match"],
    ["1234", false, "match"],
    ["901144", false, "partial"],
    ["901144", true, "match"],
    ["99", false, "none"],
    ["#12", false, "match"],
  ];
  for (const [digits, silence, expected] of table) assert.equal(judge(map, "mgcp", digits, silence), expected, digits);
  assert.equal(judge("12|123", "mgcp", "12"), "open", "a longer one is possible: RFC 3435 waits");
  assert.equal(judge("x.", "mgcp", ""), "open");
});

test("RFC 3525 7.1.14: digit maps of Megaco, with long keys", () => {
  assert.equal(judge("(Z1|2xL)", "megaco", "1L"), "match");
  assert.equal(judge("(Z1|2xL)", "megaco", "1"), "none");
  assert.equal(judge("(Z1|2xL)", "megaco", "23", true), "match");
});

test("what is no pattern is told", () => {
  for (const [text, format] of [
    ["", "moml+digits"],
    ["12y", "moml+digits"],
    ["min=5;max=2", "moml+digits"],
    ["min=1;rtk=##", "moml+digits"],
    ["max=9999999999", "moml+digits"],
    ["L1", "moml+digits"],
    ["(1|", "mgcp"],
    ["[9-1]", "mgcp"],
    ["[1", "mgcp"],
    ["Z1", "mgcp"],
    ["1|".repeat(65), "mgcp"],
    ["x".repeat(300), "moml+digits"],
  ] as const) {
    assert.equal(compilePattern(text, format).ok, false, text);
  }
});

test("a pattern costs time linear in it and in what was typed", () => {
  const pattern = compilePattern(`${"x.".repeat(100)}#`, "mgcp");
  assert.ok(pattern.ok);
  assert.equal(pattern.value.judge(Array.from("1".repeat(64)), false), "partial");
});
