import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { MediaServerWatch, WATCH_INTERVAL_MS } from "./media-server-watch.ts";

const uri = "sip:ms@127.0.0.1:5080;transport=tcp";

function rig() {
  const clock = new ManualClock();
  const state = { alive: true, asked: 0, gone: 0 };
  const watch = new MediaServerWatch(clock, () => {
    state.asked += 1;
    return Promise.resolve(state.alive);
  });
  return { clock, state, watch };
}

test("one question a second for a server, however many legs it has; none when the last is gone", async () => {
  const { clock, state, watch } = rig();
  const first = watch.add(uri, () => (state.gone += 1));
  const second = watch.add(uri, () => (state.gone += 1));
  await clock.advanceAsync(3 * WATCH_INTERVAL_MS);
  assert.equal(state.asked, 3);
  first();
  second();
  await clock.advanceAsync(3 * WATCH_INTERVAL_MS);
  assert.deepEqual([state.asked, state.gone, watch.size, clock.pending], [3, 0, 0, 0]);
});

test("R30: a server that does not answer is gone for every leg", async () => {
  const { clock, state, watch } = rig();
  watch.add(uri, () => (state.gone += 1));
  watch.add(uri, () => (state.gone += 1));
  state.alive = false;
  await clock.advanceAsync(WATCH_INTERVAL_MS);
  assert.equal(state.gone, 2);
});

test("R30: a connection that closes is a reason to ask at once", async () => {
  const { clock, state, watch } = rig();
  watch.add(uri, () => (state.gone += 1));
  state.alive = false;
  watch.connectionClosed("127.0.0.1:5999");
  await clock.advanceAsync(1);
  assert.equal(state.gone, 0);
  watch.connectionClosed("127.0.0.1:5080");
  await clock.advanceAsync(1);
  assert.equal(state.gone, 1);
});
