import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench } from "./core.fixture.ts";
import {
  contiguous,
  openTap,
  PHONE_A,
  PHONE_B,
  RECORDER,
  sendTo,
  settings,
  talk,
  twoLegs,
} from "./core-scene.fixture.ts";

const REBOUND = "10.0.0.1:4444";

for (const [which, ssrc] of [
  ["the same source", 0xabc],
  ["another source", 0xdef],
] as const) {
  void test(`RFC 4961, 4787 4.1: a phone that gets another port from its NAT (${which}) is heard again after a second, and hears`, () => {
    const b = new Bench();
    const [legA, legB] = twoLegs(b);
    const tap = openTap(b, legA.leg);
    sendTo(b, tap);
    talk(b, legA.rtpPort, 50, 0, { from: "10.0.0.1:4002" });
    b.take(PHONE_B);
    b.take(RECORDER);
    talk(b, legA.rtpPort, 100, 50, { from: REBOUND, ssrc });
    const heard = b.take(PHONE_B).length;
    assert.ok(heard >= 49 && heard <= 52, `${heard} of 100 packets`);
    const taken = b.take(RECORDER);
    assert.equal(taken.length, heard);
    contiguous(taken);
    talk(b, legB.rtpPort, 3, 0, { from: PHONE_B });
    assert.deepEqual([b.take(REBOUND).length, b.take("10.0.0.1:4002").length], [3, 0]);
    b.core.close();
  });
}

void test("C6: while the phone sends, no other port of its host takes its place; another host never does", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  for (let n = 0; n < 100; n++) {
    talk(b, legA.rtpPort, 1, n, { from: PHONE_A });
    talk(b, legA.rtpPort, 1, 5000 + n, { from: REBOUND, ssrc: 0x666 });
  }
  assert.equal(b.take(PHONE_B).length, 100);
  talk(b, legA.rtpPort, 200, 9000, { from: "10.0.0.66:4000", ssrc: 0x666 });
  assert.equal(b.take(PHONE_B).length, 0);
  assert.equal(b.core.stats().strangers, 300);
  b.core.close();
});

void test("C6: what is no audio of the call does not move the latch, however long the phone is quiet", () => {
  const b = new Bench();
  const [legA, legB] = twoLegs(b);
  talk(b, legA.rtpPort, 10, 0, { from: "10.0.0.1:4002" });
  b.clock.advance(5_000);
  b.io.inject(legA.rtpPort, REBOUND, new Uint8Array([0x80, 99, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7, 7]));
  talk(b, legB.rtpPort, 2, 0, { from: PHONE_B });
  assert.deepEqual([b.take(REBOUND).length, b.take("10.0.0.1:4002").length], [0, 2]);
  b.core.close();
});

void test("C8: the source before a new signalled address is refused at first; where nobody else sends it is the phone after all", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  talk(b, legA.rtpPort, 10, 0, { from: "10.0.0.1:4002" });
  b.take(PHONE_B);
  b.core.configureLeg(legA.leg, settings("10.0.0.1:4100"));
  talk(b, legA.rtpPort, 40, 10, { from: "10.0.0.1:4002" });
  assert.equal(b.take(PHONE_B).length, 0);
  talk(b, legA.rtpPort, 60, 50, { from: "10.0.0.1:4002" });
  const heard = b.take(PHONE_B).length;
  assert.ok(heard >= 49 && heard <= 52, `${heard} of the second second`);
  talk(b, legA.rtpPort, 10, 0, { from: "10.0.0.1:4100", ssrc: 9 });
  talk(b, legA.rtpPort, 10, 110, { from: "10.0.0.1:4002" });
  assert.equal(b.take(PHONE_B).length, 10, "the signalled address is always right, the other one is out");
  b.core.close();
});
