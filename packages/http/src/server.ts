import { isIP } from "node:net";
import { errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { Registry } from "prom-client";
import { answerClientError } from "./client-error.ts";
import { isPlainHost } from "./host-check.ts";
import { keepAliveTimeoutMs, maxBodyBytes, maxPathPart, requestTimeoutMs } from "./limits.ts";
import { type Problem, problem, problemOf, problemType } from "./problem.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { secretEqual } from "./secret-equal.ts";
import { takeUpgrades, type UpgradeHandler } from "./upgrade.ts";

/** What `/readyz` says. */
export interface Readiness {
  readonly ok: boolean;
  /** Why not, one sentence each; may also carry hints while `ok`. */
  readonly reasons: readonly string[];
}

/** What a role gives to have its HTTP server. */
export interface HttpOptions {
  /** Name of the role; `/livez` and `/readyz` say it. */
  readonly role: string;
  /** Port 0 takes any free port. */
  readonly address: { readonly host: string; readonly port: number };
  readonly log: Logger;
  /** Bearer token that everything but health and metrics asks for. */
  readonly token?: string | undefined;
  readonly ready: () => Readiness | Promise<Readiness>;
  /** Adds the role's routes, before the server listens. */
  readonly register?: ((app: FastifyInstance) => void | Promise<void>) | undefined;
  /** True (the default): a server on loopback answers only where `Host` is an IP address or localhost. */
  readonly plainHostOnly?: boolean | undefined;
  /** Addresses and networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: `request.ip` and `protocol` are the client's. */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * RFC 9110 7.8: who takes over the connection of a request with `Upgrade`, by path without query. The Host and Origin
   * checks have been made; the bearer token is not asked for, since a browser cannot send it: the protocol has its own.
   */
  readonly upgrades?: ReadonlyMap<string, UpgradeHandler> | undefined;
}

/** A running HTTP server. */
export interface HttpServer {
  /** Base URL with the real port, without a slash at the end. */
  readonly url: string;
  readonly app: FastifyInstance;
  /** Metrics of the role; `/metrics` shows them. */
  readonly metrics: Registry;
  /** Ends the connections too. Idempotent. */
  close(): Promise<void>;
}

const openPaths = new Set(["/livez", "/readyz", "/metrics"]);

/**
 * Starts the HTTP server of a role: `/metrics`, `/livez`, `/readyz`, what `register` adds, RFC 9457 problem documents for
 * every error.
 * @throws SidetoneError `port-in-use` (exit 2), `address-unavailable` (exit 1).
 */
export async function startHttp(o: HttpOptions): Promise<HttpServer> {
  const metrics = new Registry();
  addProcessMetrics(metrics);
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { maxParamLength: maxPathPart },
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error)),
    clientErrorHandler: answerClientError,
    ...(o.trustedProxies === undefined || o.trustedProxies.length === 0 ? {} : { trustProxy: [...o.trustedProxies] }),
  });
  answerErrors(app, o.log);
  const insistOnHost = o.token === undefined && o.plainHostOnly !== false && isLoopbackHost(o.address.host);
  app.addHook("onRequest", async (request, reply) => {
    if (insistOnHost && !isPlainHost(request.headers.host)) {
      return sendProblem(
        reply,
        problem(421, "foreign-host", "This server answers to its IP address or localhost only."),
      );
    }
    const query = request.url.indexOf("?");
    if (o.token === undefined || openPaths.has(query < 0 ? request.url : request.url.slice(0, query))) return undefined;
    if (bearerMatches(request.headers.authorization, o.token)) return undefined;
    void reply.header("www-authenticate", `Bearer realm="sidetone"`);
    return sendProblem(reply, problem(401, "token-required", "This needs the header Authorization: Bearer TOKEN."));
  });
  app.get("/livez", async () => ({ role: o.role, ok: true }));
  app.get("/readyz", async (_request, reply) => {
    const { ok, reasons } = await o.ready();
    return reply.code(ok ? 200 : 503).send({ role: o.role, ok, reasons });
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  const endUpgraded = takeUpgrades(app.server, { upgrades: o.upgrades, insistOnHost, log: o.log });
  try {
    await o.register?.(app);
    await app.listen({ host: o.address.host, port: o.address.port });
  } catch (error) {
    await app.close();
    throw listenError(error, o);
  }
  const bound = app.server.address();
  const host = o.address.host;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${typeof bound === "object" && bound !== null ? bound.port : o.address.port}`,
    app,
    metrics,
    close: () => {
      endUpgraded();
      return (closing ??= app.close());
    },
  };
}

/** Sends a problem document with its own status. */
export function sendProblem(reply: FastifyReply, document: Problem): FastifyReply {
  return reply
    .code(document.status)
    .type(problemType)
    .send(Buffer.from(JSON.stringify(document)));
}

function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    const document = problemOf(error);
    if (document.status >= 500) log.error({ err: error, method: request.method, url: request.url }, errorText(error));
    return sendProblem(reply, document);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problem(404, "no-such-path", `There is no ${request.method} ${request.url.slice(0, 200)} here.`),
    ),
  );
}

function bearerMatches(header: string | undefined, token: string): boolean {
  if (header === undefined || header.slice(0, 7).toLowerCase() !== "bearer ") return false;
  return secretEqual(header.slice(7).trim(), token);
}

function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function listenError(error: unknown, o: HttpOptions): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const where = `http://${o.address.host}:${o.address.port}`;
  if (code === "EADDRINUSE") {
    return new SidetoneError("port-in-use", `${o.role}: port ${o.address.port} is in use (${where}).`, {
      exit: 2,
      remedy: `Stop what listens there (ss -ltnp 'sport = :${o.address.port}' shows it), or give ${o.role} another http address.`,
      cause: error,
    });
  }
  if (code === "EADDRNOTAVAIL" || code === "EACCES") {
    return new SidetoneError("address-unavailable", `${o.role}: cannot listen on ${where}: ${errorText(error)}.`, {
      exit: 1,
      remedy: "Choose an address of this machine and a port that this user may open.",
      cause: error,
    });
  }
  return error;
}
