// What the network does to media (loss, jitter, clocks, sources that change): the file keeps its time line. In virtual time; every frame says its number.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkWav, encodeUlaw, sweep, tone } from "@sidetone/testing";
import type { PayloadKind } from "./lane.ts";
import { type Network, randomOf, Recorded, type Sent, type Talk, talk } from "./wire.fixture.ts";

/** Both sides of a call. */
function call(seconds: number, o: Partial<Talk> = {}) {
  const both = [0, 1].flatMap((channel) => talk({ seconds, ...o, channel }));
  return both.sort((a, b) => a.atMs - b.atMs);
}

/** Frames that are missing of the first `count`, and the furthest that one is off, ms. */
function judge(r: Recorded, channel: number, count: number, o: { beginMs?: number; fast?: number } = {}) {
  const frames = r.frames(channel, o);
  const missing = Array.from({ length: count }, (_, n) => n).filter((n) => !frames.has(n));
  let worst = 0;
  for (const off of frames.values()) worst = Math.max(worst, Math.abs(off));
  return { missing, worst };
}

/** The most that the two channels are apart at any position, ms. */
function skew(r: Recorded, left: { fast?: number } = {}, right: { fast?: number } = {}): number {
  const [l, rr] = [r.frames(0, left), r.frames(1, right)];
  let worst = 0;
  for (const [number, off] of l) worst = Math.max(worst, Math.abs(off - (rr.get(number) ?? off)));
  return worst;
}

const ways = [{ reportMs: 2000 }, {}] as const;

for (const [share, burst] of [
  [0.01, 1],
  [0.05, 1],
  [0.2, 1],
  [0.05, 4],
] as const) {
  test(`C1: ${share * 100} % loss, ${burst} at once: silence of its length, 10 minutes long, and every loss counted`, () => {
    for (const way of ways) {
      const seconds = burst === 1 && share === 0.05 ? 600 : 60;
      const random = randomOf(7);
      let bad = 0;
      const lost = [new Set<number>(), new Set<number>()];
      const network: Network = ({ channel, sequence, timestamp }) => {
        if (bad === 0 && random() < share / burst) bad = burst;
        if (bad === 0 || timestamp === 1000) return [5];
        bad -= 1;
        lost[channel]?.add(sequence);
        return [];
      };
      const r = new Recorded(call(seconds, way), { endMs: seconds * 1000, network });
      assert.ok(Math.abs(r.seconds - seconds) <= 0.02, `${r.seconds} s`);
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, seconds * 50);
        assert.deepEqual(missing, Array.from(lost[channel] ?? []), "no more is missing than was lost");
        assert.ok(worst <= 10, `${worst} ms off`);
        // The last ones before the end nobody can know of.
        const counted = r.lanes[channel]?.stats().lost ?? 0;
        assert.ok(Math.abs(counted - missing.length) <= 1 + (missing.at(-1) === seconds * 50 - 1 ? burst : 0));
        const listed = r.lines.reduce(
          (sum, line) => sum + (line.type === "loss" && line.channel === channel ? line.packets : 0),
          0,
        );
        assert.equal(listed, counted);
      }
    }
  });
}

for (const most of [30, 60, 200]) {
  test(`C2, C3: jitter of ${most} ms, 5 % out of order, 10 % twice: nothing is missing, nothing is twice`, () => {
    for (const way of ways) {
      const random = randomOf(most);
      const network: Network = () => {
        const at = 5 + random() * most + (random() < 0.05 ? 60 : 0);
        return random() < 0.1 ? [at, at + random() * 100] : [at];
      };
      const r = new Recorded(call(60, way), { endMs: 60_000, network });
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, 3000);
        assert.deepEqual(missing, []);
        assert.ok(worst <= 20, `${worst} ms off`);
        assert.equal(r.lanes[channel]?.stats().lost, 0);
      }
      assert.ok(skew(r) <= 20);
      assert.deepEqual(r.events("gap"), []);
    }
  });
}

for (const seconds of [1, 5, 30, 120]) {
  test(`C4: nothing comes for ${seconds} s: silence of that length, and what follows is in its place`, () => {
    for (const way of ways) {
      const end = 10 + seconds + 5;
      const network: Network = ({ atMs }) => (atMs > 10_000 && atMs <= 10_000 + seconds * 1000 ? [] : [5]);
      const r = new Recorded(call(end, way), { endMs: end * 1000, network });
      assert.ok(Math.abs(r.seconds - end) <= 0.02);
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, end * 50);
        assert.equal(missing.length, seconds * 50);
        assert.ok(worst <= 10, `${worst} ms off`);
      }
    }
  });
}

test("C7: sequence and time stamp wrap in both directions, which have the same SSRC", () => {
  for (const way of ways) {
    const wrap = { ssrc: 5, sequence: 0xfff0, timestamp: 0xffff_ff00 - 1600 };
    const r = new Recorded(call(30, { ...way, ...wrap }), { endMs: 30_000 });
    for (const channel of [0, 1]) assert.deepEqual(judge(r, channel, 1500).missing, []);
    assert.ok(skew(r) <= 1);
  }
});

for (const [what, change] of [
  ["another SSRC", (p: Sent) => ({ ...p, ssrc: 99, sequence: 7 + p.sequence, timestamp: 5_000_000 + p.timestamp })],
  ["a sequence number that jumps", (p: Sent) => ({ ...p, sequence: (p.sequence + 20_000) & 0xffff })],
  ["a time stamp that jumps far ahead", (p: Sent) => ({ ...p, timestamp: (p.timestamp + 1_000_000_000) >>> 0 })],
  ["a time stamp that jumps far back", (p: Sent) => ({ ...p, timestamp: (p.timestamp - 1_000_000_000) >>> 0 })],
  ["a time stamp that jumps 0.4 s ahead", (p: Sent) => ({ ...p, timestamp: p.timestamp + 3200 })],
  ["a time stamp that jumps 1.2 s back", (p: Sent) => ({ ...p, timestamp: (p.timestamp - 9600) >>> 0 })],
  [
    "all at once",
    (p: Sent) => ({ ...p, ssrc: 7, sequence: (p.sequence + 9) & 0xffff, timestamp: p.timestamp ^ 0x5555_0000 }),
  ],
] as const) {
  test(`C7: ${what} in mid-stream leaves no gap and moves nothing`, () => {
    for (const way of [{}, { reportMs: 2000 }]) {
      const sent = call(20, way)
        // Its reports tell of the new time stamps, as its packets do.
        .map((p) => (p.channel === 1 || p.atMs <= 7000 ? p : "payload" in p ? change(p) : renamed(p, change)));
      const random = randomOf(3);
      const r = new Recorded(sent, { endMs: 20_000, network: () => [5 + random() * 15] });
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, 1000);
        assert.ok(missing.length <= 1, `${missing.length} frames are missing`);
        assert.ok(worst <= 20, `${worst} ms off`);
      }
      assert.ok(skew(r) <= 20, `${skew(r)} ms apart`);
    }
  });
}

function renamed<T extends { ssrc: number; timestamp: number }>(p: T, change: (p: Sent) => Sent): T {
  const { ssrc, timestamp } = change({ ...(p as unknown as Sent), sequence: 0 });
  return { ...p, ssrc, timestamp };
}

test("C9: packets of 10, 20, 30, 40 and 60 ms, mixed, and one sample or 187 ms in a packet", () => {
  for (const way of ways) {
    for (const ptime of [10, 20, 30, 40, 60, (n: number) => [10, 60, 20, 0.125, 187, 30][n % 6] ?? 20]) {
      const r = new Recorded(call(12, { ...way, ptime }), { endMs: 12_000 });
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, 590);
        assert.deepEqual(missing, []);
        assert.ok(worst <= 10, `${worst} ms off`);
      }
    }
  }
});

test("C9: unknown payload types are counted and leave silence; comfort noise is no gap, an unannounced silence is", () => {
  const payloads = new Map<number, PayloadKind>([
    [0, "pcmu"],
    [13, "noise"],
  ]);
  const dtx = (p: Sent, announced: boolean): Sent[] => {
    const second = Math.floor(p.atMs / 1000);
    if (second % 3 !== 1) return [p];
    return announced && p.atMs % 1000 === 20 ? [{ ...p, payloadType: 13, payload: Uint8Array.of(60) }] : [];
  };
  for (const announced of [true, false]) {
    const sent = talk({ channel: 0, seconds: 12 }).flatMap((p, i) =>
      "payload" in p ? dtx({ ...p, sequence: p.sequence }, announced).map((q) => ({ ...q, n: i })) : [p],
    );
    // A sender numbers what it sends.
    let sequence = 0;
    const numbered = sent.map((p) => ("payload" in p ? { ...p, sequence: sequence++ } : p));
    const strange = { ...(numbered[3] as Sent), payloadType: 77, sequence: 40_000 };
    const r = new Recorded(numbered, { endMs: 12_000, payloads });
    const { missing, worst } = judge(r, 0, 600);
    assert.ok(missing.length >= 196 && missing.length <= 204, `${missing.length}`);
    assert.ok(worst <= 10, `${worst} ms`);
    assert.equal(r.events("gap").length, announced ? 0 : 4);
    assert.equal(r.lanes[0]?.stats().lost, 0);
    const other = new Recorded([strange, ...numbered], { endMs: 12_000, payloads });
    assert.equal(other.lanes[0]?.stats().unknownPayload, 1);
  }
});

test("C11: one way only, or nobody at all: that silence, of the right length", () => {
  const one = new Recorded(talk({ channel: 0, seconds: 10 }), { endMs: 10_000 });
  assert.ok(Math.abs(one.seconds - 10) <= 0.02);
  assert.ok(one.channel(1).every((octet) => octet === 0xff));
  assert.deepEqual(judge(one, 0, 500).missing, []);
  const none = new Recorded([], { endMs: 10_000 });
  assert.equal(none.seconds, 10);
});

for (const fast of [0.005, -0.005]) {
  test(`C12: ten minutes with a clock ${fast * 100} % off: at no position are the channels 20 ms apart`, () => {
    for (const way of ways) {
      const sent = [...talk({ channel: 0, seconds: 600, fast, ...way }), ...talk({ channel: 1, seconds: 600, ...way })];
      const random = randomOf(5);
      const network: Network = () => [5 + random() * 10];
      const r = new Recorded(
        sent.toSorted((a, b) => a.atMs - b.atMs),
        { endMs: 600_000, network },
      );
      const [left, right] = [judge(r, 0, 0, { fast }), judge(r, 1, 30_000)];
      assert.deepEqual(right.missing, []);
      assert.ok(left.worst <= 20 && right.worst <= 10, `${left.worst} and ${right.worst} ms off`);
      // A frame that was made longer or shorter has 15 of its 16 blocks.
      assert.ok(r.frames(0, { fast }).size >= 29_700);
      assert.ok(Math.abs(r.seconds - 600 / Math.min(1, 1 + fast)) <= 3.1);
    }
  });
}

test("judged by wavcheck: loss, jitter and drift at once leave both tones where they belong", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-wire-"));
  try {
    const tones = [tone(437), tone(1013)];
    const sent = [0, 1].flatMap((channel) => {
      const sound = (n: number, length: number): Uint8Array =>
        Uint8Array.from({ length }, (_, i) => encodeUlaw(tones[channel]?.(n + i) ?? 0));
      return talk({ channel, seconds: 20, sound, beginMs: 40, reportMs: 2000 });
    });
    const random = randomOf(11);
    const r = new Recorded(
      sent.sort((a, b) => a.atMs - b.atMs),
      {
        endMs: 20_040,
        network: () => (random() < 0.02 ? [] : [5 + random() * 60]),
      },
    );
    const file = join(folder, "call.wav");
    writeFileSync(file, r.wav);
    const [minSeconds, maxSeconds] = [19.98, 20.06];
    await checkWav(file, {
      expect: { 0: 437, 1: 1013 },
      maxGapMs: 61,
      maxCrosstalkDb: -40,
      maxOnsetSkewMs: 20,
      minSeconds,
      maxSeconds,
      strictHeader: true,
    });
    const whole = sweep(300, 3000, 20);
    const reference = Uint8Array.from({ length: 160_000 }, (_, n) => encodeUlaw(whole(n)));
    const swept = [0, 1].flatMap((channel) =>
      talk({
        channel,
        seconds: 20,
        sound: (n, length) => reference.subarray(n, n + length),
        ...(channel === 0 ? {} : { reportMs: 2000 }),
      }),
    );
    const s = new Recorded(
      swept.sort((a, b) => a.atMs - b.atMs),
      {
        endMs: 20_000,
        network: () => (random() < 0.02 ? [] : [5 + random() * 60]),
      },
    );
    writeFileSync(file, s.wav);
    const clean = new Recorded(swept, { endMs: 20_000 });
    const original = join(folder, "wire.wav");
    writeFileSync(original, clean.wav);
    await checkWav(file, { references: { 0: `${original}#0`, 1: `${original}#1` }, maxRefSkewMs: 20, maxLostMs: 20 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
