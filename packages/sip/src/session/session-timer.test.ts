import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRig, NOTHING } from "./rig.ts";

const timers = { expires: 100, minSe: 90 };

test("RFC 4028 7.2, 10: the caller refreshes by UPDATE at half the interval, and the session lives on", async () => {
  const rig = await new CallRig({}, { sessionTimer: timers }).start();
  const { a, b } = await rig.call();
  await rig.after(49_000);
  assert.deepEqual(rig.frames, []);
  await rig.after(2_000);
  assert.deepEqual(rig.frames, ["a UPDATE", "b 200 UPDATE"]);
  await rig.after(500_000);
  assert.deepEqual([a.state, b.state], ["confirmed", "confirmed"]);
  assert.equal(rig.frames.filter((f) => f === "a UPDATE").length, 11);
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 4028 7.4: without UPDATE at the peer the refresh is a re-INVITE with the same description", async () => {
  const allow = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"];
  const rig = await new CallRig({}, { sessionTimer: timers, allow }).start();
  const { a } = await rig.call();
  await rig.after(51_000);
  assert.deepEqual(rig.frames, ["a INVITE", "b 200 INVITE", "a ACK"]);
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 4028 10: a peer that died is BYEd before the interval is over, by both sides", async () => {
  const rig = await new CallRig({}, { sessionTimer: timers }).start();
  const { a, b } = await rig.call();
  const ends: string[] = [];
  a.on("ended", (reason) => ends.push(`a ${reason.by} ${Math.floor(rig.clock.now() / 1000)}`));
  b.on("ended", (reason) => ends.push(`b ${reason.by} ${Math.floor(rig.clock.now() / 1000)}`));
  rig.network.filter = () => false;
  await rig.after(100_000);
  assert.deepEqual(ends, ["b session-timer 68", "a session-timer 68"]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("an endpoint that closes ends its sessions, and no timer of theirs is left", async () => {
  const rig = await new CallRig({}, { sessionTimer: timers }).start();
  const { a, b } = await rig.call();
  await Promise.all([rig.caller.close(), rig.callee.close()]);
  await rig.clock.advanceAsync(10);
  assert.deepEqual([a.state, b.state], ["ended", "ended"]);
  assert.equal(rig.clock.pending, 0);
});
