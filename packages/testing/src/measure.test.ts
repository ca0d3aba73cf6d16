import assert from "node:assert/strict";
import { test } from "node:test";
import { tone } from "./audio-source.ts";
import { dominantFrequency, frequencyTrack, gaps, goertzel } from "./measure.ts";

function render(source: (n: number) => number, length: number): Int16Array {
  return Int16Array.from({ length }, (_, n) => source(n));
}

test("a tone is measured to one hertz, and the other tone is not heard in it", () => {
  const caller = render(tone(437), 8000);
  const callee = render(tone(1013), 8000);
  assert.ok(Math.abs((dominantFrequency(caller) ?? 0) - 437) <= 1);
  assert.ok(Math.abs((dominantFrequency(callee) ?? 0) - 1013) <= 1);
  assert.ok(goertzel(caller, 1013) < goertzel(caller, 437) / 10_000);
});

test("silence has no frequency", () => {
  assert.equal(dominantFrequency(new Int16Array(800)), undefined);
  assert.deepEqual(frequencyTrack(new Int16Array(800), 50), [undefined, undefined]);
});

test("a hole of 40 ms is found where it is", () => {
  const sound = render(tone(437), 8000);
  sound.fill(0, 4000, 4320);
  const found = gaps(sound, 10);
  assert.equal(found.length, 1);
  assert.ok(Math.abs((found[0]?.fromMs ?? 0) - 500) < 2);
  assert.ok(Math.abs((found[0]?.lengthMs ?? 0) - 40) < 2);
});
