import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRtcp, TimeLine, ulawToAlaw, writeReport } from "@sidetone/rtp";
import { Bench, readRtp, rtpBytes } from "./core.fixture.ts";
import {
  PHONE_A,
  PHONE_B,
  RECORDER,
  contiguous,
  openTap,
  places,
  sendTo,
  settings,
  talk,
  twoLegs,
} from "./core-scene.fixture.ts";

void test("relay: packets leave at once from the other leg's port, with its own SSRC and the source's holes and order", () => {
  const b = new Bench();
  const [legA, legB] = twoLegs(b);
  talk(b, legA.rtpPort, 1);
  assert.equal(b.io.sent[0]?.fromPort, legB.rtpPort);
  talk(b, legA.rtpPort, 2, 3);
  talk(b, legA.rtpPort, 1, 2);
  const heard = b.take(PHONE_B);
  const first = heard[0]?.sequence ?? 0;
  assert.deepEqual(
    heard.map((p) => (p.sequence - first) & 0xffff),
    [0, 3, 4, 2],
  );
  assert.equal(heard[0]?.marker, true);
  assert.equal(heard[1]?.marker, false);
  assert.notEqual(heard[0]?.ssrc, 0xabc);
  b.core.disconnect(legA.leg, legB.leg);
  talk(b, legA.rtpPort, 1, 9);
  assert.equal(b.take(PHONE_B).length, 0);
  b.core.close();
  assert.equal(b.io.held, 0, "sockets and destinations are given back");
});

void test("relay: PCMU becomes PCMA by table, payload types are mapped, telephone-events pass with the other side's number", () => {
  const b = new Bench();
  const [legA] = twoLegs(b, { b: { codec: "PCMA", payloadType: 8, dtmfPayloadType: 96 } });
  talk(b, legA.rtpPort, 1);
  b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: 1001, timestamp: 7160, payloadType: 101, size: 4 }));
  b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: 1002, timestamp: 7160, payloadType: 8, fill: 0x2a }));
  b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: 1003, timestamp: 7160, payloadType: 77 }));
  const heard = b.take(PHONE_B);
  assert.deepEqual(
    heard.map((p) => p.payloadType),
    [8, 96, 8],
  );
  assert.ok(heard[0]?.payload.every((o) => o === ulawToAlaw[0]));
  assert.ok(
    heard[2]?.payload.every((o) => o === 0x2a),
    "A-law that comes unasked is taken as it is",
  );
  assert.equal(b.core.stats().perLeg[0]?.unknownPayload, 1);
  b.core.close();
});

void test("C6: a stranger is not forwarded, not captured, not answered; symmetric RTP latches to one port of the signalled host", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  talk(b, legA.rtpPort, 3, 0, { from: "10.6.6.6:4000" });
  assert.equal(b.take(PHONE_B).length + b.take(RECORDER).length, 0);
  talk(b, legA.rtpPort, 2, 0, { from: "10.0.0.1:4444" });
  talk(b, legA.rtpPort, 2, 2, { from: "10.0.0.1:4555" });
  assert.equal(b.take(PHONE_B).length, 2, "the first port is latched, the second is a stranger");
  assert.equal(b.take(RECORDER).length, 2);
  assert.equal(b.core.stats().strangers, 5);
  talk(b, legA.rtpPort, 1, 4);
  assert.equal(b.take(PHONE_B).length, 1, "the signalled address itself is always right");
  b.core.close();
});

void test("C10: STUN, garbage, empty and oversized datagrams, malformed RTCP are counted and change nothing", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  talk(b, legA.rtpPort, 1);
  const first = b.take(PHONE_B);
  for (const bytes of [
    [],
    [0, 1, 0, 0],
    [255, 255],
    [0x80, 0],
    [0x81, 200, 0, 9],
    Array.from({ length: 1600 }, () => 0x80),
  ]) {
    b.io.inject(legA.rtpPort, PHONE_A, Uint8Array.from(bytes));
    b.io.inject(legA.rtcpPort, PHONE_A, Uint8Array.from(bytes));
  }
  assert.equal(b.take(PHONE_B).length, 0);
  talk(b, legA.rtpPort, 1, 1);
  assert.equal(b.take(PHONE_B)[0]?.sequence, ((first[0]?.sequence ?? 0) + 1) & 0xffff);
  assert.ok(b.core.stats().garbage >= 10);
  b.core.close();
});

void test("tap: contiguous numbers, time stamps that show loss, over loss, reordering and duplicates of any kind", () => {
  const fate = fc.record({
    lost: fc.integer({ min: 0, max: 9 }),
    delay: fc.integer({ min: 0, max: 3 }),
    twice: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fate, { minLength: 5, maxLength: 80 }), (fates) => {
      const b = new Bench();
      const [legA] = twoLegs(b);
      const tap = openTap(b, legA.leg);
      sendTo(b, tap);
      const slots: number[][] = Array.from({ length: fates.length + 4 }, () => []);
      slots[0]?.push(0);
      fates.forEach((f, i) => {
        const n = i + 1;
        if (f.lost === 0) return;
        slots[Math.min(slots.length - 1, n + f.delay)]?.push(n, ...(f.twice ? [n] : []));
      });
      const expected: number[] = [];
      for (const slot of slots) {
        b.clock.advance(20);
        for (const n of slot) {
          if (!expected.includes(n)) expected.push(n);
          b.io.inject(
            legA.rtpPort,
            PHONE_A,
            rtpBytes({ sequence: 65_530 + n, timestamp: (0xffff_ff00 + n * 160) >>> 0, fill: n }),
          );
        }
      }
      const got = b.take(RECORDER);
      contiguous(got);
      assert.deepEqual(places(got), expected);
      assert.deepEqual(
        got.map((p) => p.payload[0]),
        expected,
      );
      b.core.close();
    }),
    { numRuns: 40 },
  );
});

void test("C7: SSRC change, time-stamp jump and silence suppression: the tap's time stamps follow real time within 20 ms", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  talk(b, legA.rtpPort, 10);
  talk(b, legA.rtpPort, 10, 0, { ssrc: 0xdef, tsBase: 900_000_000 });
  talk(b, legA.rtpPort, 10, 10, { ssrc: 0xdef, tsBase: 3_900_000_000 });
  b.clock.advance(400);
  talk(b, legA.rtpPort, 10, 40, { ssrc: 0xdef, tsBase: 3_900_000_000 });
  b.clock.advance(5000);
  // This phone lets its time stamps stand still while it is silent.
  talk(b, legA.rtpPort, 10, 50, { ssrc: 0xdef, tsBase: 3_900_000_000 });
  const got = b.take(RECORDER);
  contiguous(got);
  const at = [
    ...Array(30).keys(),
    ...Array.from({ length: 10 }, (_, i) => 50 + i),
    ...Array.from({ length: 10 }, (_, i) => 310 + i),
  ];
  assert.deepEqual(places(got), at);
  assert.equal(b.core.stats().perLeg[0]?.ssrcChanges, 1);
  b.core.close();
});

void test("tap: history comes first, live goes on, original time stamps; a sender report goes before the first packet", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  talk(b, legA.rtpPort, 150);
  const tap = openTap(b, legA.leg, { backfillSinceMs: 1000 });
  talk(b, legA.rtpPort, 20, 150);
  assert.equal(b.core.stats().perTap[0]?.buffered, 70);
  sendTo(b, tap);
  const report = b.io.sent.find((d) => d.to === "10.0.0.9:7001");
  const parsed = parseRtcp(report?.bytes ?? new Uint8Array(), 0, report?.bytes.length ?? 0)?.[0];
  assert.ok(parsed?.kind === "sender-report");
  for (let n = 170; n < 190; n++) talk(b, legA.rtpPort, 1, n);
  const got = b.take(RECORDER);
  contiguous(got);
  assert.deepEqual(
    got.map((p) => p.payload[0]),
    Array.from({ length: 90 }, (_, i) => 100 + i),
  );
  assert.deepEqual(
    places(got),
    Array.from({ length: 90 }, (_, i) => i),
  );
  // The report was made right after packet 169: what was said up to then ends at its time stamp.
  const end = ((got[69]?.timestamp ?? 0) + 160) >>> 0;
  assert.equal(parsed.sender.timestamp, end);
  assert.equal(parsed.sender.ntpMicros, b.clock.wallMicros() - 20 * 20_000);
  b.core.close();
});

void test("R31: without a destination more than 10 s are kept, and come with their original time stamps after a failover", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  talk(b, legA.rtpPort, 10);
  b.core.setTapDestination(tap, undefined);
  talk(b, legA.rtpPort, 480, 10);
  b.io.sent.splice(0);
  sendTo(b, tap);
  assert.ok(
    b.io.sent.some((d) => d.to === "10.0.0.9:7001"),
    "a report at once",
  );
  b.clock.advance(1600);
  const got = b.take(RECORDER);
  contiguous(got);
  assert.deepEqual(
    places(got),
    Array.from({ length: 480 }, (_, i) => i),
  );
  b.core.setTapDestination(tap, undefined);
  talk(b, legA.rtpPort, 800, 600);
  const { buffered, overflowed } = b.core.closeTap(tap);
  assert.ok(buffered >= 749 && buffered <= 752, `${buffered}`);
  assert.ok(overflowed >= 48);
  b.core.close();
});

void test("R19: what is said in a pause is neither sent nor buffered nor in anybody's history; the time line goes on", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  talk(b, legA.rtpPort, 10);
  b.core.pauseTap(tap);
  talk(b, legA.rtpPort, 50, 10);
  assert.equal(b.take(RECORDER).length, 10);
  assert.equal(b.take(PHONE_B).length, 60, "the call goes on");
  b.core.resumeTap(tap);
  // Said in the pause, read after it.
  b.clock.advance(1);
  b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: 1060, timestamp: 7000 + 60 * 160 - 8 * 20, fill: 99 }));
  assert.equal(b.take(RECORDER).length, 0);
  talk(b, legA.rtpPort, 5, 61);
  const got = b.take(RECORDER);
  assert.deepEqual(
    got.map((p) => p.payload[0]),
    [61, 62, 63, 64, 65],
  );
  const late = openTap(b, legA.leg, { backfillSinceMs: 2000 });
  sendTo(b, late);
  b.clock.advance(300);
  const history = b.take(RECORDER).map((p) => p.payload[0] ?? 0);
  assert.ok(
    history.every((n) => n < 10 || n > 60),
    history.join(),
  );
  assert.ok(history.length >= 5);
  b.core.close();
});

void test("R30: a tap opened paused takes no history and nothing until it is resumed", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  talk(b, legA.rtpPort, 50);
  const tap = openTap(b, legA.leg, { backfillSinceMs: 1000, paused: true });
  sendTo(b, tap);
  talk(b, legA.rtpPort, 10, 50);
  assert.equal(b.take(RECORDER).length, 0);
  b.core.resumeTap(tap);
  talk(b, legA.rtpPort, 3, 60);
  assert.equal(b.take(RECORDER).length, 3);
  b.core.close();
});

void test("R16: packets that came before the SDP that announces their source are in the history, those of others are not", () => {
  const b = new Bench();
  const legA = b.core.openLeg();
  talk(b, legA.rtpPort, 150);
  talk(b, legA.rtpPort, 5, 0, { from: "10.6.6.6:1" });
  assert.equal(b.events.length, 0);
  b.core.configureLeg(legA.leg, settings(PHONE_A));
  assert.equal(b.events[0]?.[0], "first-packet");
  const tap = openTap(b, legA.leg, { backfillSinceMs: 2000 });
  sendTo(b, tap);
  b.clock.advance(500);
  const got = b.take(RECORDER);
  assert.deepEqual(
    places(got),
    Array.from({ length: got.length }, (_, i) => i),
  );
  assert.equal(got.at(-1)?.payload[0], 149);
  assert.ok(got.length >= 90, `${got.length}`);
  b.core.close();
});

void test("both taps of a recording share one wall clock: packets that arrive together have the same report time", () => {
  const b = new Bench();
  const [legA, legB] = twoLegs(b);
  const taps = [openTap(b, legA.leg), openTap(b, legB.leg)];
  taps.forEach((tap, i) => {
    b.core.setTapDestination(tap, { host: "10.0.0.9", port: 7000 + 10 * i, payloadType: 0, codec: "PCMA" });
  });
  b.clock.advance(20);
  b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: 1, timestamp: 55 }));
  b.io.inject(legB.rtpPort, PHONE_B, rtpBytes({ sequence: 9, timestamp: 99_999 }));
  b.clock.advance(2000);
  const wall = [0, 1].map((i) => {
    const packet = b.take(`10.0.0.9:${7000 + 10 * i}`)[0];
    const bytes = b.io.sent.findLast((d) => d.to === `10.0.0.9:${7001 + 10 * i}`)?.bytes ?? new Uint8Array();
    const report = parseRtcp(bytes, 0, bytes.length)?.[0];
    assert.ok(report?.kind === "sender-report" && packet !== undefined);
    return report.sender.ntpMicros + ((packet.timestamp - report.sender.timestamp) | 0) * 125;
  });
  assert.equal(wall[0], wall[1]);
  b.core.close();
});

void test("C1, C2: what a recorder's time line makes of both taps is true within 20 ms, with loss and jitter on the way", () => {
  const b = new Bench();
  const legs = twoLegs(b);
  const lines = legs.map((l, i) => {
    const tap = openTap(b, l.leg);
    const to = { host: "10.0.0.9", port: 7000 + 10 * i, payloadType: 0, codec: undefined };
    b.core.setTapDestination(tap, to);
    return new TimeLine({ originMicros: b.clock.wallMicros() });
  });
  // Arrivals of 60 s, by time: side, packet, up to 60 ms late, one in twenty lost.
  const arrivals = fc
    .sample(fc.record({ late: fc.integer({ min: 0, max: 60 }), fate: fc.integer({ min: 0, max: 19 }) }), {
      numRuns: 6000,
      seed: 7,
    })
    .map(({ late, fate }, i) => ({ side: i % 2, n: i >> 1, at: (i >> 1) * 20 + 20 + late, fate }))
    .filter((a) => a.fate > 0)
    .sort((x, y) => x.at - y.at);
  const offsets: number[][] = [[], []];
  let now = 0;
  for (const a of arrivals) {
    b.clock.advance(a.at - now);
    now = a.at;
    const bytes = rtpBytes({ sequence: a.n, timestamp: 5000 * a.side + a.n * 160 });
    b.io.inject(legs[a.side]?.rtpPort ?? 0, a.side === 0 ? PHONE_A : PHONE_B, bytes);
    for (const d of b.io.sent.splice(0)) {
      const side = d.to.startsWith("10.0.0.9:701") ? 1 : 0;
      const line = lines[side];
      if (d.to.endsWith("1") && d.to.startsWith("10.0.0.9")) {
        const report = parseRtcp(d.bytes, 0, d.bytes.length)?.[0];
        if (report?.kind !== "sender-report") continue;
        line?.senderReport(report.ssrc, report.sender.ntpMicros, report.sender.timestamp, b.clock.wallMicros());
      } else if (d.to.startsWith("10.0.0.9")) {
        const p = readRtp(d.bytes);
        assert.equal(line?.place(p.ssrc, p.sequence, p.timestamp, p.payload.length, b.clock.wallMicros()), "placed");
        offsets[side]?.push((line?.position ?? 0) - a.n * 160);
      }
    }
  }
  for (const side of [0, 1]) {
    const settled = (offsets[side] ?? []).slice(500);
    assert.ok(settled.length > 2000);
    assert.ok(
      settled.every((o) => Math.abs(o) <= 160),
      `side ${side}: ${Math.min(...settled)} to ${Math.max(...settled)} samples`,
    );
    assert.equal(lines[side]?.report().lost, 0, "nothing was lost between tap and recorder");
  }
  b.core.close();
});

void test("C12: reports follow a phone whose clock runs 0.5 % fast", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  const tap = openTap(b, legA.leg);
  sendTo(b, tap);
  for (let n = 0; n < 6000; n++) {
    b.clock.advance(19.9);
    b.io.inject(legA.rtpPort, PHONE_A, rtpBytes({ sequence: n, timestamp: n * 160 }));
  }
  const last = b.take(RECORDER).at(-1);
  const bytes = b.io.sent.findLast((d) => d.to === "10.0.0.9:7001")?.bytes ?? new Uint8Array();
  const report = parseRtcp(bytes, 0, bytes.length)?.[0];
  assert.ok(report?.kind === "sender-report" && last !== undefined);
  const said = report.sender.ntpMicros + ((last.timestamp + 160 - report.sender.timestamp) | 0) * 125;
  assert.ok(Math.abs(said - b.clock.wallMicros()) < 15_000, `${said - b.clock.wallMicros()} µs`);
  b.core.close();
});

void test("hold: a phone that must not hear gets nothing; what comes from one that must not speak is counted", () => {
  const b = new Bench();
  const [legA] = twoLegs(b, { b: { sendToPhone: false } });
  talk(b, legA.rtpPort, 3);
  assert.equal(b.take(PHONE_B).length, 0);
  b.core.configureLeg(legA.leg, settings(PHONE_A, { receiveFromPhone: false }));
  talk(b, legA.rtpPort, 3, 3);
  assert.equal(b.core.stats().perLeg[0]?.held, 3);
  b.core.close();
});

void test("C8: a new address by re-INVITE: the old one is a stranger, numbers to the other phone go on", () => {
  const b = new Bench();
  const [legA] = twoLegs(b);
  talk(b, legA.rtpPort, 5);
  b.core.configureLeg(legA.leg, settings("10.0.0.77:4100"));
  talk(b, legA.rtpPort, 5, 5);
  talk(b, legA.rtpPort, 5, 5, { from: "10.0.0.77:4100", ssrc: 3, tsBase: 1 });
  const heard = b.take(PHONE_B);
  contiguous(heard);
  assert.equal(heard.length, 10);
  b.core.close();
});

void test("RFC 3550 6.4: phones get reports of what they sent and what they were sent; theirs give loss and round trip", () => {
  const b = new Bench();
  const [legA, legB] = twoLegs(b);
  talk(b, legA.rtpPort, 400);
  const toB = b.io.sent.find((d) => d.to === "10.0.0.2:5001");
  const toA = b.io.sent.find((d) => d.to === "10.0.0.1:4001");
  assert.ok(toA !== undefined && toB !== undefined);
  assert.equal(toB.fromPort, legB.rtcpPort);
  const sr = parseRtcp(toB.bytes, 0, toB.bytes.length)?.[0];
  const rr = parseRtcp(toA.bytes, 0, toA.bytes.length)?.[0];
  assert.ok(sr?.kind === "sender-report" && rr?.kind === "receiver-report");
  assert.equal(rr.blocks[0]?.ssrc, 0xabc);
  assert.equal(rr.blocks[0]?.lost, 0);
  const bytes = new Uint8Array(100);
  const size = writeReport(bytes, 0, 5, undefined, {
    ssrc: sr.ssrc,
    fractionLost: 0,
    lost: 7,
    highestSequence: 1,
    jitter: 16,
    lastReport: sr.sender.ntpMiddle,
    delaySinceLastReport: Math.round(((b.clock.wallMicros() - sr.sender.ntpMicros) / 1_000_000 - 0.04) * 65_536),
  });
  b.io.inject(legB.rtcpPort, "10.0.0.2:5001", bytes.subarray(0, size));
  const stats = b.core.stats().perLeg[1];
  assert.equal(stats?.remoteLost, 7);
  assert.equal(stats?.remoteJitterMs, 2);
  assert.ok(Math.abs((stats?.roundTripMs ?? 0) - 40) < 1, `${stats?.roundTripMs}`);
  b.core.close();
});

void test("R33: a silent leg raises inactive once per span, and none while it is on hold", () => {
  const b = new Bench(1000);
  const [legA, legB] = twoLegs(b);
  b.core.configureLeg(legB.leg, settings(PHONE_B, { receiveFromPhone: false }));
  talk(b, legA.rtpPort, 100);
  assert.deepEqual(
    b.events.map((e) => e[0]),
    ["first-packet"],
  );
  b.clock.advance(2500);
  assert.deepEqual(
    b.events.slice(1).map((e) => e.slice(0, 2)),
    [
      ["inactive", legA.leg],
      ["inactive", legA.leg],
    ],
  );
  talk(b, legA.rtpPort, 5, 200);
  b.clock.advance(900);
  assert.equal(b.events.length, 3);
  b.core.close();
});

void test("mistakes are typed errors; ports come back when legs and taps close", () => {
  const b = new Bench();
  const [legA, legB] = twoLegs(b);
  const third = b.core.openLeg();
  assert.throws(() => b.core.connect(third.leg, legA.leg), { code: "leg-connected" });
  assert.throws(() => b.core.connect(99, 98), { code: "unknown-leg" });
  assert.throws(() => b.core.pauseTap(99), { code: "unknown-tap" });
  assert.throws(() => b.core.configureLeg(third.leg, settings("phone.example:1")), { code: "bad-address" });
  const tap = openTap(b, legA.leg);
  b.core.closeLeg(legA.leg);
  assert.deepEqual(b.core.stats().perTap[0]?.legs, [], "a tap outlives its leg");
  b.core.closeTap(tap);
  assert.equal(b.core.stats().taps, 0);
  b.core.connect(third.leg, legB.leg);
  b.core.closeLeg(third.leg);
  b.core.closeLeg(legB.leg);
  assert.equal(b.core.stats().ports.inUse, 0);
  b.clock.advance(2000);
  const legs = Array.from({ length: 500 }, () => b.core.openLeg());
  assert.throws(() => b.core.openLeg(), { code: "rtp-ports-exhausted", sip: 503 });
  assert.equal(legs.length, 500);
  b.core.close();
  assert.equal(b.clock.pending, 0);
});
