import type { FileCodec } from "@sidetone/recording-file";
import type { TimeLine } from "@sidetone/rtp";
import { MAX_WAITING_PACKETS } from "../limits.ts";
import type { AssemblerLane } from "./assembler.ts";
import { type DecodedKind, Decoding } from "./decoding.ts";
import { KeyMarkers, type KeyPress } from "./key-markers.ts";
import { StampScale } from "./stamp-scale.ts";

/**
 * What a payload type stands for. `keys`: telephone-event, `keys48`: the same beside Opus, at its clock; `noise`: comfort noise (RFC 3389). They
 * are counted and leave silence.
 */
export type PayloadKind = FileCodec | DecodedKind | "keys" | "keys48" | "noise";

/** What is heard in a payload. */
export type AudioKind = FileCodec | DecodedKind;

/** Where a stream comes from, as the SDP says. */
export interface RemoteMedia {
  /** IPv4 as a number. */
  readonly ip: number;
  readonly port: number;
}

/** A packet that waits for its stream's first sender report. */
export interface WaitingPacket {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly kind: PayloadKind | undefined;
  readonly payload: Uint8Array;
  readonly arrivalMicros: number;
}

/** Counters of one received stream. */
export interface LaneStats {
  readonly channel: number;
  readonly packets: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  readonly refused: number;
  readonly unknownPayload: number;
  readonly discardedPaused: number;
  readonly jitterMs: number;
}

interface Interval {
  readonly from: number;
  to: number;
}

/** One stream of a session as it is received: who may send it, what its payload types mean, when it is paused. */
export class Lane {
  readonly channel: number;
  readonly group: number;
  readonly timeLine: TimeLine;
  payloads: ReadonlyMap<number, PayloadKind>;
  inAssembler: AssemblerLane | undefined;
  waiting: WaitingPacket[] = [];
  /** What came while the stream was paused from its beginning on: it may belong to what the client resumes with. */
  heldBack: WaitingPacket[] | undefined;
  /** Arrival of the last packet of any kind from the right source, µs. */
  lastLifeMicros: number;
  /** Arrival of the last RTP packet; before the first, of the stream's opening or last resume, µs. */
  lastRtpMicros: number;
  /** R34: it is known that the stream brings nothing. */
  silentTold = false;
  packets = 0;
  refused = 0;
  unknownPayload = 0;
  discardedPaused = 0;
  /** Not paused all the time. */
  everOpen = true;
  /** SSRC whose anchor is in the manifest. */
  anchoredSsrc: number | undefined;
  /** Its position less its time stamp there, 32 bits. */
  anchoredOffset: number | undefined;
  /** SSRC of the last sender report. */
  reportedSsrc: number | undefined;
  readonly keys: KeyMarkers;
  /** What its audio came as last. */
  codec: AudioKind | undefined;
  /** It said with comfort noise that it is silent now (RFC 3389 4). */
  silent = false;
  #decoding: Decoding | undefined;
  #scale: StampScale | undefined;
  #remote: RemoteMedia | undefined;
  #allowed: ReadonlySet<number>;
  #latched: RemoteMedia | undefined;
  #pauses: Interval[] = [];

  constructor(o: {
    channel: number;
    group: number;
    timeLine: TimeLine;
    payloads: ReadonlyMap<number, PayloadKind>;
    remote: RemoteMedia | undefined;
    allowed: ReadonlySet<number>;
    nowMicros: number;
    onKey?: (press: KeyPress) => void;
  }) {
    this.channel = o.channel;
    this.group = o.group;
    this.timeLine = o.timeLine;
    this.payloads = o.payloads;
    this.#remote = o.remote;
    this.#allowed = o.allowed;
    this.lastLifeMicros = o.nowMicros;
    this.lastRtpMicros = o.nowMicros;
    this.keys = new KeyMarkers(o.onKey ?? (() => undefined));
  }

  /** The time stamp of a packet as the time line counts: at 8 kHz. */
  stampOf(ssrc: number, timestamp: number, kind: PayloadKind | undefined): number {
    const fast = kind === "opus" || kind === "keys48";
    if (!fast && this.#scale === undefined) return timestamp;
    this.#scale ??= this.#newScale();
    return this.#scale.ofPacket(ssrc, timestamp, fast);
  }

  /** As above of a sender report. */
  reportedStamp(ssrc: number, timestamp: number): number {
    if (this.#scale === undefined && !this.#mayBeFast) return timestamp;
    this.#scale ??= this.#newScale();
    return this.#scale.ofReport(ssrc, timestamp);
  }

  get #mayBeFast(): boolean {
    for (const kind of this.payloads.values()) if (kind === "opus") return true;
    return false;
  }

  #newScale(): StampScale {
    const first = Array.from(this.payloads.values()).find((kind) => kind !== "noise" && !kind.startsWith("keys"));
    return new StampScale(first === "opus");
  }

  close(): void {
    this.#decoding?.close();
  }

  /** Only few streams need it. */
  get decoding(): Decoding {
    this.#decoding ??= new Decoding();
    return this.#decoding;
  }

  /** A new SDP: source and payload types may have changed. */
  update(
    remote: RemoteMedia | undefined,
    allowed: ReadonlySet<number>,
    payloads: ReadonlyMap<number, PayloadKind>,
  ): void {
    this.#latched = undefined;
    this.#remote = remote;
    this.#allowed = allowed;
    this.payloads = payloads;
  }

  /**
   * C6, C8: true where RTP may come from. The address of the SDP always may; else the first port of an address that takes part in the
   * session (symmetric RTP, RFC 4961) that sends what the SDP speaks of, until the next SDP.
   */
  accepts(ip: number, port: number, payloadType: number): boolean {
    if (this.#latched !== undefined && this.#latched.ip === ip && this.#latched.port === port) return true;
    if (this.#remote !== undefined && this.#remote.ip === ip && this.#remote.port === port) {
      this.#latched = this.#remote;
      return true;
    }
    const fits = this.payloads.size === 0 || this.payloads.has(payloadType);
    if (this.#latched !== undefined || !this.#allowed.has(ip) || !fits) {
      this.refused += 1;
      return false;
    }
    this.#latched = { ip, port };
    return true;
  }

  /** RTCP may come from any port of the session's addresses. */
  acceptsReport(ip: number): boolean {
    return ip === this.#remote?.ip || this.#allowed.has(ip);
  }

  get paused(): boolean {
    return (this.#pauses.at(-1)?.to ?? 0) === Number.POSITIVE_INFINITY;
  }

  /** R19: what arrives from `micros` on is not recorded, however late it is read. */
  pause(micros: number): void {
    if (!this.paused) this.#pauses = [...this.#pauses.slice(-3), { from: micros, to: Number.POSITIVE_INFINITY }];
  }

  resume(micros: number): void {
    const last = this.#pauses.at(-1);
    if (last !== undefined && this.paused) {
      last.to = micros;
      this.lastRtpMicros = Math.max(this.lastRtpMicros, micros);
    }
    this.everOpen = true;
    this.lastLifeMicros = Math.max(this.lastLifeMicros, micros);
  }

  /** What was sent in its pauses, and is still to be read, counts. */
  forgetPauses(): void {
    if (!this.paused) this.#pauses = [];
  }

  arrivedInPause(micros: number): boolean {
    for (const { from, to } of this.#pauses) if (micros >= from && micros < to) return true;
    return false;
  }

  /** Keeps the newest packets. */
  holdBack(packet: WaitingPacket): void {
    if (this.heldBack === undefined) return;
    this.heldBack.push(packet);
    if (this.heldBack.length > MAX_WAITING_PACKETS) this.heldBack.shift();
  }

  wait(packet: WaitingPacket): void {
    if (this.waiting.length < MAX_WAITING_PACKETS) this.waiting.push(packet);
  }

  stats(): LaneStats {
    const { lost, duplicates, reordered, jitterMs } = this.timeLine.report();
    const { channel, packets, refused, unknownPayload, discardedPaused } = this;
    return { channel, packets, lost, duplicates, reordered, refused, unknownPayload, discardedPaused, jitterMs };
  }
}
