import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { Isolation } from "./isolation.ts";

function asked(clock: ManualClock, isolation: Isolation, times: number, everyMs: number): void {
  for (let n = 0; n < times; n++) {
    isolation.heard();
    clock.advance(everyMs);
  }
}

test("R30: who hears nobody holds back, and for 3.5 s after it is back", () => {
  const clock = new ManualClock();
  const isolation = new Isolation(clock);
  asked(clock, isolation, 10, 500);
  assert.equal(isolation.holds, false);
  clock.advance(1000);
  assert.equal(isolation.holds, true);
  clock.advance(60_000);
  assert.equal(isolation.holds, true);
  asked(clock, isolation, 7, 500);
  assert.equal(isolation.holds, false);
});

test("R30: a gap of less than 1.5 s is none", () => {
  const clock = new ManualClock();
  const isolation = new Isolation(clock);
  asked(clock, isolation, 10, 1400);
  assert.equal(isolation.holds, false);
});

test("R31: where nobody asks regularly, silence of all says nothing", () => {
  const clock = new ManualClock();
  const isolation = new Isolation(clock);
  assert.equal(isolation.holds, false);
  asked(clock, isolation, 4, 500);
  clock.advance(5000);
  assert.equal(isolation.holds, false);
  asked(clock, isolation, 10, 4000);
  assert.equal(isolation.holds, false);
});
