// runs: alone
// mode: both
// A phone playing 437 Hz calls one playing 1013 Hz; the recording is judged by wavcheck.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import {
  type CallOptions,
  checkWav,
  dominantFrequency,
  type PhoneOptions,
  readWav,
  type RunningSystem,
  sequence,
  startSystem,
  talk,
  tone,
} from "@sidetone/testing";
import { connect, phone, recordingOf, type UpCall } from "./phones.ts";

const CALL_MS = 20_000;
let system: RunningSystem;

/** Recorded callers and their callees, so that the cases run side by side; where 7017 calls, recording is mandatory. */
const dns = Object.fromEntries(
  [1, 2, 3, 4, 5, 6, 7].flatMap((n) => [
    [
      `701${n}`,
      {
        type: "extension",
        password: `demo-701${n}`,
        record: true,
        ...(n === 7 ? { "recording-failure": "reject" } : {}),
      },
    ],
    [`702${n}`, { type: "extension", password: `demo-702${n}` }],
  ]),
);

before(async () => {
  system = await startSystem({ config: { "sip-server": { dns } } });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

interface Case {
  readonly n: number;
  readonly phones?: Partial<PhoneOptions>;
  readonly call?: CallOptions;
  readonly formatTag: number;
}

/** Runs one call of 20 s and gives the recording's file; everything that holds for every case is asserted here. */
async function recorded(
  t: TestContext,
  c: Case,
): Promise<{ file: string; seconds: number; talked: number; skewMs: number }> {
  const a = await phone(t, system, `701${c.n}`, { source: tone(437), ...c.phones });
  const b = await phone(t, system, `702${c.n}`, {
    source: tone(1013),
    answering: { kind: "answer", afterMs: 300 },
    ...c.phones,
  });
  const call = await connect(a, b, c.call);
  await talk(CALL_MS);
  await call.caller.bye();
  await call.callee.ended;
  const row = await recordingOf(system, a.id);
  assert.equal(row.state, "complete");
  assert.equal(row.channels.length, 2);
  const file = await system.fetchAudio(row.id);
  const wav = readWav(file);
  assert.equal(wav.formatTag, c.formatTag);
  assert.equal(wav.sampleRate, 8000);
  assert.equal(wav.channels.length, 2);
  return { file, seconds: wav.seconds, talked: call.callee.durationMs / 1000, skewMs: speaksLater(call) };
}

const clean = {
  expect: { 0: 437, 1: 1013 },
  maxCrosstalkDb: -40,
  maxGapMs: 5,
  maxSplices: 1, // a machine that hears the first packets late puts the channels right again, a sample at a time (R15: within 20 ms)
  strictHeader: true,
} as const;

/** R15: what the channels' beginnings may differ by beyond what the phones' did: the recorder's 20 ms, the search for the onset, and the way, ms. */
const MAX_SKEW_MS = 60;

/** How much later than the called phone the caller's began to speak: it learns of the answer after it, ms. */
function speaksLater({ caller, callee }: UpCall): number {
  return Math.max(0, caller.sender.startedAt - callee.sender.startedAt);
}

function sameLength(result: { seconds: number; talked: number }): void {
  const off = Math.abs(result.seconds - result.talked);
  assert.ok(off <= 0.1, `recording ${result.seconds} s, answered for ${result.talked.toFixed(3)} s`);
}

describe("the first recorded call", { concurrency: true }, () => {
  test("R15, R16: over UDP with µ-law the file is stereo, caller left, callee right, whole, of the answered length", async (t) => {
    const result = await recorded(t, { n: 1, formatTag: 7, phones: { codecs: ["PCMU"] } });
    await checkWav(result.file, { ...clean, maxOnsetSkewMs: result.skewMs + MAX_SKEW_MS });
    sameLength(result);
  });

  test("over TCP the same", async (t) => {
    const result = await recorded(t, { n: 2, formatTag: 7, phones: { codecs: ["PCMU"], transport: "tcp" } });
    await checkWav(result.file, { ...clean, maxOnsetSkewMs: result.skewMs + MAX_SKEW_MS });
    sameLength(result);
  });

  test("R15: with A-law the file is A-law (format tag 6)", async (t) => {
    const result = await recorded(t, { n: 3, formatTag: 6, phones: { codecs: ["PCMA"] } });
    await checkWav(result.file, { ...clean, maxOnsetSkewMs: result.skewMs + MAX_SKEW_MS });
    sameLength(result);
  });

  test("lost packets are silence of the right length, reordered ones are in order", async (t) => {
    const result = await recorded(t, {
      n: 4,
      formatTag: 7,
      phones: { codecs: ["PCMU"] },
      call: {
        // frames 250 to 259 (200 ms at 5 s) and every 97th are lost; every 31st comes 30 ms late, after its successor
        impair: {
          drop: (n) => (n >= 250 && n < 260) || n % 97 === 96,
          delayMs: (n) => (n % 31 === 30 ? 30 : 0),
          duplicate: (n) => n % 53 === 52,
        },
      },
    });
    await checkWav(result.file, {
      expect: { 0: 437, 1: 1013 },
      maxCrosstalkDb: -40,
      maxGapMs: 205,
      strictHeader: true,
    });
    sameLength(result);
    const [left, right] = readWav(result.file).channels;
    assert.ok(left !== undefined && right !== undefined);
    const holes = silences(left);
    const lengths = holes.map((hole) => Math.round(hole.length / 8));
    assert.equal(
      lengths.filter((ms) => Math.abs(ms - 200) <= 2).length,
      1,
      `one hole of 200 ms wanted: ${lengths.join(", ")}`,
    );
    const single = lengths.filter((ms) => Math.abs(ms - 20) <= 2).length;
    const lost = Math.floor(CALL_MS / 20 / 97);
    assert.ok(
      Math.abs(single - lost) <= 1,
      `${lost} holes of 20 ms wanted: ${holes.map((hole) => `${hole.length / 8} ms at ${hole.from / 8}`).join(", ")}`,
    );
    assert.equal(lengths.length, single + 1, `no other hole wanted: ${lengths.join(", ")}`);
    assert.deepEqual(silences(right), [], "the other side lost nothing");
  });

  for (const [n, title] of [
    [5, "R16: the first 200 ms after the answer are in the file, on both sides"],
    [7, "R16, R17: the same where recording is mandatory and the recorder was asked before the phone rang"],
  ] as const) {
    test(title, async (t) => {
      const opening = (hz: number) =>
        sequence([
          { source: tone(697), ms: 200 },
          { source: tone(hz), ms: 60_000 },
        ]);
      const a = await phone(t, system, `701${n}`, { source: opening(437) });
      const b = await phone(t, system, `702${n}`, {
        source: opening(1013),
        answering: { kind: "answer", afterMs: 500 },
      });
      const call = await connect(a, b);
      await talk(4000);
      await call.callee.bye();
      await call.caller.ended;
      const row = await recordingOf(system, a.id);
      assert.equal(row.state, "complete");
      const { channels, seconds } = readWav(await system.fetchAudio(row.id));
      sameLength({ seconds, talked: call.callee.durationMs / 1000 });
      for (const [index, samples] of channels.entries()) {
        const onset = samples.findIndex((sample) => Math.abs(sample) > 1000);
        // The caller's phone speaks when it has learnt of the answer: later on a busy machine.
        const late = index === 0 ? speaksLater(call) : 0;
        assert.ok(
          onset >= 0 && onset < 8 * (late + 100),
          `channel ${index} begins at ${onset / 8} ms, spoken ${late} ms late`,
        );
        const first = dominantFrequency(samples, onset + 80, onset + 8 * 190);
        assert.ok(first !== undefined && Math.abs(first - 697) < 10, `channel ${index} begins with ${first} Hz`);
        const change = dominantFrequency(samples, onset + 8 * 215, onset + 8 * 400);
        assert.ok(
          change !== undefined && Math.abs(change - (index === 0 ? 437 : 1013)) < 10,
          `channel ${index} goes on with ${change} Hz`,
        );
      }
    });
  }

  test("R15: one phone speaks A-law, the other µ-law; both hear and the file holds both", async (t) => {
    const a = await phone(t, system, "7016", { source: tone(437), codecs: ["PCMA"] });
    const b = await phone(t, system, "7026", { source: tone(1013), codecs: ["PCMU"] });
    const call = await connect(a, b);
    await talk(3000);
    const heard = { caller: call.caller.heard.frequency(), callee: call.callee.heard.frequency() };
    await call.caller.bye();
    const row = await recordingOf(system, a.id);
    await checkWav(await system.fetchAudio(row.id), {
      expect: { 0: 437, 1: 1013 },
      maxCrosstalkDb: -40,
      maxGapMs: 5,
      strictHeader: true,
    });
    assert.ok(Math.abs((heard.caller ?? 0) - 1013) < 8, `caller heard ${heard.caller}`);
    assert.ok(Math.abs((heard.callee ?? 0) - 437) < 8, `callee heard ${heard.callee}`);
  });
});

/** Runs of digital silence longer than 5 ms inside the sound, in samples. */
function silences(samples: Int16Array): { from: number; length: number }[] {
  const found: { from: number; length: number }[] = [];
  let last = -1;
  for (let n = 0; n < samples.length; n += 1) {
    if (Math.abs(samples[n] ?? 0) < 130) continue;
    if (last >= 0 && n - last - 1 > 40) found.push({ from: last + 1, length: n - last - 1 });
    last = n;
  }
  return found;
}
