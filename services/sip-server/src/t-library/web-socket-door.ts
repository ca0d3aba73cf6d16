import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "@sidetone/foundation";
import { type Problem, problem, type UpgradeHandler } from "@sidetone/http";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { maxConnections, maxFrameBytes, maxMessageBytes } from "./limits.ts";
import type { AddressedConnection, TlibServer } from "./tlib-server.ts";

/** Path of the T-Library WebSocket. */
export const tlibPath = "/tlib/v1";
/** Its sub-protocol; a client that names others only is refused. */
export const tlibProtocol = "tlib.v1.json";
/** How long a peer may take to answer a close before its socket is cut, ms. */
const closeTimeoutMs = 3_000;

/** What the door decides by. */
export interface DoorOptions {
  readonly server: TlibServer;
  readonly log: Logger;
  /** Address of the HTTP server: without TLS only loopback, unless `plainWs`. */
  readonly host: string;
  readonly plainWs: boolean;
}

/** Takes WebSockets at `/tlib/v1` and hands their frames to the T-Library server. */
export function webSocketDoor(o: DoorOptions): UpgradeHandler {
  const options = {
    noServer: true,
    perMessageDeflate: false,
    // Larger frames than a client may send are read, so that the session can say why it closes.
    maxPayload: maxFrameBytes,
    closeTimeout: closeTimeoutMs,
    handleProtocols: (offered: ReadonlySet<string>) => (offered.has(tlibProtocol) ? tlibProtocol : false),
  };
  const sockets = new WebSocketServer(options);
  const refusedAlways = o.plainWs || isLoopback(o.host) ? undefined : plainRefusal();
  return (request, socket, head) => {
    const refusal = refusedAlways ?? refusalOf(request, sockets.clients.size);
    if (refusal !== undefined) return refusal;
    const source = request.socket.remoteAddress ?? "unknown";
    sockets.handleUpgrade(request, socket, head, (webSocket) => serve(o, webSocket, socket, source));
    return undefined;
  };
}

function refusalOf(request: IncomingMessage, connections: number): Problem | undefined {
  if (connections >= maxConnections) {
    return problem(503, "too-many-connections", "Too many T-Library connections are open.");
  }
  const offered = request.headers["sec-websocket-protocol"];
  if (offered === undefined || offered.split(",").some((one) => one.trim() === tlibProtocol)) return undefined;
  return problem(400, "unknown-sub-protocol", `The sub-protocol is ${tlibProtocol}.`);
}

function plainRefusal(): Problem {
  return problem(
    403,
    "plain-web-socket",
    "T-Library without TLS is served on loopback only.",
    "Put a TLS proxy on this machine before it, or set sip-server.plain-ws: true where the network is trusted.",
  );
}

function serve(o: DoorOptions, webSocket: WebSocket, socket: Duplex, source: string): void {
  const connection: AddressedConnection = {
    source,
    send(text) {
      // ws keeps its own count of what is not sent; an error comes as `close`.
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(text, sent);
    },
    get unsentBytes() {
      return webSocket.bufferedAmount;
    },
    close(code, reason) {
      webSocket.close(code, reason);
    },
  };
  const input = o.server.accept(connection);
  const sent = (): void => undefined;
  socket.on("drain", () => input.drained());
  webSocket.on("message", (data: RawData, isBinary: boolean) => {
    if (isBinary) return input.binary();
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (bytes.length > maxMessageBytes) return input.tooLarge();
    return input.text(bytes.toString("utf8"));
  });
  webSocket.on("error", (error) => o.log.info({ source, error: error.message }, "T-Library connection failed"));
  webSocket.on("close", () => input.closed());
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
