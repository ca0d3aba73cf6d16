import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamSettings } from "./audio-types.ts";
import { Bench, rtpBytes } from "./core.fixture.ts";
import {
  chorus,
  levelOf,
  longestSilence,
  samplesOf,
  type TonePhone,
  tonePacket,
  tonePhone,
} from "./core-mix.fixture.ts";
import { contiguous } from "./core-scene.fixture.ts";
import { dtmfSamples } from "./tones.ts";

function two(b: Bench): [TonePhone, TonePhone] {
  const phones: [TonePhone, TonePhone] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013, "PCMA")];
  b.core.setConference("c", [phones[0].leg, phones[1].leg]);
  return phones;
}

/** Amplitude of a phone's voice as another one hears it, between two moments (ms) of what was heard. */
function heardLevel(samples: Int16Array, of: TonePhone, from: number, to: number): number {
  return levelOf(samples.subarray(from * 8, to * 8), of.hertz);
}

void test("two members without operators are relayed undecoded, octet for octet; with a gain each packet keeps its number, time stamp and length", () => {
  const b = new Bench();
  const [a] = two(b);
  const third = tonePhone(b, 3, 700);
  b.core.setStream(a.leg, third.leg);
  const sent: Uint8Array[] = [];
  for (let n = 0; n < 50; n++) {
    if (n === 20) b.core.setStream(a.leg, third.leg, { gainDb: -6 });
    if (n === 40) b.core.setStream(a.leg, third.leg, {});
    b.clock.advance(20);
    // One is lost on the way.
    const bytes = tonePacket(a);
    if (n === 30) continue;
    sent.push(bytes.slice(12));
    b.io.inject(a.port, a.address, bytes);
  }
  const heard = b.take(third.address);
  assert.equal(heard.length, 49);
  heard.forEach((p, i) => {
    const n = i < 30 ? i : i + 1;
    assert.equal((p.sequence - (heard[0]?.sequence ?? 0)) & 0xffff, n);
    assert.equal((p.timestamp - (heard[0]?.timestamp ?? 0)) | 0, n * 160);
    const same = Buffer.from(p.payload).equals(Buffer.from(sent[i] ?? []));
    assert.equal(same, n < 20 || n >= 40, `packet ${n}`);
  });
  const samples = samplesOf(heard);
  assert.ok(Math.abs(heardLevel(samples, a, 420, 590) - 4000) < 250);
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
});

for (const [name, settings, level] of [
  ["RFC 5707 8.12.1.1: a gain of -12 dB", { gainDb: -12 }, 2010],
  ["RFC 5707 8.12.1.1: a gain of 6 dB", { gainDb: 6 }, 15_960],
  ["RFC 5707 8.12.1.1: muted", { mute: true }, 0],
] as const satisfies readonly (readonly [string, StreamSettings, number])[]) {
  void test(`${name} in one direction, relayed and mixed, set live, without a hole; the other direction is untouched`, () => {
    const b = new Bench();
    const [a, other] = two(b);
    const third = tonePhone(b, 3, 700);
    chorus(b, [a, other, third], 50);
    b.core.setStream(a.leg, "c", settings);
    chorus(b, [a, other, third], 50);
    b.core.setConference("c", [a.leg, other.leg, third.leg]);
    chorus(b, [a, other, third], 50);
    b.core.setStream(a.leg, "c", {});
    chorus(b, [a, other, third], 50);
    const heard = b.take(other.address);
    contiguous(heard);
    const samples = samplesOf(heard);
    const whole = heardLevel(samples, a, 100, 900);
    assert.ok(Math.abs(whole - 8000) < 400, `${whole}`);
    for (const [from, to] of [
      [1050, 1900],
      [2200, 2900],
    ] as const) {
      const changed = heardLevel(samples, a, from, to);
      assert.ok(Math.abs(changed - level) < level * 0.06 + 60, `${changed} at ${from}`);
    }
    const again = heardLevel(samples, a, 3200, 3900);
    assert.ok(Math.abs(again - 8000) < 400, `${again} after`);
    if (level > 0) assert.ok(longestSilence(samples) < 5, `${longestSilence(samples)} ms`);
    const back = samplesOf(b.take(a.address));
    for (const from of [100, 2200]) assert.ok(Math.abs(heardLevel(back, other, from, from + 1600) - 8000) < 500);
    b.core.close();
  });
}

void test("from two to three and back, whatever the phase: nobody hears a hole, and time stamps follow each other", () => {
  for (const phase of [0, 3, 9, 14, 19]) {
    const b = new Bench();
    b.clock.advance(phase);
    const [a, other] = two(b);
    const third = tonePhone(b, 3, 700);
    for (let round = 0; round < 4; round++) {
      chorus(b, [a, other, third], 30);
      b.core.setConference("c", [a.leg, other.leg, third.leg]);
      chorus(b, [a, other, third], 30);
      b.core.setConference("c", [a.leg, other.leg]);
    }
    for (const phone of [a, other]) {
      const heard = b.take(phone.address);
      contiguous(heard);
      heard.slice(1).forEach((p, i) => assert.equal((p.timestamp - (heard[i]?.timestamp ?? 0)) | 0, 160, `${phase}`));
      assert.ok(longestSilence(samplesOf(heard)) < 5, `${longestSilence(samplesOf(heard))} ms`);
      assert.ok(heard.length >= 240 - 4 * 5, `${heard.length}`);
    }
    b.core.close();
  }
});

void test("RFC 5707 8.12.1.1 agc: who is quiet becomes louder up to maxgain, who is loud quieter, noise stays noise", () => {
  for (const [amplitude, expected] of [
    [300, 300 * 10 ** (15 / 20)],
    [4000, 22_837 * 10 ** (-20 / 20)],
    [16_000, 22_837 * 10 ** (-20 / 20)],
    [20, 20],
  ] as const) {
    const b = new Bench();
    const [a, other] = two(b);
    b.core.setStream(a.leg, "c", { automaticGain: { targetDb: -20, maxGainDb: 15 } });
    for (let n = 0; n < 400; n++) {
      b.clock.advance(20);
      b.io.inject(a.port, a.address, tonePacket(a, amplitude));
    }
    const level = heardLevel(samplesOf(b.take(other.address)), a, 6000, 8000);
    assert.ok(Math.abs(level - expected) < expected * 0.1 + 4, `${amplitude} becomes ${level}, not ${expected}`);
    b.core.close();
  }
});

void test("RFC 5707 8.12.1.2 clamp: neither telephone-events nor their tones get through, nothing else is lost, numbers have no hole", () => {
  const b = new Bench();
  const [a, other] = two(b);
  b.core.setStream("c", other.leg, { clampDtmf: true });
  const key = dtmfSamples("5", 200, 20)[0] ?? new Int16Array();
  chorus(b, [a], 50);
  for (let at = 0; at < 1600; at += 160) {
    b.clock.advance(20);
    b.io.inject(a.port, a.address, tonePacket(a, 0, key.subarray(at, at + 160)));
  }
  for (let n = 0; n < 5; n++) {
    const size = 4;
    const timestamp = (a.said * 160) >>> 0;
    b.io.inject(
      a.port,
      a.address,
      rtpBytes({ sequence: 7000 + n, timestamp, payloadType: 101, size, ssrc: a.leg + 50 }),
    );
  }
  chorus(b, [a], 50);
  const heard = b.take(other.address);
  contiguous(heard);
  assert.ok(heard.every(({ payloadType }) => payloadType === 8));
  const samples = samplesOf(heard);
  for (const hertz of [770, 1336]) {
    const leaked = levelOf(samples.subarray(8000, 9600), hertz);
    assert.ok(leaked < 700, `${hertz} Hz at ${leaked}`);
  }
  assert.ok(heardLevel(samples, a, 0, 1000) > 7500 && heardLevel(samples, a, 1250, 2200) > 7500);
  b.core.close();
});

void test("RFC 5707 8.8: one-way streams: who is only heard hears nothing; who hears two hears their sum; ending one is a relay again", () => {
  const b = new Bench();
  const [a, other, third] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013), tonePhone(b, 3, 700)];
  b.core.setStream(a.leg, third.leg);
  b.core.setStream(other.leg, third.leg, { gainDb: -6 });
  chorus(b, [a, other, third], 100);
  assert.equal(b.take(a.address).length + b.take(other.address).length, 0);
  const both = samplesOf(b.take(third.address));
  assert.ok(heardLevel(both, a, 300, 1900) > 7500);
  assert.ok(Math.abs(heardLevel(both, other, 300, 1900) - 4000) < 250);
  b.core.endStream(other.leg, third.leg);
  b.core.endStream(other.leg, third.leg);
  chorus(b, [a, other, third], 50);
  const one = samplesOf(b.take(third.address));
  assert.ok(heardLevel(one, a, 100, 900) > 7500 && heardLevel(one, other, 100, 900) < 60);
  b.core.endStream(a.leg, third.leg);
  chorus(b, [a, other, third], 10);
  assert.equal(b.take(third.address).length, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("a conference of streams: a coach whom one agent hears only, a listener who says nothing; empty it is gone", () => {
  const b = new Bench();
  const [customer, agent, coach, listener] = [
    tonePhone(b, 1, 437),
    tonePhone(b, 2, 1013),
    tonePhone(b, 3, 700, "PCMA"),
    tonePhone(b, 4, 1500),
  ];
  const all = [customer, agent, coach, listener];
  b.core.setConference("c", [customer.leg, agent.leg]);
  b.core.setStream("c", coach.leg);
  b.core.setStream(coach.leg, agent.leg);
  b.core.setStream("c", listener.leg);
  chorus(b, all, 100);
  const hears = (phone: TonePhone): number[] => {
    const samples = samplesOf(b.take(phone.address));
    return all.filter((one) => heardLevel(samples, one, 300, 1900) > 7000).map(({ hertz }) => hertz);
  };
  assert.deepEqual(hears(customer), [1013]);
  assert.deepEqual(hears(agent), [437, 700]);
  assert.deepEqual(hears(coach), [437, 1013]);
  assert.deepEqual(hears(listener), [437, 1013]);
  for (const { leg } of all) b.core.closeLeg(leg);
  assert.equal(b.core.stats().conferences, 0);
  assert.throws(() => b.core.monitor(customer.leg, 99), { code: "unknown-leg" });
  const last = tonePhone(b, 5, 400);
  assert.throws(() => b.core.setStream(last.leg, last.leg), { code: "bad-audio" });
  assert.throws(() => b.core.setStream(last.leg, "d", { gainDb: 37 }), { code: "bad-audio" });
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("RFC 5707 8.11 monitor: a supervisor hears what a leg says and hears; nobody hears the supervisor, nothing changes for the others", () => {
  const b = new Bench();
  const [customer, agent] = two(b);
  const boss = tonePhone(b, 3, 700);
  chorus(b, [customer, agent, boss], 20);
  b.core.monitor(boss.leg, agent.leg);
  chorus(b, [customer, agent, boss], 80);
  const heard = samplesOf(b.take(boss.address));
  assert.ok(heardLevel(heard, customer, 200, 1500) > 7500 && heardLevel(heard, agent, 200, 1500) > 7500);
  for (const [phone, other] of [
    [customer, agent],
    [agent, customer],
  ] as const) {
    const got = b.take(phone.address);
    contiguous(got);
    assert.equal(got.length, 100);
    assert.ok(heardLevel(samplesOf(got), other, 100, 1900) > 7500);
    assert.ok(heardLevel(samplesOf(got), boss, 100, 1900) < 60);
  }
  b.core.monitor(boss.leg, agent.leg, { mute: true });
  chorus(b, [customer, agent, boss], 50);
  const silence = samplesOf(b.take(boss.address)).subarray(400);
  assert.ok(silence.length > 6000 && silence.every((sample) => Math.abs(sample) <= 8));
  b.core.monitor(boss.leg, agent.leg);
  // The agent is put on hold music: the supervisor hears that, too.
  const music = Int16Array.from({ length: 800 }, (_, i) =>
    Math.round(6000 * Math.sin((2 * Math.PI * 2000 * i) / 8000)),
  );
  b.core.play(agent.leg, { audio: [music], iterations: -1, intervalMs: 0, capture: false });
  chorus(b, [customer, agent, boss], 50);
  const held = samplesOf(b.take(boss.address)).subarray(1600);
  assert.ok(levelOf(held, 2000) > 5500 && levelOf(held, customer.hertz) < 60 && levelOf(held, agent.hertz) > 7500);
  b.core.endMonitor(boss.leg, agent.leg);
  chorus(b, [customer, agent, boss], 20);
  assert.equal(b.take(boss.address).length, 0);
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("R29: who monitors a conference hears all of it and is no member: not in its count, not in a replica, not for its end", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013), tonePhone(b, 3, 1500)];
  const boss = tonePhone(b, 4, 700);
  b.core.setConference(
    "c",
    phones.map(({ leg }) => leg),
  );
  b.core.monitor(boss.leg, "c", { gainDb: -6 });
  const legs = phones.map(({ leg }) => leg);
  const { tap } = b.core.openTap({ legs, codec: "PCMU", payloadType: 0, backfillSinceMs: 0, paused: false });
  b.core.setTapDestination(tap, { host: "10.0.0.9", port: 7000, payloadType: 0, codec: "PCMU" });
  chorus(b, [...phones, boss], 150);
  const heard = samplesOf(b.take(boss.address));
  const replica = samplesOf(b.take("10.0.0.9:7000"));
  for (const phone of phones) {
    assert.ok(Math.abs(heardLevel(heard, phone, 300, 2900) - 4000) < 300);
    assert.ok(heardLevel(replica, phone, 300, 2500) > 7500);
    assert.ok(heardLevel(samplesOf(b.take(phone.address)), boss, 300, 2900) < 60);
  }
  assert.ok(heardLevel(replica, boss, 300, 2500) < 60);
  b.core.setConference("c", []);
  chorus(b, [...phones, boss], 10);
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});
