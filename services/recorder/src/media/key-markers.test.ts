import assert from "node:assert/strict";
import { test } from "node:test";
import { writeTelephoneEvent } from "@sidetone/rtp";
import { type KeyPress, KeyMarkers } from "./key-markers.ts";

function rig() {
  const told: KeyPress[] = [];
  const keys = new KeyMarkers((press) => told.push(press));
  const take = (event: number, timestamp: number, duration: number, end = false, nowMs = 0, ssrc = 1): void => {
    const payload = new Uint8Array(4);
    writeTelephoneEvent(payload, 0, { event, end, volume: 10, duration });
    keys.take(ssrc, timestamp >>> 0, payload, 0, 4, timestamp + 1000, nowMs);
  };
  return { told, keys, take };
}

test("RFC 4733: a press is one marker, however many packets and ends there are, and however they are mixed up", () => {
  const { told, take } = rig();
  for (const duration of [160, 480, 320, 640]) take(5, 8000, duration);
  for (let i = 0; i < 3; i++) take(5, 8000, 800, true);
  take(5, 8000, 640);
  take(11, 16_000, 160);
  take(5, 8000, 800, true);
  take(11, 16_000, 400, true);
  assert.deepEqual(told, [
    { key: "5", position: 9000, length: 800 },
    { key: "#", position: 17_000, length: 400 },
  ]);
});

test("RFC 4733: the same key twice is two presses; an end that is lost is told with the next key, or after a while", () => {
  const { told, keys, take } = rig();
  take(1, 0, 160);
  take(1, 0, 320);
  take(1, 4000, 160, false, 500);
  keys.flush(600);
  assert.deepEqual(told, [{ key: "1", position: 1000, length: 320 }]);
  keys.flush(1000);
  assert.deepEqual(told.slice(1), [{ key: "1", position: 5000, length: 160 }]);
});

test("RFC 4733 2.5.1.3: a press longer than 8 s is one marker; over the wrap of the time stamp, too", () => {
  const { told, take } = rig();
  const begin = 0x1_0000_0000 - 30_000;
  for (let d = 160; d <= 0xffff; d += 160) take(3, begin, d);
  take(3, begin, 0xffff);
  for (let d = 160; d <= 8000; d += 160) take(3, begin + 0xffff, d);
  take(3, begin + 0xffff, 8160, true);
  assert.deepEqual(told, [{ key: "3", position: begin + 1000, length: 0xffff + 8160 }]);
});

test("what is no key leaves no marker: fax tones, payloads that are too short", () => {
  const { told, keys, take } = rig();
  take(36, 0, 800, true);
  keys.take(1, 100, new Uint8Array(3), 0, 3, 0, 0);
  keys.end();
  assert.equal(told.length, 0);
  take(16, 200, 800, true);
  assert.equal(told[0]?.key, "flash");
});
