import type { FileCodec } from "@sidetone/recording-file";
import type { TimeLine } from "@sidetone/rtp";
import { MAX_WAITING_PACKETS } from "../limits.ts";
import type { AssemblerLane } from "./assembler.ts";

/** What a payload type stands for. `silent`: telephone-event and comfort noise, which are counted but leave silence. */
export type PayloadKind = FileCodec | "silent";

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
  }) {
    this.channel = o.channel;
    this.group = o.group;
    this.timeLine = o.timeLine;
    this.payloads = o.payloads;
    this.#remote = o.remote;
    this.#allowed = o.allowed;
    this.lastLifeMicros = o.nowMicros;
    this.lastRtpMicros = o.nowMicros;
  }

  /** A new SDP: source and payload types may have changed. */
  update(
    remote: RemoteMedia | undefined,
    allowed: ReadonlySet<number>,
    payloads: ReadonlyMap<number, PayloadKind>,
  ): void {
    if (remote?.ip !== this.#remote?.ip || remote?.port !== this.#remote?.port) this.#latched = undefined;
    this.#remote = remote;
    this.#allowed = allowed;
    this.payloads = payloads;
  }

  /**
   * C6: true where RTP may come from. The address of the SDP always may; else the first port of an address that takes part in the session
   * (symmetric RTP, RFC 4961), until the next SDP.
   */
  accepts(ip: number, port: number): boolean {
    if (this.#latched !== undefined && this.#latched.ip === ip && this.#latched.port === port) return true;
    if (this.#remote !== undefined && this.#remote.ip === ip && this.#remote.port === port) {
      this.#latched = this.#remote;
      return true;
    }
    if (this.#latched !== undefined || !this.#allowed.has(ip)) {
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
