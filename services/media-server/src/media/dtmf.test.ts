import assert from "node:assert/strict";
import { test } from "node:test";
import { RtpView, writeTelephoneEvent } from "@sidetone/rtp";
import fc from "fast-check";
import { Bench, rtpBytes } from "./core.fixture.ts";
import { chorus, levelOf, samplesOf, tonePacket, tonePhone } from "./core-mix.fixture.ts";
import { contiguous, PHONE_A, PHONE_B, settings, talk, twoLegs } from "./core-scene.fixture.ts";
import { DtmfDetector } from "./dtmf-detector.ts";
import { KeyEvents } from "./key-events.ts";
import { dtmfFrequencies, dtmfSamples, silenceSamples, toneSamples } from "./tones.ts";

const KEYS = "0123456789*#ABCD";

/** What a detector says of samples, given in packets of a length. */
function detect(samples: Int16Array, packet = 160): [string, string, number][] {
  const told: [string, string, number][] = [];
  const detector = new DtmfDetector((key, phase, ms) => told.push([key, phase, ms]));
  for (let at = 0; at < samples.length; at += packet) {
    const piece = samples.subarray(at, at + packet);
    detector.take(piece, piece.length);
  }
  detector.end();
  return told;
}

function join(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

void test("ITU-T Q.24: every key of 45 ms and more is found once, wherever it begins, down to -30 dBm0, with its length", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from(KEYS)), minLength: 1, maxLength: 8 }),
      fc.integer({ min: 45, max: 300 }),
      fc.integer({ min: 45, max: 200 }),
      fc.integer({ min: -27, max: -3 }),
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom(80, 160, 240),
      (digits, ms, interval, level, lead, packet) => {
        const told = detect(join([new Int16Array(lead), ...dtmfSamples(digits, ms, interval, level)]), packet);
        assert.equal(
          told
            .filter(([, phase]) => phase === "start")
            .map(([key]) => key)
            .join(""),
          digits,
        );
        for (const [, phase, length] of told) if (phase === "end") assert.ok(Math.abs(length - ms) <= 27, `${length}`);
      },
    ),
    { numRuns: 150 },
  );
});

void test("ITU-T Q.24: frequencies that are off by 1.5 %, and a twist of 6 dB, are still a key; by 4 %, or 12 dB, they are none", () => {
  for (const key of KEYS) {
    const [low, high] = dtmfFrequencies(key) ?? [0, 0];
    const heard = (off: number, twist: number): number => {
      const [frequency1, frequency2] = [low * (1 + off), high * (1 + off)];
      const tone = { frequency1, frequency2, level1Db: -10, level2Db: -10 + twist, durationMs: 100 };
      return detect(toneSamples(tone)).length;
    };
    for (const off of [-0.015, 0, 0.015])
      for (const twist of [-6, 0, 6]) assert.equal(heard(off, twist), 2, `${key} ${off} ${twist}`);
    assert.equal(heard(0, 12) + heard(0, -12) + heard(0.045, 0), 0, key);
  }
});

void test("nothing else is a key: one frequency, a dial tone, noise, a voice-like sum of harmonics, silence", () => {
  let seed = 1;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  assert.deepEqual(detect(toneSamples({ frequency1: 697, durationMs: 1000 })), []);
  assert.deepEqual(
    detect(toneSamples({ frequency1: 350, frequency2: 440, level1Db: -13, level2Db: -13, durationMs: 1000 })),
    [],
  );
  assert.deepEqual(detect(silenceSamples(1000)), []);
  assert.deepEqual(detect(Int16Array.from({ length: 80_000 }, () => Math.round((random() - 0.5) * 20_000))), []);
  for (let pitch = 90; pitch < 320; pitch += 3) {
    const voice = Int16Array.from({ length: 8000 }, (_, i) => {
      let sum = 0;
      for (let h = 1; h < 12; h++)
        sum += Math.sin((2 * Math.PI * pitch * h * (1 + 0.02 * Math.sin(i / 900)) * i) / 8000) / h;
      return Math.round(sum * 4000);
    });
    assert.deepEqual(detect(voice), [], `${pitch} Hz`);
  }
});

/** A telephone-event packet. */
function event(n: number, timestamp: number, key: number, duration: number, end: boolean): Uint8Array {
  const bytes = rtpBytes({ sequence: n, timestamp, payloadType: 101, size: 4 });
  writeTelephoneEvent(bytes, 12, { event: key, end, volume: 10, duration });
  return bytes;
}

void test("RFC 4733 2.5: a key is told once however often it is repeated; late, lost and doubled packets, long keys in segments", () => {
  const told: [string, string, number][] = [];
  const events = new KeyEvents((key, phase, ms) => told.push([key, phase, ms]));
  const view = new RtpView();
  const take = (bytes: Uint8Array, arrival = 0): void => {
    assert.ok(view.read(bytes, 0, bytes.length));
    events.take(view, { arrival }, bytes);
  };
  for (const [duration, end] of [
    [160, false],
    [320, false],
    [800, true],
    [800, true],
    [800, true],
    [480, false],
  ] as const)
    take(event(1, 1000, 5, duration, end));
  assert.deepEqual(told.splice(0), [
    ["5", "start", 0],
    ["5", "end", 100],
  ]);
  // The same key once more; its end is lost, another one begins; then a late packet of the first.
  take(event(2, 4000, 5, 160, false));
  take(event(3, 8000, 11, 320, false));
  take(event(2, 4000, 5, 640, true));
  assert.deepEqual(told.splice(0), [
    ["5", "start", 0],
    ["5", "end", 20],
    ["#", "start", 0],
  ]);
  take(event(4, 8000, 11, 400, false), 1000);
  events.tick(2000);
  assert.deepEqual(told.splice(0), []);
  events.tick(2700);
  assert.deepEqual(told.splice(0), [["#", "end", 50]]);
  // Only the end has come through.
  take(event(5, 20_000, 0, 720, true), 5000);
  assert.deepEqual(told.splice(0), [
    ["0", "start", 0],
    ["0", "end", 90],
  ]);
  // RFC 4733 2.5.1.3.
  take(event(6, 100_000, 1, 0xffff, false), 6000);
  take(event(7, 100_000 + 0xffff, 1, 8000, true), 6100);
  assert.deepEqual(told.splice(0), [
    ["1", "start", 0],
    ["1", "end", 9192],
  ]);
  take(event(8, 200_000, 16, 100, true), 7000);
  take(rtpBytes({ sequence: 9, timestamp: 300_000, payloadType: 101, size: 3 }), 7000);
  assert.deepEqual(told, []);
});

void test("detection: telephone-events and tones of a phone are told while somebody listens; tones not once more where there are events", () => {
  const b = new Bench();
  const told: string[] = [];
  b.core.events.on("dtmf", (leg, key, phase, ms) => told.push(`${leg} ${key} ${phase} ${ms > 0}`));
  const [a, other] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  b.core.connect(a.leg, other.leg);
  const press = (digit: string): void => {
    const tone = dtmfSamples(digit, 100, 20)[0] ?? new Int16Array();
    for (let at = 0; at < 800; at += 160) {
      b.clock.advance(20);
      b.io.inject(a.port, a.address, tonePacket(a, 0, tone.subarray(at, at + 160)));
    }
    chorus(b, [a], 5);
  };
  chorus(b, [a], 10);
  press("7");
  assert.deepEqual(told, []);
  b.core.setDetection(a.leg, { dtmf: "both" });
  press("7");
  assert.deepEqual(told.splice(0), [`${a.leg} 7 start false`, `${a.leg} 7 end true`]);
  b.core.setDetection(a.leg, { dtmf: "events" });
  press("8");
  assert.deepEqual(told, []);
  b.core.setDetection(a.leg, { dtmf: "both" });
  for (let n = 0; n < 3; n++) {
    const bytes = event((a.said + n) & 0xffff, (a.said * 160) >>> 0, 9, 400, n === 2);
    bytes.set(tonePacket({ ...a }).subarray(8, 12), 8);
    b.io.inject(a.port, a.address, bytes);
  }
  a.said += 3;
  press("9");
  assert.deepEqual(told.splice(0), [`${a.leg} 9 start false`, `${a.leg} 9 end true`]);
  b.core.setDetection(a.leg, undefined);
  assert.equal(b.take(other.address).length > 40, true, "the call itself is relayed as ever");
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("RFC 4733 2.5: keys to a phone that took telephone-events: one time stamp a key, durations that grow, the end thrice; the relay goes on", () => {
  const b = new Bench();
  const [a] = twoLegs(b);
  const told: [number, number][] = [];
  b.core.events.on("played", (play, ms) => told.push([play, ms]));
  talk(b, a.rtpPort, 20);
  b.take(PHONE_B);
  const other = b.core.stats().perLeg[1]?.leg ?? 0;
  const play = b.core.sendDigits(other, { digits: "4#", toneMs: 100, intervalMs: 60, levelDb: -10 });
  talk(b, a.rtpPort, 40, 20);
  const heard = b.take(PHONE_B);
  contiguous(heard);
  const keys = heard.filter(({ payloadType }) => payloadType === 101);
  const audio = heard.filter(({ payloadType }) => payloadType === 0);
  assert.equal(audio.length, 40);
  audio.forEach((p, i) => assert.equal((p.timestamp - (audio[0]?.timestamp ?? 0)) | 0, i * 160));
  assert.deepEqual(
    keys.map(({ payload, marker }) => [
      payload[0],
      (payload[1] ?? 0) >> 7,
      (payload[2] ?? 0) * 256 + (payload[3] ?? 0),
      marker,
    ]),
    [4, 11].flatMap((key) =>
      [160, 320, 480, 640, 800, 800, 800].map((duration, i) => [key, i >= 4 ? 1 : 0, duration, i === 0]),
    ),
  );
  assert.ok(keys.every(({ payload }) => ((payload[1] ?? 0) & 63) === 10));
  assert.equal(new Set(keys.map(({ timestamp }) => timestamp)).size, 2);
  assert.ok(Math.abs(((keys[0]?.timestamp ?? 0) - (audio[0]?.timestamp ?? 0)) | 0) < 800);
  assert.deepEqual(told, [[play, 320]]);
  assert.equal(b.take(PHONE_A).length, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("RFC 5707 9.7.2: keys to a phone without telephone-events are tones", () => {
  const b = new Bench();
  const [a, other] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  b.core.connect(a.leg, other.leg);
  const { dtmfPayloadType: _none, ...plain } = settings(other.address);
  b.core.configureLeg(other.leg, plain);
  chorus(b, [a, other], 20);
  b.take(other.address);
  b.core.sendDigits(other.leg, { digits: "42D" });
  chorus(b, [a, other], 40);
  const heard = samplesOf(b.take(other.address));
  assert.deepEqual(
    detect(heard)
      .filter(([, phase]) => phase === "start")
      .map(([key]) => key),
    ["4", "2", "D"],
  );
  assert.ok(levelOf(heard.subarray(5200), a.hertz) > 7000);
  assert.throws(() => b.core.sendDigits(other.leg, { digits: "4x" }), { code: "bad-audio" });
  assert.throws(() => b.core.sendDigits(other.leg, { digits: "4", toneMs: 1e9 }), { code: "bad-audio" });
  b.core.close();
});
