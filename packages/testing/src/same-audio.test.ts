import assert from "node:assert/strict";
import { test } from "node:test";
import { sameAudio, speech } from "./index.ts";

const source = speech("caller");
const reference = Int16Array.from({ length: 40_000 }, (_, n) => source(n));

test("a recording that begins 37.5 ms into the reference is found there, sample for sample", () => {
  assert.deepEqual(sameAudio(reference, reference.slice(300, 32_300)), {
    offset: 300,
    compared: 32_000,
    slipped: 0,
    differentAtMs: [],
  });
});

test("a frame that is missing, and audio that was never there, are noticed", () => {
  const hole = reference.slice();
  hole.fill(0, 16_000, 16_160);
  assert.deepEqual(sameAudio(reference, hole)?.differentAtMs, [2000]);
  assert.equal(sameAudio(reference, reference.slice().reverse()), undefined);
});

test("a sample that is left out here and there is a slip, not a loss", () => {
  const kept = Array.from(reference).filter((_, n) => n !== 20_010 && n !== 24_090);
  const same = sameAudio(reference, Int16Array.from(kept));
  assert.deepEqual(same?.differentAtMs, []);
  assert.equal(same?.slipped, 2);
});
