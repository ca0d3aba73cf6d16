import assert from "node:assert/strict";
import { test } from "node:test";
import { ulawToLinear } from "@sidetone/rtp";
import { BLOCK_HEAD_BYTES, HeardLine } from "./heard-line.ts";

const frames = (blocks: readonly Buffer[]): number => blocks.reduce((sum, one) => sum + one.readUInt16LE(0), 0);
const audio = (
  ...pieces: (Uint8Array | number)[]
): { codec: "pcmu"; pieces: (Uint8Array | number)[]; behindMs: number } => ({
  codec: "pcmu",
  pieces,
  behindMs: 250,
});

test("a block says how many frames it has and how old they are, and has both sides in turn", () => {
  const [block, ...more] = new HeardLine(0).take(audio(Uint8Array.of(0x12, 0x34, 0x56, 0x78)), 0);
  assert(block !== undefined && more.length === 0);
  assert.deepEqual([block.readUInt16LE(0), block.readUInt16LE(2), block.length], [2, 250, BLOCK_HEAD_BYTES + 8]);
  const samples = [0, 1, 2, 3].map((i) => block.readInt16LE(BLOCK_HEAD_BYTES + 2 * i));
  assert.deepEqual(
    samples,
    [0x12, 0x34, 0x56, 0x78].map((octet) => ulawToLinear[octet]),
  );
});

test("more than a second is several blocks: a head has 16 bits", () => {
  const blocks = new HeardLine(0).take(audio(new Uint8Array(2 * 20_000)), 0);
  assert.deepEqual(
    blocks.map((one) => one.readUInt16LE(0)),
    [8000, 8000, 4000],
  );
});

test("R19: while paused the line is silent in real time, and the pause is not heard again afterwards", () => {
  const line = new HeardLine(0);
  line.take(audio(new Uint8Array(1600)), 100);
  let heard = 0;
  for (let now = 200; now <= 10_100; now += 100) heard += frames(line.idle(now));
  // 10 s of pause less the 0.8 s in which audio might have come.
  assert.ok(Math.abs(heard - 9200 * 8) <= 800, `${heard} frames of silence`);
  assert.deepEqual(frames(line.take(audio(80_000, new Uint8Array(1600)), 10_200)), 800, "the resumed audio only");
});

test("a short hole is silence of its own length", () => {
  const line = new HeardLine(0);
  assert.equal(frames(line.take(audio(new Uint8Array(1600), 160, new Uint8Array(1600)), 100)), 800 + 160 + 800);
  assert.equal(frames(line.idle(300)), 0, "audio may still come");
});
