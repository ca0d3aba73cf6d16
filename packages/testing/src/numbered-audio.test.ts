import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUlaw, encodeUlaw } from "./g711.ts";
import { missingOf, numbered, NumberedAudio } from "./numbered-audio.ts";

const said = Int16Array.from({ length: 16_000 }, (_, n) => decodeUlaw(encodeUlaw(numbered(3)(n))));
const audio = new NumberedAudio(3, 2);

test("numbered audio: whole, with a hole, with a piece twice, with silence: every sample's origin is found", () => {
  assert.deepEqual(audio.find(said), [{ at: 0, from: 0, to: 16_000 }]);
  const hole = Int16Array.from([...said.subarray(100, 4000), ...said.subarray(4160)]);
  assert.deepEqual(audio.find(hole), [
    { at: 0, from: 100, to: 4000 },
    { at: 3900, from: 4160, to: 16_000 },
  ]);
  assert.deepEqual(missingOf(audio.find(hole), 0, 16_000), [
    { from: 0, to: 100 },
    { from: 4000, to: 4160 },
  ]);
  const twice = Int16Array.from([...said.subarray(0, 4000), ...said.subarray(3840)]);
  assert.deepEqual(audio.find(twice)[1], { at: 4000, from: 3840, to: 16_000 });
  const silent = Int16Array.from(said);
  silent.fill(0, 800, 1600);
  assert.deepEqual(missingOf(audio.find(silent), 0, 16_000), [{ from: 800, to: 1600 }]);
});

test("numbered audio: another phone's, and silence, are nothing", () => {
  const other = Int16Array.from({ length: 8000 }, (_, n) => decodeUlaw(encodeUlaw(numbered(4)(n))));
  assert.deepEqual(audio.find(other), []);
  assert.deepEqual(audio.find(new Int16Array(8000)), []);
});
