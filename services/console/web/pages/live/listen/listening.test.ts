import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockReader } from "./block-reader.ts";
import { JitterRing } from "./jitter-ring.ts";

test("blocks are read whole, however they are cut", () => {
  const data = Buffer.alloc(2 * (4 + 12));
  for (const [block, at] of [0, 16].entries()) {
    data.writeUInt16LE(3, at);
    data.writeUInt16LE(250 + block, at + 2);
    for (let i = 0; i < 6; i += 1) data.writeInt16LE((i % 2 === 0 ? 1 : -1) * 1000 * (i + 1), at + 4 + 2 * i);
  }
  const reader = new BlockReader();
  const blocks = Array.from(data, (octet) => reader.take(Uint8Array.of(octet))).flat();
  assert.deepEqual(
    blocks.map(({ behindMs }) => behindMs),
    [250, 251],
  );
  const [first] = blocks;
  assert.deepEqual(
    Array.from(first?.customer ?? [], (one) => Math.round(one * 32_768)),
    [1000, 3000, 5000],
  );
  assert.deepEqual(
    Array.from(first?.agent ?? [], (one) => Math.round(one * 32_768)),
    [-2000, -4000, -6000],
  );
});

const steps = (from: number, length: number): Float32Array => Float32Array.from({ length }, (_, i) => from + i);

test("what comes in steps of 100 ms goes out without a hole, a quarter of a second later", () => {
  const ring = new JitterRing();
  const heard: number[] = [];
  const [a, b] = [new Float32Array(128), new Float32Array(128)];
  let sent = 0;
  for (let n = 0; n < 300; n += 1) {
    if ((n * 128) / 800 >= sent) {
      ring.put(steps(sent * 800, 800), steps(sent * 800 + 0.5, 800));
      sent += 1;
    }
    ring.get(a, b);
    heard.push(...a);
  }
  const begun = heard.findIndex((_, i) => heard[i + 1] === 1);
  assert.ok(begun >= 1600 && begun <= 3000, `begins at ${begun}`);
  assert.deepEqual(
    heard.slice(begun),
    Array.from({ length: heard.length - begun }, (_, i) => i),
  );
  assert.equal((b[0] ?? 0) - (a[0] ?? 0), 0.5, "both sides are of one moment");
});

test("what has waited too long is left out: who listens hears the present", () => {
  const ring = new JitterRing();
  ring.put(steps(0, 16_000), steps(0, 16_000));
  assert.equal(ring.length, 2000);
  assert.equal(ring.skipped, 14_000);
  const [a, b] = [new Float32Array(128), new Float32Array(128)];
  ring.get(a, b);
  assert.equal(a[0], 14_000);
});

test("where nothing comes it is silent, and begins again only when there is enough", () => {
  const ring = new JitterRing();
  const [a, b] = [new Float32Array(1000).fill(1), new Float32Array(1000)];
  ring.put(steps(1, 800), steps(1, 800));
  ring.get(a, b);
  assert.ok(a.every((one) => one === 0));
  ring.put(steps(801, 1600), steps(801, 1600));
  ring.get(a, b);
  assert.equal(a[0], 1);
});
