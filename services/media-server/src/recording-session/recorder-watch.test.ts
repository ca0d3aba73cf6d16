import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { WATCH_INTERVAL_MS, WATCH_TIMEOUT_MS } from "../limits.ts";
import { placeOf, RecorderWatch, type WatchPlace } from "./recorder-watch.ts";

const place = "tcp 127.0.0.1:5090";

function rig() {
  const clock = new ManualClock();
  const state = { answers: "yes" as "yes" | "never" | "refused", asked: 0, gone: 0, doubted: 0, holds: false };
  const isolation = {
    get holds(): boolean {
      return state.holds;
    },
  };
  const watch = new RecorderWatch(clock, isolation);
  const ask = (timeoutMs: number): Promise<boolean> => {
    state.asked += 1;
    if (state.answers === "never") return new Promise((resolve) => clock.after(timeoutMs, () => resolve(false)));
    return Promise.resolve(state.answers === "yes");
  };
  const add = (): WatchPlace =>
    watch.add(place, ask, { gone: () => (state.gone += 1), doubt: () => (state.doubted += 1) });
  return { clock, watch, state, add };
}

test("R31: one question a second for a recorder, however many sessions it has; none when the last is over", async () => {
  const { clock, state, watch, add } = rig();
  const places = [add(), add(), add()];
  await clock.advanceAsync(3 * WATCH_INTERVAL_MS);
  assert.equal(state.asked, 4);
  for (const one of places) one.stop();
  await clock.advanceAsync(3 * WATCH_INTERVAL_MS);
  assert.deepEqual([state.asked, state.gone, watch.size, clock.pending], [4, 0, 0, 0]);
});

test("R31: a recorder that stops answering is gone for every session, and it is known since when nothing is sure", async () => {
  const { clock, state, add } = rig();
  const first = add();
  add();
  await clock.advanceAsync(WATCH_INTERVAL_MS);
  state.answers = "never";
  await clock.advanceAsync(WATCH_INTERVAL_MS + WATCH_TIMEOUT_MS - 1);
  assert.equal(state.gone, 0);
  await clock.advanceAsync(1);
  assert.deepEqual([state.gone, first.unprovenMs()], [2, WATCH_INTERVAL_MS + WATCH_TIMEOUT_MS]);
});

test("R31: a recorder that never answers OPTIONS is not gone; one that refuses connections is", async () => {
  const { clock, state, add } = rig();
  state.answers = "never";
  add();
  await clock.advanceAsync(20_000);
  assert.equal(state.gone, 0);
  state.answers = "refused";
  await clock.advanceAsync(WATCH_INTERVAL_MS + WATCH_TIMEOUT_MS);
  assert.ok(state.gone > 0);
});

test("R31: a connection that closes is a reason to ask at once; where somebody answers, sessions ask for their dialogs", async () => {
  const { clock, state, watch, add } = rig();
  add();
  await clock.advanceAsync(1);
  watch.connectionClosed("tcp", "127.0.0.1", 509);
  await clock.advanceAsync(1);
  assert.deepEqual([state.asked, state.doubted], [1, 0]);
  watch.connectionClosed("tcp", "127.0.0.1", 5090);
  await clock.advanceAsync(1);
  assert.deepEqual([state.asked, state.gone, state.doubted], [2, 0, 1]);
  state.answers = "refused";
  watch.connectionClosed("tcp", "127.0.0.1", 5090);
  await clock.advanceAsync(1);
  assert.equal(state.gone, 1);
});

test("the place of a remote target is its address", () => {
  assert.equal(placeOf("sip:recorder@10.0.0.1:5090;transport=TCP"), "tcp 10.0.0.1:5090");
  assert.equal(placeOf("sip:recorder@10.0.0.1"), "udp 10.0.0.1:5060");
  assert.equal(placeOf("recorder"), undefined);
});

test("R30: while this server is cut off itself a silent recorder is not gone; afterwards it is asked again", async () => {
  const { clock, state, watch, add } = rig();
  add();
  await clock.advanceAsync(WATCH_INTERVAL_MS);
  Object.assign(state, { answers: "never", holds: true });
  await clock.advanceAsync(20_000);
  assert.equal(state.gone, 0);
  state.holds = false;
  watch.toldLost("sip:127.0.0.1:5090;transport=tcp");
  await clock.advanceAsync(WATCH_INTERVAL_MS + WATCH_TIMEOUT_MS);
  assert.ok(state.gone > 0);
});
