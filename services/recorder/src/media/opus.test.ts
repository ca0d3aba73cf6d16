// RFC 7587: Opus is decoded to the file's G.711; its time stamps count at 48 kHz.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import type { ManifestLine, WriterMessage } from "@sidetone/recording-file";
import { RtpView, ulawToLinear, writeTelephoneEvent } from "@sidetone/rtp";
import { RecordingMedia } from "./recording-media.ts";
import { ORIGIN } from "./wire.fixture.ts";

/** Packets of 20 ms, a tone of 440 Hz; each with its length before it. */
function packets(): Uint8Array[] {
  const file = readFileSync(new URL("./tone-440.fixture.opus", import.meta.url));
  const found: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt16BE(at);
    found.push(file.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found;
}

for (const reported of [true, false]) {
  test(`RFC 7587: Opus is in the file at its place and level, keys beside it too; ${reported ? "with" : "without"} sender reports`, async () => {
    const chunks: Uint8Array[] = [];
    const lines: ManifestLine[] = [];
    const media = new RecordingMedia({
      handle: 1,
      originMicros: ORIGIN,
      defaultCodec: "pcmu",
      send: (message: WriterMessage) => {
        if (message.do === "audio") chunks.push(message.bytes);
        if (message.do === "silence") chunks.push(new Uint8Array(2 * message.frames).fill(0xff));
        if (message.do === "line") lines.push(message.line);
      },
    });
    const lane = media.addLane({
      channel: 0,
      clock: media.newClock(),
      payloads: new Map([
        [111, "opus"],
        [110, "keys48"],
      ]),
      remote: undefined,
      allowed: new Set(),
      nowMicros: ORIGIN,
    });
    const opus = packets();
    const stamp = (n: number): number => (0xffff_0000 + n * 960) >>> 0;
    const take = (n: number, sequence: number, payloadType: number, payload: Uint8Array, late = 0): void => {
      const view = new RtpView();
      Object.assign(view, { ssrc: 5, sequence, timestamp: stamp(n), payloadType, payloadLength: payload.length });
      media.packet(lane, view, payload, ORIGIN + (n + 1) * 20_000 + late, (n + 1) * 20);
      media.flush((n + 1) * 20, ORIGIN + (n + 1) * 20_000);
    };
    // What comes before the decoder is there waits for it.
    for (let n = 0; n < 5; n++) take(n, n, 111, opus[n] ?? new Uint8Array());
    for (let i = 0; i < 100_000 && !lane.decoding.ready("opus"); i++) await setImmediate();
    if (reported) media.report(lane, 5, { ntpMicros: ORIGIN, timestamp: stamp(0) }, ORIGIN + 100_000, 100);
    for (let n = 5; n < 50; n++) if (n !== 30) take(n, n, 111, opus[n] ?? new Uint8Array());
    const key = new Uint8Array(4);
    writeTelephoneEvent(key, 0, { event: 4, end: true, volume: 10, duration: 4800 });
    take(45, 50, 110, key, 100_000);
    take(50, 51, 111, Uint8Array.of(0xff, 0xff, 0xff));
    media.finish(ORIGIN + 1_000_000, "complete", "BYE");
    const audio = Buffer.concat(chunks);
    const left = Array.from({ length: audio.length / 2 }, (_, n) => ulawToLinear[audio[2 * n] ?? 0] ?? 0);
    assert.ok(Math.abs(left.length - 8000) <= 160, `${left.length} frames`);
    const amplitude = (from: number, to: number): number => {
      let [sine, cosine] = [0, 0];
      for (let n = from; n < to; n++) {
        sine += (left[n] ?? 0) * Math.sin((2 * Math.PI * 440 * n) / 8000);
        cosine += (left[n] ?? 0) * Math.cos((2 * Math.PI * 440 * n) / 8000);
      }
      return (2 * Math.hypot(sine, cosine)) / (to - from);
    };
    assert.ok(Math.abs(amplitude(1600, 4640) - 4096) < 400, `${amplitude(1600, 4640)}`);
    assert.ok(
      left.slice(4800, 4960).every((sample) => sample === 0),
      "a lost packet is silence",
    );
    assert.ok(amplitude(5600, 7200) > 3500);
    const events = lines.flatMap((line) => (line.type === "event" ? [{ ...line } as Record<string, unknown>] : []));
    const codec = events.find(({ event }) => event === "codec");
    assert.deepEqual([codec?.["codec"], codec?.["storedAs"], codec?.["atMs"]], ["opus", "pcmu", 0]);
    const pressed = events.find(({ event }) => event === "dtmf");
    assert.deepEqual([pressed?.["atMs"], pressed?.["ms"], pressed?.["digit"]], [900, 100, "masked"]);
    assert.equal(lane.stats().lost, 1);
  });
}
