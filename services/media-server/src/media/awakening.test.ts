import assert from "node:assert/strict";
import { test } from "node:test";
import { Awakening } from "./awakening.ts";

test("R30: after a stall of 2 s nothing is passed on for half a second", () => {
  const awakening = new Awakening(0);
  for (let ms = 100; ms <= 1000; ms += 100) assert.equal(awakening.isDeaf(ms), false);
  assert.equal(awakening.isDeaf(3000), true);
  assert.equal(awakening.isDeaf(3499), true);
  assert.equal(awakening.isDeaf(3500), false);
});

test("a stall below 2 s loses nothing", () => {
  const awakening = new Awakening(0);
  assert.equal(awakening.isDeaf(1999), false);
  assert.equal(awakening.isDeaf(2100), false);
});
