import { type ManifestLine, type WriterMessage, wavHeader } from "@sidetone/recording-file";
import { RtpView } from "@sidetone/rtp";
import { channelsOf, framesOf, seededRandom, writeFrame } from "@sidetone/testing";
import type { Lane, PayloadKind } from "./lane.ts";
import { RecordingMedia } from "./recording-media.ts";

/** Wall clock at which the session of a virtual wire begins, µs. */
export const ORIGIN = 1_795_166_115_000_000;

/** A packet on its way. */
export interface Sent {
  readonly channel: number;
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly payloadType: number;
  readonly payload: Uint8Array;
  /** When it left, ms after the origin. */
  readonly atMs: number;
}

/** A sender report on its way. */
export interface SentReport {
  readonly channel: number;
  readonly ssrc: number;
  readonly timestamp: number;
  readonly atMs: number;
}

/** How a phone sends. */
export interface Talk {
  readonly channel: number;
  readonly seconds: number;
  readonly ssrc?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  /** ms of one packet; for each packet, where they differ. */
  readonly ptime?: number | ((n: number) => number);
  /** When it begins, ms after the origin. */
  readonly beginMs?: number;
  /** Its clock goes this much faster: 0.005 = 0.5 %. */
  readonly fast?: number;
  /** ms between sender reports; undefined: none. */
  readonly reportMs?: number;
  /** µ-law octets from sample `n` on; default: frames numbered by when they are spoken. */
  readonly sound?: (n: number, length: number) => Uint8Array;
}

/** Numbered frames of a channel's speaker, from sample `n` of its speech on. */
export function numberedSound(speaker: number): (n: number, length: number) => Uint8Array {
  return (n, length) => {
    const first = Math.floor(n / 160);
    const frames = new Uint8Array((Math.floor((n + length - 1) / 160) - first + 1) * 160);
    for (let f = 0; f * 160 < frames.length; f++) writeFrame(frames, f * 160, speaker, first + f);
    return frames.subarray(n - first * 160, n - first * 160 + length);
  };
}

/** The packets of one phone, and its reports. */
export function talk(o: Talk): (Sent | SentReport)[] {
  const { channel, ssrc = 11 + channel, reportMs, beginMs = 0, fast = 0 } = o;
  const sound = o.sound ?? numberedSound(channel + 1);
  const ptime = typeof o.ptime === "function" ? o.ptime : () => (o.ptime as number | undefined) ?? 20;
  const sent: (Sent | SentReport)[] = [];
  const timestamp = o.timestamp ?? 1000;
  let nextReport = beginMs;
  for (let n = 0, i = 0; n < o.seconds * 8000; i++) {
    const length = ptime(i) * 8;
    const leaves = (at: number): number => beginMs + at / 8 / (1 + fast);
    if (reportMs !== undefined && leaves(n + length) >= nextReport) {
      nextReport += reportMs;
      const stamp = Math.round(timestamp + n + length) >>> 0;
      sent.push({ channel, ssrc, timestamp: stamp, atMs: leaves(n + length) });
    }
    sent.push({
      channel,
      ssrc,
      sequence: ((o.sequence ?? 0) + i) & 0xffff,
      timestamp: (timestamp + n) >>> 0,
      payloadType: 0,
      payload: sound(n, length),
      atMs: leaves(n + length),
    });
    n += length;
  }
  return sent;
}

/** What the network does to packets: when each arrives, ms later; none: lost, two: twice. */
export type Network = (packet: Sent, n: number) => readonly number[];

/** Random, the same for the same seed. */
export function randomOf(seed: number): () => number {
  return seededRandom(seed);
}

/** What a recorder has of what was on the wire. */
export class Recorded {
  readonly lines: ManifestLine[] = [];
  readonly lanes: Lane[] = [];
  /** Interleaved octets of the file. */
  readonly audio: Uint8Array;
  /** Wall clock of its first frame, ms after the origin. */
  zeroMs = 0;
  state: string | undefined;

  /** Records what is sent, in virtual time. `endMs`: the BYE. */
  constructor(
    sent: readonly (Sent | SentReport)[],
    o: {
      endMs: number;
      network?: Network;
      payloads?: ReadonlyMap<number, PayloadKind>;
      showDigits?: boolean;
    },
  ) {
    const chunks: Uint8Array[] = [];
    const media = new RecordingMedia({
      handle: 1,
      originMicros: ORIGIN,
      defaultCodec: "pcmu",
      showDigits: o.showDigits ?? false,
      send: (message: WriterMessage) => {
        if (message.do === "audio") chunks.push(message.bytes);
        if (message.do === "silence") chunks.push(new Uint8Array(2 * message.frames).fill(0xff));
        if (message.do === "line") this.lines.push(message.line);
        if (message.do === "zero") this.zeroMs = (message.wallMicros - ORIGIN) / 1000;
        if (message.do === "end") this.state = message.state;
      },
    });
    const clock = media.newClock();
    const payloads = o.payloads ?? new Map<number, PayloadKind>([[0, "pcmu"]]);
    const origin = { remote: undefined, allowed: new Set<number>(), nowMicros: ORIGIN };
    for (const channel of [0, 1]) this.lanes.push(media.addLane({ channel, clock, payloads, ...origin }));
    const arrivals = arrive(sent, o.network ?? (() => [5]));
    let flushed = 0;
    for (const { at, what } of arrivals) {
      for (; flushed + 100 <= at; flushed += 100) media.flush(flushed, ORIGIN + flushed * 1000);
      const lane = this.lanes[what.channel];
      if (lane === undefined) continue;
      const arrival = Math.round(ORIGIN + at * 1000);
      if (!("payload" in what)) {
        const ntpMicros = Math.round(ORIGIN + what.atMs * 1000);
        media.report(lane, what.ssrc, { ntpMicros, timestamp: what.timestamp }, arrival, at);
        continue;
      }
      const view = new RtpView();
      Object.assign(view, { ...what, payloadOffset: 0, payloadLength: what.payload.length });
      media.packet(lane, view, what.payload, arrival, at);
    }
    for (; flushed <= o.endMs; flushed += 100) media.flush(flushed, ORIGIN + flushed * 1000);
    media.finish(ORIGIN + o.endMs * 1000, "complete", "BYE");
    this.audio = Buffer.concat(chunks);
  }

  get seconds(): number {
    return this.audio.length / 2 / 8000;
  }

  get wav(): Buffer {
    return Buffer.concat([wavHeader("pcmu", this.audio.length / 2), this.audio]);
  }

  channel(n: number): Uint8Array {
    return channelsOf(this.audio, 2)[n] ?? new Uint8Array();
  }

  /** Numbers of the frames of a channel that are there whole, with how far each is from where it was spoken; ms. */
  frames(channel: number, o: { beginMs?: number; fast?: number } = {}): Map<number, number> {
    const found = framesOf(this.channel(channel), channel + 1);
    const off = new Map<number, number>();
    for (const [number, { at, blocks }] of found) {
      const spoken = (o.beginMs ?? 0) + (number * 20) / (1 + (o.fast ?? 0));
      if (blocks >= 15) off.set(number, at / 8 + this.zeroMs - spoken);
    }
    return off;
  }

  events(name: string): Record<string, unknown>[] {
    return this.lines.flatMap((line) => (line.type === "event" && line.event === name ? [{ ...line }] : []));
  }
}

function arrive(
  sent: readonly (Sent | SentReport)[],
  network: Network,
): { readonly at: number; readonly what: Sent | SentReport }[] {
  const arrivals: { at: number; what: Sent | SentReport }[] = [];
  let n = 0;
  for (const what of sent) {
    if (!("payload" in what)) arrivals.push({ at: what.atMs + 1, what });
    else for (const later of network(what, n++)) arrivals.push({ at: what.atMs + later, what });
  }
  return arrivals.sort((a, b) => a.at - b.at);
}
