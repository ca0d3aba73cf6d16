import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { classify } from "./classify.ts";
import * as g711 from "./g711.ts";
import { ntpMiddleOf, parseRtcp, writeBye, writeDescription, writeReport } from "./rtcp.ts";
import { RTP_HEADER, RtpView, writeRtpHeader } from "./rtp-packet.ts";
import { eventOfKey, keyOfEvent, readTelephoneEvent, writeTelephoneEvent } from "./telephone-event.ts";

void test("RFC 3550 5.1: a header reads back as it was written", () => {
  const view = new RtpView();
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 127 }), fc.boolean(), u16, u32, u32, (pt, marker, seq, ts, ssrc) => {
      const bytes = new Uint8Array(40);
      writeRtpHeader(bytes, 5, pt, marker, seq, ts, ssrc);
      assert.equal(view.read(bytes, 5, 30), true);
      assert.deepEqual(
        [
          view.payloadType,
          view.marker,
          view.sequence,
          view.timestamp,
          view.ssrc,
          view.payloadOffset,
          view.payloadLength,
        ],
        [pt, marker, seq, ts, ssrc, 5 + RTP_HEADER, 18],
      );
    }),
  );
});

void test("RFC 3550 5.1: CSRC list, extension and padding are stepped over; what does not fit is refused", () => {
  const view = new RtpView();
  const csrc = new Uint8Array(12 + 8 + 4 + 4 + 10 + 3);
  writeRtpHeader(csrc, 0, 0, false, 1, 2, 3);
  csrc[0] = 0x80 | 0x20 | 0x10 | 2;
  csrc[20 + 3] = 1;
  csrc[csrc.length - 1] = 3;
  assert.equal(view.read(csrc, 0, csrc.length), true);
  assert.equal(view.payloadOffset, 28);
  assert.equal(view.payloadLength, 10);
  assert.equal(view.read(csrc, 0, 19), false, "CSRC list cut off");
  assert.equal(view.read(csrc, 0, 22), false, "extension cut off");
  csrc[csrc.length - 1] = 200;
  assert.equal(view.read(csrc, 0, csrc.length), false, "more padding than payload");
  csrc[0] = 0x40;
  assert.equal(view.read(csrc, 0, csrc.length), false, "version 1");
});

void test("wire input never throws: any octets are read or refused", () => {
  const view = new RtpView();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      classify(bytes, 0, bytes.length);
      if (view.read(bytes, 0, bytes.length)) assert.ok(view.payloadOffset + view.payloadLength <= bytes.length);
      parseRtcp(bytes, 0, bytes.length);
      bytes[0] = 0x80 | (bytes[0] ?? 0);
      bytes[1] = 200 + ((bytes[1] ?? 0) & 3);
      parseRtcp(bytes, 0, bytes.length);
      readTelephoneEvent(bytes, 0, bytes.length);
    }),
  );
});

void test("RFC 7983 7, RFC 5761 4: the first octets tell STUN, DTLS, RTP and RTCP apart", () => {
  const kind = (a: number, b: number): string => classify(Uint8Array.of(a, b, 0, 0), 0, 4);
  assert.deepEqual(
    [
      kind(0, 1),
      kind(3, 0),
      kind(16, 0),
      kind(22, 254),
      kind(64, 0),
      kind(0x80, 0),
      kind(0x80, 0x88),
      kind(0x81, 200),
      kind(0x80, 223),
      kind(200, 1),
    ],
    ["stun", "stun", "zrtp", "dtls", "turn", "rtp", "rtp", "rtcp", "rtcp", "other"],
  );
  assert.equal(classify(new Uint8Array(4), 0, 0), "other");
});

void test("RFC 3550 6: a compound of SR, SDES and BYE reads back; NTP time to the microsecond", () => {
  const bytes = new Uint8Array(300);
  const wallMicros = 1_795_166_115_123_456;
  const block = {
    ssrc: 9,
    fractionLost: 12,
    lost: -3,
    highestSequence: 70_000,
    jitter: 44,
    lastReport: 5,
    delaySinceLastReport: 6,
  };
  let at = writeReport(bytes, 0, 77, { wallMicros, timestamp: 123, packets: 4, octets: 640 }, block);
  at += writeDescription(bytes, at, 77, "media@sidetone");
  at += writeBye(bytes, at, 77);
  const packets = parseRtcp(bytes, 0, at);
  assert.deepEqual(packets, [
    {
      kind: "sender-report",
      ssrc: 77,
      sender: { ntpMicros: wallMicros, ntpMiddle: ntpMiddleOf(wallMicros), timestamp: 123, packets: 4, octets: 640 },
      blocks: [block],
    },
    { kind: "description", ssrc: 77, cname: "media@sidetone" },
    { kind: "bye", ssrcs: [77] },
  ]);
  const size = writeReport(bytes, 0, 1, undefined, undefined);
  assert.deepEqual(parseRtcp(bytes, 0, size), [{ kind: "receiver-report", ssrc: 1, blocks: [] }]);
  assert.equal(parseRtcp(bytes, 0, size - 1), undefined);
});

void test("G.711: every code survives decoding and encoding; A-law and µ-law convert with the error of one step", () => {
  for (let code = 0; code < 256; code++) {
    const u = g711.ulawToLinear[code] ?? 0;
    const a = g711.alawToLinear[code] ?? 0;
    // µ-law has two zeros.
    assert.equal(g711.linearToUlaw[u & 0xffff], code === 0x7f ? 0xff : code);
    assert.equal(g711.linearToAlaw[a & 0xffff], code);
    const there = g711.alawToLinear[g711.ulawToAlaw[code] ?? 0] ?? 0;
    assert.ok(Math.abs(there - u) <= Math.max(16, Math.abs(u) / 16), `µ-law ${code}: ${u} became ${there}`);
    const back = g711.ulawToLinear[g711.alawToUlaw[code] ?? 0] ?? 0;
    assert.ok(Math.abs(back - a) <= Math.max(16, Math.abs(a) / 16), `A-law ${code}: ${a} became ${back}`);
  }
  assert.equal(g711.ulawToLinear[0], -32_124);
  assert.equal(g711.ulawToLinear[0x80], 32_124);
  assert.equal(g711.alawToLinear[0x2a], -32_256);
  assert.equal(g711.alawToLinear[0xaa], 32_256);
  assert.equal(g711.alawToLinear[g711.ALAW_SILENCE], 8);
  assert.equal(g711.ulawToLinear[g711.ULAW_SILENCE], 0);
});

void test("G.711: encoding picks the nearest code", () => {
  for (let linear = -32_768; linear < 32_768; linear += 7) {
    const u = g711.ulawToLinear[g711.linearToUlaw[linear & 0xffff] ?? 0] ?? 0;
    const a = g711.alawToLinear[g711.linearToAlaw[linear & 0xffff] ?? 0] ?? 0;
    const clip = Math.min(32_124, Math.abs(linear)) * Math.sign(linear);
    assert.ok(Math.abs(u - clip) <= Math.max(8, Math.abs(clip) / 32 + 4), `µ-law ${linear} ${u}`);
    assert.ok(Math.abs(a - linear) <= Math.max(16, Math.abs(linear) / 32 + 8), `A-law ${linear} ${a}`);
  }
});

void test("RFC 4733 2.3: telephone-event reads back; keys and events belong together", () => {
  const bytes = new Uint8Array(4);
  const event = { event: 11, end: true, volume: 10, duration: 1280 };
  writeTelephoneEvent(bytes, 0, event);
  assert.deepEqual(readTelephoneEvent(bytes, 0, 4), event);
  assert.equal(readTelephoneEvent(bytes, 0, 3), undefined);
  assert.equal(keyOfEvent(11), "#");
  assert.equal(eventOfKey("d"), 15);
  assert.equal(keyOfEvent(16), undefined);
  assert.equal(eventOfKey("x"), undefined);
});
