import assert from "node:assert/strict";
import { test } from "node:test";
import { ComfortNoise } from "./comfort-noise.ts";
import { powerOfDb } from "./loudness.ts";

void test("comfort noise has its level, no rhythm and no direct part, and asks the random source once for all conferences of a level", () => {
  let asked = 0;
  const comfort = new ComfortNoise(() => {
    asked += 1;
    return 0.3;
  });
  const samples = comfort.samples(-40);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  assert.ok(Math.abs(10 * Math.log10(power / powerOfDb(-40))) < 0.3, `${power} for ${powerOfDb(-40)}`);
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  assert.ok(Math.abs(mean) < Math.sqrt(power) / 20, `mean ${mean}`);
  for (const lag of [1, 2, 80, 160]) {
    let product = 0;
    for (let i = lag; i < samples.length; i++) product += (samples[i] ?? 0) * (samples[i - lag] ?? 0);
    assert.ok(Math.abs(product / samples.length / power) < 0.05, `it resembles itself ${lag} samples later`);
  }
  assert.equal(comfort.samples(-40), samples);
  assert.notEqual(comfort.samples(-50), samples);
  assert.equal(asked, 2);
});
