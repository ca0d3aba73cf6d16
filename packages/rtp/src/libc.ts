import { createRequire } from "node:module";

/**
 * The calls of the C library that the batched PacketIO makes, and the layouts of their structs (LP64, little-endian: x86-64 and arm64,
 * glibc and musl). Addresses are numbers made by `Arena.address` alone.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: number, length: number): number;
  connect(fd: number, address: number, length: number): number;
  close(fd: number): number;
  getsockname(fd: number, address: number, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  epollCreate(flags: number): number;
  epollCtl(epoll: number, operation: number, fd: number, event: number): number;
  epollWait(epoll: number, events: number, count: number, timeoutMs: number): number;
  eventfd(initial: number, flags: number): number;
  read(fd: number, into: number, length: number): number;
  write(fd: number, from: number, length: number): number;
  recvmmsg(fd: number, messages: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, messages: number, count: number, flags: number): number;
  clockGettime(clock: number, into: number): number;
  /** errno of the last call that returned -1. */
  errno(): number;
  /** Address of memory that does not move as long as the array is alive. */
  addressOf(memory: Uint8Array): number;
}

/** struct mmsghdr: msghdr (56) and the length of what was transferred. */
export const MMSGHDR = {
  size: 64,
  name: 0,
  nameLength: 8,
  iov: 16,
  iovCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;
/** struct iovec. */
export const IOVEC = { size: 16, base: 0, length: 8 } as const;
/** struct sockaddr_in: family (host order), port and address in network order. */
export const SOCKADDR_IN = { size: 16 } as const;
/** A control message that carries one struct timespec. */
export const CMSG_TIMESPEC = { size: 32, level: 8, type: 12, seconds: 16, nanoseconds: 24 } as const;
/** struct epoll_event: packed on x86-64 only. */
export const EPOLL_EVENT =
  process.arch === "x64" ? ({ size: 12, events: 0, data: 4 } as const) : ({ size: 16, events: 0, data: 8 } as const);

export const AF_INET = 2;
export const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_TIMESTAMPNS = 35;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 1;
export const EFD_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_TRUNC = 0x20;
export const CLOCK_REALTIME = 0;
export const EINTR = 4;
export const EAGAIN = 11;
export const ENFILE = 23;
export const EMFILE = 24;
export const EADDRINUSE = 98;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;

type Foreign = (...args: readonly unknown[]) => number;
interface Koffi {
  load(path: string | null): { func(prototype: string): Foreign };
  errno(): number;
}

/** True where the struct layouts above hold. */
export function libcSupported(): boolean {
  return process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
}

let loaded: Libc | undefined;

/** Loads the C library through koffi, once per thread. Throws where koffi or a symbol is missing. */
export function loadLibc(): Libc {
  loaded ??= bindLibc();
  return loaded;
}

function bindLibc(): Libc {
  if (!libcSupported()) throw new Error(`no struct layouts for ${process.platform} ${process.arch}`);
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const c = koffi.load(null);
  const memcpy = c.func("uintptr_t memcpy(void* to, void* from, size_t count)");
  return {
    socket: c.func("int socket(int domain, int type, int protocol)"),
    bind: c.func("int bind(int fd, uintptr_t address, unsigned int length)"),
    connect: c.func("int connect(int fd, uintptr_t address, unsigned int length)"),
    close: c.func("int close(int fd)"),
    getsockname: c.func("int getsockname(int fd, uintptr_t address, uintptr_t length)"),
    setsockopt: c.func("int setsockopt(int fd, int level, int name, uintptr_t value, unsigned int length)"),
    getsockopt: c.func("int getsockopt(int fd, int level, int name, uintptr_t value, uintptr_t length)"),
    epollCreate: c.func("int epoll_create1(int flags)"),
    epollCtl: c.func("int epoll_ctl(int epoll, int operation, int fd, uintptr_t event)"),
    epollWait: c.func("int epoll_wait(int epoll, uintptr_t events, int count, int timeout)"),
    eventfd: c.func("int eventfd(unsigned int initial, int flags)"),
    read: c.func("intptr_t read(int fd, uintptr_t into, size_t length)"),
    write: c.func("intptr_t write(int fd, uintptr_t from, size_t length)"),
    recvmmsg: c.func("int recvmmsg(int fd, uintptr_t messages, unsigned int count, int flags, uintptr_t timeout)"),
    sendmmsg: c.func("int sendmmsg(int fd, uintptr_t messages, unsigned int count, int flags)"),
    clockGettime: c.func("int clock_gettime(int clock, uintptr_t into)"),
    errno: () => koffi.errno(),
    addressOf: (memory) => memcpy(memory, memory, 0),
  };
}

/** Memory for the kernel. Every address given to a system call is made here, and lies inside. */
export class Arena {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly #base: number;
  #used = 0;

  constructor(libc: Libc, size: number) {
    const memory = new ArrayBuffer(Math.ceil(size / 8) * 8);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.#base = libc.addressOf(this.bytes);
    if (!(this.#base > 0 && this.#base % 8 === 0)) throw new Error("the arena has no usable address");
  }

  /** Sets `size` octets aside; returns their offset, a multiple of 8. */
  reserve(size: number): number {
    const offset = this.#used;
    this.address(offset, size);
    this.#used += Math.ceil(size / 8) * 8;
    return offset;
  }

  /** Address of `length` octets at `offset`. Throws RangeError where they do not lie in the arena. */
  address(offset: number, length: number): number {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.bytes.length)) {
      throw new RangeError(`${length} octets at ${offset} leave the arena`);
    }
    return this.#base + offset;
  }

  /** Writes a 64-bit number (an address, a size) at an offset that is a multiple of 8. */
  setWide(offset: number, value: number): void {
    this.words[offset >> 2] = value | 0;
    this.words[(offset >> 2) + 1] = Math.floor(value / 0x1_0000_0000);
  }
}
