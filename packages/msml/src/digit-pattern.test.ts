import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DigitMatcher, type DigitVerdict, digitMatcher, type PatternFormat } from "./index.ts";

function matcher(digits: string, format: PatternFormat = "moml+digits"): DigitMatcher {
  const compiled = digitMatcher(digits, format);
  assert.ok(compiled.ok, compiled.ok ? "" : compiled.error);
  return compiled.value;
}

/** The verdict after each digit: `m` maybe, `M` match, `+` behind it where more may come, `n` no; `t` as a digit is the timer. */
function verdicts(of: DigitMatcher, digits: readonly string[]): string {
  let { state }: { state: DigitVerdict["state"] } = { state: of.start };
  return digits
    .map((digit) => {
      const { verdict, more, state: next } = digit === "t" ? of.timeout(state) : of.feed(state, digit);
      state = next;
      return { no: "n", maybe: "m", match: more ? "M+" : "M" }[verdict];
    })
    .join(" ");
}

test("RFC 5707 9.7.5.2 moml+digits: specific digits, x for any, L for a long one", () => {
  const table: [pattern: string, digits: string, expected: string][] = [
    ["5", "5", "M"],
    ["5", "6", "n"],
    ["xxxx#", "1234#", "m m m m M"],
    ["xxxx#", "123#", "m m m n"],
    ["xxxx#", "12345", "m m m m n"],
    ["*9", "*9", "m M"],
    ["A", "A", "M"],
  ];
  for (const [pattern, digits, expected] of table) {
    assert.equal(verdicts(matcher(pattern), Array.from(digits)), expected, `${pattern} ${digits}`);
  }
  assert.equal(verdicts(matcher("#L"), ["#L"]), "M");
  assert.equal(verdicts(matcher("#L"), ["#"]), "n");
  assert.equal(verdicts(matcher("#"), ["#L"]), "n");
  assert.equal(verdicts(matcher("1xL"), ["1", "7L"]), "m M");
});

test("RFC 5707 9.7.5.2 moml+digits: a length, and a key that ends the input before", () => {
  const one = matcher("min=2;max=4;rtk=#");
  assert.equal(one.returnKey, "#");
  assert.equal(verdicts(one, ["1", "2", "#"]), "m M+ M");
  assert.equal(verdicts(one, ["1", "#"]), "m n");
  assert.equal(verdicts(one, ["1", "2", "3", "4", "#"]), "m M+ M+ M+ M");
  assert.equal(verdicts(one, ["1", "2", "3", "4", "5"]), "m M+ M+ M+ n");
  assert.equal(verdicts(one, ["1", "2", "t"]), "m M+ M");
  assert.equal(verdicts(one, ["1", "t"]), "m n");
  assert.equal(verdicts(matcher("min=1;max=2"), ["1", "2"]), "M+ M");
  assert.equal(verdicts(matcher("max=2"), ["*", "#"]), "M+ M");
});

test("RFC 3435 2.1.5 mgcp: a digit map matches with its shortest string; T is the timer", () => {
  const map = matcher("(0T|00T|[1-7]xxx|8xxxxxxx|#xxxxxxx|*xx|91xxxxxxxxxx|9011x.T)", "mgcp");
  assert.equal(verdicts(map, ["0", "t"]), "m M");
  assert.equal(verdicts(map, ["0", "0", "t"]), "m m M");
  assert.equal(verdicts(map, Array.from("7123")), "m m m M");
  assert.equal(verdicts(map, Array.from("*12")), "m m M");
  assert.equal(verdicts(map, [...Array.from("901144"), "t"]), "m m m m m m M");
  assert.equal(verdicts(map, Array.from("9012")), "m m m n");
  assert.equal(verdicts(map, ["7", "t"]), "m n");
  assert.equal(verdicts(matcher("(1|12)", "mgcp"), ["1"]), "M");
  assert.equal(verdicts(matcher("[1-39A]", "mgcp"), ["9"]), "M");
  assert.equal(verdicts(matcher("[1-39A]", "mgcp"), ["4"]), "n");
  assert.equal(verdicts(matcher("1x.#", "mgcp"), ["1", "#"]), "m M");
});

test("RFC 3525 7.1.14 megaco: where a longer string may come the timer decides; Z is a long digit", () => {
  const map = matcher("T:16,S:4,L:16,(1|12xS3|2Zx)", "megaco");
  assert.equal(verdicts(map, ["1", "t"]), "M+ M");
  assert.equal(verdicts(map, ["1", "2", "5", "3"]), "M+ m m M");
  assert.equal(verdicts(map, ["2", "5L"]), "m M");
  assert.equal(verdicts(map, ["2", "5"]), "m n");
});

test("what is no pattern is refused with what is expected", () => {
  const table: [string, PatternFormat][] = [
    ["", "moml+digits"],
    ["12E", "moml+digits"],
    ["T", "moml+digits"],
    ["1.", "moml+digits"],
    ["L", "moml+digits"],
    ["min=3;max=2", "moml+digits"],
    ["min=1;max=129", "moml+digits"],
    ["min=1;min=2;max=3", "moml+digits"],
    ["rtk=##", "moml+digits"],
    ["1".repeat(513), "moml+digits"],
    ["(1|", "mgcp"],
    ["(1||2)", "mgcp"],
    ["[3-1]", "mgcp"],
    ["[", "mgcp"],
    [".1", "mgcp"],
    ["1Z", "megaco"],
    ["E", "megaco"],
  ];
  for (const [digits, format] of table) {
    const compiled = digitMatcher(digits, format);
    assert.ok(!compiled.ok && compiled.error !== "", `${format} ${digits}`);
  }
});

test("any text is refused or compiled, and any digits have a verdict; after no comes no match", () => {
  const letters = fc.stringMatching(/^[0-9xXTLSZ.|()[\]#*A-E;=minaxrtk-]{1,24}$/);
  const keys = fc.array(fc.constantFrom(..."0123456789ABCD*#", "5L", "t"), { maxLength: 12 });
  fc.assert(
    fc.property(
      letters,
      fc.constantFrom<PatternFormat>("moml+digits", "mgcp", "megaco"),
      keys,
      (digits, format, pressed) => {
        const compiled = digitMatcher(digits, format);
        if (!compiled.ok) return;
        const seen = verdicts(compiled.value, pressed).split(" ");
        const dead = seen.indexOf("n");
        if (dead >= 0)
          assert.ok(
            seen.slice(dead).every((verdict) => verdict === "n"),
            seen.join(" "),
          );
      },
    ),
    { numRuns: 500 },
  );
});

test("a pattern that could grow without bound costs no more than its length with each digit", () => {
  const of = matcher(`(${Array.from({ length: 60 }, () => "x.x.x.").join("|")})`, "mgcp");
  let state = of.start;
  for (let i = 0; i < 2000; i += 1) {
    state = of.feed(state, "5").state;
    assert.ok(state.length <= 240);
  }
});
