import assert from "node:assert/strict";
import { type Bench, type ReceivedRtp, rtpBytes } from "./core.fixture.ts";
import type { LegSettings, OpenedLeg } from "./types.ts";

/** Addresses of phones and recorder on the fake network. */
export const PHONE_A = "10.0.0.1:4000";
export const PHONE_B = "10.0.0.2:5000";
export const RECORDER = "10.0.0.9:7000";

/** Settings of a leg whose phone is there. */
export function settings(phone: string, o: Partial<LegSettings> = {}): LegSettings {
  const [host = "", port] = phone.split(":");
  return {
    remote: { host, port: Number(port) },
    codec: "PCMU",
    payloadType: 0,
    dtmfPayloadType: 101,
    sendToPhone: true,
    receiveFromPhone: true,
    ...o,
  };
}

/** Two connected legs, A and B. */
export function twoLegs(
  b: Bench,
  o: { a?: Partial<LegSettings>; b?: Partial<LegSettings> } = {},
): [OpenedLeg, OpenedLeg] {
  const legA = b.core.openLeg();
  const legB = b.core.openLeg();
  b.core.configureLeg(legA.leg, settings(PHONE_A, o.a));
  b.core.configureLeg(legB.leg, settings(PHONE_B, o.b));
  b.core.connect(legA.leg, legB.leg);
  return [legA, legB];
}

/** Packets n of A's phone, 20 ms apart, beginning now. */
export function talk(
  b: Bench,
  port: number,
  count: number,
  first = 0,
  o: { ssrc?: number; tsBase?: number; from?: string } = {},
): void {
  for (let n = first; n < first + count; n++) {
    b.clock.advance(20);
    b.io.inject(
      port,
      o.from ?? PHONE_A,
      rtpBytes({ sequence: 1000 + n, timestamp: (o.tsBase ?? 7000) + n * 160, fill: n & 255, ssrc: o.ssrc ?? 0xabc }),
    );
  }
}

/** A tap of a leg; its number. */
export function openTap(b: Bench, leg: number, o: { backfillSinceMs?: number; paused?: boolean } = {}): number {
  const full = {
    legs: [leg],
    codec: undefined,
    payloadType: 0,
    dtmfPayloadType: 101,
    backfillSinceMs: 0,
    paused: false,
    ...o,
  };
  return b.core.openTap(full).tap;
}

/** Sends a tap to the recorder. */
export function sendTo(b: Bench, tap: number, dtmf = 101): void {
  b.core.setTapDestination(tap, {
    host: "10.0.0.9",
    port: 7000,
    payloadType: 0,
    codec: undefined,
    dtmfPayloadType: dtmf,
  });
}

/** Time stamps relative to the first packet's, in packets. */
export function places(packets: readonly ReceivedRtp[]): number[] {
  const first = packets[0]?.timestamp ?? 0;
  return packets.map((p) => ((p.timestamp - first) | 0) / 160);
}

/** Sequence numbers without a hole, one SSRC. */
export function contiguous(packets: readonly ReceivedRtp[]): void {
  packets.forEach((p, i) => assert.equal(p.sequence, ((packets[0]?.sequence ?? 0) + i) & 0xffff));
  assert.ok(packets.every((p) => p.ssrc === packets[0]?.ssrc));
}
