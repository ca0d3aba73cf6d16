// What the network does to media (loss, jitter, clocks, sources that change): the file keeps its time line. In virtual time; every frame says its number.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ulawToAlaw, writeTelephoneEvent } from "@sidetone/rtp";
import { checkWav, decodeUlaw, encodeUlaw, sweep, tone } from "@sidetone/testing";
import type { PayloadKind } from "./lane.ts";
import { murmur, passesWavcheck } from "./wavcheck.fixture.ts";
import { type Network, randomOf, Recorded, type Sent, type SentReport, type Talk, talk } from "./wire.fixture.ts";

type Wire = readonly (Sent | SentReport)[];

/** Both sides of a call. */
function call(seconds: number, o: Partial<Talk> = {}): Wire {
  const both = [0, 1].flatMap((channel) => talk({ seconds, ...o, channel }));
  return both.sort((a, b) => a.atMs - b.atMs);
}

/** The same with voices that wavcheck can compare; the frames' numbers repeat too much in themselves. */
function spoken(seconds: number, o: Partial<Talk> = {}): Wire {
  const both = [0, 1].flatMap((channel) => talk({ seconds, ...o, sound: murmur(channel), channel }));
  return both.sort((a, b) => a.atMs - b.atMs);
}

/** What wavcheck takes a second and more for is shorter than what the frames are counted of. */
const SPOKEN_SECONDS = 4;

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

const codecs = new Map<number, PayloadKind>([
  [0, "pcmu"],
  [8, "pcma"],
  [9, "g722"],
  [101, "keys"],
]);

test("C9: PCMU, PCMA and G.722 change in mid-stream: the file goes on in its codec and says what came", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-wire-"));
  try {
    const law = (n: number, length: number): Uint8Array =>
      Uint8Array.from({ length }, (_, i) => encodeUlaw(tone(440)(n + i)));
    const g722 = readFileSync(new URL("./tone-440.fixture.g722", import.meta.url));
    const sent = talk({ channel: 0, seconds: 7, sound: law }).map((p, i): Sent => {
      if (!("payload" in p)) throw new Error("no reports are sent");
      if (i >= 150 && i < 300)
        return { ...p, payloadType: 8, payload: p.payload.map((octet) => ulawToAlaw[octet] ?? 0) };
      if (i < 300) return p;
      const at = (i - 300) * 160;
      return { ...p, payloadType: 9, payload: g722.subarray(at, at + 160) };
    });
    const r = new Recorded(sent, { endMs: 7000, payloads: codecs });
    assert.deepEqual(
      r.events("codec").map(({ codec, storedAs, atMs, channel }) => [codec, storedAs, atMs, channel]),
      [
        ["pcma", "pcmu", 3000, 0],
        ["g722", "pcmu", 6000, 0],
      ],
    );
    const file = join(folder, "call.wav");
    writeFileSync(file, r.wav);
    await checkWav(file, { expect: { 0: 440, 1: "silence" }, maxGapMs: 5, minSeconds: 6.99, maxSeconds: 7.01 });
    const level = (from: number): number => {
      const samples = Array.from(r.channel(0).subarray(from * 8000, (from + 0.8) * 8000), (octet) => decodeUlaw(octet));
      return Math.max(...samples);
    };
    assert.ok(level(6.1) > 3800 && level(6.1) < 4600, `${level(6.1)}`);
    assert.ok(level(1) > 16_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const showDigits of [false, true]) {
  test(`RFC 4733: keys are markers with time, length and channel; the digit is ${showDigits ? "shown where the configuration says so" : "masked"}`, () => {
    const press = (key: number, atMs: number, sequence: number): Sent[] =>
      [160, 480, 800, 800, 800].map((duration, i) => {
        const payload = new Uint8Array(4);
        writeTelephoneEvent(payload, 0, { event: key, end: i > 1, volume: 10, duration });
        const ms = atMs + 20 * i;
        return {
          channel: 1,
          ssrc: 12,
          sequence: sequence + i,
          timestamp: 1000 + atMs * 8,
          payloadType: 101,
          payload,
          atMs: ms,
        };
      });
    const voice = talk({ channel: 1, seconds: 5 }).map((p) =>
      "payload" in p && p.atMs >= 2000 ? { ...p, sequence: p.sequence + 5 } : p,
    );
    const sent = [...voice, ...press(7, 1980, 100), ...press(11, 4000, 4000)].sort((a, b) => a.atMs - b.atMs);
    const r = new Recorded(sent, { endMs: 5000, payloads: codecs, showDigits, network: () => [5] });
    const [first, second, ...more] = r.events("dtmf");
    assert.deepEqual(more, []);
    const digits = showDigits ? ["7", "#"] : ["masked", "masked"];
    assert.deepEqual([first?.["digit"], second?.["digit"]], digits);
    assert.deepEqual([first?.["channel"], first?.["ms"]], [1, 100]);
    assert.ok(Math.abs(Number(first?.["atMs"]) - 1980) <= 6, `${JSON.stringify(first)}`);
    assert.equal(Number(first?.["untilMs"]) - Number(first?.["atMs"]), 100);
    if (!showDigits) assert.ok(!JSON.stringify(r.lines).includes('"7"'));
  });
}

const ways = [{ reportMs: 2000 }, {}] as const;

for (const [share, burst] of [
  [0.01, 1],
  [0.05, 1],
  [0.2, 1],
  [0.05, 4],
] as const) {
  test(`C1: ${share * 100} % loss, ${burst} at once: silence of its length, 10 minutes long, and every loss counted`, async () => {
    const lossy = (lost: readonly Set<number>[]): Network => {
      const random = randomOf(7);
      let bad = 0;
      return ({ channel, sequence, timestamp }) => {
        if (bad === 0 && random() < share / burst) bad = burst;
        if (bad === 0 || timestamp === 1000) return [5];
        bad -= 1;
        lost[channel]?.add(sequence);
        return [];
      };
    };
    for (const way of ways) {
      const seconds = burst === 4 && !("reportMs" in way) ? 600 : 60;
      const lost = [new Set<number>(), new Set<number>()];
      const network = lossy(lost);
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
    // The end of ten minutes, where a loss that cost a sample would be seen.
    const sent = spoken(600);
    const r = new Recorded(sent, { endMs: 600_000, network: lossy([]) });
    await passesWavcheck(r, sent, { lastSeconds: SPOKEN_SECONDS, share: 1 - 2 * share });
  });
}

test("C5: one stream alone is lossy: the other one is whole, and both stay together", async () => {
  const lossy = (): Network => {
    const random = randomOf(8);
    return ({ channel, timestamp }) => (channel === 0 && timestamp !== 1000 && random() < 0.1 ? [] : [5]);
  };
  for (const way of ways) {
    const r = new Recorded(call(30, way), { endMs: 30_000, network: lossy() });
    assert.deepEqual(judge(r, 1, 1500).missing, []);
    assert.ok(judge(r, 0, 1500).missing.length > 100 && skew(r) <= 10);
    assert.deepEqual(
      r.lanes.map((lane) => lane.stats().lost > 0),
      [true, false],
    );
    const sent = spoken(SPOKEN_SECONDS, way);
    await passesWavcheck(new Recorded(sent, { endMs: SPOKEN_SECONDS * 1000, network: lossy() }), sent);
  }
});

for (const most of [30, 60, 200]) {
  test(`C2, C3: jitter of ${most} ms, 5 % out of order, 10 % twice: nothing is missing, nothing is twice`, async () => {
    const shaky = (): Network => {
      const random = randomOf(most);
      return () => {
        const at = 5 + random() * most + (random() < 0.05 ? 60 : 0);
        return random() < 0.1 ? [at, at + random() * 100] : [at];
      };
    };
    for (const way of ways) {
      const r = new Recorded(call(60, way), { endMs: 60_000, network: shaky() });
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, 3000);
        assert.deepEqual(missing, []);
        assert.ok(worst <= 20, `${worst} ms off`);
        assert.equal(r.lanes[channel]?.stats().lost, 0);
      }
      assert.ok(skew(r) <= 20);
      assert.deepEqual(r.events("gap"), []);
    }
    const sent = spoken(SPOKEN_SECONDS);
    await passesWavcheck(new Recorded(sent, { endMs: SPOKEN_SECONDS * 1000, network: shaky() }), sent);
  });
}

for (const seconds of [1, 5, 30, 120]) {
  test(`C4: nothing comes for ${seconds} s: silence of that length, and what follows is in its place`, async () => {
    const blackout =
      (from: number): Network =>
      ({ atMs }) =>
        atMs > from * 1000 && atMs <= (from + seconds) * 1000 ? [] : [5];
    for (const way of ways) {
      const end = 10 + seconds + 5;
      const r = new Recorded(call(end, way), { endMs: end * 1000, network: blackout(10) });
      assert.ok(Math.abs(r.seconds - end) <= 0.02);
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, end * 50);
        assert.equal(missing.length, seconds * 50);
        assert.ok(worst <= 10, `${worst} ms off`);
      }
    }
    const end = 2 + seconds + SPOKEN_SECONDS;
    const sent = spoken(end);
    const r = new Recorded(sent, { endMs: end * 1000, network: blackout(2) });
    await passesWavcheck(r, sent, { lastSeconds: SPOKEN_SECONDS });
  });
}

test("C7: sequence and time stamp wrap in both directions, which have the same SSRC", async () => {
  for (const way of ways) {
    const wrap = { ssrc: 5, sequence: 0xfff0, timestamp: 0xffff_ff00 - 1600 };
    const r = new Recorded(call(30, { ...way, ...wrap }), { endMs: 30_000 });
    for (const channel of [0, 1]) assert.deepEqual(judge(r, channel, 1500).missing, []);
    assert.ok(skew(r) <= 1);
    const sent = spoken(SPOKEN_SECONDS, { ...way, ...wrap });
    await passesWavcheck(new Recorded(sent, { endMs: SPOKEN_SECONDS * 1000 }), sent);
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
    (p: Sent) => ({ ...p, ssrc: 7, sequence: (p.sequence + 9) & 0xffff, timestamp: (p.timestamp + 0x5555_0000) >>> 0 }),
  ],
] as const) {
  test(`C7: ${what} in mid-stream leaves no gap and moves nothing`, async () => {
    const changed = (sent: Wire, fromMs: number): Wire =>
      // Its reports tell of the new time stamps, as its packets do.
      sent.map((p) => (p.channel === 1 || p.atMs <= fromMs ? p : "payload" in p ? change(p) : renamed(p, change)));
    const shaky = (): Network => {
      const random = randomOf(3);
      return () => [5 + random() * 15];
    };
    for (const way of [{}, { reportMs: 2000 }]) {
      const r = new Recorded(changed(call(20, way), 7000), { endMs: 20_000, network: shaky() });
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, 1000);
        assert.ok(missing.length <= 1, `${missing.length} frames are missing`);
        assert.ok(worst <= 20, `${worst} ms off`);
      }
      assert.ok(skew(r) <= 20, `${skew(r)} ms apart`);
    }
    const sent = changed(spoken(SPOKEN_SECONDS), (SPOKEN_SECONDS * 1000) / 2);
    await passesWavcheck(new Recorded(sent, { endMs: SPOKEN_SECONDS * 1000, network: shaky() }), sent, { slackMs: 20 });
  });
}

function renamed<T extends { ssrc: number; timestamp: number }>(p: T, change: (p: Sent) => Sent): T {
  const { ssrc, timestamp } = change({ ...(p as unknown as Sent), sequence: 0 });
  return { ...p, ssrc, timestamp };
}

test("C9: packets of 10, 20, 30, 40 and 60 ms, mixed, and one sample or 187 ms in a packet", async () => {
  for (const way of ways) {
    for (const ptime of [10, 20, 30, 40, 60, (n: number) => [10, 60, 20, 0.125, 187, 30][n % 6] ?? 20]) {
      const r = new Recorded(call(12, { ...way, ptime }), { endMs: 12_000 });
      for (const channel of [0, 1]) {
        const { missing, worst } = judge(r, channel, 590);
        assert.deepEqual(missing, []);
        assert.ok(worst <= 10, `${worst} ms off`);
      }
      if ("reportMs" in way) continue;
      const sent = spoken(SPOKEN_SECONDS, { ptime });
      await passesWavcheck(new Recorded(sent, { endMs: SPOKEN_SECONDS * 1000 }), sent);
    }
  }
});

test("C9: unknown payload types are counted and leave silence; comfort noise is no gap, an unannounced silence is", async () => {
  const payloads = new Map<number, PayloadKind>([
    [0, "pcmu"],
    [13, "noise"],
  ]);
  const dtx = (p: Sent, announced: boolean): Sent[] => {
    const second = Math.floor(p.atMs / 1000);
    if (second % 3 !== 1) return [p];
    return announced && p.atMs % 1000 === 20 ? [{ ...p, payloadType: 13, payload: Uint8Array.of(60) }] : [];
  };
  const said = (announced: boolean, more: Partial<Talk> = {}): Wire => {
    const sent = talk({ channel: 0, seconds: 12, ...more }).flatMap((p) => ("payload" in p ? dtx(p, announced) : [p]));
    // A sender numbers what it sends.
    let sequence = 0;
    return sent.map((p) => ("payload" in p ? { ...p, sequence: sequence++ } : p));
  };
  for (const announced of [true, false]) {
    const numbered = said(announced);
    const strange = { ...(numbered[3] as Sent), payloadType: 77, sequence: 40_000 };
    const r = new Recorded(numbered, { endMs: 12_000, payloads });
    const { missing, worst } = judge(r, 0, 600);
    assert.ok(missing.length >= 196 && missing.length <= 204, `${missing.length}`);
    assert.ok(worst <= 10, `${worst} ms`);
    assert.equal(r.events("gap").length, announced ? 0 : 4);
    assert.equal(r.lanes[0]?.stats().lost, 0);
    const other = new Recorded([strange, ...numbered], { endMs: 12_000, payloads });
    assert.equal(other.lanes[0]?.stats().unknownPayload, 1);
    const voiced = said(announced, { sound: murmur(0), seconds: 6 });
    await passesWavcheck(new Recorded(voiced, { endMs: 6000, payloads }), voiced, { silent: [1] });
  }
});

test("C11: one way only, or nobody at all: that silence, of the right length", async () => {
  const one = new Recorded(talk({ channel: 0, seconds: 10 }), { endMs: 10_000 });
  assert.ok(Math.abs(one.seconds - 10) <= 0.02);
  assert.ok(one.channel(1).every((octet) => octet === 0xff));
  assert.deepEqual(judge(one, 0, 500).missing, []);
  const sent = talk({ channel: 0, seconds: SPOKEN_SECONDS, sound: murmur(0) });
  await passesWavcheck(new Recorded(sent, { endMs: SPOKEN_SECONDS * 1000 }), sent, { silent: [1] });
  const none = new Recorded([], { endMs: 10_000 });
  assert.equal(none.seconds, 10);
  await passesWavcheck(none, [], { silent: [0, 1] });
});

for (const fast of [0.005, -0.005]) {
  test(`C12: ten minutes with a clock ${fast * 100} % off: at no position are the channels 20 ms apart`, async () => {
    const shaky = (): Network => {
      const random = randomOf(5);
      return () => [5 + random() * 10];
    };
    for (const way of ways) {
      // Both ways ten minutes long in time-line.test.ts.
      const seconds = "reportMs" in way === fast > 0 ? 600 : 60;
      const both = (more: (channel: number) => Partial<Talk>): Wire =>
        [0, 1]
          .flatMap((channel) =>
            talk({ channel, seconds, ...(channel === 0 ? { fast } : {}), ...way, ...more(channel) }),
          )
          .toSorted((a, b) => a.atMs - b.atMs);
      const r = new Recorded(
        both(() => ({})),
        { endMs: seconds * 1000, network: shaky() },
      );
      assert.deepEqual(judge(r, 1, seconds * 50).missing, []);
      const [left, right] = [r.frames(0, { fast }), r.frames(1)].map((frames) => Array.from(frames.values()));
      const usual = right?.[100] ?? 0;
      const worst = Math.max(...(left ?? []).map((off) => Math.abs(off - usual)));
      assert.ok(worst <= 20, `${worst} ms off`);
      assert.ok(right?.every((off) => Math.abs(off - usual) <= 0.2));
      // A frame that was made longer or shorter has 15 of its 16 blocks.
      assert.ok(r.frames(0, { fast }).size >= seconds * 49);
      assert.ok(Math.abs(r.seconds - seconds / Math.min(1, 1 + fast)) <= seconds * 0.0052);
      if (seconds < 600) continue;
      const voiced = both((channel) => ({ sound: murmur(channel) }));
      const s = new Recorded(voiced, { endMs: seconds * 1000, network: shaky() });
      await passesWavcheck(s, voiced, { lastSeconds: SPOKEN_SECONDS, slackMs: 20 });
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
