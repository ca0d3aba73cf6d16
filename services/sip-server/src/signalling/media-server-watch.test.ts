import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { MediaServerWatch, WATCH_INTERVAL_MS, WATCH_TIMEOUT_MS } from "./media-server-watch.ts";

const uri = "sip:ms@127.0.0.1:5080;transport=tcp";

/** `up` answers, `frozen` does not while it lasts, `refusing` fails at once. */
type Server = "up" | "frozen" | "refusing";

function rig() {
  const clock = new ManualClock();
  const state = { server: "up" as Server, asked: 0, gone: 0, doubts: 0, lastHeard: -1, onAsked: (): void => undefined };
  const waiting: (() => void)[] = [];
  const watch = new MediaServerWatch(clock, (_uri, timeoutMs) => {
    state.asked += 1;
    state.onAsked();
    if (state.server !== "frozen") return Promise.resolve(state.server === "up");
    return new Promise((resolve) => {
      const late = clock.after(timeoutMs, () => resolve(false));
      waiting.push(() => {
        late();
        resolve(true);
      });
    });
  });
  const user = {
    onGone: (at: number): void => {
      state.gone += 1;
      state.lastHeard = at;
    },
    onDoubt: (): void => {
      state.doubts += 1;
    },
  };
  const wake = (): void => {
    state.server = "up";
    for (const answer of waiting.splice(0)) answer();
  };
  return { clock, state, watch, user, wake };
}

test("four questions a second for a server, however many legs it has; none when the last is gone", async () => {
  const { clock, state, watch, user } = rig();
  const first = watch.add(uri, user);
  const second = watch.add("sip:other@127.0.0.1:5080", user);
  await clock.advanceAsync(3 * WATCH_INTERVAL_MS);
  assert.equal(state.asked, 3);
  first();
  second();
  await clock.advanceAsync(3 * WATCH_INTERVAL_MS);
  assert.deepEqual([state.asked, state.gone, watch.size, clock.pending], [3, 0, 0, 0]);
});

test("R30: a stall below 2 s is no death", async () => {
  const { clock, state, watch, user, wake } = rig();
  watch.add(uri, user);
  await clock.advanceAsync(WATCH_INTERVAL_MS);
  state.server = "frozen";
  await clock.advanceAsync(1990);
  wake();
  await clock.advanceAsync(5000);
  assert.equal(state.gone, 0);
});

test("R30: a server that is frozen is gone for every leg within 2.5 s, and it is known since when", async () => {
  const { clock, state, watch, user } = rig();
  watch.add(uri, user);
  watch.add(uri, user);
  await clock.advanceAsync(WATCH_INTERVAL_MS);
  const frozenAt = clock.now();
  state.server = "frozen";
  await clock.advanceAsync(WATCH_INTERVAL_MS + WATCH_TIMEOUT_MS);
  assert.deepEqual([state.gone, state.lastHeard], [2, frozenAt]);
});

test("R30: a connection that closes is a reason to ask at once; whoever else is meant is left alone", async () => {
  const { clock, state, watch, user } = rig();
  watch.add(uri, user);
  state.server = "refusing";
  watch.connectionClosed("127.0.0.1:508");
  await clock.advanceAsync(1);
  assert.equal(state.gone, 0);
  watch.connectionClosed("127.0.0.1:5080");
  await clock.advanceAsync(1);
  assert.equal(state.gone, 1);
});

test("R30: a connection that is refused closes too, and says nothing new", async () => {
  const { clock, state, watch, user } = rig();
  watch.add(uri, user);
  await clock.advanceAsync(10);
  const killedAt = clock.now();
  state.server = "refusing";
  state.onAsked = () => watch.connectionClosed("127.0.0.1:5080");
  watch.connectionClosed("127.0.0.1:5080");
  await clock.advanceAsync(1);
  assert.deepEqual([state.gone, state.lastHeard, state.asked], [1, killedAt, 2]);
});

test("R30: a server that answers though a connection to it closed may be another process: its calls ask for themselves", async () => {
  const { clock, state, watch, user } = rig();
  watch.add(uri, user);
  watch.connectionClosed("127.0.0.1:5080");
  await clock.advanceAsync(1);
  assert.deepEqual([state.gone, state.doubts], [0, 1]);
});

test("R30: what a Resource Manager says is looked into at once", async () => {
  const { clock, state, watch, user } = rig();
  watch.add(uri, user);
  watch.reportedGone("sip:127.0.0.1:5080;transport=tcp");
  await clock.advanceAsync(1);
  assert.deepEqual([state.gone, state.doubts], [0, 1], "only the Resource Manager is cut off from it");
  state.server = "refusing";
  watch.reportedGone("sip:127.0.0.1:5080;transport=tcp");
  await clock.advanceAsync(1);
  assert.equal(state.gone, 1);
});
