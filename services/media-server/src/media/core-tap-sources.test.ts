import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRtcp, TimeLine } from "@sidetone/rtp";
import { Bench, readRtp, rtpBytes } from "./core.fixture.ts";
import {
  chorus,
  levelOf,
  longestSilence,
  samplesOf,
  type TonePhone,
  tonePacket,
  tonePhone,
} from "./core-mix.fixture.ts";
import { contiguous, RECORDER, sendTo, settings } from "./core-scene.fixture.ts";
import type { TapOptions } from "./types.ts";

function open(b: Bench, phones: readonly TonePhone[], o: Partial<TapOptions> = {}): number {
  const legs = phones.map(({ leg }) => leg);
  return b.core.openTap({ legs, codec: undefined, payloadType: 0, backfillSinceMs: 0, paused: false, ...o }).tap;
}

/** A stretch of a stream; ms from its first time stamp. */
function between(samples: Int16Array, from: number, to: number): Int16Array {
  return samples.subarray(from * 8, to * 8);
}

function hears(samples: Int16Array, phones: readonly TonePhone[], loud: readonly TonePhone[]): void {
  for (const phone of phones) {
    const level = levelOf(samples, phone.hertz);
    const expected = loud.includes(phone) ? 8000 : 0;
    assert.ok(Math.abs(level - expected) < 500, `${phone.hertz} Hz at ${level}, expected ${expected}`);
  }
}

void test("R26: several participants on one side are mixed into its stream; one alone is copied as it comes", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013, "PCMA")];
  const tap = open(b, phones);
  sendTo(b, tap);
  chorus(b, phones, 150);
  b.clock.advance(400);
  const mixed = b.take(RECORDER);
  contiguous(mixed);
  const samples = samplesOf(mixed);
  assert.ok(Math.abs(samples.length - 150 * 160) <= 320, `${samples.length} samples`);
  hears(between(samples, 100, 2800), phones, phones);
  b.core.setTapSources(tap, [phones[1]?.leg ?? 0]);
  chorus(b, phones.slice(1), 50);
  const alone = b.take(RECORDER);
  assert.ok(alone.length >= 49);
  assert.ok(
    alone.every(({ payloadType }) => payloadType === 8),
    "undecoded",
  );
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("R26: whoever comes, goes and ends, a replica has one SSRC, contiguous numbers, and time stamps that advance with real time", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013), tonePhone(b, 3, 700, "PCMA")];
  const [first, second, third] = phones;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const tap = open(b, [first]);
  b.core.setTapDestination(tap, { host: "10.0.0.9", port: 7000, payloadType: 0, codec: "PCMU" });
  const stages: readonly [sources: readonly TonePhone[], loud: readonly TonePhone[]][] = [
    [[first], [first]],
    [
      [first, second],
      [first, second],
    ],
    [[second], [second]],
    [[], []],
    [[third], [third]],
    [
      [third, first, second],
      [third, first, second],
    ],
    [[third], [third]],
  ];
  for (const [sources] of stages) {
    // In the middle of a packet.
    b.clock.advance(7);
    b.core.setTapSources(
      tap,
      sources.map(({ leg }) => leg),
    );
    b.clock.advance(13);
    for (const phone of phones) b.io.inject(phone.port, phone.address, tonePacket(phone));
    chorus(b, phones, 49);
  }
  b.core.closeLeg(third.leg);
  b.clock.advance(1000);
  for (const phone of phones) phone.said += 50;
  b.core.setTapSources(tap, [first.leg]);
  chorus(b, phones.slice(0, 2), 50);
  const got = b.take(RECORDER);
  contiguous(got);
  got.forEach((p, i) => {
    const step = i === 0 ? 160 : (p.timestamp - (got[i - 1]?.timestamp ?? 0)) | 0;
    assert.ok(step > 0, `time stamp ${step} after the one before`);
  });
  const samples = samplesOf(got);
  stages.forEach(([, loud], n) => {
    // The stages are a second each; 150 ms is what a change may cost.
    hears(between(samples, n * 1000 + 150, n * 1000 + 970), phones, loud);
  });
  const end = stages.length * 1000;
  assert.ok(longestSilence(between(samples, end - 20, end + 1100)) > 950, "nobody is there: silence of that length");
  hears(between(samples, end + 1150, end + 1980), phones, [first]);
  for (const [from, to] of [
    [0, 3000],
    [4000, end],
  ] as const) {
    const silence = longestSilence(between(samples, from, to));
    assert.ok(silence < 150, `${silence} ms of silence between ${from} and ${to}`);
  }
  b.core.close();
  assert.equal(b.io.held, 0);
});

void test("C12, R26: the next participant's place is true within 20 ms though the one before ran 0.5 % fast for a minute", () => {
  const b = new Bench();
  const [fast, next] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  const tap = open(b, [fast]);
  sendTo(b, tap);
  const line = new TimeLine({ originMicros: b.clock.wallMicros() });
  const offsets: number[] = [];
  const listen = (): void => {
    for (const d of b.io.sent.splice(0)) {
      if (d.to === "10.0.0.9:7001") {
        const report = parseRtcp(d.bytes, 0, d.bytes.length)?.[0];
        if (report?.kind !== "sender-report") continue;
        line.senderReport(report.ssrc, report.sender.ntpMicros, report.sender.timestamp, b.clock.wallMicros());
      } else if (d.to === RECORDER) {
        const p = readRtp(d.bytes);
        line.place(p.ssrc, p.sequence, p.timestamp, p.payload.length, b.clock.wallMicros());
        offsets.push(line.at(b.clock.wallMicros()) - line.position - p.payload.length);
      }
    }
  };
  for (let n = 0; n < 3000; n++) {
    b.clock.advance(19.9);
    b.io.inject(fast.port, fast.address, tonePacket(fast));
    listen();
  }
  b.core.setTapSources(tap, [next.leg]);
  offsets.length = 0;
  for (let n = 0; n < 500; n++) {
    chorus(b, [next], 1);
    listen();
  }
  assert.ok(offsets.length >= 498);
  assert.ok(
    offsets.every((late) => Math.abs(late) <= 160),
    `${Math.min(...offsets)} to ${Math.max(...offsets)} samples`,
  );
  assert.equal(line.report().jumps, 0);
  b.core.close();
});

void test("R16: a recording of two on one side begins with what was kept of both", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  chorus(b, phones, 150);
  const tap = open(b, phones, { backfillSinceMs: 1000 });
  chorus(b, phones, 50);
  sendTo(b, tap);
  b.clock.advance(1000);
  const got = b.take(RECORDER);
  contiguous(got);
  const samples = samplesOf(got);
  assert.ok(Math.abs(samples.length - 2000 * 8) <= 320, `${samples.length / 8} ms`);
  hears(between(samples, 20, 1980), phones, phones);
  assert.ok(longestSilence(samples) < 20);
  b.core.close();
});

void test("R19: a mix that pauses sends what was said before, and nothing that was said in the pause", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  const tap = open(b, phones);
  sendTo(b, tap);
  chorus(b, phones, 50);
  b.core.pauseTap(tap);
  const before = b.take(RECORDER);
  assert.ok(Math.abs(samplesOf(before).length - 50 * 160) <= 320, "at once, not when the mix would have come to it");
  chorus(b, phones, 50);
  assert.equal(b.take(RECORDER).length, 0);
  b.core.resumeTap(tap);
  chorus(b, phones, 50);
  b.clock.advance(400);
  const after = b.take(RECORDER);
  contiguous([...before, ...after]);
  const pause = ((after[0]?.timestamp ?? 0) - (before.at(-1)?.timestamp ?? 0)) | 0;
  assert.ok(Math.abs(pause / 8 - 1000) <= 40, `${pause / 8} ms`);
  assert.ok(samplesOf(after).length <= 50 * 160 + 320);
  b.core.close();
});

void test("R31: a mixed replica that loses its recorder sends the last two seconds again, also of who has left meanwhile", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  const [first, second] = phones;
  assert.ok(first !== undefined && second !== undefined);
  const tap = open(b, [first]);
  sendTo(b, tap);
  chorus(b, phones, 200);
  b.core.setTapSources(tap, [second.leg]);
  chorus(b, phones, 50);
  b.take(RECORDER);
  b.core.setTapDestination(tap, undefined, 2000);
  sendTo(b, tap);
  b.clock.advance(1000);
  const again = b.take(RECORDER);
  contiguous(again);
  const samples = samplesOf(again);
  assert.ok(Math.abs(samples.length / 8 - 2000) <= 40, `${samples.length / 8} ms`);
  hears(between(samples, 0, 960), phones, [first]);
  hears(between(samples, 1040, 1990), phones, [second]);
  b.core.close();
});

void test("C8: another phone on the same leg, also on the same host: the one before is not heard again, the time line goes on", () => {
  for (const next of ["10.0.1.1:4400", "10.0.7.7:4000"]) {
    const b = new Bench();
    const old = tonePhone(b, 1, 437);
    const tap = open(b, [old]);
    sendTo(b, tap);
    chorus(b, [old], 50);
    b.core.configureLeg(old.leg, settings(next));
    for (let n = 0; n < 50; n++) {
      chorus(b, [old], 1);
      if (n < 3) continue;
      b.io.inject(old.port, next, rtpBytes({ sequence: n, timestamp: 99 + n * 160, ssrc: 7, fill: n }));
    }
    const got = b.take(RECORDER);
    contiguous(got);
    assert.equal(got.length, 50 + 47, next);
    assert.ok(got.slice(50).every((p) => p.payload.every((octet) => octet === p.payload[0])));
    const gap = ((got[50]?.timestamp ?? 0) - (got[49]?.timestamp ?? 0)) | 0;
    assert.ok(gap >= 160 && gap <= 160 * 5, `${gap}`);
    b.core.close();
  }
});
