import { createServer, connect } from "node:net";
import type { Socket } from "node:net";
import type { HostPort, StreamConnection, StreamListener } from "./types.ts";

/** Node's default of 511 is too small when a rack of phones comes back. */
const LISTEN_BACKLOG = 4096;

/** Listens for TCP connections on the machine. */
export function listenTcp(
  address: HostPort,
  onConnection: (connection: StreamConnection) => void,
): Promise<StreamListener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => onConnection(new TcpConnection(socket, undefined)));
    server.once("error", reject);
    server.listen({ host: address.host, port: address.port, backlog: LISTEN_BACKLOG }, () => {
      server.off("error", reject);
      server.on("error", () => undefined);
      const bound = server.address();
      const local = bound !== null && typeof bound === "object" ? { host: bound.address, port: bound.port } : address;
      resolve({ local, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

/** Opens a TCP connection; the connect timeout is the caller's. */
export function connectTcp(to: HostPort): StreamConnection {
  return new TcpConnection(connect({ host: to.host, port: to.port, noDelay: true }), to);
}

class TcpConnection implements StreamConnection {
  readonly #socket: Socket;
  readonly remote: HostPort;
  onOpen: () => void = () => undefined;
  onData: (bytes: Buffer) => void = () => undefined;
  onClose: (error: Error | undefined) => void = () => undefined;

  constructor(socket: Socket, remote: HostPort | undefined) {
    this.#socket = socket;
    this.remote = remote ?? { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    let failure: Error | undefined;
    socket.on("connect", () => this.onOpen());
    socket.on("data", (bytes) => this.onData(bytes));
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => this.onClose(failure));
  }

  get local(): HostPort {
    return { host: this.#socket.localAddress ?? "", port: this.#socket.localPort ?? 0 };
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.end();
    // Half-open peers must not keep the process: data that is queued goes out first.
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
