import assert from "node:assert/strict";
import { test } from "node:test";
import { alawToUlaw } from "@sidetone/rtp";
import type { AlertTone, PlayOptions } from "./audio-types.ts";
import { Bench } from "./core.fixture.ts";
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
import { toneSamples } from "./tones.ts";

const BEEP = 1400;
const MUSIC = 2000;

function music(ms: number, hertz = MUSIC): Int16Array {
  return toneSamples({ frequency1: hertz, level1Db: -12, durationMs: ms });
}

/** Amplitude of -12 dBm0. */
const LEVEL = 22_837 * 10 ** (-12 / 20);

const once: PlayOptions = { audio: [], iterations: 1, intervalMs: 0, capture: false };

function pair(b: Bench): [TonePhone, TonePhone] {
  const phones: [TonePhone, TonePhone] = [tonePhone(b, 1, 437, "PCMA"), tonePhone(b, 2, 1013)];
  b.core.setConference("c", [phones[0].leg, phones[1].leg]);
  return phones;
}

function ends(b: Bench): string[] {
  const told: string[] = [];
  b.core.events.on("played", (play, ms) => told.push(`played ${play} ${ms}`));
  b.core.events.on("play-timeout", (play, ms) => told.push(`timeout ${play} ${ms}`));
  return told;
}

const beep: AlertTone = { samples: music(400, BEEP), everyMs: 2000, legs: [], recorded: false };

/** Where a tone is heard: begin and end of each time, ms. */
function timesOf(samples: Int16Array, hertz: number): [number, number][] {
  const times: [number, number][] = [];
  for (let at = 0; at + 80 <= samples.length; at += 80) {
    if (levelOf(samples.subarray(at, at + 80), hertz) < LEVEL / 2) continue;
    const last = times.at(-1);
    if (last !== undefined && at / 8 - last[1] <= 10) last[1] = at / 8 + 10;
    else times.push([at / 8, at / 8 + 10]);
  }
  return times;
}

void test("an overlay is heard on top of the other, who is heard on without a hole; packets before and after are octet for octet the same", () => {
  const b = new Bench();
  const told = ends(b);
  const [a, other] = pair(b);
  const sent: Uint8Array[] = [];
  let play = 0;
  for (let n = 0; n < 150; n++) {
    if (n === 50) play = b.core.play(other.leg, { ...once, audio: [music(500)], mode: "overlay" });
    b.clock.advance(20);
    const bytes = tonePacket(a);
    sent.push(bytes.slice(12));
    b.io.inject(a.port, a.address, bytes);
    b.io.inject(other.port, other.address, tonePacket(other));
  }
  assert.deepEqual(told, [`played ${play} 500`]);
  const heard = b.take(other.address);
  assert.equal(heard.length, 150);
  heard.forEach((p, i) => {
    assert.equal(p.sequence, ((heard[0]?.sequence ?? 0) + i) & 0xffff);
    assert.equal((p.timestamp - (heard[0]?.timestamp ?? 0)) | 0, i * 160);
  });
  const samples = samplesOf(heard);
  const [time] = timesOf(samples, MUSIC);
  assert.ok(time !== undefined && time[0] >= 1000 && time[0] <= 1100, `begins at ${time?.[0]}`);
  assert.ok(Math.abs(time[1] - time[0] - 500) <= 20, `lasts ${time[1] - time[0]}`);
  assert.ok(longestSilence(samples) < 5);
  const both = samples.subarray(1150 * 8, 1450 * 8);
  assert.ok(Math.abs(levelOf(both, MUSIC) - LEVEL) < 400 && levelOf(both, a.hertz) > 7500);
  // A to B is A-law to µ-law: by table outside of the tone.
  const changed = heard.filter((p, i) => p.payload.some((octet, k) => octet !== alawToUlaw[sent[i]?.[k] ?? 0]));
  assert.ok(changed.length >= 25 && changed.length <= 27, `${changed.length} packets changed`);
  const back = b.take(a.address);
  assert.equal(back.length, 150);
  assert.ok(timesOf(samplesOf(back), MUSIC).length === 0, "the other one hears nothing of it");
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("an overlay is heard where nobody speaks as well, on hold and in a mix; then the one who speaks again", () => {
  const b = new Bench();
  const [a, other] = pair(b);
  const third = tonePhone(b, 3, 700);
  const hear = (): Int16Array => {
    const heard = b.take(other.address);
    contiguous(heard);
    return samplesOf(heard);
  };
  b.core.play(other.leg, { ...once, audio: [music(600)], mode: "overlay" });
  b.clock.advance(1000);
  assert.ok(levelOf(hear().subarray(1000, 4000), MUSIC) > LEVEL * 0.9);
  chorus(b, [a, other], 50);
  assert.ok(levelOf(hear(), a.hertz) > 7500);
  b.core.setConference("c", [a.leg, other.leg, third.leg]);
  chorus(b, [a, other, third], 20);
  hear();
  b.core.play(other.leg, { ...once, audio: [music(600)], mode: "overlay" });
  chorus(b, [a, other, third], 30);
  const mixed = hear().subarray(1600, 4600);
  assert.ok(
    levelOf(mixed, MUSIC) > LEVEL * 0.9 && levelOf(mixed, a.hertz) > 7400 && levelOf(mixed, third.hertz) > 7400,
  );
  assert.ok(levelOf(samplesOf(b.take(a.address)), MUSIC) < 60);
  b.core.close();
});

void test("RFC 5707 9.7.1: what is played to a conference all members hear, two and three of them, who came later as well", () => {
  const b = new Bench();
  const told = ends(b);
  const [a, other] = pair(b);
  const third = tonePhone(b, 3, 700);
  const play = b.core.play("c", { ...once, audio: [music(100)], iterations: -1, gainDb: -6 });
  chorus(b, [a, other], 50);
  for (const [phone, voice] of [
    [a, other],
    [other, a],
  ] as const) {
    const heard = samplesOf(b.take(phone.address)).subarray(1600);
    assert.ok(Math.abs(levelOf(heard, MUSIC) - LEVEL / 2) < 300 && levelOf(heard, voice.hertz) > 7500);
  }
  b.core.setConference("c", [a.leg, other.leg, third.leg]);
  chorus(b, [a, other, third], 50);
  for (const phone of [a, other, third]) {
    const heard = samplesOf(b.take(phone.address)).subarray(1600);
    assert.ok(Math.abs(levelOf(heard, MUSIC) - LEVEL / 2) < 300, `${phone.hertz}`);
  }
  assert.ok((b.core.stopPlay(play) ?? 0) > 1900);
  chorus(b, [a, other, third], 20);
  assert.ok(levelOf(samplesOf(b.take(a.address)).subarray(800), MUSIC) < 60);
  assert.deepEqual(told, []);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("what is played to a conference that nobody is in yet is heard by who joins; when all is over nothing is left", () => {
  const b = new Bench();
  const phones = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  const [a, other] = phones;
  assert.ok(a !== undefined && other !== undefined);
  b.core.monitor(other.leg, "c");
  b.core.startFileRecording(1, { file: "x", source: "c", format: "PCM" });
  const play = b.core.play("c", { ...once, audio: [music(100)], iterations: -1 });
  b.clock.advance(300);
  b.core.setStream("c", a.leg);
  chorus(b, phones, 50);
  for (const phone of phones) assert.ok(levelOf(samplesOf(b.take(phone.address)).subarray(1600), MUSIC) > LEVEL * 0.9);
  b.core.stopPlay(play);
  b.core.endMonitor(other.leg, "c");
  b.core.endStream("c", a.leg);
  assert.equal(b.core.stopFileRecording(1)?.ms, 1300);
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("RFC 5707 9.7.1: offset, pause, resume, toggle-state, skip forwards and backwards, restart; maxtime leaves pauses out", () => {
  const b = new Bench();
  const told = ends(b);
  const [a] = pair(b);
  // Half a second each: 500, 600, 700 ... Hz.
  const audio = [500, 600, 700, 800, 900, 1000].map((hertz) =>
    toneSamples({ frequency1: hertz, level1Db: -12, durationMs: 500 }),
  );
  const play = b.core.play(a.leg, { ...once, audio, offsetMs: 500, paused: true });
  const listen = (ms: number): number[] => {
    b.clock.advance(ms);
    const samples = samplesOf(b.take(a.address));
    return [500, 600, 700, 800, 900, 1000].filter((hertz) => levelOf(samples, hertz) > LEVEL / 4);
  };
  assert.deepEqual(listen(400), []);
  assert.equal(b.core.controlPlay(play, { kind: "resume" }), true);
  assert.deepEqual(listen(400), [600]);
  b.core.controlPlay(play, { kind: "skip", ms: 1000 });
  assert.deepEqual(listen(100), [800]);
  b.core.controlPlay(play, { kind: "skip", ms: -500 });
  assert.deepEqual(listen(340), [800]);
  b.core.controlPlay(play, { kind: "toggle" });
  assert.deepEqual(listen(300), []);
  b.core.controlPlay(play, { kind: "skip", ms: -60_000 });
  b.core.controlPlay(play, { kind: "toggle" });
  assert.deepEqual(listen(480), [500]);
  b.core.controlPlay(play, { kind: "skip", ms: 1600 });
  assert.deepEqual(listen(200), [900]);
  b.core.controlPlay(play, { kind: "restart" });
  assert.deepEqual(listen(400), [500]);
  b.core.controlPlay(play, { kind: "skip", ms: 60_000 });
  listen(100);
  assert.equal(told.length, 1);
  assert.equal(b.core.controlPlay(play, { kind: "pause" }), false);
  const timed = b.core.play(a.leg, { ...once, audio, iterations: -1, maxTimeMs: 400 });
  listen(200);
  b.core.controlPlay(timed, { kind: "pause" });
  listen(5000);
  assert.equal(told.length, 1);
  b.core.controlPlay(timed, { kind: "resume" });
  listen(400);
  assert.equal(told[1], `timeout ${timed} 400`);
  b.core.close();
});

void test("alert tone: every N seconds to whom it is for, in a relayed call, which is octet for octet the same between the tones", () => {
  const b = new Bench();
  const [a, other] = pair(b);
  chorus(b, [a, other], 20);
  b.core.setAlertTone("c", { ...beep, legs: [other.leg], firstAfterMs: 500 });
  const sent: Uint8Array[] = [];
  b.take(other.address);
  b.take(a.address);
  b.core.configureLeg(other.leg, settings(other.address, { codec: "PCMA", payloadType: 8 }));
  for (let n = 0; n < 400; n++) {
    b.clock.advance(20);
    const bytes = tonePacket(a);
    sent.push(bytes.slice(12));
    b.io.inject(a.port, a.address, bytes);
    b.io.inject(other.port, other.address, tonePacket(other));
  }
  const heard = b.take(other.address);
  assert.equal(heard.length, 400);
  contiguous(heard);
  const times = timesOf(samplesOf(heard), BEEP);
  assert.equal(times.length, 4);
  times.forEach(([from, to], i) => {
    assert.ok(Math.abs(from - (560 + i * 2000)) <= 40, `begins at ${from}`);
    assert.ok(Math.abs(to - from - 400) <= 20);
  });
  const changed = heard.filter((p, i) => !Buffer.from(p.payload).equals(Buffer.from(sent[i] ?? []))).length;
  assert.ok(changed <= 4 * 22, `${changed} packets changed`);
  assert.equal(timesOf(samplesOf(b.take(a.address)), BEEP).length, 0, "the other side hears none");
  // Both sides from now on, in the same rhythm; then nobody.
  b.core.setAlertTone("c", { ...beep, legs: [a.leg, other.leg] });
  chorus(b, [a, other], 100);
  const [again] = timesOf(samplesOf(b.take(other.address)), BEEP);
  assert.ok(again !== undefined && Math.abs(again[0] - 560) <= 40, `${again?.[0]}`);
  assert.equal(timesOf(samplesOf(b.take(a.address)), BEEP).length, 1);
  b.core.setAlertTone("c", undefined);
  chorus(b, [a, other], 200);
  assert.equal(timesOf(samplesOf(b.take(other.address)), BEEP).length, 0);
  b.core.closeLeg(a.leg);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

for (const recorded of [true, false]) {
  void test(`alert tone ${recorded ? "" : "not "}in the recording: ${recorded ? "on the side of the other one, whoever speaks there" : "both replicas are what the phones say, octet for octet"}`, () => {
    const b = new Bench();
    const [a, other] = pair(b);
    const common = { codec: undefined, payloadType: 0, backfillSinceMs: 0, paused: false } as const;
    const { tap } = b.core.openTap({ ...common, legs: [a.leg], others: [other.leg] });
    sendTo(b, tap);
    chorus(b, [a, other], 20);
    b.core.setAlertTone("c", { ...beep, legs: [other.leg], recorded });
    chorus(b, [a, other], 300);
    b.core.setAlertTone("c", undefined);
    chorus(b, [a, other], 50);
    const got = b.take(RECORDER);
    contiguous(got);
    const samples = samplesOf(got);
    const times = timesOf(samples, BEEP);
    assert.equal(times.length, recorded ? 3 : 0);
    assert.ok(Math.abs(samples.length / 8 - 370 * 20) < 400, `${samples.length / 8} ms`);
    assert.ok(levelOf(samples, a.hertz) > 7000);
    assert.ok(longestSilence(samples) < 65, `${longestSilence(samples)} ms`);
    b.core.close();
    assert.equal(b.io.held, 0);
  });
}

void test("a recorded alert tone is in no recording while that is paused (R19), and heard all the same", () => {
  const b = new Bench();
  const [a, other] = pair(b);
  const common = { codec: undefined, payloadType: 0, backfillSinceMs: 0, paused: false } as const;
  const { tap } = b.core.openTap({ ...common, legs: [a.leg], others: [other.leg] });
  sendTo(b, tap);
  b.core.setAlertTone("c", { ...beep, everyMs: 1000, legs: [other.leg], recorded: true });
  chorus(b, [a, other], 100);
  b.core.pauseTap(tap);
  b.take(RECORDER);
  chorus(b, [a, other], 100);
  assert.equal(b.take(RECORDER).length, 0);
  b.core.resumeTap(tap);
  chorus(b, [a, other], 100);
  assert.ok(timesOf(samplesOf(b.take(RECORDER)), BEEP).length >= 1);
  assert.equal(timesOf(samplesOf(b.take(other.address)), BEEP).length, 6);
  b.core.close();
});

void test("alert tones and plays are refused where they make no sense", () => {
  const b = new Bench();
  const [a] = pair(b);
  assert.throws(() => b.core.setAlertTone("c", { ...beep, everyMs: 450, legs: [a.leg] }), { code: "bad-audio" });
  assert.throws(() => b.core.setAlertTone("c", { ...beep, legs: [99] }), { code: "unknown-leg" });
  assert.throws(() => b.core.play(a.leg, { ...once, gainDb: 40 }), { code: "bad-audio" });
  b.core.close();
});
