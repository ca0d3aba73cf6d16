import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RandomTraffic, type Tally, type TrafficOptions } from "./random-traffic.fixture.ts";

const SEED = 20_261_120;

/** Every action is a number, so that a failure shrinks fast. */
const actions = fc.array(fc.nat({ max: 0xff_ff_ff }), { minLength: 200, maxLength: 600, size: "max" });

function nothingIsLost(o: TrafficOptions, total: Partial<Record<keyof Tally, number>>) {
  return fc.asyncProperty(actions, async (chosen) => {
    const traffic = new RandomTraffic(o);
    for (const action of chosen) await traffic.act(action);
    await traffic.finish();
    for (const [name, count] of Object.entries(traffic.tally)) {
      const key = name as keyof Tally;
      total[key] = (total[key] ?? 0) + count;
    }
  });
}

for (const [eager, runs] of [
  [false, 2_000],
  [true, 500],
] as const) {
  const how = eager ? "with a client that sends every unanswered request again" : "with our client";
  test(`Session: over ${runs} random runs with drops at every point nothing is lost, repeated, reordered or run twice, ${how}`, async (t) => {
    const total: Partial<Record<keyof Tally, number>> = {};
    await fc.assert(nothingIsLost({ eager }, total), { numRuns: runs, seed: SEED, endOnFailure: false });
    t.diagnostic(JSON.stringify(total));
    // The property means nothing where nothing happened.
    assert.ok((total.events ?? 0) > 50 * runs && (total.resumes ?? 0) > 2 * runs && (total.resets ?? 0) > runs / 4);
  });

  test(`Session 6: without it requests run twice, ${how}`, async () => {
    const found = await fc.check(nothingIsLost({ eager, withoutReferenceMemory: true }, {}), {
      numRuns: 200,
      seed: SEED,
      endOnFailure: true,
    });
    assert.equal(found.failed, true);
    assert.match(String(found.errorInstance), /ran twice/);
  });
}
