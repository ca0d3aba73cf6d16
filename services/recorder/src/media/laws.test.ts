import assert from "node:assert/strict";
import { test } from "node:test";
import { conversion, mixed } from "./laws.ts";

test("G.711: silence converts to silence, both ways", () => {
  assert.equal(conversion("pcma", "pcmu")?.[0xd5], 0xff);
  assert.equal(conversion("pcmu", "pcma")?.[0xff], 0xd5);
  assert.equal(conversion("pcmu", "pcmu"), undefined);
});

test("G.711: there and back changes a byte by one step at most", () => {
  const there = conversion("pcma", "pcmu");
  const back = conversion("pcmu", "pcma");
  for (let b = 0; b < 256; b++) {
    const round = back?.[there?.[b] ?? 0] ?? 0;
    assert.ok(Math.abs(((round ^ 0x55) & 0x7f) - ((b ^ 0x55) & 0x7f)) <= 1, `${b} → ${round}`);
    if (((b ^ 0x55) & 0x7f) > 1) assert.equal(round & 0x80, b & 0x80, "sign");
  }
});

test("G.711: silence is neutral in a mix", () => {
  for (let b = 0; b < 256; b++) assert.equal(mixed("pcmu", b, 0xff) | (b === 0x7f ? 0x80 : 0), b === 0x7f ? 0xff : b);
});
