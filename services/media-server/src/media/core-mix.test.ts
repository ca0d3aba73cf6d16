import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
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
import { contiguous, settings } from "./core-scene.fixture.ts";

/** Three phones in one conference, the third with A-law. */
function three(b: Bench): [TonePhone, TonePhone, TonePhone] {
  const phones: [TonePhone, TonePhone, TonePhone] = [
    tonePhone(b, 1, 437),
    tonePhone(b, 2, 1013),
    tonePhone(b, 3, 700, "PCMA"),
  ];
  b.core.setConference(
    "c",
    phones.map(({ leg }) => leg),
  );
  return phones;
}

void test("R26: three in a conference: each hears the other two, never itself, in its own form of G.711", () => {
  const b = new Bench();
  const phones = three(b);
  chorus(b, phones, 150);
  for (const phone of phones) {
    const heard = b.take(phone.address);
    contiguous(heard);
    assert.ok(heard.length >= 145, `${heard.length} packets`);
    assert.ok(heard.every((p) => p.payloadType === (phone.codec === "PCMA" ? 8 : 0)));
    const samples = samplesOf(heard).subarray(1600);
    for (const other of phones) {
      const level = levelOf(samples, other.hertz);
      if (other === phone) assert.ok(level < 60, `${phone.hertz} Hz hears itself at ${level}`);
      else assert.ok(Math.abs(level - 8000) < 400, `${phone.hertz} Hz hears ${other.hertz} Hz at ${level}`);
    }
  }
  assert.equal(b.core.stats().conferences, 1);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("a conference where nobody speaks is silent, to the last sample; who is loud together is limited, not wrapped", () => {
  const b = new Bench();
  const phones = three(b);
  b.clock.advance(1000);
  for (const phone of phones) {
    const heard = b.take(phone.address);
    assert.ok(heard.length >= 48, `${heard.length}`);
    assert.ok(samplesOf(heard).every((sample) => Math.abs(sample) <= 8));
  }
  const [a, b2, c] = phones;
  for (let n = 0; n < 50; n++) {
    b.clock.advance(20);
    b.io.inject(a.port, a.address, tonePacket(a, 32_000));
    b.io.inject(b2.port, b2.address, tonePacket({ ...b2, hertz: 437, said: a.said - 1 }, 32_000));
    b2.said++;
  }
  const loud = samplesOf(b.take(c.address)).subarray(1600, 6400);
  assert.ok(Math.max(...loud) > 30_000);
  let steepest = 0;
  loud.forEach((sample, i) => {
    if (i > 0) steepest = Math.max(steepest, Math.abs(sample - (loud[i - 1] ?? 0)));
  });
  assert.ok(steepest < 30_000, `a step of ${steepest}: the sum wraps`);
  b.core.close();
});

void test("from two to three and back: one stream a phone, time stamps that never go back, less than 150 ms of audio lost", () => {
  const b = new Bench();
  const [a, second] = [tonePhone(b, 1, 437), tonePhone(b, 2, 1013)];
  const third = tonePhone(b, 3, 700, "PCMA");
  b.core.connect(a.leg, second.leg);
  for (let round = 0; round < 4; round++) {
    chorus(b, [a, second, third], 50);
    b.core.setConference("c", [a.leg, second.leg, third.leg]);
    // In another phase each time.
    b.clock.advance(round * 5);
    chorus(b, [a, second, third], 50);
    b.core.setConference("c", [a.leg, second.leg]);
    assert.equal(b.core.stats().connections, 1);
    chorus(b, [a, second], 50);
  }
  const heard = b.take(second.address);
  contiguous(heard);
  heard.forEach((p, i) => {
    const step = i === 0 ? 160 : (p.timestamp - (heard[i - 1]?.timestamp ?? 0)) | 0;
    assert.ok(step >= 160 && step <= 160 + 1200, `step ${step} at ${i}`);
  });
  const samples = samplesOf(heard);
  assert.ok(longestSilence(samples) < 150, `${longestSilence(samples)} ms of silence`);
  // 600 packets of each were said; what is sent is at most 60 ms less each time the way changes.
  assert.ok(heard.length > 600 - 8 * 4, `${heard.length}`);
  b.core.close();
});

void test("a relay of two is undecoded again after the third has left or ended", () => {
  const b = new Bench();
  const phones = three(b);
  chorus(b, phones, 20);
  b.core.closeLeg(phones[2].leg);
  const before = b.take(phones[1].address).at(-1);
  for (let n = 0; n < 20; n++) {
    b.clock.advance(20);
    b.io.inject(
      phones[0].port,
      phones[0].address,
      rtpBytes({ sequence: 5000 + n, timestamp: 900_000 + n * 160, fill: n }),
    );
  }
  const heard = b.take(phones[1].address);
  assert.ok(heard.length >= 17, `${heard.length}`);
  assert.ok(heard.every((p) => p.payload.every((octet) => octet === p.payload[0])));
  assert.equal(heard[0]?.sequence, ((before?.sequence ?? 0) + 1) & 0xffff);
  assert.equal(heard.at(-1)?.payload[0], 19);
  assert.equal(b.core.stats().conferences, 0);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});

void test("RFC 3264: who is recvonly or inactive says nothing in the mix, who is sendonly or inactive hears nothing", () => {
  const b = new Bench();
  const phones = three(b);
  const [a, second, third] = phones;
  b.core.configureLeg(second.leg, settings(second.address, { receiveFromPhone: false }));
  b.core.configureLeg(third.leg, settings(third.address, { codec: "PCMA", payloadType: 8, sendToPhone: false }));
  chorus(b, phones, 100);
  const samples = samplesOf(b.take(a.address)).subarray(1600);
  assert.ok(levelOf(samples, second.hertz) < 60);
  assert.ok(Math.abs(levelOf(samples, third.hertz) - 8000) < 400);
  assert.equal(b.take(third.address).length, 0);
  assert.ok(b.take(second.address).length > 90);
  b.core.close();
});

void test("RFC 4733: a key that one member presses reaches all others, in their stream, with their payload type", () => {
  const b = new Bench();
  const phones = three(b);
  const [a, second, third] = phones;
  b.core.configureLeg(third.leg, settings(third.address, { codec: "PCMA", payloadType: 8, dtmfPayloadType: 96 }));
  chorus(b, phones, 20);
  for (const phone of phones) b.take(phone.address);
  const key = rtpBytes({
    sequence: a.said & 0xffff,
    timestamp: (a.said * 160) >>> 0,
    payloadType: 101,
    size: 4,
    ssrc: a.leg,
  });
  a.said++;
  b.io.inject(a.port, a.address, key);
  chorus(b, phones, 10);
  for (const [phone, type] of [
    [a, 101],
    [second, 101],
    [third, 96],
  ] as const) {
    const heard = b.take(phone.address);
    contiguous(heard);
    const keys = heard.filter((p) => p.payload.length === 4);
    assert.deepEqual(
      keys.map((p) => p.payloadType),
      phone === a ? [] : [type],
    );
    const ahead = ((keys[0]?.timestamp ?? 0) - (heard[0]?.timestamp ?? 0)) | 0;
    if (phone !== a) assert.ok(Math.abs(ahead) < 1600, `${ahead} samples from the audio`);
  }
  b.core.close();
});

void test("jitter, loss and drift of a member: nothing of its audio is lost but what was lost on the way", () => {
  const fates = fc.array(fc.record({ late: fc.integer({ min: 0, max: 60 }), lost: fc.integer({ min: 0, max: 19 }) }), {
    minLength: 150,
    maxLength: 250,
  });
  fc.assert(
    fc.property(fates, fc.constantFrom(19.9, 20, 20.1), (packets, every) => {
      const b = new Bench();
      const phones = three(b);
      const [a, second] = phones;
      const arrivals = packets
        .map(({ late, lost }, n) => ({ at: n * every + late, bytes: tonePacket(a), lost: lost === 0 }))
        .filter(({ lost }) => !lost)
        .sort((x, y) => x.at - y.at);
      let now = 0;
      for (const { at, bytes } of arrivals) {
        b.clock.advance(Math.max(0, at - now));
        now = Math.max(now, at);
        b.io.inject(a.port, a.address, bytes);
      }
      b.clock.advance(400);
      const samples = samplesOf(b.take(second.address));
      const sounding = samples.filter((sample) => Math.abs(sample) > 100).length;
      // The first seconds, until the jitter is known, may cost some.
      assert.ok(sounding > (arrivals.length - 12) * 160 * 0.96, `${sounding} of ${arrivals.length * 160}`);
      b.core.close();
    }),
    { numRuns: 25 },
  );
});

void test("a conference of 32: everybody hears everybody", () => {
  const b = new Bench();
  const phones = Array.from({ length: 32 }, (_, i) => tonePhone(b, i + 1, 300 + i * 90, i % 2 === 0 ? "PCMU" : "PCMA"));
  b.core.setConference(
    "big",
    phones.map(({ leg }) => leg),
  );
  for (let n = 0; n < 100; n++) {
    b.clock.advance(20);
    for (const phone of phones) b.io.inject(phone.port, phone.address, tonePacket(phone, 600));
  }
  const heard = samplesOf(b.take(phones[7]?.address ?? "")).subarray(1600);
  phones.forEach(({ hertz }, i) => {
    const level = levelOf(heard, hertz);
    assert.ok(i === 7 ? level < 60 : Math.abs(level - 600) < 90, `${hertz} Hz at ${level}`);
  });
  b.core.close();
});

void test("R34: in a conference, too, a recorded member that is never heard while others are is told", () => {
  const b = new Bench();
  const told: number[] = [];
  b.core.events.on("silent", (leg) => told.push(leg));
  const [a, second, third] = three(b);
  b.core.openTap({ legs: [third.leg], codec: undefined, payloadType: 0, backfillSinceMs: 0, paused: false });
  chorus(b, [a, second], 300);
  assert.deepEqual(told, [third.leg]);
  b.core.close();
});

void test("mistakes are typed errors: a leg that is busy elsewhere, one that does not exist; nothing has changed then", () => {
  const b = new Bench();
  const phones = three(b);
  const other = tonePhone(b, 9, 500);
  const legs = phones.map(({ leg }) => leg);
  assert.throws(() => b.core.setConference("d", [...legs, other.leg]), { code: "leg-connected" });
  assert.throws(() => b.core.setConference("c", [...legs, 99]), { code: "unknown-leg" });
  assert.throws(() => b.core.connect(other.leg, legs[0] ?? 0), { code: "leg-connected" });
  assert.equal(b.core.stats().conferences, 1);
  b.core.close();
});
