import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { opusSamples } from "./opus-packet.ts";

function samples(...octets: number[]): number {
  return opusSamples(Uint8Array.from([9, ...octets]), 1, octets.length);
}

test("RFC 6716 3.1: the table of contents says how long a packet is", () => {
  assert.equal(samples(1 << 3, 7), 960); // SILK, 20 ms
  assert.equal(samples(3 << 3, 7), 2880);
  assert.equal(samples(15 << 3, 7), 960); // hybrid
  assert.equal(samples(16 << 3, 7), 120); // CELT, 2.5 ms
  assert.equal(samples((31 << 3) | 1, 1, 2), 1920);
  assert.equal(samples((31 << 3) | 2, 1, 5, 6), 1920);
  assert.equal(samples((31 << 3) | 3, 3, 1, 2, 3), 2880);
  assert.equal(samples((31 << 3) | 3, 0x80 | 2, 1, 5, 6), 1920);
  assert.equal(samples((31 << 3) | 3, 0x40 | 2, 1, 5, 6, 0), 1920);
});

test("RFC 6716 3.4: what is malformed has no length; no octets make it read outside", () => {
  assert.equal(samples(), 0);
  assert.equal(samples((31 << 3) | 1, 1), 0);
  assert.equal(samples((31 << 3) | 2, 9, 5), 0);
  assert.equal(samples((31 << 3) | 3), 0);
  assert.equal(samples((31 << 3) | 3, 0), 0);
  assert.equal(samples((31 << 3) | 3, 7, 1, 2, 3, 4, 5, 6, 7), 0, "140 ms");
  assert.equal(samples((31 << 3) | 3, 2, 1, 2, 3), 0);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const found = opusSamples(octets, 0, octets.length);
      return found >= 0 && found <= 5760 && Number.isInteger(found);
    }),
  );
});
