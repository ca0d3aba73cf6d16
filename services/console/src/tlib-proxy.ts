import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorText, type Logger } from "@sidetone/foundation";
import { type Problem, problem, refuseUpgrade, type UpgradeHandler } from "@sidetone/http";
import { lingerMs, maxProxied, upgradeTimeoutMs } from "./limits.ts";
import type { RoleDirectory } from "./role-directory.ts";

/** Path of T-Library, here as at SIP Server. */
export const tlibPath = "/tlib/v1";

/** What the proxy works with. */
export interface TlibProxyOptions {
  readonly directory: Pick<RoleDirectory, "all" | "ask">;
  readonly log: Logger;
}

/** Headers of the handshake (RFC 6455 4.1, 4.2) that pass; no other does, least of all the visitor's password. */
const requestHeaders = [
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
];
const answerHeaders = ["sec-websocket-accept", "sec-websocket-protocol", "sec-websocket-extensions"];

/**
 * T-Library on the console's own address: the upgrade goes to SIP Server, then the bytes of both directions pass unread, each no
 * faster than the other side takes them. Who may open a session is decided by SIP Server, from what `SessionOpen` says.
 */
export function tlibProxy(o: TlibProxyOptions): UpgradeHandler {
  let open = 0;
  return (request, socket, head) => {
    if (!sameOrigin(request)) return problem(403, "foreign-site", "A page of another origin may not connect here.");
    if (open >= maxProxied)
      return problem(503, "too-many-connections", "Too many T-Library connections are open.", "Try again later.");
    open += 1;
    socket.once("close", () => (open -= 1));
    connect(o, request, socket, head).catch((error: unknown) => {
      o.log.warn({ error: errorText(error) }, "SIP Server does not take T-Library connections");
      refuse(socket, unreachable());
    });
    return undefined;
  };
}

/** RFC 6454: what a browser sends for its page. Programs send no Origin; a page cannot leave it out. */
function sameOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  const page = URL.parse(headers.origin);
  // Scheme and default port follow from each other: behind a TLS proxy the page has https, and we do not know of it.
  return page !== null && page.host !== "" && page.host === headers.host?.toLowerCase();
}

async function connect(o: TlibProxyOptions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  if (sipServer(o) === undefined) await o.directory.ask();
  const base = sipServer(o);
  if (socket.destroyed) return;
  if (base === undefined) return refuse(socket, notRunning());
  const upstream = send(base, request);
  const gone = (): void => void upstream.destroy();
  socket.once("close", gone);
  const answer = await answered(upstream);
  socket.removeListener("close", gone);
  if (answer.kind === "refused") return refuse(socket, answer.problem);
  socket.write(switching(answer.response));
  join(socket, answer.socket);
  if (answer.head.length > 0) socket.write(answer.head);
  if (head.length > 0) answer.socket.write(head);
}

/** One that is ready, else one that was seen. */
function sipServer(o: TlibProxyOptions): string | undefined {
  const known = o.directory.all.filter(({ role }) => role === "sip-server");
  return (known.find(({ ok }) => ok) ?? known[0])?.url;
}

function send(base: string, request: IncomingMessage): ClientRequest {
  const url = new URL(base + tlibPath);
  const headers: Record<string, string> = { connection: "Upgrade", upgrade: "websocket" };
  for (const name of requestHeaders) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const options = { headers, agent: false, timeout: upgradeTimeoutMs };
  const sent = url.protocol === "https:" ? httpsRequest(url, options) : httpRequest(url, options);
  sent.once("timeout", () => sent.destroy(new Error("no answer in time")));
  sent.end();
  return sent;
}

type Answer =
  | { readonly kind: "taken"; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly kind: "refused"; readonly problem: Problem };

function answered(upstream: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    upstream.once("upgrade", (response, socket, head) => resolve({ kind: "taken", response, socket, head }));
    upstream.once("response", (response) => {
      response.resume();
      const status = response.statusCode ?? 502;
      const detail = `SIP Server refuses the T-Library connection with ${status} ${response.statusMessage ?? ""}.`;
      resolve({ kind: "refused", problem: problem(status, "tlib-not-taken", detail, "Its log says why.") });
    });
    upstream.once("error", reject);
  });
}

function switching(response: IncomingMessage): string {
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  for (const name of answerHeaders) {
    const value = response.headers[name];
    if (typeof value === "string") lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Both live and die together; what one has said still reaches the other. */
function join(a: Duplex, b: Duplex): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    if (from instanceof Socket) {
      from.setTimeout(0);
      from.setNoDelay(true);
      from.setKeepAlive(true, 30_000);
    }
    from.on("error", () => undefined); // `close` follows
    from.pipe(to);
    from.once("end", () => endSoon(to));
    from.once("close", () => endSoon(to));
  }
}

function endSoon(socket: Duplex): void {
  if (!(socket instanceof Socket)) return void socket.destroy();
  socket.setTimeout(lingerMs, () => socket.destroy());
  socket.destroySoon();
}

function refuse(socket: Duplex, document: Problem): void {
  if (!socket.destroyed) refuseUpgrade(socket, document);
}

function notRunning(): Problem {
  const remedy = "Start it, and name its http address in console.roles.";
  return problem(503, "role-not-running", "No SIP Server is among console.roles, or none has answered yet.", remedy);
}

function unreachable(): Problem {
  const remedy = "Look at /readyz, and at console.roles in the configuration.";
  return problem(502, "role-unreachable", "The sip-server, which serves T-Library, does not answer.", remedy);
}
