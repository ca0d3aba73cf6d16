import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { SessionServer } from "../session/index.ts";
import { SUB_PROTOCOL } from "./web-socket.ts";

/** The parts of a WebSocket of `ws` that a transport needs; the tests bring the package. */
interface ServedSocket {
  readonly bufferedAmount: number;
  send(text: string, sent: () => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: "message", listener: (data: unknown, binary: boolean) => void): unknown;
  on(event: "error" | "close", listener: () => void): unknown;
}

interface Sockets {
  on(event: "connection", listener: (socket: ServedSocket) => void): unknown;
  close(): void;
}

/** `WebSocketServer` of `ws`. */
type SocketsConstructor = new (o: {
  server: Server;
  path: string;
  maxPayload: number;
  perMessageDeflate: false;
  handleProtocols: (offered: Set<string>) => string | false;
}) => Sockets;

/** A session server behind real WebSockets on a port of loopback. */
export interface WebSocketBench {
  readonly url: string;
  /** The sockets that are there. */
  readonly sockets: ReadonlySet<ServedSocket>;
  close(): Promise<void>;
}

/** Serves the engine as a transport does. */
export async function serve(
  server: SessionServer<string>,
  webSocketServer: SocketsConstructor,
): Promise<WebSocketBench> {
  const http = createServer();
  const sockets = new Set<ServedSocket>();
  const webSockets = new webSocketServer({
    server: http,
    path: "/tlib/v1",
    maxPayload: server.limits.maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUB_PROTOCOL) ? SUB_PROTOCOL : false),
  });
  webSockets.on("connection", (socket) => {
    sockets.add(socket);
    const input = server.accept({
      send: (text) => socket.send(text, () => input.drained()),
      get unsentBytes() {
        return socket.bufferedAmount;
      },
      close: (code, reason) => socket.close(code, reason),
    });
    socket.on("message", (data, binary) => {
      if (binary) input.binary();
      else input.text((data as Buffer).toString("utf8"));
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      input.closed();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/tlib/v1`,
    sockets,
    async close() {
      for (const socket of sockets) socket.terminate();
      webSockets.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
