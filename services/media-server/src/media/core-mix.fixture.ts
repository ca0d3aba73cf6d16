import { alawToLinear, linearToAlaw, linearToUlaw, ulawToLinear, writeRtpHeader } from "@sidetone/rtp";
import type { Bench, ReceivedRtp } from "./core.fixture.ts";
import { settings } from "./core-scene.fixture.ts";
import type { AudioCodec, LegSettings } from "./types.ts";

const RATE = 8000;

/** A phone that says one tone, in packets of 20 ms. */
export interface TonePhone {
  readonly leg: number;
  readonly port: number;
  readonly address: string;
  readonly hertz: number;
  readonly codec: AudioCodec;
  /** Packets that it has sent. */
  said: number;
}

/** Opens a leg for a phone at 10.0.1.`number`. */
export function tonePhone(
  b: Bench,
  number: number,
  hertz: number,
  codec: AudioCodec = "PCMU",
  o: Partial<LegSettings> = {},
): TonePhone {
  const { leg, rtpPort } = b.core.openLeg();
  const address = `10.0.1.${number}:4000`;
  b.core.configureLeg(leg, settings(address, { codec, payloadType: codec === "PCMU" ? 0 : 8, ...o }));
  return { leg, port: rtpPort, address, hertz, codec, said: number * 1000 };
}

/** The phone's next packet; with `instead` of its tone. */
export function tonePacket(phone: TonePhone, amplitude = 8000, instead?: Int16Array): Uint8Array {
  const bytes = new Uint8Array(12 + 160);
  const n = phone.said++;
  writeRtpHeader(bytes, 0, phone.codec === "PCMU" ? 0 : 8, false, n & 0xffff, (n * 160) >>> 0, phone.leg);
  const table = phone.codec === "PCMU" ? linearToUlaw : linearToAlaw;
  for (let i = 0; i < 160; i++) {
    const tone = Math.round(amplitude * Math.sin((2 * Math.PI * phone.hertz * (n * 160 + i)) / RATE));
    const sample = instead?.[i] ?? tone;
    bytes[12 + i] = table[sample & 0xffff] ?? 0;
  }
  return bytes;
}

/** Everybody says `count` packets, 20 ms apart. */
export function chorus(b: Bench, phones: readonly TonePhone[], count: number): void {
  for (let n = 0; n < count; n++) {
    b.clock.advance(20);
    for (const phone of phones) b.io.inject(phone.port, phone.address, tonePacket(phone));
  }
}

/** 16-bit samples of a stream by its time stamps; what is missing is silence. */
export function samplesOf(packets: readonly ReceivedRtp[]): Int16Array {
  const first = packets[0]?.timestamp ?? 0;
  const last = packets.at(-1);
  const length = last === undefined ? 0 : ((last.timestamp - first) | 0) + last.payload.length;
  const samples = new Int16Array(length);
  for (const p of packets) {
    const table = p.payloadType === 8 ? alawToLinear : ulawToLinear;
    if (p.payloadType !== 8 && p.payloadType !== 0) continue;
    p.payload.forEach((octet, i) => {
      samples[((p.timestamp - first) | 0) + i] = table[octet] ?? 0;
    });
  }
  return samples;
}

/** Amplitude of a tone in samples (Goertzel). */
export function levelOf(samples: Int16Array, hertz: number): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < samples.length; i++) {
    const angle = (2 * Math.PI * hertz * i) / RATE;
    re += (samples[i] ?? 0) * Math.cos(angle);
    im += (samples[i] ?? 0) * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / Math.max(1, samples.length);
}

/** Longest run of samples below a level; ms. */
export function longestSilence(samples: Int16Array, below = 300): number {
  let longest = 0;
  let run = 0;
  for (const sample of samples) {
    run = Math.abs(sample) < below ? run + 1 : 0;
    if (run > longest) longest = run;
  }
  return longest / 8;
}
