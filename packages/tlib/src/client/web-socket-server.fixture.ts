import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { SessionServer } from "../session/index.ts";
import { SUB_PROTOCOL } from "./web-socket.ts";

/** A session server behind real WebSockets on a port of loopback. */
export interface WebSocketBench {
  readonly url: string;
  /** The sockets that are there. */
  readonly sockets: ReadonlySet<WebSocket>;
  close(): Promise<void>;
}

/** Serves the engine as a transport does. */
export async function serve(server: SessionServer<string>): Promise<WebSocketBench> {
  const http = createServer();
  const sockets = new Set<WebSocket>();
  const webSockets = new WebSocketServer({
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
