import { SidetoneError } from "@sidetone/foundation";
import * as c from "./libc.ts";
import { MAX_DATAGRAM, MAX_SOCKETS, SEND_QUEUE_PACKETS } from "./limits.ts";
import { CONNECTED, type DestId, type SocketId } from "./packet-io.ts";

/** Gathers datagrams and sends them with sendmmsg, a run of the same socket at a time. Nothing is allocated while it sends. */
export class BatchWriter {
  sent = 0;
  dropped = 0;
  eagain = 0;
  calls = 0;
  readonly #libc: c.Libc;
  readonly #fds: Int32Array;
  readonly #connected = new Uint8Array(MAX_SOCKETS);
  readonly #data: c.Arena;
  readonly #headers: c.Arena;
  readonly #messages: number;
  readonly #iovs: number;
  readonly #names: number;
  readonly #sockets = new Int32Array(SEND_QUEUE_PACKETS);
  #count = 0;
  /** First two words of the sockaddr_in of each destination. */
  #dests = new Int32Array(2 * 256);
  #destCount = 0;
  readonly #freeDests: DestId[] = [];

  constructor(libc: c.Libc, fds: Int32Array) {
    this.#libc = libc;
    this.#fds = fds;
    this.#data = new c.Arena(libc, SEND_QUEUE_PACKETS * MAX_DATAGRAM);
    this.#headers = new c.Arena(libc, SEND_QUEUE_PACKETS * (c.MMSGHDR.size + c.IOVEC.size + c.SOCKADDR_IN.size));
    this.#messages = this.#headers.reserve(SEND_QUEUE_PACKETS * c.MMSGHDR.size);
    this.#iovs = this.#headers.reserve(SEND_QUEUE_PACKETS * c.IOVEC.size);
    this.#names = this.#headers.reserve(SEND_QUEUE_PACKETS * c.SOCKADDR_IN.size);
    for (let i = 0; i < SEND_QUEUE_PACKETS; i++) {
      const message = this.#messages + i * c.MMSGHDR.size;
      const iov = this.#iovs + i * c.IOVEC.size;
      const name = this.#names + i * c.SOCKADDR_IN.size;
      this.#headers.setWide(iov + c.IOVEC.base, this.#data.address(i * MAX_DATAGRAM, MAX_DATAGRAM));
      this.#headers.setWide(message + c.MMSGHDR.name, this.#headers.address(name, c.SOCKADDR_IN.size));
      this.#headers.setWide(message + c.MMSGHDR.iov, this.#headers.address(iov, c.IOVEC.size));
      this.#headers.setWide(message + c.MMSGHDR.iovCount, 1);
    }
  }

  dest(ip: number, port: number): DestId {
    if (!(port > 0 && port < 65_536)) throw new SidetoneError("bad-address", `${port} is not a port`);
    const id = this.#freeDests.pop() ?? this.#destCount++;
    if (2 * id + 1 >= this.#dests.length) {
      const larger = new Int32Array(this.#dests.length * 2);
      larger.set(this.#dests);
      this.#dests = larger;
    }
    this.writeAddress(ip, port, this.#dests, 2 * id);
    return id;
  }

  freeDest(dest: DestId): void {
    if (!this.#known(dest)) return;
    this.#dests[2 * dest] = 0;
    this.#freeDests.push(dest);
  }

  /** Writes family, port and address of a sockaddr_in into two words. */
  writeAddress(ip: number, port: number, into: Int32Array, at: number): void {
    into[at] = c.AF_INET | ((((port & 255) << 8) | (port >> 8)) << 16);
    into[at + 1] = ((ip & 255) << 24) | ((ip & 0xff00) << 8) | ((ip >>> 8) & 0xff00) | (ip >>> 24);
  }

  copyAddress(dest: DestId, into: Int32Array, at: number): void {
    if (!this.#known(dest)) throw new SidetoneError("unknown-destination", `no destination ${dest}`);
    into[at] = this.#dests[2 * dest] ?? 0;
    into[at + 1] = this.#dests[2 * dest + 1] ?? 0;
    into[at + 2] = 0;
    into[at + 3] = 0;
  }

  setConnected(socket: SocketId, connected: boolean): void {
    this.#connected[socket] = connected ? 1 : 0;
  }

  queue(socket: SocketId, to: DestId, data: Uint8Array, offset: number, length: number): void {
    const valid = length >= 0 && length <= MAX_DATAGRAM && offset >= 0 && offset + length <= data.length;
    if (!valid) throw new RangeError(`${length} octets at ${offset} are no datagram of this array`);
    if (to === CONNECTED ? this.#connected[socket] !== 1 : !this.#known(to)) {
      this.dropped++;
      return;
    }
    if (this.#count === SEND_QUEUE_PACKETS) this.flush();
    const slot = this.#count++;
    const base = slot * MAX_DATAGRAM;
    const target = this.#data.bytes;
    // Not `set(subarray)`: that allocates a view per packet.
    for (let i = 0; i < length; i++) target[base + i] = data[offset + i] ?? 0;
    this.#sockets[slot] = socket;
    const words = this.#headers.words;
    words[(this.#iovs + slot * c.IOVEC.size + c.IOVEC.length) >> 2] = length;
    const name = (this.#names + slot * c.SOCKADDR_IN.size) >> 2;
    const nameLength = (this.#messages + slot * c.MMSGHDR.size + c.MMSGHDR.nameLength) >> 2;
    if (to === CONNECTED) {
      words[nameLength] = 0;
    } else {
      words[name] = this.#dests[2 * to] ?? 0;
      words[name + 1] = this.#dests[2 * to + 1] ?? 0;
      words[nameLength] = c.SOCKADDR_IN.size;
    }
  }

  /** Sends all that is queued. */
  flush(): void {
    const count = this.#count;
    let from = 0;
    while (from < count) {
      const socket = this.#sockets[from] ?? 0;
      let to = from + 1;
      while (to < count && this.#sockets[to] === socket) to++;
      this.#send(this.#fds[socket] ?? -1, from, to);
      from = to;
    }
    this.#count = 0;
  }

  #send(fd: number, from: number, to: number): void {
    let at = from;
    let refusedAt = -1;
    while (at < to) {
      const room = to - at;
      this.calls++;
      const messages = this.#headers.address(this.#messages + at * c.MMSGHDR.size, room * c.MMSGHDR.size);
      const count = fd < 0 ? -1 : this.#libc.sendmmsg(fd, messages, room, c.MSG_DONTWAIT | c.MSG_NOSIGNAL);
      if (count > 0) {
        this.sent += count;
        at += count;
        continue;
      }
      const errno = fd < 0 ? 0 : this.#libc.errno();
      // The refusal belongs to an earlier datagram; this one was not sent.
      if ((errno === c.ECONNREFUSED && refusedAt !== at) || errno === c.EINTR) {
        refusedAt = at;
        continue;
      }
      if (errno === c.EAGAIN || errno === c.ENOBUFS) this.eagain++;
      this.dropped++;
      at++;
    }
  }

  #known(dest: DestId): boolean {
    return dest >= 0 && dest < this.#destCount && this.#dests[2 * dest] !== 0;
  }
}
