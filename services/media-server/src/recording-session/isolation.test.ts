import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { Isolation } from "./isolation.ts";

async function asked(clock: ManualClock, isolation: Isolation, times: number, everyMs: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    isolation.heard();
    await clock.advance(everyMs);
  }
}

test("R30: who hears nobody holds back, and for 3.5 s after it is back", async () => {
  const clock = new ManualClock();
  const isolation = new Isolation(clock);
  await asked(clock, isolation, 10, 500);
  assert.equal(isolation.holds, false);
  await clock.advance(1000);
  assert.equal(isolation.holds, true);
  await clock.advance(60_000);
  assert.equal(isolation.holds, true);
  await asked(clock, isolation, 7, 500);
  assert.equal(isolation.holds, false);
});

test("R30: a gap of less than 1.5 s is none", async () => {
  const clock = new ManualClock();
  const isolation = new Isolation(clock);
  await asked(clock, isolation, 10, 1400);
  assert.equal(isolation.holds, false);
});

test("R31: where nobody asks regularly, silence of all says nothing", async () => {
  const clock = new ManualClock();
  const isolation = new Isolation(clock);
  assert.equal(isolation.holds, false);
  await asked(clock, isolation, 4, 500);
  await clock.advance(5000);
  assert.equal(isolation.holds, false);
  await asked(clock, isolation, 10, 4000);
  assert.equal(isolation.holds, false);
});
