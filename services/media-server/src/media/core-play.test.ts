import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench } from "./core.fixture.ts";
import { chorus, levelOf, longestSilence, samplesOf, type TonePhone, tonePhone } from "./core-mix.fixture.ts";
import { contiguous, RECORDER, sendTo, settings } from "./core-scene.fixture.ts";
import type { PlayOptions } from "./audio-types.ts";

const MUSIC = 2000;

/** A tone of 2,000 Hz. */
function music(ms: number): Int16Array {
  return Int16Array.from({ length: ms * 8 }, (_, i) =>
    Math.round(6000 * Math.sin((2 * Math.PI * MUSIC * i) / 8000 + 0.4)),
  );
}

const once: PlayOptions = { audio: [], iterations: 1, intervalMs: 0, capture: false };

function pair(b: Bench): [TonePhone, TonePhone] {
  const phones: [TonePhone, TonePhone] = [tonePhone(b, 1, 437, "PCMA"), tonePhone(b, 2, 1013)];
  b.core.connect(phones[0].leg, phones[1].leg);
  return phones;
}

function ends(b: Bench): string[] {
  const told: string[] = [];
  b.core.events.on("played", (play, ms) => told.push(`played ${play} ${ms}`));
  b.core.events.on("play-timeout", (play, ms) => told.push(`timeout ${play} ${ms}`));
  return told;
}

void test("a phone that is played something hears that instead of its peer, who hears it as before; then they talk on", () => {
  const b = new Bench();
  const told = ends(b);
  const [a, other] = pair(b);
  chorus(b, [a, other], 50);
  const play = b.core.play(a.leg, { ...once, audio: [music(500), music(500)] });
  chorus(b, [a, other], 50);
  assert.deepEqual(told, []);
  chorus(b, [a, other], 51);
  assert.deepEqual(told, [`played ${play} 1000`]);
  const heard = b.take(a.address);
  contiguous(heard);
  heard.forEach((p, i) => {
    const step = i === 0 ? 160 : (p.timestamp - (heard[i - 1]?.timestamp ?? 0)) | 0;
    assert.ok(step >= 160 && step <= 640, `step ${step}`);
  });
  const samples = samplesOf(heard);
  const stretch = samples.subarray(1100 * 8, 1900 * 8);
  assert.ok(levelOf(stretch, MUSIC) > 5500 && levelOf(stretch, other.hertz) < 60);
  for (const [from, to] of [
    [0, 950],
    [2100, 2950],
  ] as const) {
    const talking = samples.subarray(from * 8, to * 8);
    assert.ok(levelOf(talking, MUSIC) < 60 && levelOf(talking, other.hertz) > 7500, `${from} to ${to}`);
  }
  const said = b.take(other.address);
  assert.equal(said.length, 151);
  contiguous(said);
  assert.equal(b.core.stopPlay(play), undefined);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("RFC 5707 9.7.1: iterations, the interval between them, maxtime; -1 plays until it is stopped", () => {
  const b = new Bench();
  const told = ends(b);
  const [a] = pair(b);
  const twice = b.core.play(a.leg, { ...once, audio: [music(110)], iterations: 3, intervalMs: 200 });
  b.clock.advance(2000);
  assert.deepEqual(told.splice(0), [`played ${twice} 730`]);
  const rounds = samplesOf(b.take(a.address));
  assert.ok(Math.abs(longestSilence(rounds) - 200) < 15, `${longestSilence(rounds)} ms`);
  const cut = b.core.play(a.leg, { ...once, audio: [music(300)], iterations: -1, maxTimeMs: 1010 });
  b.clock.advance(2000);
  assert.deepEqual(told.splice(0), [`timeout ${cut} 1010`]);
  const endless = b.core.play(a.leg, { ...once, audio: [music(30)], iterations: -1 });
  b.clock.advance(60_000);
  assert.throws(() => b.core.play(a.leg, { ...once, audio: [music(30)] }), { code: "leg-playing" });
  const ms = b.core.stopPlay(endless) ?? 0;
  assert.ok(ms > 59_900 && ms <= 60_000, `${ms}`);
  assert.deepEqual(told, []);
  b.take(a.address);
  b.clock.advance(1000);
  assert.equal(b.take(a.address).length, 0);
  const nothing = b.core.play(a.leg, once);
  b.clock.advance(40);
  assert.deepEqual(told, [`played ${nothing} 0`]);
  b.core.close();
});

void test("in a conference who is played something is heard on by the others, and hears only that", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013), tonePhone(b, 3, 700)];
  b.core.setConference(
    "c",
    phones.map(({ leg }) => leg),
  );
  const [a, second] = phones;
  assert.ok(a !== undefined && second !== undefined);
  b.core.play(a.leg, { ...once, audio: [music(1000)], iterations: -1 });
  chorus(b, phones, 100);
  const played = samplesOf(b.take(a.address)).subarray(1600);
  assert.ok(levelOf(played, MUSIC) > 5500 && levelOf(played, 1013) < 60 && levelOf(played, 700) < 60);
  const heard = b.take(second.address);
  contiguous(heard);
  const mixed = samplesOf(heard).subarray(1600);
  assert.ok(levelOf(mixed, MUSIC) < 60 && levelOf(mixed, 437) > 7500 && levelOf(mixed, 700) > 7500);
  b.core.closeLeg(a.leg);
  chorus(b, phones.slice(1), 20);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

for (const capture of [true, false]) {
  void test(`R28: music that the customer hears is ${capture ? "" : "not "}in the agent's channel; what both say is where it was`, () => {
    const b = new Bench();
    const [customer, agent] = pair(b);
    const none = { codec: undefined, payloadType: 0, backfillSinceMs: 0, paused: false } as const;
    const tap = b.core.openTap({ ...none, legs: [agent.leg], others: [customer.leg] }).tap;
    const own = b.core.openTap({ ...none, legs: [customer.leg], others: [agent.leg] }).tap;
    sendTo(b, tap);
    b.core.setTapDestination(own, { host: "10.0.0.9", port: 7010, payloadType: 8, codec: undefined });
    chorus(b, [customer, agent], 50);
    b.core.configureLeg(agent.leg, settings(agent.address, { sendToPhone: false, receiveFromPhone: false }));
    const play = b.core.play(customer.leg, { ...once, audio: [music(300)], iterations: -1, capture });
    chorus(b, [customer, agent], 100);
    b.core.pauseTap(tap);
    chorus(b, [customer, agent], 50);
    b.core.resumeTap(tap);
    chorus(b, [customer, agent], 50);
    b.core.stopPlay(play);
    b.core.configureLeg(agent.leg, settings(agent.address));
    chorus(b, [customer, agent], 50);
    const got = b.take(RECORDER);
    contiguous(got);
    const samples = samplesOf(got);
    assert.ok(Math.abs(samples.length - 300 * 160) < 1000, `${samples.length / 8} ms`);
    const level = (from: number, to: number, hertz: number): number =>
      levelOf(samples.subarray(from * 8, to * 8), hertz);
    assert.ok(level(0, 950, agent.hertz) > 7500 && level(0, 950, MUSIC) < 60);
    const music1 = level(1100, 2900, MUSIC);
    const music2 = level(4100, 4900, MUSIC);
    assert.ok(capture ? music1 > 5500 && music2 > 5500 : music1 < 60 && music2 < 60, `${music1} ${music2}`);
    // R19.
    assert.ok(level(3050, 3950, MUSIC) < 60, "nothing of a pause");
    assert.ok(level(5100, 5900, agent.hertz) > 7500 && level(5100, 5900, MUSIC) < 60);
    const other = samplesOf(b.take("10.0.0.9:7010"));
    assert.ok(levelOf(other, customer.hertz) > 7500 && levelOf(other, MUSIC) < 60);
    b.core.close();
    assert.equal(b.io.held, 0);
  });
}

void test("R28: what a phone does not hear, as it is on hold itself, is not recorded", () => {
  const b = new Bench();
  const [customer, agent] = pair(b);
  const tap = b.core.openTap({
    legs: [agent.leg],
    others: [customer.leg],
    codec: undefined,
    payloadType: 0,
    backfillSinceMs: 0,
    paused: false,
  }).tap;
  sendTo(b, tap);
  b.core.configureLeg(customer.leg, settings(customer.address, { sendToPhone: false }));
  b.core.play(customer.leg, { ...once, audio: [music(300)], iterations: -1, capture: true });
  b.clock.advance(2000);
  assert.equal(b.take(RECORDER).length + b.take(customer.address).length, 0);
  b.core.close();
});
