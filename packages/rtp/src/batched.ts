import { type Clock, errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import { BatchReader } from "./batch-reader.ts";
import { BatchWriter } from "./batch-writer.ts";
import { formatIpv4, parseIpv4 } from "./ipv4.ts";
import { openAnyPort } from "./any-port.ts";
import * as c from "./libc.ts";
import { EPOLL_EVENTS, MAX_SOCKETS, POLL_MS, YIELD_MS } from "./limits.ts";
import {
  CONNECTED,
  type DestId,
  type OpenSocketOptions,
  type PacketBatch,
  type PacketIO,
  type PacketIOStats,
  type SocketId,
} from "./packet-io.ts";

/** Stands for the eventfd among the socket ids that epoll reports. */
const WAKE = -1;

/**
 * PacketIO over epoll, recvmmsg and sendmmsg. While it has event sockets it blocks its thread in epoll_wait, for `yieldMs` at most, then
 * lets the event loop turn: it belongs in a worker thread. Sockets in poll mode are read by a timer and block nothing.
 */
export class BatchedPacketIO implements PacketIO {
  readonly kind = "batched";
  readonly wakeFd: number;
  onWake: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #libc: c.Libc;
  readonly #arena: c.Arena;
  readonly #reader: BatchReader;
  readonly #writer: BatchWriter;
  readonly #epoll: number;
  /** Of the quiet sockets. */
  readonly #quietEpoll: number;
  readonly #events: number;
  readonly #scratch: number;
  readonly #yieldMs: number;
  readonly #pollMs: number;
  readonly #fds = new Int32Array(MAX_SOCKETS).fill(-1);
  readonly #ports = new Uint16Array(MAX_SOCKETS);
  readonly #polled: SocketId[] = [];
  readonly #quiet = new Set<SocketId>();
  readonly #freeSockets: SocketId[] = [];
  #nextSocket = 0;
  #open = 0;
  #eventSockets = 0;
  #running = false;
  #scheduled = false;
  #closed = false;
  #stopPolling: (() => void) | undefined;
  readonly #loop = (): void => {
    this.#turn();
  };

  constructor(o: { readonly clock: Clock; readonly log: Logger; readonly yieldMs?: number; readonly pollMs?: number }) {
    this.#clock = o.clock;
    this.#log = o.log;
    this.#yieldMs = o.yieldMs ?? YIELD_MS;
    this.#pollMs = o.pollMs ?? POLL_MS;
    this.#libc = c.loadLibc();
    this.#arena = new c.Arena(this.#libc, EPOLL_EVENTS * c.EPOLL_EVENT.size + 256);
    this.#events = this.#arena.reserve(EPOLL_EVENTS * c.EPOLL_EVENT.size);
    this.#scratch = this.#arena.reserve(64);
    this.#writer = new BatchWriter(this.#libc, this.#fds);
    this.#reader = new BatchReader(this.#libc, o.clock, this.#fds, () => {
      this.#writer.flush();
    });
    this.#reader.onError = (error) => {
      this.#log.error({ error: errorText(error) }, "a batch of packets was lost");
    };
    this.#epoll = this.#libc.epollCreate(c.EPOLL_CLOEXEC);
    this.#quietEpoll = this.#libc.epollCreate(c.EPOLL_CLOEXEC);
    this.wakeFd = this.#libc.eventfd(0, c.EFD_NONBLOCK_CLOEXEC);
    if (this.#epoll < 0 || this.#quietEpoll < 0 || this.wakeFd < 0)
      throw new Error(`no epoll or eventfd: errno ${this.#libc.errno()}`);
    this.#watch(this.#epoll, this.wakeFd, WAKE);
  }

  get onBatch(): (batch: PacketBatch) => void {
    return this.#reader.onBatch;
  }

  set onBatch(listener: (batch: PacketBatch) => void) {
    this.#reader.onBatch = listener;
  }

  get closed(): boolean {
    return this.#closed;
  }

  open(options: OpenSocketOptions): SocketId {
    return options.port === 0 ? openAnyPort(options, (o) => this.#openExactly(o), this) : this.#openExactly(options);
  }

  #openExactly(options: OpenSocketOptions): SocketId {
    if (this.#closed) throw new SidetoneError("packet-io-closed", "the packet I/O is closed");
    const ip = parseIpv4(options.address);
    if (ip === undefined) throw new SidetoneError("bad-address", `"${options.address}" is not an IPv4 address`);
    const id = this.#freeSockets.pop() ?? this.#nextSocket;
    if (id >= MAX_SOCKETS) throw new SidetoneError("too-many-sockets", `${MAX_SOCKETS} sockets are open`, { sip: 503 });
    const fd = this.#libc.socket(c.AF_INET, c.SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
    if (fd < 0) throw this.#giveUp(-1, id, options);
    this.#writeAddress(ip, options.port);
    const scratch = this.#arena.address(this.#scratch, 16);
    if (this.#libc.bind(fd, scratch, c.SOCKADDR_IN.size) < 0) throw this.#giveUp(fd, id, options);
    if (options.receiveBuffer !== undefined) this.#setOption(fd, c.SO_RCVBUF, options.receiveBuffer);
    if (id === this.#nextSocket) this.#nextSocket++;
    this.#fds[id] = fd;
    this.#ports[id] = this.#boundPort(fd);
    this.#open++;
    const { mode = "event" } = options;
    if (mode !== "event") this.#setOption(fd, c.SO_TIMESTAMPNS, 1);
    if (mode === "poll") this.#polled.push(id);
    else this.#watch(mode === "quiet" ? this.#quietEpoll : this.#epoll, fd, id);
    if (mode === "quiet") this.#quiet.add(id);
    else if (mode === "event") this.#eventSockets++;
    this.#start();
    return id;
  }

  localPort(socket: SocketId): number {
    this.#fdOf(socket);
    return this.#ports[socket] ?? 0;
  }

  receiveBuffer(socket: SocketId): number {
    const value = this.#arena.address(this.#scratch, 4);
    this.#arena.words[(this.#scratch >> 2) + 2] = 4;
    this.#libc.getsockopt(
      this.#fdOf(socket),
      c.SOL_SOCKET,
      c.SO_RCVBUF,
      value,
      this.#arena.address(this.#scratch + 8, 4),
    );
    return this.#arena.words[this.#scratch >> 2] ?? 0;
  }

  connect(socket: SocketId, to: DestId | undefined): void {
    const fd = this.#fdOf(socket);
    this.#writer.flush();
    if (to === undefined) {
      this.#arena.words.fill(0, this.#scratch >> 2, (this.#scratch >> 2) + 4); // AF_UNSPEC
    } else {
      this.#writer.copyAddress(to, this.#arena.words, this.#scratch >> 2);
    }
    this.#libc.connect(fd, this.#arena.address(this.#scratch, 16), c.SOCKADDR_IN.size);
    this.#writer.setConnected(socket, to !== undefined);
  }

  dest(address: string, port: number): DestId {
    const ip = parseIpv4(address);
    if (ip === undefined) throw new SidetoneError("bad-address", `"${address}" is not an IPv4 address`);
    return this.#writer.dest(ip, port);
  }

  destOf(ip: number, port: number): DestId {
    return this.#writer.dest(ip, port);
  }

  freeDest(dest: DestId): void {
    if (dest !== CONNECTED) this.#writer.freeDest(dest);
  }

  close(socket: SocketId): void {
    const fd = this.#fds[socket] ?? -1;
    if (fd < 0) return;
    this.#writer.flush();
    this.#writer.setConnected(socket, false);
    this.#libc.close(fd); // leaves the epoll set by itself
    this.#fds[socket] = -1;
    this.#freeSockets.push(socket);
    this.#open--;
    const polled = this.#polled.indexOf(socket);
    if (polled >= 0) this.#polled.splice(polled, 1);
    else if (!this.#quiet.delete(socket)) this.#eventSockets--;
  }

  queue(socket: SocketId, to: DestId, data: Uint8Array, offset: number, length: number): void {
    this.#writer.queue(socket, to, data, offset, length);
  }

  flush(): void {
    this.#writer.flush();
  }

  run(): void {
    this.#running = true;
    this.#start();
  }

  wake(): void {
    if (this.#closed) return;
    this.#arena.setWide(this.#scratch, 1);
    this.#libc.write(this.wakeFd, this.#arena.address(this.#scratch, 8), 8);
    this.#schedule();
  }

  stats(): PacketIOStats {
    const r = this.#reader;
    const w = this.#writer;
    return {
      received: r.received,
      sent: w.sent,
      dropped: w.dropped,
      truncated: r.truncated,
      eagain: r.eagain + w.eagain,
      receiveCalls: r.calls,
      sendCalls: w.calls,
      openSockets: this.#open,
    };
  }

  shutdown(): void {
    if (this.#closed) return;
    for (let id = 0; id < this.#nextSocket; id++) this.close(id);
    this.#closed = true;
    this.#stopPolling?.();
    this.#libc.close(this.wakeFd);
    this.#libc.close(this.#epoll);
    this.#libc.close(this.#quietEpoll);
  }

  #start(): void {
    if (!this.#running || this.#closed) return;
    if (this.#polled.length + this.#quiet.size > 0 && this.#stopPolling === undefined) {
      this.#stopPolling = this.#clock.every(this.#pollMs, () => this.#poll());
    }
    if (this.#eventSockets > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#loop);
  }

  #poll(): void {
    if (this.#closed) return;
    this.#reader.beginTimed();
    // Reports first: what comes with them needs them.
    if (this.#quiet.size > 0) this.#pollQuiet();
    for (let i = 0; i < this.#polled.length; i++) {
      const id = this.#polled[i];
      if (id !== undefined) this.#reader.drain(id);
    }
    this.#reader.deliver();
  }

  /** As few calls as tell of all of them; epoll tells of each in turn, so that a flooded one keeps no other waiting. */
  #pollQuiet(): void {
    const events = this.#arena.address(this.#events, EPOLL_EVENTS * c.EPOLL_EVENT.size);
    for (let left = this.#quiet.size; left > 0; left -= EPOLL_EVENTS) {
      const count = this.#libc.epollWait(this.#quietEpoll, events, EPOLL_EVENTS, 0);
      for (let i = 0; i < count; i++) {
        const id = this.#eventAt(i);
        if (this.#quiet.has(id)) this.#reader.drain(id);
      }
      if (count < EPOLL_EVENTS) return;
    }
  }

  /** Reads and sends until `yieldMs` is over, or somebody woke us, then lets the event loop turn. */
  #turn(): void {
    this.#scheduled = false;
    const until = this.#clock.now() + this.#yieldMs;
    let left = this.#running && this.#eventSockets > 0 ? this.#yieldMs : 0;
    do {
      if (this.#closed) return;
      const events = this.#arena.address(this.#events, EPOLL_EVENTS * c.EPOLL_EVENT.size);
      const count = this.#libc.epollWait(this.#epoll, events, EPOLL_EVENTS, Math.ceil(left));
      if (this.#takeEvents(count)) break;
      left = until - this.#clock.now();
    } while (left > 0);
    if (!this.#closed && this.#eventSockets > 0) this.#schedule();
  }

  /** True when the loop was woken. */
  #takeEvents(count: number): boolean {
    // First of all, so that what must stop at once (a pause) stops before the packets that came with it are read.
    const woken = this.#woken(count);
    if (woken) {
      try {
        this.onWake();
      } catch (error) {
        this.#log.error({ error: errorText(error) }, "a wake-up of the packet loop failed");
      }
    }
    if (this.#closed || count <= 0) return woken;
    this.#reader.begin();
    for (let i = 0; i < count; i++) {
      const id = this.#eventAt(i);
      if (id !== WAKE) this.#reader.read(id);
      if (this.#closed) return true;
    }
    this.#reader.deliver();
    return woken;
  }

  #woken(count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (this.#eventAt(i) !== WAKE) continue;
      this.#libc.read(this.wakeFd, this.#arena.address(this.#scratch, 8), 8);
      return true;
    }
    return false;
  }

  #eventAt(index: number): number {
    return this.#arena.words[(this.#events + index * c.EPOLL_EVENT.size + c.EPOLL_EVENT.data) >> 2] ?? WAKE;
  }

  #watch(epoll: number, fd: number, id: number): void {
    const at = this.#scratch;
    this.#arena.words.fill(0, at >> 2, (at >> 2) + 4);
    this.#arena.words[at >> 2] = c.EPOLLIN;
    this.#arena.words[(at + c.EPOLL_EVENT.data) >> 2] = id;
    const event = this.#arena.address(at, c.EPOLL_EVENT.size);
    if (this.#libc.epollCtl(epoll, c.EPOLL_CTL_ADD, fd, event) < 0) {
      throw new Error(`epoll_ctl: errno ${this.#libc.errno()}`);
    }
  }

  #fdOf(socket: SocketId): number {
    const fd = this.#fds[socket] ?? -1;
    if (fd < 0) throw new SidetoneError("unknown-socket", `no open socket ${socket}`);
    return fd;
  }

  #writeAddress(ip: number, port: number): void {
    this.#writer.writeAddress(ip, port, this.#arena.words, this.#scratch >> 2);
  }

  #boundPort(fd: number): number {
    const at = this.#scratch;
    this.#arena.words[(at >> 2) + 4] = c.SOCKADDR_IN.size;
    this.#libc.getsockname(fd, this.#arena.address(at, 16), this.#arena.address(at + 16, 4));
    return ((this.#arena.bytes[at + 2] ?? 0) << 8) | (this.#arena.bytes[at + 3] ?? 0);
  }

  #setOption(fd: number, name: number, value: number): void {
    this.#arena.words[this.#scratch >> 2] = value;
    this.#libc.setsockopt(fd, c.SOL_SOCKET, name, this.#arena.address(this.#scratch, 4), 4);
  }

  #giveUp(fd: number, id: SocketId, o: OpenSocketOptions): SidetoneError {
    const errno = this.#libc.errno();
    if (fd >= 0) this.#libc.close(fd);
    if (id !== this.#nextSocket) this.#freeSockets.push(id);
    const where = `udp://${formatIpv4(parseIpv4(o.address) ?? 0)}:${o.port}`;
    if (errno === c.EADDRINUSE) return new SidetoneError("port-in-use", `${where} is in use`, { exit: 2 });
    if (errno === c.EMFILE || errno === c.ENFILE) {
      return new SidetoneError("too-many-sockets", `${where}: no file descriptor left`, { sip: 503 });
    }
    return new SidetoneError("bad-address", `cannot bind ${where}: errno ${errno}`);
  }
}
