import assert from "node:assert/strict";
import { test } from "node:test";
import { bindingLifetimeMs } from "../limits.ts";
import { Epochs } from "./epochs.ts";

test("R30: an older epoch of the same recording is old; the same, a higher one, and another call are not", () => {
  const epochs = new Epochs();
  assert.equal(epochs.isOld("rec 1 x", 1, "A", 0), false);
  assert.equal(epochs.isOld("rec 1 x", 1001, "A", 0), false);
  assert.equal(epochs.isOld("rec 1 x", 1001, "A", 0), false);
  assert.equal(epochs.isOld("rec 1 x", 3, "A", 0), true);
  assert.equal(epochs.isOld("rec 2 x", 3, "A", 0), false);
  assert.equal(epochs.isOld("rec 1 x", 1, "B", 0), false);
});

test("what nobody has named for long is forgotten, and the least recently used beyond the limit", () => {
  const epochs = new Epochs(2);
  epochs.isOld("a", 2, undefined, 0);
  epochs.isOld("b", 2, undefined, 1);
  epochs.isOld("a", 2, undefined, 2);
  epochs.isOld("c", 2, undefined, 3);
  assert.equal(epochs.size, 2);
  assert.equal(epochs.isOld("b", 1, undefined, 4), false);
  assert.equal(epochs.isOld("c", 1, undefined, 4), true);
  assert.equal(epochs.isOld("c", 1, undefined, 4 + bindingLifetimeMs), false);
});
