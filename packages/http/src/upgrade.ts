import type { IncomingMessage, Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorText, type Logger } from "@sidetone/foundation";
import { lastWordsMs } from "./limits.ts";
import { isPlainHost } from "./host-check.ts";
import { type Problem, problem, problemType } from "./problem.ts";

/** Takes over a connection; gives the problem document where it does not, and then leaves the socket alone. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => Problem | undefined;

interface UpgradeOptions {
  readonly upgrades: ReadonlyMap<string, UpgradeHandler> | undefined;
  /** True: `Host` must be an IP address or localhost. */
  readonly insistOnHost: boolean;
  readonly log: Logger;
}

/** Serves `Upgrade` requests; gives what ends all connections that were taken over. */
export function takeUpgrades(server: Server, o: UpgradeOptions): () => void {
  const taken = new Set<Duplex>();
  const { upgrades } = o;
  // Without a listener Node answers the request as if it had no Upgrade, as RFC 9110 7.8 allows.
  if (upgrades === undefined || upgrades.size === 0) return () => undefined;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const ignore = (): void => undefined;
    socket.on("error", ignore);
    let refused = refusal(request, o.insistOnHost);
    if (refused === undefined) {
      const handler = upgrades.get(pathOf(request));
      try {
        refused =
          handler === undefined
            ? problem(
                404,
                "no-such-path",
                `There is no ${request.method} ${pathOf(request).slice(0, 200)} here to upgrade.`,
              )
            : handler(request, socket, head);
      } catch (error) {
        o.log.error({ error: errorText(error) }, "an upgrade failed");
        refused = problem(500, "internal", "Something went wrong inside; the log says what.");
      }
    }
    if (refused === undefined) {
      taken.add(socket);
      socket.once("close", () => taken.delete(socket));
    } else {
      refuseUpgrade(socket, refused);
    }
  });
  return () => {
    for (const socket of taken) endSoon(socket);
  };
}

/** What has been written still goes out; a peer that does not take it is cut off. */
function endSoon(socket: Duplex): void {
  if (!(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  socket.setTimeout(lastWordsMs, () => socket.destroy());
  socket.destroySoon();
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "";
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function refusal(request: IncomingMessage, insistOnHost: boolean): Problem | undefined {
  const { host, origin } = request.headers;
  if (insistOnHost && !isPlainHost(host)) {
    return problem(421, "foreign-host", "This server answers to its IP address or localhost only.");
  }
  if (origin === undefined || isOwnOrigin(origin, host, insistOnHost)) return undefined;
  return problem(403, "foreign-site", "A page of another site may not connect here.");
}

/** A page of the same host, whatever its port: on loopback, a page of this machine. */
function isOwnOrigin(origin: string, host: string | undefined, onLoopback: boolean): boolean {
  const page = URL.parse(origin)?.host;
  if (page === undefined || page === "") return false;
  if (onLoopback && isPlainHost(page)) return true;
  const own = URL.parse(`http://${host ?? ""}`)?.hostname;
  return own !== undefined && own === URL.parse(origin)?.hostname;
}

/** Answers an upgrade with a problem document and closes: also for a handler that had to look before it knew. */
export function refuseUpgrade(socket: Duplex, document: Problem): void {
  const body = Buffer.from(JSON.stringify(document));
  socket.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${document.status} ${document.title}\r\ncontent-type: ${problemType}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
      ),
      body,
    ]),
  );
}
