import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatLine, MANIFEST, scanFolders, verifyFolder } from "@sidetone/recording-file";
import { alawToLinear, linearToAlaw, linearToUlaw, ulawToLinear } from "@sidetone/rtp";
import { BLOCK_BYTES, LEVEL_OFFSET, PeakBuilder } from "./peak-blocks.ts";
import { PEAKS_FOLDER, PeakStore } from "./peak-store.ts";
import { peakView, type PeakView } from "./peak-view.ts";

/** Stereo G.711 of two functions of the time in s. */
function stereo(ms: number, left: (s: number) => number, right: (s: number) => number, law = linearToUlaw): Buffer {
  const code = (linear: number): number => law[Math.round(linear * 32_767) & 0xffff] ?? 0;
  const audio = Buffer.alloc(ms * 16);
  for (let n = 0; n < ms * 8; n++) {
    audio[2 * n] = code(left(n / 8000));
    audio[2 * n + 1] = code(right(n / 8000));
  }
  return audio;
}
const tone =
  (hz: number, level: number) =>
  (s: number): number =>
    level * Math.sin(2 * Math.PI * hz * s);
const quiet = (): number => 0;
const all = { fromMs: 0, toMs: undefined, points: 400_000 };

function points(view: PeakView, channel: 0 | 1, what: "min" | "max"): number[] {
  const bytes = Buffer.from(view.channels[channel]?.[what] ?? "", "base64");
  return Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length));
}

function blocksOf(audio: Buffer, codec: "pcmu" | "pcma" = "pcmu") {
  const builder = new PeakBuilder(codec);
  builder.add(audio);
  return builder.blocks(true);
}

test("a block is lowest, highest and level of 20 ms of each channel, exactly", () => {
  for (const codec of ["pcmu", "pcma"] as const) {
    const [law, linear] = codec === "pcmu" ? [linearToUlaw, ulawToLinear] : [linearToAlaw, alawToLinear];
    const audio = stereo(60, tone(437, 0.5), (s) => (s < 0.02 ? 0.25 : s < 0.04 ? -0.75 : 0), law);
    const { count, bytes } = blocksOf(audio, codec);
    assert.equal(count, 3);
    for (let block = 0; block < 3; block++)
      for (const channel of [0, 1]) {
        const samples = Array.from({ length: 160 }, (_, n) => linear[audio[(block * 160 + n) * 2 + channel] ?? 0] ?? 0);
        const at = block * BLOCK_BYTES + channel * 3;
        assert.equal(new Int8Array(bytes.buffer, bytes.byteOffset)[at], Math.trunc(Math.min(0, ...samples) / 256));
        assert.equal(bytes[at + 1], Math.trunc(Math.max(0, ...samples) / 256));
        const meanSquare = samples.reduce((sum, x) => sum + x * x, 0) / 160;
        const level = meanSquare === 0 ? 0 : Math.round(LEVEL_OFFSET + 10 * Math.log10(meanSquare / 2 ** 30));
        assert.equal(bytes[at + 2], level);
      }
  }
});

test("audio may come in pieces of any length, also half frames", () => {
  const audio = stereo(1000, tone(437, 0.5), tone(1013, 0.2));
  const whole = blocksOf(audio);
  const builder = new PeakBuilder("pcmu");
  for (let at = 0, n = 1; at < audio.length; at += n, n = (n * 7) % 641) builder.add(audio.subarray(at, at + n));
  assert.equal(builder.taken, audio.length);
  assert.deepEqual(
    builder.blocks(true).bytes.subarray(0, whole.count * BLOCK_BYTES),
    whole.bytes.subarray(0, whole.count * BLOCK_BYTES),
  );
});

test("a view has as many points as asked, never more than blocks, and loses no peak", () => {
  // One loud frame in the middle of two seconds.
  const blocks = blocksOf(stereo(2000, (s) => (Math.abs(s - 1.01) < 0.0002 ? 0.9 : 0), quiet));
  for (const asked of [1, 7, 50, 99, 100]) {
    const view = peakView(blocks, { ...all, points: asked }, false);
    assert.deepEqual([view.points, view.fromMs, view.toMs, view.durationMs], [asked, 0, 2000, 2000]);
    const high = points(view, 0, "max");
    assert.equal(Math.max(...high), 113);
    assert.ok(Math.abs(high.findIndex((v) => v > 0) - asked / 2) <= 0.5, `${asked}`);
    assert.deepEqual(
      points(view, 1, "max"),
      Array.from({ length: asked }, () => 0),
    );
  }
  assert.equal(peakView(blocks, all, false).points, 100);
  const part = peakView(blocks, { fromMs: 990, toMs: 1030, points: 10 }, true);
  assert.deepEqual([part.fromMs, part.toMs, part.points, part.live], [980, 1040, 3, true]);
  const behind = peakView(blocks, { fromMs: 5000, toMs: 6000, points: 10 }, false);
  assert.deepEqual([behind.points, points(behind, 0, "max")], [0, []]);
});

test("who speaks when: both channels for themselves; short pauses are speech, clicks and noise are none", () => {
  const between = (s: number, from: number, to: number): boolean => s >= from && s < to;
  const left = (s: number): number =>
    between(s, 1, 2) || between(s, 2.3, 3) || between(s, 6, 6.04) ? tone(437, 0.3)(s) : tone(50, 0.0008)(s);
  const right = (s: number): number => (between(s, 4, 5) ? tone(1013, 0.02)(s) : 0);
  const view = peakView(blocksOf(stereo(8000, left, right)), all, false);
  assert.deepEqual(view.channels[0]?.speech, [[1000, 3000]]);
  assert.deepEqual(view.channels[1]?.speech, [[4000, 5000]]);
  // Somebody who never stops is not taken for noise.
  const steady = peakView(blocksOf(stereo(3000, tone(437, 0.3), quiet)), all, false);
  assert.deepEqual(
    steady.channels.map(({ speech }) => speech),
    [[[0, 3000]], []],
  );
});

test("two hours are 2.2 MB of blocks, whatever is read", () => {
  const builder = new PeakBuilder("pcmu");
  const second = stereo(1000, tone(437, 0.5), tone(1013, 0.2));
  for (let n = 0; n < 7200; n++) builder.add(second);
  const blocks = builder.blocks(true);
  assert.equal(blocks.count, 360_000);
  assert.ok(builder.room < 5_000_000, `${builder.room}`);
  const view = peakView(blocks, { ...all, points: 2000 }, false);
  assert.equal(view.points, 2000);
  assert.ok(
    points(view, 0, "max").every((v) => v === 64 || v === 65),
    JSON.stringify(points(view, 0, "max").slice(0, 5)),
  );
});

/** A storage with one recording. */
function storage(t: TestContext): { root: string; folder: string; path: string } {
  const root = mkdtempSync(join(tmpdir(), "sidetone-peaks-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join("2026", "11", "20", "one");
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  const at = "2026-11-20T09:15:15.000000Z";
  const start = {
    id: "one",
    fileName: "one",
    callUuid: undefined,
    connId: undefined,
    copy: 1,
    epoch: 1,
    at,
    parameters: {},
  };
  writeFileSync(
    join(path, MANIFEST),
    formatLine({ type: "start", version: 1, ...start }) +
      formatLine({ type: "zero", at, wallMicros: 0, codec: "pcmu" }),
  );
  return { root, folder, path };
}

test("while it is recorded only what is new is read; once it has ended, nothing", async (t) => {
  const { root, folder, path } = storage(t);
  const store = new PeakStore(root);
  const one = stereo(1010, tone(437, 0.5), quiet);
  writeFileSync(join(path, "audio-000001.g711"), one);
  assert.equal((await store.blocksOf(folder, false)).count, 50);
  appendFileSync(join(path, "audio-000001.g711"), one);
  writeFileSync(join(path, "audio-000002.g711"), one.subarray(0, 161));
  assert.equal((await store.blocksOf(folder, false)).count, 101);
  assert.equal(store.read, 2 * one.length + 161);
  assert.equal(existsSync(join(root, PEAKS_FOLDER)), false);
  assert.equal((await store.blocksOf(folder, true)).count, 102);
  assert.equal(store.read, 2 * one.length + 161);

  const again = new PeakStore(root);
  const kept = await again.blocksOf(folder, true);
  assert.deepEqual([kept.count, again.read], [102, 0]);
  const whole = blocksOf(Buffer.concat([one, one, one.subarray(0, 161)]));
  assert.deepEqual(Buffer.from(kept.bytes), Buffer.from(whole.bytes.subarray(0, 102 * BLOCK_BYTES)));
});

test("what is kept is no evidence: it stands outside of the folder, no scan meets it, and it is computed anew where the audio is another", async (t) => {
  const { root, folder, path } = storage(t);
  writeFileSync(join(path, "audio-000001.g711"), stereo(1000, tone(437, 0.5), quiet));
  const before = await verifyFolder(path);
  await new PeakStore(root).blocksOf(folder, true);
  assert.ok(existsSync(join(root, PEAKS_FOLDER, `${folder}.peaks`)));
  assert.deepEqual(await verifyFolder(path), before);
  const scanned: string[] = [];
  for await (const found of scanFolders(root)) scanned.push(found);
  assert.deepEqual(scanned, [folder]);

  writeFileSync(join(path, "audio-000001.g711"), stereo(1000, quiet, tone(437, 0.5)));
  const store = new PeakStore(root);
  const view = peakView(await store.blocksOf(folder, true), all, false);
  assert.deepEqual([Math.max(...points(view, 0, "max")), store.read], [0, 16_000]);

  writeFileSync(join(root, PEAKS_FOLDER, `${folder}.peaks`), "damaged");
  const damaged = new PeakStore(root);
  assert.equal((await damaged.blocksOf(folder, true)).count, 50);
  assert.equal(damaged.read, 16_000);
  await assert.rejects(damaged.blocksOf(join("2026", "11", "20", "none"), true));
});
