// What the load's judgement rests on: numbered frames that survive G.711, gaps that are found, phones that hear each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@sidetone/foundation";
import {
  ArrivalLog,
  framesOf,
  decodeUlaw,
  encodeUlaw,
  FRAME_OCTETS,
  legGap,
  LoadPhones,
  spreadOf,
  talk,
  until,
  writeFrame,
} from "../index.ts";

test("a numbered frame survives decoding and encoding, and is found wherever it stands", () => {
  const sound = new Uint8Array(3 * FRAME_OCTETS + 7).fill(0xff);
  writeFrame(sound, 7, 3071, 11_259_375);
  writeFrame(sound, 7 + FRAME_OCTETS, 17, 3);
  writeFrame(sound, 7 + 2 * FRAME_OCTETS, 3071, 11_259_376);
  const through = sound.map((octet) => encodeUlaw(decodeUlaw(octet)));
  assert.deepEqual(Array.from(framesOf(through, 3071)), [
    [11_259_375, { blocks: 16, at: 7 }],
    [11_259_376, { blocks: 16, at: 7 + 2 * FRAME_OCTETS }],
  ]);
  const cut = framesOf(through.subarray(0, 7 + FRAME_OCTETS + 95), 17);
  assert.deepEqual(Array.from(cut), [[3, { blocks: 9, at: 7 + FRAME_OCTETS }]]);
});

/** Arrivals of speaker 1 every 20 ms from 0 s to 10 s; `lose` leaves frames out, `more` adds some. */
function heard(
  lose: (frame: number) => boolean,
  more: readonly (readonly [atMs: number, speaker: number, frame: number])[] = [],
): ReturnType<ArrivalLog["since"]> {
  const steady = Array.from({ length: 500 }, (_, frame) => [20 * frame, 1, frame] as const);
  const all = [...steady.filter(([, , frame]) => !lose(frame)), ...more].toSorted((a, b) => a[0] - b[0]);
  const log = new ArrivalLog();
  for (const [atMs, speaker, frame] of all) log.add(atMs * 1000, speaker, frame, 10_000, 1);
  return log.since(0);
}

test("a leg's gap: how long, until when, what is lost, what comes again", () => {
  const whole = legGap(
    heard(() => false),
    1,
    5e6,
    9e6,
  );
  assert.deepEqual(whole, { longestMs: 20, backAfterMs: 0, lostFrames: 0, staleFrames: 0, foreign: 0, lastSecond: 50 });
  const cut = heard(
    (frame) => frame >= 250 && frame < 300,
    [
      [7000, 1, 260],
      [7001, 1, 340],
      [7002, 2, 9],
    ],
  );
  const gap = legGap(cut, 1, 5e6, 9e6);
  assert.deepEqual(gap, {
    longestMs: 1020,
    backAfterMs: 1000,
    lostFrames: 49,
    staleFrames: 2,
    foreign: 1,
    lastSecond: 50,
  });
  const dead = legGap(
    heard((frame) => frame >= 250),
    1,
    5e6,
    9e6,
  );
  assert.deepEqual([dead.longestMs, dead.lastSecond], [4020, 0]);
  const late = Float64Array.from({ length: 500 }, (_, frame) => 20_000 * frame + (frame < 300 ? 0 : 980_000));
  assert.equal(legGap(cut, 1, 5e6, 9e6, late).longestMs, 40);
  assert.deepEqual(spreadOf([3, 1, 2]), { count: 3, p50: 2, p99: 3, worst: 3 });
});

test("phones of a load call each other: each hears the other one's frames, hold and BYE included", async (t) => {
  const names = ["7301", "7302", "7303", "7304"];
  const phones = names.map((dn) => ({ dn, password: "x" }));
  const callee = await LoadPhones.open({
    host: "127.0.0.1",
    sipPort: 0,
    rtpPort: 0,
    server: { host: "127.0.0.1", port: 9 },
    domain: "sidetone.local",
    phones,
  });
  const caller = await LoadPhones.open({
    host: "127.0.0.1",
    sipPort: 0,
    rtpPort: 0,
    server: { host: "127.0.0.1", port: callee.port },
    domain: "sidetone.local",
    phones,
  });
  t.after(() => Promise.all([caller.close(), callee.close()]));
  assert.deepEqual(await Promise.all([caller.call("7301", "7303"), caller.call("7302", "7304")]), [200, 200]);
  const from = systemClock.wallMicros();
  assert.ok(await until(() => caller.arrivals("7302", from).frame.length > 30, 3000));
  for (const [phone, dn, partner] of [
    [caller, "7301", 2],
    [caller, "7302", 3],
    [callee, "7303", 0],
    [callee, "7304", 1],
  ] as const) {
    const { speaker, atMicros, frame } = phone.arrivals(dn, from);
    assert.ok(speaker.length > 25 && speaker.every((who) => who === partner), `${dn} hears ${speaker.join()}`);
    const sentAt = (phone === caller ? callee : caller).sentAt();
    const late = atMicros.map((at, n) => at - (sentAt[frame[n] ?? 0] ?? 0));
    assert.ok(
      late.every((micros) => micros > -5000 && micros < 500_000),
      late.join(),
    );
  }
  assert.equal(await caller.change("7301", "sendonly"), 200);
  await talk(100);
  const held = systemClock.wallMicros();
  await talk(150);
  assert.equal(caller.arrivals("7301", held).frame.length, 0);
  assert.ok(callee.arrivals("7303", held).frame.length > 0);
  assert.equal(await caller.bye("7301"), 200);
  assert.deepEqual(
    callee.states().map(({ up }) => up),
    [false, false, false, true],
  );
});
