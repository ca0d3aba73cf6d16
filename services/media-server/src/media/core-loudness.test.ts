import assert from "node:assert/strict";
import { test } from "node:test";
import type { AudioNode } from "./audio-types.ts";
import { Bench } from "./core.fixture.ts";
import { chorus, levelOf, samplesOf, type TonePhone, tonePacket, tonePhone } from "./core-mix.fixture.ts";
import { contiguous } from "./core-scene.fixture.ts";

function conference(b: Bench, count: number): TonePhone[] {
  const phones = Array.from({ length: count }, (_, i) =>
    tonePhone(b, i + 1, 400 + i * 350, i % 2 === 0 ? "PCMU" : "PCMA"),
  );
  b.core.setConference(
    "c",
    phones.map(({ leg }) => leg),
  );
  return phones;
}

/** Each says its tone with its amplitude, 0 = sends packets of silence, for so many packets. */
function say(b: Bench, phones: readonly TonePhone[], amplitudes: readonly number[], count: number): void {
  for (let n = 0; n < count; n++) {
    b.clock.advance(20);
    phones.forEach((phone, i) => b.io.inject(phone.port, phone.address, tonePacket(phone, amplitudes[i] ?? 0)));
  }
}

/** Whom a phone hears. */
function heard(b: Bench, phone: TonePhone, phones: readonly TonePhone[], skip = 2400): number[] {
  const samples = samplesOf(b.take(phone.address)).subarray(skip);
  return phones.flatMap(({ hertz }, i) => (levelOf(samples, hertz) > 250 ? [i] : []));
}

void test("RFC 5707 8.6.1 n-loudest: only so many of the loudest are mixed, others as they become loud; preferred ones always", () => {
  const b = new Bench();
  const phones = conference(b, 5);
  const [first, , , , last] = phones;
  assert.ok(first !== undefined && last !== undefined);
  b.core.configureConference("c", { nLoudest: 2 });
  say(b, phones, [1000, 4000, 3000, 2000, 500], 100);
  assert.deepEqual(heard(b, last, phones), [1, 2]);
  assert.deepEqual(heard(b, phones[1] ?? last, phones), [2]);
  for (const phone of phones) b.take(phone.address);
  say(b, phones, [6000, 4000, 3000, 2000, 500], 100);
  assert.deepEqual(heard(b, last, phones), [0, 1]);
  b.core.setStream(phones[3]?.leg ?? 0, "c", { preferred: true });
  for (const phone of phones) b.take(phone.address);
  say(b, phones, [6000, 4000, 3000, 2000, 500], 100);
  assert.deepEqual(heard(b, last, phones), [0, 1, 3]);
  b.core.configureConference("c", {});
  for (const phone of phones) b.take(phone.address);
  say(b, phones, [6000, 4000, 3000, 2000, 500], 100);
  assert.deepEqual(heard(b, last, phones), [0, 1, 2, 3]);
  assert.throws(() => b.core.configureConference("c", { nLoudest: 0 }), { code: "bad-audio" });
  b.core.close();
});

void test("RFC 5707 8.6.2 asn: who speaks is told where it has changed, loudest first, not more often than every ri, above asth; mixed or relayed", () => {
  for (const members of [2, 4]) {
    const b = new Bench();
    const told: [string, readonly AudioNode[], number][] = [];
    b.core.events.on("speakers", (name, legs) => told.push([name, legs, b.clock.now()]));
    const phones = conference(b, members);
    const [one, two] = phones;
    assert.ok(one !== undefined && two !== undefined);
    b.core.configureConference("c", { speakers: { intervalMs: 500, thresholdDb: -30 } });
    say(b, phones, [0, 0], 50);
    assert.equal(told.length, 0);
    say(b, phones, [4000, 0], 50);
    say(b, phones, [4000, 8000], 50);
    // Below the threshold: -34 dBm0.
    say(b, phones, [450, 8000], 50);
    // Nothing comes any more.
    b.clock.advance(1000);
    assert.deepEqual(
      told.map(([name, legs]) => [name, legs]),
      [
        ["c", [one.leg]],
        ["c", [two.leg, one.leg]],
        ["c", [two.leg]],
        ["c", []],
      ],
    );
    told.splice(0);
    for (let n = 0; n < 40; n++) say(b, phones, [n % 2 === 0 ? 8000 : 0, 0], 15);
    told.slice(1).forEach(([, , at], i) => assert.ok(at - (told[i]?.[2] ?? 0) >= 490, `${at}`));
    b.core.setStream(one.leg, "c", { mute: true });
    say(b, phones, [8000, 0], 100);
    told.splice(0);
    say(b, phones, [8000, 0], 100);
    assert.equal(told.length, 0, "who is muted does not speak");
    b.core.configureConference("c", {});
    say(b, phones, [8000, 8000], 100);
    assert.equal(told.length, 0);
    b.core.close();
    assert.equal(b.clock.pending, 0);
  }
});

void test("members of a mixed conference get a stream without a break whoever is silent; comfort noise where that is set", () => {
  const b = new Bench();
  const phones = conference(b, 3);
  const [one] = phones;
  assert.ok(one !== undefined);
  b.clock.advance(1000);
  for (const level of [undefined, -50, -62]) {
    b.core.configureConference("c", level === undefined ? {} : { comfortNoiseDb: level });
    b.take(one.address);
    b.clock.advance(10_000);
    const packets = b.take(one.address);
    contiguous(packets);
    assert.ok(packets.length >= 499, `${packets.length}`);
    packets.slice(1).forEach((p, i) => assert.equal((p.timestamp - (packets[i]?.timestamp ?? 0)) | 0, 160));
    const samples = samplesOf(packets);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    if (level === undefined) assert.ok(power < 70);
    else {
      const db = 10 * Math.log10(power / (22_837 ** 2 / 2));
      assert.ok(Math.abs(db - level) < 1.5, `${db} instead of ${level}`);
    }
  }
  b.core.close();
});

void test("voice: speech begins and ends are told while somebody listens, after the hangover, also where a phone just ceases to send", () => {
  const b = new Bench();
  const told: [number, boolean, number][] = [];
  b.core.events.on("voice", (leg, speaking, db) => told.push([leg, speaking, Math.round(db)]));
  const [a, other] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  b.core.connect(a.leg, other.leg);
  chorus(b, [a], 20);
  assert.equal(told.length, 0);
  b.core.setDetection(a.leg, { voice: { hangoverMs: 300 } });
  say(b, [a], [20], 20);
  assert.equal(told.length, 0);
  say(b, [a], [8000], 20);
  assert.equal(told.length, 1);
  assert.ok(told[0]?.[1] === true && Math.abs((told[0]?.[2] ?? 0) + 10) <= 3, `${told[0]?.[2]} dBm0`);
  say(b, [a], [20], 13);
  say(b, [a], [8000], 2);
  say(b, [a], [20], 13);
  assert.equal(told.length, 1, "a pause between words");
  say(b, [a], [20], 5);
  assert.deepEqual([told.length, told[1]?.[1]], [2, false]);
  say(b, [a], [8000], 1);
  say(b, [a], [20], 10);
  assert.equal(told.length, 2, "a click is no speech");
  say(b, [a], [8000], 10);
  b.clock.advance(600);
  assert.deepEqual(
    told.map(([, speaking]) => speaking),
    [true, false, true, false],
  );
  b.core.setDetection(a.leg, undefined);
  say(b, [a], [8000], 10);
  assert.equal(told.length, 4);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});
