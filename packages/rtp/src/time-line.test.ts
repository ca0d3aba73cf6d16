import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SenderClock } from "./sender-clock.ts";
import { TimeLine } from "./time-line.ts";

const T0 = 1_795_166_115_000_000;
const PACKET_MICROS = 20_000;

function line(clock?: SenderClock): TimeLine {
  return new TimeLine({ originMicros: T0, ...(clock === undefined ? {} : { clock }) });
}

/** Arrival of packet n of a stream that began at T0. */
function arrival(n: number): number {
  return T0 + (n + 1) * PACKET_MICROS;
}

void test("RFC 3550 6.4.1: a sender report ties time stamps to the wall clock, whenever packets arrive", () => {
  const t = line();
  t.senderReport(1, T0 + 1_000_000, 5000, T0 + 9_000_000 - 7_500_000);
  assert.equal(t.place(1, 10, 5000, 160, T0 + 1_500_000), "placed");
  assert.equal(t.position, 8000);
  assert.equal(t.place(1, 11, 5160, 160, T0 + 1_500_001), "placed");
  assert.equal(t.position, 8160);
  assert.equal(t.gap, 0);
});

void test("packets wait for the first sender report, and are placed by arrival of the least delayed when none comes", () => {
  const t = line();
  assert.equal(t.place(1, 0, 0, 160, arrival(0) + 60_000), "unanchored");
  for (let n = 1; n < 13; n++) assert.equal(t.place(1, n, n * 160, 160, arrival(n) + (n % 3) * 5000), "unanchored");
  assert.equal(t.anchored(1), false);
  t.settle(arrival(0) + 60_000 + 250_000);
  assert.equal(t.anchored(1), true);
  assert.equal(t.place(1, 0, 0, 160, arrival(0) + 60_000), "placed");
  assert.equal(t.position, 0);
  assert.equal(t.place(1, 1, 160, 160, arrival(1)), "placed");
  assert.equal(t.position, 160);
});

void test("C3: reordered packets keep their place and duplicates are named, over the wrap of sequence and time stamp", () => {
  const startSeq = 0xfff0;
  const startTs = 0xffff_ff00;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 40, maxLength: 120 }), (delays) => {
      const t = line();
      t.senderReport(7, T0, startTs, T0 + 10);
      const order = delays.map((d, n) => ({ n, at: n + d })).sort((a, b) => a.at - b.at || a.n - b.n);
      for (const { n, at } of order) {
        const verdict = t.place(7, (startSeq + n) & 0xffff, (startTs + n * 160) >>> 0, 160, arrival(at));
        assert.equal(verdict, "placed");
        assert.equal(t.position, n * 160);
        assert.equal(t.place(7, (startSeq + n) & 0xffff, (startTs + n * 160) >>> 0, 160, arrival(at)), "duplicate");
      }
      assert.equal(t.report().lost, 0);
      assert.equal(t.report().duplicates, delays.length);
    }),
    { numRuns: 50 },
  );
});

void test("C1: a lost packet leaves a hole of its length and is counted", () => {
  const t = line();
  t.senderReport(1, T0, 0, T0);
  t.place(1, 0, 0, 160, arrival(0));
  t.place(1, 3, 480, 160, arrival(3));
  assert.equal(t.gap, 320);
  assert.equal(t.missing, 2);
  assert.equal(t.report().lost, 2);
  t.place(1, 4, 480 + 160 + 800, 160, arrival(9));
  assert.equal(t.gap, 800);
  assert.equal(t.missing, 0, "a hole without a missing number was there at the sender");
});

void test("C7: a new SSRC goes on where the wall clock is; a time stamp that jumps does not move the line", () => {
  const t = line();
  t.senderReport(1, T0, 0, T0);
  for (let n = 0; n < 10; n++) t.place(1, n, n * 160, 160, arrival(n));
  t.senderReport(2, T0 + 10 * PACKET_MICROS, 77_777, arrival(9));
  t.place(2, 500, 77_777, 160, arrival(10));
  assert.equal(t.position, 1600);
  assert.equal(t.gap, 0);
  assert.equal(t.report().sourceChanges, 1);
  t.place(2, 501, 77_777 + 1_000_000, 160, arrival(11));
  assert.equal(t.position, 1760);
  assert.equal(t.report().jumps, 1);
  t.place(2, 502, 77_777 + 1_000_160, 160, arrival(12));
  assert.equal(t.position, 1920);
});

void test("C12: a sender whose clock is 0.5 % fast stays within 20 ms over 10 minutes, with reports and without", () => {
  for (const reports of [true, false]) {
    const t = line();
    let worst = 0;
    for (let n = 0; n < 30_000; n++) {
      const at = T0 + (n + 1) * 19_900;
      if (reports && n % 100 === 0) t.senderReport(1, at, (n + 1) * 160, at);
      if (t.place(1, n & 0xffff, n * 160, 160, at) !== "placed") continue;
      const truth = (n * 19_900 * 8) / 1000;
      worst = Math.max(worst, Math.abs(t.position - truth));
    }
    assert.ok(worst <= 160, `${worst} samples off, reports: ${reports}`);
    assert.equal(t.report().jumps, 0);
  }
});

void test("streams of a sender whose clock is an hour wrong stay aligned with each other", () => {
  const clock = new SenderClock();
  const a = line(clock);
  const b = line(clock);
  const wrong = 3_600_000_000;
  a.senderReport(1, T0 + wrong, 1000, T0 + 300);
  b.senderReport(2, T0 + wrong + 40_000, 9000, T0 + 70_000);
  a.place(1, 1, 1000, 160, T0 + 500);
  b.place(2, 1, 9000, 160, T0 + 70_500);
  assert.equal(b.position - a.position, 320);
});

void test("audio flushed 10 s late keeps its place; telephone-events are counted and move nothing", () => {
  const t = line();
  t.senderReport(1, T0 + 10_000_000, 80_000, T0 + 10_000_000);
  t.place(1, 0, 0, 160, T0 + 10_000_100);
  assert.equal(t.position, 0);
  t.place(1, 1, 160, 0, T0 + 10_000_200);
  assert.equal(t.end, 160);
  assert.equal(t.report().received, 2);
  t.place(1, 2, 960, 160, T0 + 10_000_300);
  assert.equal(t.gap, 800);
});

void test("R31: audio that is sent again in a burst waits for its report: when it came says nothing of when it was spoken", () => {
  const t = line();
  // 2 s of audio, spoken 2.5 s ago, within 100 ms; the report is read 400 ms later.
  const now = T0 + 4_500_000;
  const waiting: number[] = [];
  for (let n = 0; n < 100; n++) {
    if (t.place(1, n, n * 160, 160, now + n * 1000) === "unanchored") waiting.push(n);
  }
  t.settle(now + 400_000);
  assert.equal(waiting.length, 100);
  assert.equal(t.anchored(1), false);
  t.senderReport(1, T0 + 4_900_000, 4.9 * 8000, now + 400_000);
  for (const n of waiting) {
    assert.equal(t.place(1, n, n * 160, 160, now + n * 1000), "placed");
    assert.equal(t.position, n * 160);
  }
  // Without any report it is placed all the same, later.
  const alone = line();
  for (let n = 0; n < 100; n++) alone.place(1, n, n * 160, 160, now + n * 1000);
  alone.settle(now + 2_499_000);
  assert.equal(alone.anchored(1), false);
  alone.settle(now + 2_500_000);
  assert.equal(alone.anchored(1), true);
});

void test("R31: a report that moves a stream back overwrites nothing: it is made shorter sample by sample", () => {
  const t = line();
  t.senderReport(1, T0, 0, T0);
  for (let n = 0; n < 50; n++) t.place(1, n, n * 160, 160, arrival(n));
  // 110 ms less delay than the first report said.
  t.senderReport(1, T0 + 1_000_000, 8000 + 880, T0 + 1_000_000);
  let end = t.end;
  for (let n = 50; n < 1500; n++) {
    t.place(1, n, n * 160, 160, arrival(n));
    assert.ok(t.position >= end, `packet ${n} begins ${end - t.position} samples before the end of the last one`);
    end = t.position + 160 + t.slew;
    if (n < 500) assert.equal(t.slew, 0, "what is 110 ms off for less than 10 s may be a busy machine's report");
  }
  assert.deepEqual([t.report().jumps, t.position], [0, 1499 * 160 - 880]);
});

/** A Media Server that a phone was moved to: it learns how late packets came from those that came less late, and reports that. */
function takenOver(lateness: (n: number) => number, quiet: (n: number) => boolean, packets: number) {
  const t = line();
  const arrivalOf = (n: number): number => arrival(n) + lateness(n) * 1000;
  // Its own line begins with the first packet, however late that came.
  const begin = lateness(0) * 8;
  let floor = 0;
  let told = 0;
  let slewed = 0;
  const waiting: number[] = [];
  const put = (n: number): void => {
    const timestamp = begin + n * 160;
    const nobodySpeaks = t.corrects(9) && quiet(n);
    if (t.place(9, n & 0xffff, timestamp, 160, arrivalOf(n), nobodySpeaks) === "unanchored") waiting.push(n);
    else if (t.slew !== 0 && !nobodySpeaks) slewed += 1;
  };
  for (let n = 0; n < packets; n++) {
    floor = Math.min(floor, lateness(n) * 8 - begin);
    if (floor - told < -64) told = floor;
    if (n === 5 || n % 100 === 10) {
      const at = arrivalOf(n);
      t.senderReport(9, at, Math.round((at - T0) * 0.008) - told, at);
      for (const w of waiting.splice(0)) put(w);
    }
    put(n);
  }
  return { slewed, off: t.position - (packets - 1) * 160, jumps: t.report().jumps };
}

void test("R30: a stream that a Media Server has just taken over is never made longer or shorter within speech: its clock does not drift", () => {
  const lateness = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 250, maxLength: 250 });
  fc.assert(
    fc.property(lateness, fc.integer({ min: 1, max: 250 }), (first, busy) => {
      // Busy for up to 5 s, then as good as a network is.
      const late = (n: number): number => (n < busy ? (first[n] ?? 0) * (1 - n / busy) : n % 4);
      const { slewed, jumps } = takenOver(late, () => false, 500);
      assert.deepEqual([slewed, jumps], [0, 0]);
    }),
    { numRuns: 200 },
  );
});

void test("R30: a stream whose place was wrong after a takeover is in its place, within 10 ms, after the first pauses in its speech", () => {
  for (const wrong of [15, 30, 60, 99]) {
    const late = (n: number): number => (n < 12 ? wrong : n % 3);
    const { slewed, off } = takenOver(late, (n) => n % 150 >= 130, 480);
    assert.equal(slewed, 0);
    assert.ok(Math.abs(off) <= 80, `${off} samples`);
  }
});

void test("a place that was wrong is put right in the sender's silence at once, and nothing overlaps", () => {
  for (const wrong of [-400, 400]) {
    const t = line();
    t.senderReport(1, T0, wrong, T0);
    for (let n = 0; n < 150; n++) t.place(1, n, n * 160, 160, arrival(n));
    t.senderReport(1, T0 + 2_000_000, 16_000, T0 + 2_000_000);
    const { end } = t;
    t.place(1, 150, 160 * 160, 160, arrival(160));
    assert.equal(t.position, 160 * 160);
    assert.ok(t.position >= end);
    assert.equal(t.report().slewed, 0);
  }
});
