// R30, R31: one recording over several sessions: what both have is no gap, what none has is measured.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EndLine, type ManifestLine, type WriterMessage } from "@sidetone/recording-file";
import { RtpView } from "@sidetone/rtp";
import { continuedAt } from "../recording-session/continued-recording.ts";
import type { Lane } from "./lane.ts";
import { RecordingMedia } from "./recording-media.ts";

const ORIGIN = 1_795_166_115_000_000;

/** The octet of a sample: its place can be read off it. Never silence. */
function octet(sample: number, side: number): number {
  return (sample * 7 + (sample >> 7) * 31 + side * 50) % 120;
}

/** A recorder's run: its media, and a disk that keeps everything. */
class Run {
  readonly out: number[];
  readonly lines: ManifestLine[];
  readonly media: RecordingMedia;
  ended: EndLine["state"] | undefined;
  now = 0;

  /** @param before the run that a crash ended, with how many samples of it on the disk */
  constructor(o: { before?: Run; frames?: number; epoch?: number } = {}) {
    const { before, frames = 0 } = o;
    this.out = before === undefined ? [] : before.out.slice(0, 2 * frames);
    this.lines = before === undefined ? [] : Array.from(before.lines);
    const { lines } = this;
    const of = <T extends ManifestLine["type"]>(type: T): Extract<ManifestLine, { type: T }>[] =>
      lines.filter((line): line is Extract<ManifestLine, { type: T }> => line.type === type);
    const manifest = { events: of("event"), anchors: of("anchor") } as unknown as Parameters<typeof continuedAt>[2];
    this.media = new RecordingMedia({
      handle: 1,
      originMicros: ORIGIN,
      defaultCodec: "pcmu",
      epoch: o.epoch ?? 1,
      ...(before === undefined ? {} : { continued: continuedAt(frames, "pcmu", manifest) }),
      send: (message: WriterMessage) => {
        if (message.do === "audio") for (const b of message.bytes) this.out.push(b);
        if (message.do === "silence") for (let i = 0; i < 2 * message.frames; i++) this.out.push(0xff);
        if (message.do === "line") lines.push(message.line);
        if (message.do === "end") this.ended = message.state;
      },
    });
    if (before !== undefined) this.now = before.now;
  }

  /** Streams of one session. */
  session(...channels: number[]): Lane[] {
    const clock = this.media.newClock();
    return channels.map((channel) =>
      this.media.addLane({
        channel,
        clock,
        payloads: new Map([[0, "pcmu"]]),
        remote: undefined,
        allowed: new Set(),
        nowMicros: ORIGIN + this.now * 1000,
      }),
    );
  }

  /** A sender's report now, by a clock that is `error` samples wrong. */
  report(lane: Lane, ssrc: number, base: number, error = 0): void {
    const arrival = ORIGIN + this.now * 1000;
    this.media.report(
      lane,
      ssrc,
      { ntpMicros: arrival, timestamp: (base + this.now * 8 + error) >>> 0 },
      arrival,
      this.now,
    );
  }

  /** Packets `from` to `to` of 20 ms, all now. */
  send(lane: Lane, ssrc: number, base: number, from: number, to: number, side = lane.channel): void {
    for (let n = from; n < to; n++) {
      const view = new RtpView();
      view.sequence = n & 0xffff;
      view.timestamp = (base + n * 160) >>> 0;
      view.ssrc = ssrc;
      view.payloadType = 0;
      view.payloadLength = 160;
      const data = Uint8Array.from({ length: 160 }, (_, i) => octet(n * 160 + i, side));
      this.media.packet(lane, view, data, ORIGIN + this.now * 1000 + n, this.now);
    }
  }

  /** Real time: both sides talk from the packet `from` on. */
  talk(lanes: readonly Lane[], ssrcs: readonly number[], base: number, from: number, to: number): void {
    for (let n = from; n < to; n++) {
      this.now = (n + 1) * 20;
      lanes.forEach((lane, i) => this.send(lane, ssrcs[i] ?? 0, base, n, n + 1));
      this.media.flush(this.now, ORIGIN + this.now * 1000);
    }
  }

  gaps(): Record<string, unknown>[] {
    return this.lines.filter((line) => line.type === "event").filter(({ event }) => event === "gap");
  }

  warnings(): string[] {
    return this.lines.flatMap((line) => (line.type === "warning" ? [line.code] : []));
  }

  /** Samples of a channel that are not what was said then. */
  wrong(channel: number, from: number, to: number): number {
    let count = 0;
    for (let n = from; n < to; n++) if (this.out[2 * n + channel] !== octet(n, channel)) count += 1;
    return count;
  }
}

const BASE = 0xffff_f000;

for (const error of [0, 50, -50]) {
  test(`R31: a recorder that was killed and is back after 8 s: the hole is filled to the sample (clock ${error} samples off)`, () => {
    const first = new Run();
    const lanes = first.session(0, 1);
    lanes.forEach((lane, i) => first.report(lane, 11 + i, BASE));
    first.talk(lanes, [11, 12], BASE, 0, 200);
    const kept = Math.floor(first.out.length / 2) - 1234;
    const second = new Run({ before: first, frames: kept, epoch: 2 });
    second.now = 12_000;
    const again = second.session(0, 1);
    again.forEach((lane, i) => second.report(lane, 11 + i, BASE, error));
    // 3 s that the killed one had been sent, and 8 s that nobody was.
    for (const [i, lane] of again.entries()) second.send(lane, 11 + i, BASE, 50, 600);
    second.talk(again, [11, 12], BASE, 600, 700);
    second.media.finish(ORIGIN + 14_000_000, "complete", "BYE");
    assert.deepEqual([second.wrong(0, 0, 700 * 160), second.wrong(1, 0, 700 * 160)], [0, 0]);
    assert.equal(second.out.length / 2, 700 * 160);
    assert.deepEqual(second.gaps(), []);
    assert.deepEqual(second.warnings(), [], "what is there already is neither late nor lost");
    assert.equal(second.ended, "complete");
  });
}

test("R30: a Media Server dies, another goes on: one file, the gap from the last sample to the first, partial", () => {
  for (const missing of [1, 2, 36, 150]) {
    const run = new Run({ epoch: 1 });
    const lanes = run.session(0, 1);
    lanes.forEach((lane, i) => run.report(lane, 11 + i, BASE));
    run.talk(lanes, [11, 12], BASE, 0, 100);
    run.media.takeOver();
    // What the dead one sent last is read after the new one was invited.
    for (const [i, lane] of lanes.entries()) run.send(lane, 11 + i, BASE, 100, 104);
    const begin = 104 + missing;
    run.now = begin * 20;
    const next = run.session(0, 1);
    for (const lane of lanes) run.media.removeLane(lane, ORIGIN + run.now * 1000);
    next.forEach((lane, i) => run.report(lane, 21 + i, 77));
    run.talk(next, [21, 22], 77, begin, begin + 100);
    run.media.finish(ORIGIN + run.now * 1000, "complete", "BYE");
    assert.deepEqual([run.wrong(0, 0, 104 * 160), run.wrong(1, begin * 160, (begin + 100) * 160)], [0, 0]);
    const [gap, ...more] = run.gaps();
    assert.deepEqual(more, []);
    assert.deepEqual(
      [gap?.["atMs"], gap?.["untilMs"], gap?.["ms"], gap?.["cause"]],
      [104 * 20, begin * 20, missing * 20, "session"],
    );
    assert.equal(run.ended, "partial");
  }
});

test("R31: a session that takes over and sends again what the recorder has: neither doubled nor mixed, no gap", () => {
  const run = new Run();
  // Two participants on the agent's side: each stream says half of it.
  const lanes = run.session(0, 1);
  lanes.forEach((lane, i) => run.report(lane, 11 + i, BASE));
  run.talk(lanes, [11, 12], BASE, 0, 300);
  run.media.takeOver();
  const next = run.session(0, 1, 1);
  next.forEach((lane, i) => run.report(lane, 11 + i, BASE));
  const [left, right, third] = next;
  assert.ok(left !== undefined && right !== undefined && third !== undefined);
  run.send(third, 13, BASE, 200, 300, 1);
  run.send(right, 12, BASE, 200, 300);
  run.send(left, 11, BASE, 200, 300);
  for (const lane of lanes) run.media.removeLane(lane, ORIGIN + run.now * 1000);
  run.send(right, 12, BASE, 200, 300);
  run.media.removeLane(third, ORIGIN + run.now * 1000);
  run.talk([left, right], [11, 12], BASE, 300, 400);
  run.media.finish(ORIGIN + run.now * 1000, "complete", "BYE");
  assert.deepEqual([run.wrong(0, 0, 64_000), run.wrong(1, 0, 64_000)], [0, 0]);
  assert.deepEqual(run.gaps(), []);
  assert.deepEqual(run.warnings(), []);
  assert.equal(run.ended, "complete");
});

test("R30: a recording that was paused when its session broke off misses nothing until it is resumed", () => {
  const first = new Run();
  const lanes = first.session(0, 1);
  lanes.forEach((lane, i) => first.report(lane, 11 + i, BASE));
  first.talk(lanes, [11, 12], BASE, 0, 100);
  first.media.note(ORIGIN + first.now * 1000, { type: "event", event: "pause", atMs: 0 });
  first.media.flush(first.now + 1000, ORIGIN + first.now * 1000 + 1_000_000);
  const second = new Run({ before: first, frames: first.out.length / 2, epoch: 2 });
  second.now = 8000;
  const again = second.session(0, 1);
  again.forEach((lane, i) => second.report(lane, 11 + i, BASE));
  second.talk(again, [11, 12], BASE, 400, 450);
  second.media.finish(ORIGIN + second.now * 1000, "complete", "BYE");
  assert.deepEqual(
    second.gaps().filter(({ cause }) => cause === "session"),
    [],
  );
  assert.equal(second.ended, "complete");
});

test("R31: what another recorder has of the beginning: a part, and partial", () => {
  const run = new Run({ epoch: 2 });
  run.media.hint(ORIGIN - 100_000_000);
  const lanes = run.session(0, 1);
  lanes.forEach((lane, i) => run.report(lane, 11 + i, BASE));
  run.talk(lanes, [11, 12], BASE, 0, 100);
  run.media.finish(ORIGIN + run.now * 1000, "complete", "BYE");
  const part = run.lines.find((line) => line.type === "event" && line.event === "part");
  assert.ok(part !== undefined);
  assert.deepEqual(
    [(part as Record<string, unknown>)["beginsMs"], (part as Record<string, unknown>)["epoch"], run.ended],
    [100_000, 2, "partial"],
  );
});

test("what is missing stays missing: a recording with a gap that goes on again is partial to its end", () => {
  const first = new Run();
  first.lines.push({ type: "event", event: "gap", atMs: 100, untilMs: 400, ms: 300, cause: "session" });
  const second = new Run({ before: first, frames: 0, epoch: 3 });
  const lanes = second.session(0, 1);
  lanes.forEach((lane, i) => second.report(lane, 11 + i, BASE));
  second.talk(lanes, [11, 12], BASE, 0, 100);
  second.media.finish(ORIGIN + second.now * 1000, "complete", "BYE");
  assert.equal(second.ended, "partial");
});

test("R31: seven seconds that are sent again before their report is read: no sample is left out, each is in its place", () => {
  const run = new Run({ epoch: 2 });
  run.now = 8000;
  const lanes = run.session(0, 1);
  lanes.forEach((lane, i) => run.send(lane, i + 1, 1000, 0, 350));
  run.now = 8400;
  run.media.flush(run.now, ORIGIN + run.now * 1000);
  lanes.forEach((lane, i) => run.report(lane, i + 1, 1000));
  lanes.forEach((lane, i) => run.send(lane, i + 1, 1000, 350, 420));
  run.talk(lanes, [1, 2], 1000, 420, 500);
  run.media.finish(undefined, "complete", "BYE");
  for (const channel of [0, 1]) assert.equal(run.wrong(channel, 0, 500 * 160), 0);
  assert.equal(run.out.length, 2 * 500 * 160);
});

test("R30: reports that differ by 25 ms after a takeover, while a burst is sent again: every sample is there, none twice", () => {
  for (const late of [200, -200]) {
    const run = new Run({ epoch: 2 });
    const lanes = run.session(0, 1);
    lanes.forEach((lane, i) => run.report(lane, 11 + i, BASE));
    run.talk(lanes, [11, 12], BASE, 0, 100);
    run.media.takeOver();
    run.now = 3000;
    const next = run.session(0, 1);
    for (const lane of lanes) run.media.removeLane(lane, ORIGIN + run.now * 1000);
    // What the new server kept before the recorder answered; its first reports say that it is 25 ms earlier or later.
    next.forEach((lane, i) => run.report(lane, 21 + i, 77, late));
    next.forEach((lane, i) => run.send(lane, 21 + i, 77, 110, 150));
    run.talk(next, [21, 22], 77, 150, 200);
    next.forEach((lane, i) => run.report(lane, 21 + i, 77));
    run.talk(next, [21, 22], 77, 200, 550);
    run.media.finish(ORIGIN + run.now * 1000, "complete", "BYE");
    for (const channel of [0, 1]) {
      assert.equal(run.wrong(channel, 0, 100 * 160), 0);
      const there = run.out.filter((_, at) => at % 2 === channel).slice(110 * 160 - late);
      const right = there.slice(0, 440 * 160).filter((value, at) => value === octet(110 * 160 + at, channel));
      assert.equal(right.length, 440 * 160, `${late} samples`);
    }
  }
});
