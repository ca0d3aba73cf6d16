import type { Clock } from "@sidetone/foundation";
import * as c from "./libc.ts";
import { BATCH_PACKETS, MAX_DATAGRAM, RECEIVE_BURST } from "./limits.ts";
import type { PacketBatch, SocketId } from "./packet-io.ts";

class Batch implements PacketBatch {
  count = 0;
  readonly data: Uint8Array;
  readonly socket = new Int32Array(BATCH_PACKETS);
  readonly offset = new Int32Array(BATCH_PACKETS);
  readonly length = new Int32Array(BATCH_PACKETS);
  readonly sourceIp = new Uint32Array(BATCH_PACKETS);
  readonly sourcePort = new Uint16Array(BATCH_PACKETS);
  readonly arrivalMicros = new Float64Array(BATCH_PACKETS);

  constructor(data: Uint8Array) {
    this.data = data;
  }
}

/** Gathers datagrams of many sockets with recvmmsg into one batch. All headers are built once; nothing is allocated while it reads. */
export class BatchReader {
  onBatch: (batch: PacketBatch) => void = () => undefined;
  onError: (error: unknown) => void = () => undefined;
  received = 0;
  truncated = 0;
  eagain = 0;
  calls = 0;
  readonly #libc: c.Libc;
  readonly #clock: Clock;
  readonly #fds: Int32Array;
  readonly #afterBatch: () => void;
  /** Packets; apart from the headers, so that who writes into a packet cannot reach an address. */
  readonly #data: c.Arena;
  readonly #headers: c.Arena;
  readonly #messages: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #time: number;
  readonly #batch: Batch;
  /** Next slot to read into: ahead of `count` where a datagram was thrown away. */
  #slot = 0;
  #now = 0;
  /** Wall clock of ours minus the kernel's, µs; NaN while time stamps are not read. */
  #kernelShift = Number.NaN;

  constructor(libc: c.Libc, clock: Clock, fds: Int32Array, afterBatch: () => void) {
    this.#libc = libc;
    this.#clock = clock;
    this.#fds = fds;
    this.#afterBatch = afterBatch;
    this.#data = new c.Arena(libc, BATCH_PACKETS * MAX_DATAGRAM);
    const perPacket = c.MMSGHDR.size + c.IOVEC.size + c.SOCKADDR_IN.size + c.CMSG_TIMESPEC.size;
    this.#headers = new c.Arena(libc, BATCH_PACKETS * perPacket + 16);
    this.#messages = this.#headers.reserve(BATCH_PACKETS * c.MMSGHDR.size);
    const iovs = this.#headers.reserve(BATCH_PACKETS * c.IOVEC.size);
    this.#names = this.#headers.reserve(BATCH_PACKETS * c.SOCKADDR_IN.size);
    this.#controls = this.#headers.reserve(BATCH_PACKETS * c.CMSG_TIMESPEC.size);
    this.#time = this.#headers.reserve(16);
    this.#batch = new Batch(this.#data.bytes);
    for (let i = 0; i < BATCH_PACKETS; i++) {
      const iov = iovs + i * c.IOVEC.size;
      this.#headers.setWide(iov + c.IOVEC.base, this.#data.address(i * MAX_DATAGRAM, MAX_DATAGRAM));
      this.#headers.setWide(iov + c.IOVEC.length, MAX_DATAGRAM);
      const message = this.#messages + i * c.MMSGHDR.size;
      const name = this.#names + i * c.SOCKADDR_IN.size;
      const control = this.#controls + i * c.CMSG_TIMESPEC.size;
      this.#headers.setWide(message + c.MMSGHDR.name, this.#headers.address(name, c.SOCKADDR_IN.size));
      this.#headers.setWide(message + c.MMSGHDR.iov, this.#headers.address(iov, c.IOVEC.size));
      this.#headers.setWide(message + c.MMSGHDR.iovCount, 1);
      this.#headers.setWide(message + c.MMSGHDR.control, this.#headers.address(control, c.CMSG_TIMESPEC.size));
      this.#rearm(i);
    }
  }

  /** Before sockets in event mode are read. */
  begin(): void {
    this.#now = this.#clock.wallMicros();
    this.#kernelShift = Number.NaN;
  }

  /** Before sockets with kernel time stamps are read. */
  beginTimed(): void {
    this.#now = this.#clock.wallMicros();
    this.#libc.clockGettime(c.CLOCK_REALTIME, this.#headers.address(this.#time, 16));
    this.#kernelShift = this.#now - this.#timespec(this.#time);
  }

  /** Reads once what waits in a socket, `RECEIVE_BURST` datagrams at most. Returns how many there were. */
  read(socket: SocketId): number {
    const fd = this.#fds[socket] ?? -1;
    if (fd < 0) return 0;
    const batch = this.#batch;
    const first = this.#slot;
    const room = Math.min(RECEIVE_BURST, BATCH_PACKETS - first);
    const messages = this.#headers.address(this.#messages + first * c.MMSGHDR.size, room * c.MMSGHDR.size);
    this.calls++;
    const count = this.#libc.recvmmsg(fd, messages, room, c.MSG_DONTWAIT, 0);
    if (count <= 0) {
      // ECONNREFUSED tells of an earlier datagram of ours: whatever else waits is read on the next turn.
      if (this.#libc.errno() === c.EAGAIN) this.eagain++;
      return 0;
    }
    let at = batch.count;
    for (let i = 0; i < count; i++) at = this.#take(socket, first + i, at);
    batch.count = at;
    this.#slot = first + count;
    if (this.#slot > BATCH_PACKETS - RECEIVE_BURST) this.deliver();
    return count;
  }

  /** Reads all that waits in a socket. */
  drain(socket: SocketId): void {
    // Bounded, so that one flooded socket cannot keep the others waiting.
    for (let i = 0; i < 64; i++) {
      if (this.read(socket) < RECEIVE_BURST) return;
    }
  }

  /** Hands over what was gathered. */
  deliver(): void {
    this.#slot = 0;
    if (this.#batch.count > 0) {
      try {
        this.onBatch(this.#batch);
      } catch (error) {
        this.onError(error);
      }
      this.#batch.count = 0;
    }
    this.#afterBatch();
  }

  /** Takes over slot `slot` as packet `at` of the batch; returns where the next one goes. */
  #take(socket: SocketId, slot: number, at: number): number {
    const h = this.#headers;
    const message = (this.#messages + slot * c.MMSGHDR.size) >> 2;
    const truncated = ((h.words[message + (c.MMSGHDR.flags >> 2)] ?? 0) & c.MSG_TRUNC) !== 0;
    const length = h.words[message + (c.MMSGHDR.length >> 2)] ?? 0;
    const name = this.#names + slot * c.SOCKADDR_IN.size;
    const b = this.#batch;
    if (truncated) {
      this.truncated++;
    } else {
      this.received++;
      b.socket[at] = socket;
      b.offset[at] = slot * MAX_DATAGRAM;
      b.length[at] = length;
      b.sourcePort[at] = ((h.bytes[name + 2] ?? 0) << 8) | (h.bytes[name + 3] ?? 0);
      b.sourceIp[at] =
        ((h.bytes[name + 4] ?? 0) << 24) |
        ((h.bytes[name + 5] ?? 0) << 16) |
        ((h.bytes[name + 6] ?? 0) << 8) |
        (h.bytes[name + 7] ?? 0);
      b.arrivalMicros[at] = this.#arrival(slot);
    }
    this.#rearm(slot);
    return truncated ? at : at + 1;
  }

  #arrival(slot: number): number {
    if (Number.isNaN(this.#kernelShift)) return this.#now;
    const control = this.#controls + slot * c.CMSG_TIMESPEC.size;
    if (this.#headers.words[(control + c.CMSG_TIMESPEC.type) >> 2] !== c.SO_TIMESTAMPNS) return this.#now;
    const stamped = this.#timespec(control + c.CMSG_TIMESPEC.seconds) + this.#kernelShift;
    // What has come since we began to read is not of the past; what the kernel stamps ahead of our clock is of now.
    if (stamped > this.#now) this.#now = this.#clock.wallMicros();
    return Math.min(stamped, this.#now);
  }

  #timespec(at: number): number {
    const w = this.#headers.words;
    const seconds = ((w[at >> 2] ?? 0) >>> 0) + (w[(at >> 2) + 1] ?? 0) * 0x1_0000_0000;
    return seconds * 1_000_000 + (w[(at >> 2) + 2] ?? 0) / 1000;
  }

  /** The kernel writes lengths where it read the room there was. */
  #rearm(slot: number): void {
    const message = (this.#messages + slot * c.MMSGHDR.size) >> 2;
    this.#headers.words[message + (c.MMSGHDR.nameLength >> 2)] = c.SOCKADDR_IN.size;
    this.#headers.words[message + (c.MMSGHDR.controlLength >> 2)] = c.CMSG_TIMESPEC.size;
    this.#headers.words[(this.#controls + slot * c.CMSG_TIMESPEC.size + c.CMSG_TIMESPEC.type) >> 2] = 0;
  }
}
