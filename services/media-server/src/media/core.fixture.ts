import type { RtpConfig } from "@sidetone/config";
import { type Clock, ManualClock, silentLogger } from "@sidetone/foundation";
import {
  type DestId,
  formatIpv4,
  type OpenSocketOptions,
  type PacketBatch,
  type PacketIO,
  type PacketIOStats,
  parseIpv4,
  RtpView,
  type SocketId,
  writeRtpHeader,
} from "@sidetone/rtp";
import { MediaCore } from "./core.ts";

/** A datagram that the core sent. */
export interface SentDatagram {
  readonly fromPort: number;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** A PacketIO without sockets: tests put datagrams in and look at what comes out. */
export class FakePacketIO implements PacketIO {
  readonly kind = "dgram";
  readonly wakeFd = undefined;
  closed = false;
  onBatch: (batch: PacketBatch) => void = () => undefined;
  onWake: () => void = () => undefined;
  readonly sent: SentDatagram[] = [];
  readonly #ports = new Map<SocketId, number>();
  readonly #dests = new Map<DestId, string>();
  readonly #clock: Clock;
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(o: OpenSocketOptions): SocketId {
    this.#ports.set(this.#next, o.port);
    return this.#next++;
  }

  localPort(socket: SocketId): number {
    return this.#ports.get(socket) ?? 0;
  }

  receiveBuffer(): number {
    return 212_992;
  }

  connect(): void {
    throw new Error("not used");
  }

  dest(address: string, port: number): DestId {
    return this.destOf(parseIpv4(address) ?? 0, port);
  }

  destOf(ip: number, port: number): DestId {
    this.#dests.set(this.#next, `${formatIpv4(ip)}:${port}`);
    return this.#next++;
  }

  freeDest(dest: DestId): void {
    this.#dests.delete(dest);
  }

  close(socket: SocketId): void {
    this.#ports.delete(socket);
  }

  queue(socket: SocketId, to: DestId, data: Uint8Array, offset: number, length: number): void {
    const fromPort = this.#ports.get(socket);
    const dest = this.#dests.get(to);
    if (fromPort === undefined || dest === undefined)
      throw new Error(`socket ${socket} or destination ${to} is closed`);
    this.sent.push({ fromPort, to: dest, bytes: Uint8Array.from(data.subarray(offset, offset + length)) });
  }

  flush(): void {}

  run(): void {}

  wake(): void {}

  stats(): PacketIOStats {
    const none = { received: 0, sent: this.sent.length, dropped: 0, truncated: 0, eagain: 0, receiveCalls: 0 };
    return { ...none, sendCalls: 0, openSockets: this.#ports.size };
  }

  shutdown(): void {
    this.closed = true;
    this.#ports.clear();
  }

  /** Sockets and destinations that are still open. */
  get held(): number {
    return this.#ports.size + this.#dests.size;
  }

  /** The socket that is bound to a port. */
  socketOf(port: number): SocketId {
    const socket = Array.from(this.#ports).find(([, p]) => p === port)?.[0];
    if (socket === undefined) throw new Error(`nobody listens on ${port}`);
    return socket;
  }

  /** A datagram arrives now. */
  inject(port: number, from: string, bytes: Uint8Array): void {
    const socket = this.socketOf(port);
    const [ip, fromPort] = from.split(":");
    this.onBatch({
      count: 1,
      data: Uint8Array.from(bytes),
      socket: Int32Array.of(socket),
      offset: Int32Array.of(0),
      length: Int32Array.of(bytes.length),
      sourceIp: Uint32Array.of(parseIpv4(ip ?? "") ?? 0),
      sourcePort: Uint16Array.of(Number(fromPort)),
      arrivalMicros: Float64Array.of(this.#clock.wallMicros()),
    });
  }
}

/** A core on a fake network, with random numbers that count. */
export class Bench {
  readonly clock = new ManualClock();
  readonly io = new FakePacketIO(this.clock);
  readonly events: [string, number, number][] = [];
  readonly core: MediaCore;
  #seed = 1;

  constructor(inactiveAfterMs = 90_000) {
    this.core = new MediaCore({
      io: this.io,
      clock: this.clock,
      random: (count) => new Uint8Array(count).fill(this.#seed++),
      rtp: rtpConfig(10_000, 10_999),
      log: silentLogger,
      inactiveAfterMs,
    });
    this.core.events.on("inactive", (leg, ms) => this.events.push(["inactive", leg, ms]));
    this.core.events.on("first-packet", (leg, at) => this.events.push(["first-packet", leg, at]));
  }

  /** What was sent to an address since the last look, RTP read. */
  take(to: string): ReceivedRtp[] {
    const mine = this.io.sent.filter((d) => d.to === to);
    for (const d of mine) this.io.sent.splice(this.io.sent.indexOf(d), 1);
    return mine.map((d) => readRtp(d.bytes));
  }
}

export function rtpConfig(portMin: number, portMax: number, packetIo: RtpConfig["packetIo"] = "auto"): RtpConfig {
  return { address: "127.0.0.1", advertise: "127.0.0.1", portMin, portMax, packetIo };
}

/** An RTP packet as a test sees it. */
export interface ReceivedRtp {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

export function readRtp(bytes: Uint8Array): ReceivedRtp {
  const v = new RtpView();
  if (!v.read(bytes, 0, bytes.length)) throw new Error("no RTP packet");
  return {
    payloadType: v.payloadType,
    marker: v.marker,
    sequence: v.sequence,
    timestamp: v.timestamp,
    ssrc: v.ssrc,
    payload: bytes.slice(v.payloadOffset, v.payloadOffset + v.payloadLength),
  };
}

/** An RTP packet with a payload of one value. */
export function rtpBytes(o: {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payloadType?: number;
  readonly ssrc?: number;
  readonly fill?: number;
  readonly size?: number;
  readonly marker?: boolean;
}): Uint8Array {
  const bytes = new Uint8Array(12 + (o.size ?? 160)).fill(o.fill ?? 0x55);
  writeRtpHeader(bytes, 0, o.payloadType ?? 0, o.marker ?? false, o.sequence & 0xffff, o.timestamp, o.ssrc ?? 0xabc);
  return bytes;
}
