import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { MANAGER_REST_MS } from "../limits.ts";
import { ResourceManagers } from "./resource-managers.ts";

test("R32: the first of the list is asked; one that was silent comes last for all, until it answers or its rest is over", () => {
  const clock = new ManualClock();
  const managers = new ResourceManagers(["a", "b", "c"], clock);
  assert.equal(managers.pick(), "a");
  managers.silent("a");
  assert.equal(managers.pick(), "b");
  clock.advance(100);
  managers.silent("b");
  assert.equal(managers.pick(), "c");
  managers.silent("c");
  assert.equal(managers.pick(), "a", "the one whose silence is longest ago");
  managers.answered("b");
  assert.equal(managers.pick(), "b");
  clock.advance(MANAGER_REST_MS);
  assert.equal(managers.pick(), "a");
});

test("R32: one INVITE goes to each of them once, then anew", () => {
  const managers = new ResourceManagers(["a", "b"], new ManualClock());
  const tried = new Set<string>();
  for (const expected of ["a", "b"]) {
    assert.ok(managers.another(tried));
    assert.equal(managers.pick(tried), expected);
    tried.add(expected);
    managers.silent(expected);
  }
  assert.equal(managers.another(tried), false);
  assert.equal(managers.pick(tried), "a");
});
