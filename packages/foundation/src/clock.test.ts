import assert from "node:assert/strict";
import { test } from "node:test";
import { afterSilence, type Clock } from "./clock.ts";
import { ManualClock } from "./manual-clock.ts";

test("afterSilence: fires after the whole wait, once", () => {
  const clock = new ManualClock();
  let fired = 0;
  afterSilence(clock, 500, () => {
    fired += 1;
  });
  clock.advance(499);
  assert.equal(fired, 0);
  clock.advance(1);
  assert.equal(fired, 1);
  clock.advance(10_000);
  assert.equal(fired, 1);
  assert.equal(clock.pending, 0);
});

test("afterSilence: cancelled at any moment it leaves no timer", () => {
  for (let ms = 0; ms < 500; ms += 50) {
    const clock = new ManualClock();
    const cancel = afterSilence(clock, 500, () => assert.fail("cancelled"));
    clock.advance(ms);
    cancel();
    assert.equal(clock.pending, 0);
    clock.advance(1000);
  }
});

test("afterSilence: a stall of our own, however long, takes a fifth of the wait", () => {
  const due: { ms: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    wallMicros: () => 0,
    every: () => () => undefined,
    after: (ms, run) => {
      due.push({ ms, run });
      return () => undefined;
    },
  };
  let fired = false;
  afterSilence(clock, 500, () => {
    fired = true;
  });
  // Each timer fires as late as it likes: what counts is how many there are between which answers can be read.
  for (let n = 1; n <= 5; n += 1) {
    assert.equal(fired, false);
    assert.deepEqual(
      due.map(({ ms }) => ms),
      [100],
    );
    due.shift()?.run();
  }
  assert.equal(fired, true);
  assert.equal(due.length, 0);
});
