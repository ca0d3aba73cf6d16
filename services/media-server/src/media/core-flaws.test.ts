import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRtcp } from "@sidetone/rtp";
import { Bench, rtpBytes } from "./core.fixture.ts";
import {
  PHONE_A,
  PHONE_B,
  RECORDER,
  contiguous,
  openTap,
  sendTo,
  settings,
  talk,
  twoLegs,
} from "./core-scene.fixture.ts";

void test("R16: a tap that has not begun takes what was said since a moment before its resume; nothing else is kept of it", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = b.core.openTap({
    legs: [legA.leg],
    codec: undefined,
    payloadType: 0,
    backfillSinceMs: 0,
    paused: true,
    unbegun: true,
  }).tap;
  sendTo(b, tap);
  talk(b, legA.rtpPort, 50);
  assert.equal(b.take(RECORDER).length, 0);
  b.core.resumeTap(tap, 100);
  talk(b, legA.rtpPort, 3, 50);
  const taken = b.take(RECORDER);
  assert.deepEqual(
    taken.map((p) => p.payload[0]),
    [45, 46, 47, 48, 49, 50, 51, 52],
  );
  contiguous(taken);
  b.core.close();
});

void test("R19: what was said while a tap had not begun is gone once it is paused, resumed without backfill, or closed", () => {
  for (const how of ["pause", "resume", "close"] as const) {
    const b = new Bench();
    const [legA] = twoLegs(b);
    const unbegun = {
      legs: [legA.leg],
      codec: undefined,
      payloadType: 0,
      backfillSinceMs: 0,
      paused: true,
      unbegun: true,
    };
    const { tap } = b.core.openTap(unbegun);
    talk(b, legA.rtpPort, 50);
    if (how === "pause") {
      b.core.pauseTap(tap);
      b.core.resumeTap(tap, 2000);
      sendTo(b, tap);
      assert.equal(b.take(RECORDER).length, 0);
    } else if (how === "resume") b.core.resumeTap(tap);
    else b.core.closeTap(tap);
    const later = openTap(b, legA.leg, { backfillSinceMs: 2000 });
    sendTo(b, later);
    assert.equal(b.take(RECORDER).length, 0, how);
    b.core.close();
  }
});

void test("R31: a tap that loses its recorder sends the last two seconds again, nothing from before it began or twice over", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  talk(b, legA.rtpPort, 20);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  talk(b, legA.rtpPort, 30, 20);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 2000);
  talk(b, legA.rtpPort, 10, 50);
  sendTo(b, tap);
  b.clock.advance(1000);
  const again = b.take(RECORDER);
  assert.deepEqual(
    again.map((p) => p.payload[0]),
    Array.from({ length: 40 }, (_, n) => n + 20),
  );
  contiguous(again);
  talk(b, legA.rtpPort, 200, 110);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 2000);
  sendTo(b, tap);
  b.clock.advance(1000);
  const last = b.take(RECORDER).length;
  assert.ok(last >= 99 && last <= 101, `${last} packets are two seconds`);
  b.core.close();
});

void test("R19: what is sent again has nothing of a pause", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  talk(b, legA.rtpPort, 10);
  b.core.pauseTap(tap);
  talk(b, legA.rtpPort, 10, 10);
  b.core.resumeTap(tap);
  talk(b, legA.rtpPort, 10, 20);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 2000);
  sendTo(b, tap);
  const again = b.take(RECORDER).map((p) => p.payload[0] ?? -1);
  assert.ok(again.length >= 19 && again.every((n) => n < 10 || n >= 20), again.join(" "));
  b.core.close();
});

void test("R34: a full buffer is told once, and again after it was emptied", () => {
  const b = new Bench();
  const told: number[] = [];
  b.core.events.on("overflow", (tap) => told.push(tap));
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  talk(b, legA.rtpPort, 750);
  b.clock.advance(100);
  assert.deepEqual(told, []);
  talk(b, legA.rtpPort, 100, 750);
  assert.deepEqual(told, [tap]);
  sendTo(b, tap);
  b.clock.advance(5000);
  b.core.setTapDestination(tap, undefined);
  talk(b, legA.rtpPort, 850, 1100);
  assert.deepEqual(told, [tap, tap]);
  b.core.close();
});

/** Both phones talk for `count` packets, or one alone. */
function speak(
  b: Bench,
  legs: readonly (readonly [port: number, phone: string])[],
  count: number,
  first: number,
): void {
  for (let n = first; n < first + count; n++) {
    b.clock.advance(20);
    for (const [port, phone] of legs) b.io.inject(port, phone, rtpBytes({ sequence: n, timestamp: n * 160 }));
  }
}

function hearing(b: Bench): string[] {
  const told: string[] = [];
  b.core.events.on("silent", (leg, ms) => told.push(`silent ${leg} ${ms}`));
  b.core.events.on("heard", (leg) => told.push(`heard ${leg}`));
  return told;
}

void test("R34: a side that is not heard for 5 s from its recording's beginning, while the other is, is told, and that it is there", () => {
  const b = new Bench();
  const told = hearing(b);
  const [legA, legB] = twoLegs(b);
  const [a, both] = [
    [[legA.rtpPort, PHONE_A]] as const,
    [
      [legA.rtpPort, PHONE_A],
      [legB.rtpPort, PHONE_B],
    ] as const,
  ];
  openTap(b, legA.leg);
  const tap = openTap(b, legB.leg);
  speak(b, a, 240, 0);
  assert.deepEqual(told, []);
  speak(b, a, 20, 240);
  assert.match(told.join(), new RegExp(`^silent ${legB.leg} (49|50)\\d\\d$`));
  speak(b, a, 500, 260);
  speak(b, both, 10, 760);
  assert.deepEqual(told.slice(1), [`heard ${legB.leg}`]);
  b.core.pauseTap(tap);
  speak(b, a, 300, 800);
  b.core.resumeTap(tap);
  speak(b, a, 300, 1100);
  assert.equal(told.length, 2, "it was heard before");
  b.core.configureLeg(legB.leg, settings("10.0.0.3:6000"));
  speak(b, a, 300, 1400);
  assert.match(told[2] ?? "", /^silent/, "another phone is there now");
  b.core.close();
});

void test("R34: a phone that sends nothing while nobody speaks is no flaw; nor are two silent ones, or one on hold", () => {
  const b = new Bench();
  const told = hearing(b);
  const [legA, legB] = twoLegs(b);
  const a = [[legA.rtpPort, PHONE_A]] as const;
  openTap(b, legA.leg);
  openTap(b, legB.leg);
  b.clock.advance(20_000);
  speak(b, [[legB.rtpPort, PHONE_B]], 5, 0);
  b.clock.advance(10_000);
  speak(b, a, 1000, 0);
  assert.deepEqual(told, []);
  b.core.configureLeg(legB.leg, settings("10.0.0.3:6000", { sendToPhone: false }));
  speak(b, a, 400, 1000);
  b.core.configureLeg(legB.leg, settings("10.0.0.3:6000", { receiveFromPhone: false }));
  speak(b, a, 400, 1400);
  assert.deepEqual(told, []);
  b.core.close();
});

void test("reports keep their mapping: the first has what was heard until then, jitter moves none after it", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  // Delays as of a busy machine: the first packet 12 ms late, the floor between 0 and 6 ms from second to second.
  const floors = [0, 4, 1, 6, 2, 5, 0, 3];
  let sent = 0;
  const reports: number[] = [];
  const first = b.clock.wallMicros();
  for (let n = 0; n < 800; n++) {
    const delay = n === 0 ? 12 : (floors[Math.floor(n / 100)] ?? 0) + (n % 7);
    b.clock.advance(first / 1000 + n * 20 + delay - b.clock.wallMicros() / 1000);
    b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: n, timestamp: n * 160 }));
    if (n === 40) sendTo(b, tap);
    for (; sent < b.io.sent.length; sent++) {
      const d = b.io.sent[sent];
      const report = d?.to === "10.0.0.9:7001" ? parseRtcp(d.bytes, 0, d.bytes.length)?.[0] : undefined;
      if (report?.kind === "sender-report") {
        reports.push(((report.sender.timestamp - Math.floor((report.sender.ntpMicros * 8) / 1000)) | 0) + 1);
      }
    }
  }
  assert.ok(reports.length >= 6, `${reports.length} reports`);
  assert.ok(
    reports.every((at) => Math.abs(at - (reports[0] ?? 0)) <= 1),
    `samples by which the reports differ: ${reports.map((at) => at - (reports[0] ?? 0)).join(" ")}`,
  );
  b.core.close();
});
