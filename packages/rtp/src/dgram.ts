import { createSocket, type Socket } from "node:dgram";
import { type Clock, errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import { openAnyPort } from "./any-port.ts";
import { formatIpv4, parseIpv4 } from "./ipv4.ts";
import { MAX_DATAGRAM } from "./limits.ts";
import type { DestId, OpenSocketOptions, PacketBatch, PacketIO, PacketIOStats, SocketId } from "./packet-io.ts";
import { CONNECTED } from "./packet-io.ts";

/** Address literals need no resolver; answering at once makes bind and send synchronous. */
function literalLookup(
  host: string,
  _options: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, host, 4);
}

interface Port {
  readonly socket: Socket;
  readonly port: number;
  connected: boolean;
}

interface Endpoint {
  readonly ip: number;
  readonly address: string;
  readonly port: number;
}

/** PacketIO over node:dgram: one datagram per batch, no native code, any platform. */
export class DgramPacketIO implements PacketIO {
  readonly kind = "dgram";
  readonly wakeFd = undefined;
  onBatch: (batch: PacketBatch) => void = () => undefined;
  onWake: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sockets: (Port | undefined)[] = [];
  readonly #freeSockets: SocketId[] = [];
  readonly #dests: (Endpoint | undefined)[] = [];
  readonly #freeDests: DestId[] = [];
  readonly #batch = {
    count: 1,
    data: new Uint8Array(MAX_DATAGRAM),
    socket: new Int32Array(1),
    offset: new Int32Array(1),
    length: new Int32Array(1),
    sourceIp: new Uint32Array(1),
    sourcePort: new Uint16Array(1),
    arrivalMicros: new Float64Array(1),
  };
  #running = false;
  #closed = false;
  #open = 0;
  #received = 0;
  #sent = 0;
  #dropped = 0;
  #truncated = 0;
  #receiveCalls = 0;
  #sendCalls = 0;
  #eagain = 0;

  constructor(o: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = o.clock;
    this.#log = o.log;
  }

  get closed(): boolean {
    return this.#closed;
  }

  open(options: OpenSocketOptions): SocketId {
    return options.port === 0 ? openAnyPort(options, (o) => this.#openExactly(o), this) : this.#openExactly(options);
  }

  #openExactly(options: OpenSocketOptions): SocketId {
    if (this.#closed) throw new SidetoneError("packet-io-closed", "the packet I/O is closed");
    if (parseIpv4(options.address) === undefined) {
      throw new SidetoneError("bad-address", `"${options.address}" is not an IPv4 address`);
    }
    const socket = createSocket({ type: "udp4", lookup: literalLookup as never });
    let failed: NodeJS.ErrnoException | undefined;
    const onBindError = (error: NodeJS.ErrnoException): void => {
      failed = error;
    };
    socket.on("error", onBindError);
    socket.bind({ address: options.address, port: options.port, exclusive: true });
    if (failed !== undefined) {
      socket.close();
      throw bindError(failed, options);
    }
    socket.off("error", onBindError);
    socket.on("error", () => undefined); // RFC 1122 4.1.3.3: a refused datagram is no reason to stop
    if (options.receiveBuffer !== undefined) socket.setRecvBufferSize(options.receiveBuffer);
    const id = this.#freeSockets.pop() ?? this.#sockets.length;
    this.#sockets[id] = { socket, port: socket.address().port, connected: false };
    this.#open++;
    socket.on("message", (data, from) => this.#onMessage(id, data, from.address, from.port));
    return id;
  }

  localPort(socket: SocketId): number {
    return this.#of(socket).port;
  }

  receiveBuffer(socket: SocketId): number {
    return this.#of(socket).socket.getRecvBufferSize();
  }

  connect(socket: SocketId, to: DestId | undefined): void {
    const entry = this.#of(socket);
    if (entry.connected) {
      entry.socket.disconnect();
      entry.connected = false;
    }
    if (to === undefined) return;
    const dest = this.#dests[to];
    if (dest === undefined) throw new SidetoneError("unknown-destination", `no destination ${to}`);
    entry.socket.connect(dest.port, dest.address);
    entry.connected = true;
  }

  dest(address: string, port: number): DestId {
    const ip = parseIpv4(address);
    if (ip === undefined) throw new SidetoneError("bad-address", `"${address}" is not an IPv4 address`);
    return this.destOf(ip, port);
  }

  destOf(ip: number, port: number): DestId {
    if (!(port > 0 && port < 65_536)) throw new SidetoneError("bad-address", `${port} is not a port`);
    const id = this.#freeDests.pop() ?? this.#dests.length;
    this.#dests[id] = { ip, address: formatIpv4(ip), port };
    return id;
  }

  freeDest(dest: DestId): void {
    if (this.#dests[dest] === undefined) return;
    this.#dests[dest] = undefined;
    this.#freeDests.push(dest);
  }

  close(socket: SocketId): void {
    const entry = this.#sockets[socket];
    if (entry === undefined) return;
    this.#sockets[socket] = undefined;
    this.#freeSockets.push(socket);
    this.#open--;
    entry.socket.removeAllListeners("message");
    entry.socket.close();
  }

  queue(socket: SocketId, to: DestId, data: Uint8Array, offset: number, length: number): void {
    const valid = length >= 0 && length <= MAX_DATAGRAM && offset >= 0 && offset + length <= data.length;
    if (!valid) throw new RangeError(`${length} octets at ${offset} are no datagram of this array`);
    const entry = this.#sockets[socket];
    const dest = to === CONNECTED ? undefined : this.#dests[to];
    if (entry === undefined || (to === CONNECTED ? !entry.connected : dest === undefined)) {
      this.#dropped++;
      return;
    }
    this.#send(entry, dest, Buffer.from(data.subarray(offset, offset + length)), true);
  }

  flush(): void {
    // Each datagram is handed to the kernel in `queue`.
  }

  run(): void {
    this.#running = true;
  }

  wake(): void {
    setImmediate(() => {
      if (!this.#closed) this.onWake();
    });
  }

  stats(): PacketIOStats {
    return {
      received: this.#received,
      sent: this.#sent,
      dropped: this.#dropped,
      truncated: this.#truncated,
      eagain: this.#eagain,
      receiveCalls: this.#receiveCalls,
      sendCalls: this.#sendCalls,
      openSockets: this.#open,
    };
  }

  shutdown(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let id = 0; id < this.#sockets.length; id++) this.close(id);
  }

  #of(socket: SocketId): Port {
    const entry = this.#sockets[socket];
    if (entry === undefined) throw new SidetoneError("unknown-socket", `no open socket ${socket}`);
    return entry;
  }

  #send(entry: Port, dest: Endpoint | undefined, bytes: Buffer, again: boolean): void {
    this.#sendCalls++;
    const done = (error: Error | null): void => {
      if (error === null || error === undefined) {
        this.#sent++;
        return;
      }
      // The error belongs to an earlier datagram; this one was not sent.
      if (again && (error as NodeJS.ErrnoException).code === "ECONNREFUSED") this.#send(entry, dest, bytes, false);
      else this.#dropped++;
    };
    try {
      if (dest === undefined) entry.socket.send(bytes, done);
      else if (entry.connected) this.#dropped++;
      else entry.socket.send(bytes, dest.port, dest.address, done);
    } catch {
      this.#dropped++;
    }
  }

  #onMessage(id: SocketId, data: Buffer, address: string, port: number): void {
    if (!this.#running) return;
    this.#receiveCalls++;
    if (data.length > MAX_DATAGRAM) {
      this.#truncated++;
      return;
    }
    this.#received++;
    const b = this.#batch;
    b.data.set(data, 0);
    b.socket[0] = id;
    b.offset[0] = 0;
    b.length[0] = data.length;
    b.sourceIp[0] = parseIpv4(address) ?? 0;
    b.sourcePort[0] = port;
    b.arrivalMicros[0] = this.#clock.wallMicros();
    try {
      this.onBatch(b);
    } catch (error) {
      this.#log.error({ error: errorText(error) }, "a batch of packets was lost");
    }
  }
}

function bindError(error: NodeJS.ErrnoException, o: OpenSocketOptions): SidetoneError {
  const where = `udp://${o.address}:${o.port}`;
  if (error.code === "EADDRINUSE") {
    return new SidetoneError("port-in-use", `${where} is in use`, { exit: 2, cause: error });
  }
  if (error.code === "EMFILE" || error.code === "ENFILE") {
    return new SidetoneError("too-many-sockets", `${where}: no file descriptor left`, { sip: 503, cause: error });
  }
  return new SidetoneError("bad-address", `cannot bind ${where}: ${error.code ?? error.message}`, { cause: error });
}
