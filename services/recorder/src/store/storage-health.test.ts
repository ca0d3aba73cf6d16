import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { type StorageHealth, type StorageInput, initialStorage, refusals, stepStorage } from "./storage-health.ts";
import { LOOK_MS, type StorageLook, StorageWatch } from "./storage-watch.ts";

function after(...inputs: StorageInput[]): StorageHealth {
  let state = initialStorage;
  for (const [i, input] of inputs.entries()) [state] = stepStorage(state, input, i);
  return state;
}
const codes = (state: StorageHealth): string[] => state.alarms.map((a) => a.code);
const look = (o: Partial<Extract<StorageInput, { kind: "look" }>> = {}): StorageInput => ({
  kind: "look",
  room: { freeBytes: 50, sizeBytes: 100 },
  refusal: undefined,
  writeMs: 1,
  ...o,
});
const round = (ms: number, times: number): StorageInput[] =>
  Array.from({ length: times }, () => ({ kind: "round", ms }));
const trouble = (handle: number, code: string): StorageInput => ({
  kind: "trouble",
  handle,
  trouble: { code, text: "no space left" },
});

test("B1: a disk that is 90 % full warns, and takes sessions; a full or read-only one refuses them, also while nothing is recorded", () => {
  assert.deepEqual(codes(after(look({ room: { freeBytes: 11, sizeBytes: 100 } }))), []);
  const filling = after(look({ room: { freeBytes: 10, sizeBytes: 100 } }));
  assert.deepEqual([codes(filling), refusals(filling)], [["disk-filling"], []]);
  for (const code of ["disk-full", "disk-read-only", "disk-io-error"]) {
    const state = after(look({ refusal: { code, text: "no" }, room: { freeBytes: 0, sizeBytes: 100 } }));
    assert.equal(refusals(state)[0]?.code, code);
    assert.deepEqual(codes(after(look({ refusal: { code, text: "no" } }), look())), []);
  }
});

test("B3: recordings whose writes are refused are an alarm with the number of them, until the last one is relieved", () => {
  const two = after(trouble(1, "disk-full"), trouble(2, "disk-full"));
  assert.deepEqual(codes(two), ["disk-full"]);
  assert.match(two.alarms[0]?.text ?? "", /refuses 2 recordings: no space left/);
  const [one] = stepStorage(two, { kind: "relief", handle: 1 }, 9);
  assert.deepEqual([codes(one), one.alarms[0]?.sinceMicros], [["disk-full"], 0]);
  const [none, { cleared }] = stepStorage(one, { kind: "relief", handle: 2 }, 9);
  assert.deepEqual([codes(none), cleared.map((a) => a.code)], [[], ["disk-full"]]);
});

test("B4: rounds that take too long in a row are a slow disk, which is no refusal; quick ones end it, or a quick look where nothing is written", () => {
  assert.deepEqual(codes(after(...round(300, 3), ...round(10, 1), ...round(300, 3))), []);
  const slow = after(...round(300, 4));
  assert.deepEqual([codes(slow), refusals(slow)], [["disk-slow"], []]);
  assert.deepEqual(codes(after(...round(300, 4), ...round(10, 19))), ["disk-slow"]);
  assert.deepEqual(codes(after(...round(300, 4), ...round(10, 20))), []);
  assert.deepEqual(codes(after(...round(300, 4), look())), ["disk-slow"], "rounds know better");
  assert.deepEqual(codes(after(...round(300, 4), look(), look(), look())), []);
  assert.deepEqual(codes(after(look({ writeMs: 400 }), look({ writeMs: 400 }))), ["disk-slow"]);
});

test("B4: a disk that does not answer for 2 s refuses what is new, until it answers", () => {
  const stall = (ms: number): StorageInput => ({ kind: "stall", ms });
  assert.deepEqual([codes(after(stall(1000))), refusals(after(stall(1000)))], [["disk-stalled"], []]);
  assert.equal(refusals(after(stall(1000), stall(2000))).length, 1);
  assert.deepEqual(codes(after(stall(2000), stall(0))), []);
});

test("a look that has no answer is a stall; looks do not pile up on a disk that hangs", async () => {
  const clock = new ManualClock();
  let looks = 0;
  let free: (() => void) | undefined;
  const hanging: StorageLook = {
    room: () => Promise.resolve({ freeBytes: 50_000_000, sizeBytes: 100_000_000 }),
    write: () => {
      looks += 1;
      return new Promise((resolve) => {
        free = resolve;
      });
    },
  };
  const watch = new StorageWatch({ clock, log: silentLogger, look: hanging });
  for (let i = 0; i < 4; i++) {
    clock.advance(LOOK_MS);
    await new Promise(setImmediate);
  }
  assert.equal(looks, 1);
  assert.ok(watch.stalled);
  free?.();
  await new Promise(setImmediate);
  assert.equal(watch.stalled, false);
  assert.deepEqual(codes(watch.health), []);
  watch.writerStalled(3000);
  assert.ok(watch.stalled);
  watch.close();
});
