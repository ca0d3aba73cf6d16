import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Assembler, type Loss } from "./assembler.ts";

function rig(o: { base?: number } = {}) {
  const out: number[] = [];
  const losses: Loss[] = [];
  const assembler = new Assembler({
    codec: "pcmu",
    sink: {
      audio: (b) => {
        for (const x of b) out.push(x);
      },
      silence: (n) => {
        for (let i = 0; i < 2 * n; i++) out.push(0xff);
      },
    },
    onLoss: (l) => losses.push(l),
    ...o,
  });
  return { assembler, out, losses };
}

const bytes = (from: number, n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (from + i) % 200);
const side = (out: number[], channel: number): number[] => out.filter((_, i) => i % 2 === channel);

test("audio that both sides have is given away at once, left and right interleaved", () => {
  const { assembler, out } = rig({ base: 0 });
  const left = assembler.addLane(0);
  const right = assembler.addLane(1);
  assembler.put(left, 0, bytes(0, 8), 0, 8, 0, 0, undefined);
  assembler.put(right, 0, bytes(100, 6), 0, 6, 0, 0, undefined);
  assembler.flush(0, 500);
  assert.deepEqual(out, [0, 100, 1, 101, 2, 102, 3, 103, 4, 104, 5, 105]);
  assembler.flush(499, 500);
  assert.equal(out.length, 12);
  assembler.flush(500, 500);
  assert.deepEqual(out.slice(12), [6, 0xff, 7, 0xff]);
});

test("C1: a hole waits for its packet; what stays missing is silence of its length, and listed", () => {
  const { assembler, out, losses } = rig({ base: 0 });
  const lane = assembler.addLane(0);
  assembler.put(lane, 0, bytes(0, 4), 0, 4, 0, 0, undefined);
  assembler.put(lane, 12, bytes(12, 4), 0, 4, 2, 0, undefined);
  assembler.flush(0, 500);
  assert.deepEqual(side(out, 0), [0, 1, 2, 3]);
  assembler.put(lane, 4, bytes(4, 4), 0, 4, 0, 0, undefined);
  assembler.flush(100, 500);
  assert.deepEqual(side(out, 0), [0, 1, 2, 3, 4, 5, 6, 7]);
  assembler.flush(500, 500);
  assert.deepEqual(side(out, 0), [0, 1, 2, 3, 4, 5, 6, 7, 255, 255, 255, 255, 12, 13, 14, 15]);
  assert.deepEqual(losses, [{ channel: 0, from: 8, to: 12, packets: 1 }]);
  assembler.put(lane, 8, bytes(8, 4), 0, 4, 0, 0, undefined);
  assert.equal(assembler.late, 4);
});

test("a gap that the sender made is silence when its window has passed, not a loss", () => {
  const { assembler, out, losses } = rig({ base: 0 });
  const lane = assembler.addLane(1);
  assembler.put(lane, 0, bytes(0, 2), 0, 2, 0, 0, undefined);
  assembler.put(lane, 5, bytes(5, 2), 0, 2, 0, 0, undefined);
  assembler.flush(0, 500);
  assert.deepEqual(side(out, 1), [0, 1]);
  assembler.flush(500, 500);
  assert.deepEqual(side(out, 1), [0, 1, 255, 255, 255, 5, 6]);
  assert.deepEqual(losses, []);
});

test("C3: what a client got late itself comes with a number that fits, and still finds its place", () => {
  const { assembler, out, losses } = rig({ base: 0 });
  const lane = assembler.addLane(1);
  assembler.put(lane, 0, bytes(0, 2), 0, 2, 0, 0, undefined);
  assembler.put(lane, 4, bytes(4, 2), 0, 2, 0, 0, undefined);
  assembler.flush(0, 500);
  assembler.put(lane, 2, bytes(2, 2), 0, 2, 0, 0, undefined);
  assembler.flush(100, 500);
  assert.deepEqual(side(out, 1), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(losses, []);
  assert.equal(assembler.late, 0);
});

test("the line begins with its earliest audio, whichever stream has it", () => {
  const { assembler, out } = rig();
  const left = assembler.addLane(0);
  const right = assembler.addLane(1);
  assembler.put(left, 1000, bytes(0, 4), 0, 4, 0, 0, undefined);
  assembler.put(right, 998, bytes(50, 6), 0, 6, 0, 0, undefined);
  assert.equal(assembler.earliest, 998);
  assembler.begin(998);
  assembler.flush(0, 500);
  assert.deepEqual(side(out, 0), [255, 255, 0, 1, 2, 3]);
  assert.deepEqual(side(out, 1), [50, 51, 52, 53, 54, 55]);
});

test("a line may begin before its first audio, or after it", () => {
  const early = rig();
  early.assembler.put(early.assembler.addLane(0), 10, bytes(0, 2), 0, 2, 0, 0, undefined);
  early.assembler.begin(7);
  early.assembler.finish(0);
  assert.deepEqual(side(early.out, 0), [255, 255, 255, 0, 1]);
  const late = rig();
  late.assembler.put(late.assembler.addLane(0), 10, bytes(0, 4), 0, 4, 0, 0, undefined);
  late.assembler.begin(12);
  late.assembler.finish(0);
  assert.deepEqual(side(late.out, 0), [2, 3]);
});

test("C4: a long gap costs no memory and keeps its length; the end is where it is said", () => {
  const { assembler, out } = rig({ base: 0 });
  const lane = assembler.addLane(0);
  assembler.put(lane, 0, bytes(1, 1), 0, 1, 0, 0, undefined);
  assembler.put(lane, 8000 * 120, bytes(2, 1), 0, 1, 0, 0, undefined);
  assembler.finish(8000 * 121);
  assert.equal(out.length, 2 * 8000 * 121);
  assert.equal(out[2 * 8000 * 120], 2);
});

test("two participants on one side are mixed", () => {
  const { assembler, out } = rig({ base: 0 });
  const a = assembler.addLane(0);
  const b = assembler.addLane(0);
  assembler.put(a, 0, Uint8Array.of(0x80), 0, 1, 0, 0, undefined);
  assembler.put(b, 0, Uint8Array.of(0x00), 0, 1, 0, 0, undefined);
  assembler.finish(0);
  assert.deepEqual(out, [0xff, 0xff], "full scale up and down cancel out");
});

test("drift correction repeats or leaves out the last samples of a packet", () => {
  const { assembler, out } = rig({ base: 0 });
  const lane = assembler.addLane(0);
  assembler.put(lane, 0, bytes(0, 3), 0, 3, 0, 1, undefined);
  assembler.put(lane, 4, bytes(10, 3), 0, 3, 0, -1, undefined);
  assembler.finish(0);
  assert.deepEqual(side(out, 0), [0, 1, 2, 2, 10, 11]);
});

test("C2, C3: any order within the window gives the same file", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(
        Array.from({ length: 30 }, (_, i) => i),
        { minLength: 30 },
      ),
      fc.nat(29),
      (order, flushes) => {
        const { assembler, out } = rig({ base: 0 });
        const lane = assembler.addLane(0);
        let highest = -1;
        order.forEach((n, i) => {
          const missing = n > highest ? n - highest - 1 : 0;
          if (highest === -1 && n > 0) assembler.put(lane, 0, bytes(0, 0), 0, 0, 0, 0, undefined);
          assembler.put(lane, n * 4, bytes(n * 4, 4), 0, 4, missing, 0, undefined);
          highest = Math.max(highest, n);
          if (i === flushes) assembler.flush(0, 500);
        });
        assembler.finish(0);
        assert.equal(side(out, 0).length, 120);
        // The first packet seen may hide what precedes it: that is the business of `begin`.
        if (order[0] === 0) assert.deepEqual(side(out, 0), Array.from(bytes(0, 120)));
      },
    ),
  );
});
