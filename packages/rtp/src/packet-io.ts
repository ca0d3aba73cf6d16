/** Dense index of an open socket of one PacketIO; reused after `close`. Not a file descriptor. */
export type SocketId = number;
/** Index of a prepared destination of one PacketIO; reused after `freeDest`. */
export type DestId = number;
/** As `DestId`: send to where the socket is connected. */
export const CONNECTED: DestId = -1;

/** `dgram` works everywhere; `batched` is recvmmsg, sendmmsg and epoll on Linux. */
export type PacketIOKind = "dgram" | "batched";

/**
 * Datagrams that were read. All arrays belong to the PacketIO and are valid only inside `onBatch`; the listener may write into `data`
 * within its packets.
 */
export interface PacketBatch {
  readonly count: number;
  readonly data: Uint8Array;
  readonly socket: Int32Array;
  readonly offset: Int32Array;
  readonly length: Int32Array;
  /** IPv4 source address, most significant octet first: 127.0.0.1 is 0x7f000001. */
  readonly sourceIp: Uint32Array;
  readonly sourcePort: Uint16Array;
  /** Arrival in wall-clock µs: the kernel's time stamp in poll mode of the batched kind, else the time of reading. */
  readonly arrivalMicros: Float64Array;
}

export interface OpenSocketOptions {
  /** Local IPv4 literal. */
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Kernel receive buffer, octets (the kernel may give less). Default: the system's. */
  readonly receiveBuffer?: number;
  /**
   * `event` (default): read as soon as something comes. `poll`: read every `pollMs`, for those who only listen. `quiet`: as `poll`, but only where
   * something waits, for sockets that seldom have anything (RTCP). `dgram` reads at once all the same.
   */
  readonly mode?: "event" | "poll" | "quiet";
}

export interface PacketIOStats {
  readonly received: number;
  readonly sent: number;
  /** Datagrams given to `queue` that were not sent: no room in the kernel (EAGAIN, ENOBUFS), refused twice, socket closed. */
  readonly dropped: number;
  /** Datagrams longer than a slot (2,048 octets), thrown away. */
  readonly truncated: number;
  /** Reads that found nothing, sends that found no room. */
  readonly eagain: number;
  /** System calls for reading and sending (the dgram kind: events and sends). */
  readonly receiveCalls: number;
  readonly sendCalls: number;
  readonly openSockets: number;
}

/**
 * Many UDP sockets (IPv4), read and written in batches. Used from one thread. Errors of the network are counted, never thrown: only
 * programmers' mistakes and `open` throw (`SidetoneError` "port-in-use", "bad-address", "too-many-sockets").
 */
export interface PacketIO {
  readonly kind: PacketIOKind;
  readonly closed: boolean;
  /** Takes what was read. An exception goes to the log and costs the batch. */
  onBatch: (batch: PacketBatch) => void;
  /** Called in the loop after `wake`, before the next packets are read. */
  onWake: () => void;
  /** Binds a socket at once. */
  open(options: OpenSocketOptions): SocketId;
  /** Real port of an open socket. */
  localPort(socket: SocketId): number;
  /** Receive buffer the kernel gave, octets. */
  receiveBuffer(socket: SocketId): number;
  /** Takes datagrams only from there, and makes `CONNECTED` a destination; `undefined` undoes it. */
  connect(socket: SocketId, to: DestId | undefined): void;
  /** Prepares a destination; the same one may be prepared several times. */
  dest(address: string, port: number): DestId;
  /** As `dest`, with the address as a number. */
  destOf(ip: number, port: number): DestId;
  freeDest(dest: DestId): void;
  /** Closes a socket; what waits in it is lost. Closing twice does nothing. */
  close(socket: SocketId): void;
  /** Copies a datagram into the send queue. It leaves after `onBatch` or at `flush`, in order per socket. */
  queue(socket: SocketId, to: DestId, data: Uint8Array, offset: number, length: number): void;
  /** Sends what was queued outside `onBatch`. */
  flush(): void;
  /** Starts reading. */
  run(): void;
  /** Makes the loop call `onWake` soon. From other threads: write 8 octets (a one, in machine order) to `wakeFd`. */
  wake(): void;
  /** eventfd of the batched kind; undefined where the event loop is never blocked. */
  readonly wakeFd: number | undefined;
  stats(): PacketIOStats;
  /** Stops the loop and closes every socket. Idempotent. */
  shutdown(): void;
}
