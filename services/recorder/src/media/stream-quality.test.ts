import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManifestLine, WriterMessage } from "@sidetone/recording-file";
import { RtpView } from "@sidetone/rtp";
import { RecordingMedia } from "./recording-media.ts";

const ORIGIN = 1_795_166_115_000_000;

function rig() {
  const out: number[] = [];
  const lines: ManifestLine[] = [];
  let zero: number | undefined;
  const media = new RecordingMedia({
    handle: 1,
    originMicros: ORIGIN,
    defaultCodec: "pcmu",
    send(message: WriterMessage) {
      if (message.do === "audio") for (const b of message.bytes) out.push(b);
      if (message.do === "silence") for (let i = 0; i < 2 * message.frames; i++) out.push(0xff);
      if (message.do === "line") lines.push(message.line);
      if (message.do === "zero") zero = message.wallMicros;
    },
  });
  const clock = media.newClock();
  const lane = (channel: number) =>
    media.addLane({
      channel,
      clock,
      payloads: new Map([
        [0, "pcmu"],
        [101, "keys"],
      ]),
      remote: undefined,
      allowed: new Set([1]),
      nowMicros: ORIGIN,
    });
  return { media, out, lines, lane, zero: () => zero };
}

function packet(
  sequence: number,
  timestamp: number,
  length: number,
  fill: number,
  ssrc = 5,
  payloadType = 0,
): [RtpView, Uint8Array] {
  const view = new RtpView();
  view.sequence = sequence & 0xffff;
  view.timestamp = timestamp >>> 0;
  view.ssrc = ssrc;
  view.payloadType = payloadType;
  view.payloadLength = length;
  return [view, new Uint8Array(length).fill(fill)];
}

const side = (out: number[], channel: number): number[] => out.filter((_, i) => i % 2 === channel);

test("media-control: a stream without sender reports is placed by its arrival; both sides stay together", () => {
  const { media, out, lane, zero } = rig();
  const [left, right] = [lane(0), lane(1)];
  for (let n = 0; n < 150; n++) {
    const arrival = ORIGIN + 100_000 + (n + 1) * 20_000;
    media.packet(left, ...packet(n, 1000 + n * 160, 160, 1), arrival, n * 20);
    media.packet(right, ...packet(n, 900_000 + n * 160, 160, 2, 6), arrival + 5000, n * 20);
    media.flush(n * 20, arrival);
  }
  media.finish(undefined, "complete", "BYE");
  assert.equal(zero(), ORIGIN + 100_000);
  assert.equal(out.length / 2, 150 * 160 + 40, "5 ms later on the right");
  assert.ok(
    side(out, 0)
      .slice(0, 150 * 160)
      .every((b) => b === 1),
  );
  assert.ok(
    side(out, 1)
      .slice(40)
      .every((b) => b === 2),
  );
});

test("R31: audio that was buffered while no recorder was there keeps its place", () => {
  const { media, out, lane } = rig();
  const left = lane(0);
  // Ten seconds come at once; the report says when they were.
  const arrival = ORIGIN + 20_000_000;
  media.report(left, 5, { ntpMicros: arrival, timestamp: 1000 + 80_000 }, arrival, 0);
  for (let n = 0; n < 500; n++)
    media.packet(left, ...packet(n, 1000 + n * 160, 160, 1 + (n % 100)), arrival + n, n / 100);
  media.finish(arrival, "complete", "BYE");
  assert.equal(out.length / 2, 80_000);
  for (const n of [0, 250, 499])
    assert.ok(
      side(out, 0)
        .slice(n * 160, n * 160 + 160)
        .every((b) => b === 1 + (n % 100)),
      `packet ${n}`,
    );
});

test("R16: the file starts at the announced start where the first audio is near it", () => {
  const { media, out, lane, zero } = rig();
  media.hint(ORIGIN + 50_000);
  const left = lane(0);
  media.report(left, 5, { ntpMicros: ORIGIN + 150_000, timestamp: 0 }, ORIGIN + 170_000, 0);
  media.packet(left, ...packet(0, 0, 160, 7), ORIGIN + 170_000, 0);
  media.finish(undefined, "complete", "BYE");
  assert.equal(zero(), ORIGIN + 50_000);
  assert.deepEqual([out.length / 2, side(out, 0).indexOf(7)], [960, 800]);
});

test("C11: a call without any RTP is silence from accept to BYE", () => {
  const { media, out, lane } = rig();
  lane(0);
  media.finish(ORIGIN + 3_000_000, "complete", "BYE");
  assert.equal(out.length / 2, 24_000);
});

test("telephone-event is neither audio nor loss; a long gap of the sender is listed", () => {
  const { media, out, lines, lane } = rig();
  const left = lane(0);
  media.report(left, 5, { ntpMicros: ORIGIN, timestamp: 0 }, ORIGIN, 0);
  media.packet(left, ...packet(0, 0, 160, 1), ORIGIN + 20_000, 0);
  media.packet(left, ...packet(1, 160, 4, 9, 5, 101), ORIGIN + 40_000, 0);
  media.packet(left, ...packet(2, 160 * 50, 160, 2), ORIGIN + 1_020_000, 0);
  media.finish(ORIGIN + 5_000_000, "complete", "BYE");
  assert.deepEqual(
    lines.filter((l) => l.type === "loss"),
    [],
  );
  const gap = lines.find((l) => l.type === "event");
  assert.deepEqual(gap, { type: "event", event: "gap", atMs: 20, untilMs: 1000, ms: 980, cause: "sender", channel: 0 });
  assert.equal(side(out, 0).indexOf(2), 8000);
  assert.equal(out.length / 2, 40_000, "BYE came long after the last audio: the silence belongs to the call");
});

test("C12: a sender that is 0.5 % fast is corrected by its reports: no skew after ten minutes", () => {
  const { media, out, lane } = rig();
  const [left, right] = [lane(0), lane(1)];
  const packets = 30_000;
  let sent = 0;
  for (let n = 0; n < packets; n++) {
    const exact = ORIGIN + n * 20_000;
    for (let due = ORIGIN + sent * 19_900; due <= exact && sent < packets; sent++, due += 19_900) {
      if (sent % 100 === 0) media.report(left, 5, { ntpMicros: due, timestamp: sent * 160 }, due, n * 20);
      media.packet(left, ...packet(sent, sent * 160, 160, 1 + (sent % 2)), due + 20_000, n * 20);
    }
    if (n % 100 === 0) media.report(right, 6, { ntpMicros: exact, timestamp: n * 160 }, exact, n * 20);
    media.packet(right, ...packet(n, n * 160, 160, 3, 6), exact + 20_000, n * 20);
    if (n % 10 === 0) media.flush(n * 20, exact);
  }
  media.finish(undefined, "complete", "BYE");
  const left_ = side(out, 0);
  const end = left_.length - 1 - left_.toReversed().findIndex((b) => b !== 0xff);
  const expected = (packets * 19_900 * 8) / 1000;
  assert.ok(Math.abs(end - expected) <= 160, `left ends at ${end}, should at ${expected}`);
  assert.equal(left_.length, packets * 160);
});

/** Packets of 20 ms from `from` ms on, one side, as they arrive, with a look every 100 ms. */
function live(r: ReturnType<typeof rig>, lane: ReturnType<ReturnType<typeof rig>["lane"]>, from: number, to: number) {
  for (let ms = from; ms < to; ms += 20) {
    const arrival = ORIGIN + (ms + 20) * 1000;
    r.media.packet(lane, ...packet(ms / 20, ms * 8, 160, 1), arrival, ms + 20);
    if (ms % 100 === 80) r.media.flush(ms + 20, arrival);
  }
}

test("A5: what one side has is given away within 700 ms also while the other has not begun", () => {
  const r = rig();
  const left = r.lane(0);
  r.lane(1);
  r.media.report(left, 5, { ntpMicros: ORIGIN, timestamp: 0 }, ORIGIN, 0);
  for (let ms = 0; ms < 2000; ms += 100) {
    live(r, left, ms, ms + 100);
    if (ms >= 700) assert.ok(r.out.length / 2 >= (ms + 100 - 700) * 8, `${r.out.length / 16} of ${ms + 100} ms`);
  }
});

test("R16: where the first audio is late the file still begins at the announced start, and says how much is missing", () => {
  const r = rig();
  r.media.hint(ORIGIN);
  const [left, right] = [r.lane(0), r.lane(1)];
  for (const [lane, ssrc] of [
    [left, 5],
    [right, 6],
  ] as const)
    r.media.report(lane, ssrc, { ntpMicros: ORIGIN, timestamp: 0 }, ORIGIN, 0);
  r.media.note(ORIGIN + 4_020_000, { type: "event", event: "hold", atMs: 0 });
  live(r, left, 2000, 5000);
  r.media.finish(undefined, "complete", "BYE");
  assert.equal(r.zero(), ORIGIN);
  assert.equal(r.out.length / 2, 40_000);
  assert.deepEqual(
    r.lines.filter((l) => l.type === "event"),
    [
      { type: "event", event: "gap", atMs: 0, untilMs: 2000, ms: 2000, cause: "late-start" },
      { type: "event", event: "hold", atMs: 4020 },
    ],
  );
  const codes = r.lines.flatMap((l) => (l.type === "warning" ? [l.code] : []));
  assert.deepEqual(codes, ["late-start", "channel-silent"]);
});

test("R17: a recording that starts in mid-call says how long before it the call began; its times are those of the file", () => {
  const r = rig();
  r.media.hint(ORIGIN - 60_000_000);
  const left = r.lane(0);
  r.media.report(left, 5, { ntpMicros: ORIGIN, timestamp: 0 }, ORIGIN, 0);
  live(r, left, 0, 400);
  r.media.finish(undefined, "complete", "BYE");
  assert.equal(r.zero(), ORIGIN);
  assert.deepEqual(
    r.lines.filter((l) => l.type === "event"),
    [{ type: "event", event: "gap", atMs: 0, untilMs: 0, ms: 60_000, cause: "late-start" }],
  );
});

test("R34: a stream that was never heard is named; a very short call is not judged", () => {
  for (const [ms, codes] of [
    [1200, ["channel-silent"]],
    [400, []],
  ] as const) {
    const r = rig();
    const right = r.lane(1);
    r.lane(0);
    r.media.report(right, 5, { ntpMicros: ORIGIN, timestamp: 0 }, ORIGIN, 0);
    live(r, right, 0, ms);
    r.media.finish(undefined, "complete", "BYE");
    const warnings = r.lines.flatMap((l) => (l.type === "warning" ? [l] : []));
    assert.deepEqual(
      warnings.map((w) => w.code),
      codes,
    );
    if (ms === 1200) assert.match(warnings[0]?.text ?? "", /left/);
  }
});
