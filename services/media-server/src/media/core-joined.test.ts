import assert from "node:assert/strict";
import { test } from "node:test";
import { ulawToLinear } from "@sidetone/rtp";
import type { AudioNode } from "./audio-types.ts";
import { Bench, rtpBytes } from "./core.fixture.ts";
import { chorus, levelOf, samplesOf, type TonePhone, tonePacket, tonePhone } from "./core-mix.fixture.ts";
import { settings } from "./core-scene.fixture.ts";
import { toneSamples } from "./tones.ts";

const SETTLED = 1600;

/** Conferences of phones, by name; each phone has a tone of its own. */
function conferences(b: Bench, sizes: Readonly<Record<string, number>>): Record<string, TonePhone[]> {
  let count = 0;
  const made: Record<string, TonePhone[]> = {};
  for (const [name, size] of Object.entries(sizes)) {
    made[name] = Array.from({ length: size }, () => tonePhone(b, ++count, 300 + count * 230));
    b.core.setConference(
      name,
      made[name].map(({ leg }) => leg),
    );
  }
  return made;
}

function both(b: Bench, one: string, other: string): void {
  b.core.setStream(one, other);
  b.core.setStream(other, one);
}

/** Tones that a phone hears, of those that are said. */
function heardBy(b: Bench, phone: TonePhone, all: readonly TonePhone[]): number[] {
  const samples = samplesOf(b.take(phone.address)).subarray(SETTLED);
  return all.filter(({ hertz }) => levelOf(samples, hertz) > 300).map(({ hertz }) => hertz);
}

const hertzOf = (phones: readonly TonePhone[], but?: TonePhone): number[] =>
  phones.filter((phone) => phone !== but).map(({ hertz }) => hertz);

for (const names of [
  ["a", "b", "c"],
  ["c", "b", "a"],
  ["b", "c", "a"],
] as const) {
  void test(`RFC 5707 8.8: a chain of conferences ${names.join("-")}: everybody hears all others once, to the sample, none itself, none later`, () => {
    const b = new Bench();
    const sets = conferences(b, { a: 2, b: 2, c: 2 });
    both(b, names[0], names[1]);
    both(b, names[1], names[2]);
    const phones = Object.values(sets).flat();
    // One sample value each: a sum shows who is in it, how often, and when each began.
    const values = [1, 2, 4, 8, 16, 32].map((n) => n * 132);
    const exact = values.map((value) => ulawToLinear[encoded(value)] ?? 0);
    for (let n = 0; n < 20; n++) {
      b.clock.advance(20);
      for (const phone of phones) b.io.inject(phone.port, phone.address, tonePacket(phone, 0, new Int16Array(160)));
    }
    for (const phone of phones) b.take(phone.address);
    for (let n = 0; n < 20; n++) {
      b.clock.advance(20);
      phones.forEach((phone, i) => {
        b.io.inject(phone.port, phone.address, tonePacket(phone, 0, new Int16Array(160).fill(values[i] ?? 0)));
      });
    }
    const begins = phones.map((phone, i) => {
      const samples = samplesOf(b.take(phone.address));
      const wanted = exact.reduce((sum, value, other) => (other === i ? sum : sum + value), 0);
      const whole = ulawToLinear[encoded(wanted)] ?? 0;
      assert.deepEqual(new Set(samples), new Set([0, whole]), `${phone.hertz} Hz: all at once, and nothing else`);
      return samples.indexOf(whole);
    });
    assert.equal(new Set(begins).size, 1, `all hear all at the same moment: ${begins.join(" ")}`);
    b.core.close();
    assert.equal(b.clock.pending, 0);
  });
}

function encoded(sample: number): number {
  let best = 0;
  for (let code = 0; code < 256; code++) {
    if (Math.abs((ulawToLinear[code] ?? 0) - sample) < Math.abs((ulawToLinear[best] ?? 0) - sample)) best = code;
  }
  return best;
}

void test("RFC 5707 8.12: between conferences one way, mute and gain; a direction that ends is not heard, a conference that ends takes only itself", () => {
  const b = new Bench();
  const { a = [], c = [] } = conferences(b, { a: 2, c: 2 });
  const all = [...a, ...c];
  const [first, , third] = [a[0], a[1], c[0]];
  assert.ok(first !== undefined && third !== undefined);
  b.core.setStream("a", "c");
  chorus(b, all, 60);
  assert.deepEqual(heardBy(b, third, all), hertzOf(all, third));
  assert.deepEqual(heardBy(b, first, all), hertzOf(a, first), "one way");
  b.core.setStream("c", "a", { gainDb: -12 });
  chorus(b, all, 20);
  b.take(first.address);
  chorus(b, all, 60);
  const level = levelOf(samplesOf(b.take(first.address)), third.hertz);
  assert.ok(Math.abs(level - 8000 * 10 ** (-12 / 20)) < 100, `${level}`);
  b.core.setStream("a", "c", { mute: true });
  chorus(b, all, 20);
  b.take(third.address);
  chorus(b, all, 60);
  assert.deepEqual(heardBy(b, third, all), hertzOf(c, third), "mute");
  b.core.setStream("a", "c");
  b.core.setConference("a", []);
  chorus(b, all, 20);
  b.take(third.address);
  chorus(b, all, 60);
  assert.deepEqual(heardBy(b, third, all), hertzOf(c, third), "the other conference is gone");
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("one in each of two joined conferences: relayed undecoded, keys too; mixed as soon as a third is there, undecoded again without", () => {
  const b = new Bench();
  const { a: [one] = [], c: [two] = [] } = conferences(b, { a: 1, c: 1 });
  assert.ok(one !== undefined && two !== undefined);
  both(b, "a", "c");
  assert.equal(b.core.stats().conferences, 0);
  assert.equal(b.core.stats().connections, 1);
  const speak = (): void => {
    for (let n = 0; n < 5; n++) {
      b.clock.advance(20);
      b.io.inject(one.port, one.address, rtpBytes({ sequence: one.said, timestamp: one.said * 160, fill: 0x31 }));
      one.said++;
    }
  };
  speak();
  const key = { sequence: one.said, timestamp: one.said * 160, payloadType: 101, size: 4 };
  b.io.inject(one.port, one.address, rtpBytes(key));
  one.said++;
  assert.deepEqual(
    b.take(two.address).map(({ payloadType, payload }) => [payloadType, new Set(payload).size]),
    [...Array.from({ length: 5 }, () => [0, 1]), [101, 1]],
  );
  const third = tonePhone(b, 9, 2000);
  b.core.setConference("c", [two.leg, third.leg]);
  assert.equal(b.core.stats().conferences, 2);
  b.core.setConference("c", [two.leg]);
  assert.equal(b.core.stats().conferences, 0);
  assert.equal(b.core.stats().connections, 1);
  b.core.close();
});

void test("RFC 5707 8.6: n-loudest and asn take a joined conference as one participant", () => {
  const b = new Bench();
  const { a = [], c = [] } = conferences(b, { a: 3, c: 2 });
  const all = [...a, ...c];
  const told: (readonly AudioNode[])[] = [];
  b.core.events.on("speakers", (name, speakers) => {
    if (name === "a") told.push(speakers);
  });
  both(b, "a", "c");
  b.core.configureConference("a", { nLoudest: 2, speakers: { intervalMs: 100, thresholdDb: -30 } });
  const say = (loudness: readonly number[]): void => {
    for (let n = 0; n < 60; n++) {
      b.clock.advance(20);
      all.forEach((phone, i) => b.io.inject(phone.port, phone.address, tonePacket(phone, loudness[i] ?? 0)));
    }
  };
  const [one, , three, fourth, fifth] = all;
  assert.ok(one !== undefined && three !== undefined && fourth !== undefined && fifth !== undefined);
  // Together, in one place of the two, the fourth and the fifth are louder than the third.
  say([9000, 600, 5000, 4800, 4800]);
  for (const phone of all) b.take(phone.address);
  say([9000, 600, 5000, 4800, 4800]);
  assert.deepEqual(heardBy(b, three, all), [one.hertz, fourth.hertz, fifth.hertz]);
  assert.deepEqual(heardBy(b, fourth, all), [one.hertz, fifth.hertz], "what is not mixed there is not passed on");
  assert.deepEqual(told.at(-1)?.slice(0, 3), [one.leg, "c", three.leg]);
  b.core.endStream("c", "a");
  say([9000, 600, 5000, 4800, 4800]);
  assert.deepEqual(told.at(-1), [one.leg, three.leg]);
  b.core.close();
});

void test("RFC 5707 8.11: a conference hears what is destined to a connection, and none of its own is heard there", () => {
  const b = new Bench();
  const { call = [], room = [] } = conferences(b, { call: 3, room: 2 });
  const all = [...call, ...room];
  const [agent, , , boss] = all;
  assert.ok(agent !== undefined && boss !== undefined);
  b.core.monitor("room", agent.leg);
  chorus(b, all, 60);
  assert.deepEqual(heardBy(b, boss, all), [...hertzOf(call, agent), ...hertzOf(room, boss)]);
  assert.deepEqual(heardBy(b, agent, all), hertzOf(call, agent), "nobody notices");
  b.core.play(agent.leg, {
    audio: [toneSamples({ frequency1: 3000, level1Db: -12, durationMs: 4000 })],
    iterations: 1,
    intervalMs: 0,
    capture: false,
  });
  chorus(b, all, 20);
  b.take(boss.address);
  chorus(b, all, 60);
  assert.deepEqual(
    heardBy(b, boss, [...all, { ...agent, hertz: 3000 }]),
    [...hertzOf(room, boss), 3000],
    "instead of the others",
  );
  b.core.endMonitor("room", agent.leg);
  chorus(b, all, 20);
  b.take(boss.address);
  chorus(b, all, 60);
  assert.deepEqual(heardBy(b, boss, all), hertzOf(room, boss));
  b.core.closeLeg(agent.leg);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("a play to a conference is heard in those that hear it, but for who is muted towards them", () => {
  const b = new Bench();
  const { a = [], c: [two] = [] } = conferences(b, { a: 2, c: 1 });
  const [one] = a;
  assert.ok(one !== undefined && two !== undefined);
  both(b, "a", "c");
  const audio = [toneSamples({ frequency1: 3000, level1Db: -12, durationMs: 2000 })];
  const music = { ...one, hertz: 3000 };
  for (const mute of [false, true]) {
    b.core.setStream("a", "c", { mute });
    b.core.play("a", { audio, iterations: 1, intervalMs: 0, capture: false });
    for (const phone of [one, two]) b.take(phone.address);
    chorus(b, [...a, two], 90);
    assert.ok(heardBy(b, one, [music]).includes(3000));
    assert.equal(heardBy(b, two, [music]).includes(3000), !mute);
    b.clock.advance(2000);
  }
  b.core.close();
});

void test("comfort noise is made where it is heard, not passed on from conference to conference", () => {
  const b = new Bench();
  const { a = [], c = [] } = conferences(b, { a: 3, c: 3 });
  b.core.configureConference("a", { comfortNoiseDb: -40 });
  both(b, "a", "c");
  b.clock.advance(1000);
  const loud = (phone: TonePhone | undefined): number =>
    samplesOf(b.take(phone?.address ?? "")).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  assert.ok(loud(a[0]) > 100);
  assert.ok(loud(c[0]) <= 8);
  b.core.close();
});

void test("a ring of conferences, which nobody should make, is no endless one and leaves nothing behind", () => {
  const b = new Bench();
  const sets = conferences(b, { a: 2, b: 2, c: 2 });
  both(b, "a", "b");
  both(b, "b", "c");
  both(b, "c", "a");
  chorus(b, Object.values(sets).flat(), 40);
  for (const name of ["a", "b", "c"]) b.core.setConference(name, []);
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("who has left a conference direction by direction is free for a connection", () => {
  const b = new Bench();
  const { a: [one, two] = [] } = conferences(b, { a: 2 });
  assert.ok(one !== undefined && two !== undefined);
  b.core.endStream(one.leg, "a");
  b.core.endStream("a", one.leg);
  const other = tonePhone(b, 9, 500);
  b.core.connect(one.leg, other.leg);
  b.core.configureLeg(two.leg, settings(two.address));
  b.core.close();
});
