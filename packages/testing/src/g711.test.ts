import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from "./g711.ts";

test("ITU-T G.711: every octet survives decode and encode (µ-law has two zeros)", () => {
  for (let octet = 0; octet < 256; octet += 1) {
    if (octet !== 0x7f) assert.equal(encodeUlaw(decodeUlaw(octet)), octet);
    assert.equal(encodeAlaw(decodeAlaw(octet)), octet);
  }
});

test("ITU-T G.711: known values", () => {
  assert.equal(decodeUlaw(0xff), 0);
  assert.equal(decodeUlaw(0x80), 32124);
  assert.equal(decodeUlaw(0x00), -32124);
  assert.equal(decodeAlaw(0xd5), 8);
  assert.equal(decodeAlaw(0xaa), 32256);
  assert.equal(decodeAlaw(0x2a), -32256);
});
