import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf } from "./core-mix.fixture.ts";
import { PEAK_0_DBM0, toneSamples, toneSequence } from "./tones.ts";

void test("RFC 5707 9.7.3.1: two frequencies with their levels in dBm0, for a duration; limited where they are too loud together", () => {
  const tone = toneSamples({ frequency1: 350, level1Db: -13, frequency2: 440, level2Db: -20, durationMs: 500 });
  assert.equal(tone.length, 4000);
  assert.ok(Math.abs(levelOf(tone.subarray(200, 3400), 350) - PEAK_0_DBM0 * 10 ** (-13 / 20)) < 60);
  assert.ok(Math.abs(levelOf(tone.subarray(200, 3400), 440) - PEAK_0_DBM0 * 10 ** (-20 / 20)) < 60);
  assert.ok(Math.abs(tone[0] ?? 99) < 50 && Math.abs(tone.at(-1) ?? 999) < 500, "no click");
  const loud = toneSamples({ frequency1: 400, frequency2: 800, durationMs: 100 });
  assert.ok(Math.max(...loud) <= 32_767 && Math.max(...loud) > 32_000);
  assert.ok(toneSamples({ frequency1: 400, level1Db: -96, durationMs: 20 }).every((sample) => sample === 0));
});

void test("RFC 5707 9.7.3: tones in a row, each with its times and silence; the whole again; what goes on for ever is the last", () => {
  const busy = { frequency1: 480, frequency2: 620, durationMs: 500, silenceMs: 250, iterations: 2 };
  const once = toneSequence([busy, { frequency1: 400, durationMs: 100 }], 3);
  assert.deepEqual(
    [once.audio.map(({ length }) => length), once.iterations, once.loopFrom],
    [[4000, 2000, 4000, 2000, 800], 3, 0],
  );
  const endless = toneSequence([{ frequency1: 400, durationMs: 100 }, { ...busy, iterations: -1 }, busy], 3);
  assert.deepEqual(
    [endless.audio.map(({ length }) => length), endless.iterations, endless.loopFrom],
    [[800, 4000, 2000], -1, 1],
  );
  const dial = toneSequence([{ frequency1: 350, frequency2: 440, durationMs: 0, silenceMs: 100 }]);
  assert.deepEqual([dial.audio.map(({ length }) => length), dial.iterations], [[8000], -1]);
});
