import assert from "node:assert/strict";
import { test } from "node:test";
import { alertToneOf } from "./alert-tone.ts";

const option = {
  everyMs: 12_000,
  durationMs: 300,
  frequencyHz: 1000,
  sides: ["customer"],
  recorded: false,
  file: undefined,
} as const;

test("the option says how it sounds; without a word of a DN it is heard wherever the call is recorded", () => {
  const { file: _, ...tone } = option;
  assert.deepEqual(alertToneOf(option, [undefined]), tone);
  assert.deepEqual(alertToneOf(option, []), tone);
  assert.equal(alertToneOf(undefined, [undefined]), undefined);
});

test("a DN may want none, or one that is not configured; of several one that wants it is enough", () => {
  assert.equal(alertToneOf(option, [false]), undefined);
  assert.equal(alertToneOf(option, [false, false]), undefined);
  assert.equal(alertToneOf(option, [false, true])?.frequencyHz, 1000);
  assert.equal(alertToneOf(option, [false, undefined])?.frequencyHz, 1000);
  assert.deepEqual(alertToneOf(undefined, [true]), {
    everyMs: 15_000,
    durationMs: 200,
    frequencyHz: 1400,
    sides: ["customer", "agent"],
    recorded: true,
  });
});

test("a file is one of the Media Server's folder of prompts", () => {
  assert.equal(alertToneOf({ ...option, file: "beep.wav" }, [])?.file, "file:///beep.wav");
});
