// R31, R19: what a replica keeps for the recorder that takes over, whatever the order of loss, pause and resume.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench } from "./core.fixture.ts";
import { contiguous, openTap, places, RECORDER, sendTo, talk, twoLegs } from "./core-scene.fixture.ts";
import { TapBuffer } from "./tap-buffer.ts";

/** Numbers of the packets that a recorder was sent; they count in 20 ms and fit an octet. */
function numbers(b: Bench): number[] {
  const got = b.take(RECORDER);
  contiguous(got);
  return got.map((p) => p.payload[0] ?? -1);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => (from + i) & 255);
}

void test("R31: an outage of 10 s that was noticed 3 s late: whoever takes over gets every packet since 2 s before it, once, in order", () => {
  const b = new Bench();
  const [leg] = twoLegs(b);
  const tap = openTap(b, leg.leg);
  sendTo(b, tap);
  talk(b, leg.rtpPort, 300);
  // The recorder is dead from packet 300 on, and is missed 3 s later.
  talk(b, leg.rtpPort, 150, 300);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 5000);
  talk(b, leg.rtpPort, 350, 450);
  sendTo(b, tap);
  assert.ok(b.core.waiting([tap]) > 500);
  b.clock.advance(2000);
  assert.equal(b.core.waiting([tap]), 0);
  const got = b.take(RECORDER);
  contiguous(got);
  assert.deepEqual(
    places(got),
    Array.from({ length: 600 }, (_, i) => i),
  );
  assert.deepEqual(
    got.map((p) => p.payload[0]),
    range(200, 800),
  );
  assert.equal(b.core.closeTap(tap).overflowed, 0);
  b.core.close();
});

void test("R31: a second loss while what was kept is still being sent: nothing is left out", () => {
  const b = new Bench();
  const [leg] = twoLegs(b);
  const tap = openTap(b, leg.leg);
  sendTo(b, tap);
  talk(b, leg.rtpPort, 100);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 2020);
  talk(b, leg.rtpPort, 100, 100);
  sendTo(b, tap);
  b.clock.advance(50);
  assert.ok(b.core.waiting([tap]) > 100);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 4100);
  sendTo(b, tap);
  b.clock.advance(700);
  assert.deepEqual(numbers(b), range(0, 200));
  b.core.close();
});

/** What may happen to a tap. */
type Step = "talk" | "pause" | "resume" | "lose" | "find";

void test("R19, R31: in every order of loss, pause, resume and recovery: no packet of a pause is ever sent, every other one is", () => {
  const steps: readonly Step[] = ["talk", "pause", "resume", "lose", "find"];
  let seed = 5;
  const pick = (): Step => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return steps[(seed >>> 16) % steps.length] ?? "talk";
  };
  for (let round = 0; round < 200; round++) {
    const b = new Bench();
    const [leg] = twoLegs(b);
    const tap = openTap(b, leg.leg);
    sendTo(b, tap);
    let paused = false;
    let said = 0;
    const wanted = new Set<number>();
    const way: Step[] = [];
    for (let n = 0; n < 25; n++) {
      const step = pick();
      way.push(step);
      if (step === "talk" && said < 240) {
        talk(b, leg.rtpPort, 10, said);
        if (!paused) for (let p = said; p < said + 10; p++) wanted.add(p);
        said += 10;
      } else if (step === "pause") {
        b.core.pauseTap(tap);
        paused = true;
      } else if (step === "resume") {
        b.core.resumeTap(tap);
        paused = false;
      } else if (step === "lose") b.core.setTapDestination(tap, undefined, 10_000);
      else if (step === "find") sendTo(b, tap);
    }
    b.core.setTapDestination(tap, undefined, 10_000);
    b.take(RECORDER);
    sendTo(b, tap);
    b.clock.advance(1000);
    const got = b.take(RECORDER).map((p) => p.payload[0] ?? -1);
    assert.deepEqual(
      got.filter((p) => !wanted.has(p)),
      [],
      `said in a pause: ${way.join(" ")}`,
    );
    assert.deepEqual(
      Array.from(wanted).filter((p) => !got.includes(p)),
      [],
      `missing: ${way.join(" ")}`,
    );
    b.core.close();
  }
});

void test("a tap's buffer: packets of a key, which all have its beginning's place, do not stop the rewind", () => {
  const buffer = new TapBuffer(1000, 20, 10_000);
  const bytes = new Uint8Array(10);
  for (const position of [100, 500, 300, 300, 600, 700]) buffer.push(bytes, 0, 10, { position }, 0, true);
  buffer.rewind(450);
  assert.deepEqual([buffer.waiting, buffer.position], [5, 500]);
  buffer.rewind(650);
  assert.deepEqual([buffer.waiting, buffer.position], [5, 500], "what waits goes on waiting");
});

void test("a tap's buffer is bounded: what is sent makes room unnoticed, what waits is counted as lost", () => {
  const buffer = new TapBuffer(100, 20, 1000);
  const bytes = new Uint8Array(10);
  for (let n = 0; n < 30; n++) buffer.push(bytes, 0, 10, { position: n * 10 }, 0, true);
  assert.deepEqual([buffer.waiting, buffer.lost], [0, 0]);
  for (let n = 30; n < 45; n++) buffer.push(bytes, 0, 10, { position: n * 10 }, 0, false);
  assert.deepEqual([buffer.waiting, buffer.lost], [10, 5]);
  buffer.push(bytes, 0, 10, { position: 5000 }, 0, false);
  assert.deepEqual([buffer.waiting, buffer.lost], [1, 15]);
});
