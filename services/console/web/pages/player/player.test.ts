import assert from "node:assert/strict";
import { test } from "node:test";
import { markersOf } from "./markers.ts";
import { linkTo, momentOf, positionText, positionWords } from "./moment.ts";
import { unpackPeaks } from "./peaks.ts";
import { silences, skipTo, talkShares } from "./speech.ts";

test("a pause and its end are one region; a hold ends when the one who held comes back", () => {
  const events = [
    { event: "hold", atMs: 1000, reason: "7001" },
    { event: "hold", atMs: 1500, reason: "7002" },
    { event: "pause", atMs: 2000 },
    { event: "retrieve", atMs: 3000, reason: "7002" },
    { event: "resume", atMs: 4000 },
    { event: "retrieve", atMs: 5000, reason: "7001" },
    { event: "dtmf", atMs: 6000, untilMs: 6120, ms: 120, channel: 0, digit: "masked" },
    { event: "dtmf", atMs: 6500, untilMs: 6620, ms: 120, channel: 1, digit: "5" },
    { event: "transfer", atMs: 7000, reason: "7001 to 7003" },
    { event: "something-new", atMs: 8000, colour: "red" },
    { event: "pause", atMs: 9000 },
  ];
  const said = markersOf({ events, durationMs: 10_000, state: "complete" }).map(
    ({ kind, sign, atMs, untilMs, title, detail, side }) => [kind, sign, atMs, untilMs, title, detail, side],
  );
  assert.deepEqual(said, [
    ["hold", "H", 1000, 5000, "On hold", "7001", undefined],
    ["hold", "H", 1500, 3000, "On hold", "7002", undefined],
    ["pause", "II", 2000, 4000, "Recording paused", "", undefined],
    ["key", "#", 6000, 6120, "Key pressed", "digit masked", "customer"],
    ["key", "5", 6500, 6620, "Key pressed", "digit 5", "agent"],
    ["parties", "T", 7000, undefined, "Transfer", "7001 to 7003", undefined],
    ["other", "•", 8000, undefined, "Something new", "colour red", undefined],
    ["pause", "II", 9000, 10_000, "Recording paused", "", undefined],
  ]);
  const gaps = [
    { event: "pause", atMs: 2000 },
    { event: "gap", atMs: 1980, untilMs: 4100, channel: 0 },
    { event: "resume", atMs: 4000 },
    { event: "gap", atMs: 6000, untilMs: 7000, channel: 1 },
  ];
  assert.deepEqual(
    markersOf({ events: gaps, durationMs: 10_000, state: "complete" }).map(({ title, atMs }) => [title, atMs]),
    [
      ["Recording paused", 2000],
      ["Gap", 6000],
    ],
    "the gap of a pause is the pause",
  );
  const [open] = markersOf({ events: [{ event: "pause", atMs: 9000 }], durationMs: 10_000, state: "recording" });
  assert.equal(open?.untilMs, undefined);
});

test("talk shares: one side, both, nobody; together the whole", () => {
  const shares = talkShares(
    [
      [0, 1000],
      [3000, 5000],
    ],
    [
      [500, 1500],
      [3500, 4000],
      [4500, 6000],
    ],
    10_000,
  );
  assert.deepEqual(shares, { customer: 1500, agent: 1500, both: 1500, silence: 5500 });
  assert.deepEqual(talkShares([], [], 700), { customer: 0, agent: 0, both: 0, silence: 700 });
});

test("silence is where neither speaks; a skip lands shortly before somebody does", () => {
  const found = silences(
    [[2000, 3000]],
    [
      [2500, 4000],
      [9000, 9500],
    ],
    20_000,
    1500,
  );
  assert.deepEqual(found, [
    [0, 2000],
    [4000, 9000],
    [9500, 20_000],
  ]);
  assert.equal(skipTo(found, 100), undefined);
  assert.equal(skipTo(found, 300), 1750);
  assert.equal(skipTo(found, 1750), undefined);
  assert.equal(skipTo(found, 3000), undefined);
  assert.equal(skipTo(found, 4300), 8750);
  assert.equal(skipTo(found, 25_000), undefined);
});

test("peaks: signed octets become lowest and highest in turn", () => {
  const pack = (...values: number[]): string => btoa(String.fromCharCode(...values.map((v) => v & 255)));
  const { waves, speech } = unpackPeaks({
    durationMs: 40,
    live: false,
    points: 2,
    channels: [
      { side: "customer", min: pack(-128, 0), max: pack(64, 0), speech: [[0, 20]] },
      { side: "agent", min: pack(0, -32), max: pack(0, 127), speech: [] },
    ],
  });
  assert.deepEqual(
    waves.map((wave) => Array.from(wave)),
    [
      [-1, 0.5, 0, 0],
      [0, 0, -0.25, 127 / 128],
    ],
  );
  assert.deepEqual(speech, { customer: [[0, 20]], agent: [] });
});

test("links to a moment are read in every form that people write", () => {
  assert.equal(momentOf("?t=63.5", ""), 63_500);
  assert.equal(momentOf("", "#t=1:03"), 63_000);
  assert.equal(momentOf("", "#t=1:00:03"), 3_603_000);
  assert.equal(momentOf("?t=5", "#t=7"), 7000);
  for (const wrong of ["?t=", "?t=-1", "?t=soon", "?q=1"]) assert.equal(momentOf(wrong, ""), undefined);
  assert.equal(linkTo("https://c/recordings/a?t=1&x=2", 63_540), "https://c/recordings/a?x=2#t=63.5");
  assert.equal(positionText(3_725_000), "1:02:05");
  assert.equal(positionText(65_999), "1:05");
  assert.equal(positionWords(3_661_000), "1 hour 1 minute 1 second");
  assert.equal(positionWords(200), "0 seconds");
});
