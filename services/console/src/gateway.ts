import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "@sidetone/http";
import { notAllowed } from "./admission.ts";
import type { Audit } from "./audit/audit.ts";
import type { Visitor } from "./authentication.ts";
import { gatewayRule } from "./gateway-rules.ts";
import { upstreamTimeoutMs } from "./limits.ts";
import { rolesFor } from "./path-table.ts";
import { may } from "./permissions.ts";
import type { RoleDirectory } from "./role-directory.ts";
import { acrossRecorders } from "./several-recorders.ts";
import type { Upstream } from "./upstream.ts";

/** Headers that mean one connection only (RFC 9110 7.6.1), and those that the gateway replaces. */
const notForwarded = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "authorization",
  "cookie",
  "x-csrf-token",
  "x-sidetone-dns",
  "expect",
]);

/** What the gateway works with. */
export interface GatewayOptions {
  readonly directory: RoleDirectory;
  readonly upstream: Upstream;
  readonly log: Logger;
  /** Bearer token sent to the roles. */
  readonly apiToken: string | undefined;
  readonly audit: Audit;
  readonly visitorOf: (request: FastifyRequest) => Visitor | undefined;
}

/** DNs (patterns) that all that a role shows must have to do with; sent for visitors who are limited to some. */
export const scopeHeader = "x-sidetone-dns";

/** Serves every `/api/v1` path of the other roles: Range, HEAD, streams and errors pass unchanged. */
export function registerGateway(app: FastifyInstance, o: GatewayOptions): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      url: "/api/v1/*",
      handler: async (request, reply) => {
        await admit(request, o);
        return pass(request, reply, o);
      },
    });
  });
}

/** Lets pass what the visitor may do, and keeps both that and what was refused. */
async function admit(request: FastifyRequest, { audit, visitorOf }: GatewayOptions): Promise<void> {
  const visitor = visitorOf(request);
  const rule = gatewayRule(request.method, request.url.split("?", 1)[0] ?? "", queryOf(request.url));
  const allowed = visitor !== undefined && rule !== undefined && may(visitor, rule.permission);
  if (allowed && rule.action === undefined) return;
  await audit.record({
    user: visitor?.name ?? "",
    role: visitor?.role ?? "",
    address: request.ip,
    action: rule?.action ?? "search",
    object: rule?.object,
    outcome: allowed ? "ok" : "refused",
    detail: { method: request.method, url: request.url.slice(0, 1000) },
  });
  if (allowed) return;
  throw notAllowed(visitor);
}

async function pass(request: FastifyRequest, reply: FastifyReply, o: GatewayOptions): Promise<FastifyReply> {
  const urls = await candidates(request.url, o.directory);
  if ((request.method === "GET" || request.method === "HEAD") && urls.length > 1) {
    const { upstream, log } = o;
    const headers = onwardHeaders(request, o);
    const { range: _, ...plain } = headers;
    const verdict = await acrossRecorders(request.url, { upstream, log, headers: plain, recorders: urls });
    if (verdict !== undefined && "status" in verdict) return reply.code(verdict.status).send(verdict.body);
    if (verdict !== undefined) {
      const url = new URL(verdict.recorder + verdict.path);
      const { method } = request;
      const answer = await upstream.send({ url, method, headers, timeoutMs: upstreamTimeoutMs });
      return answerWith(reply, answer, method, log);
    }
  }
  const gone = new AbortController();
  reply.raw.on("close", () => gone.abort());
  const body = bodyOf(request);
  let failure: unknown;
  let missing: IncomingMessage | undefined;
  for (const [i, base] of urls.entries()) {
    try {
      const answer = await o.upstream.send({
        url: new URL(base + request.url),
        method: request.method,
        headers: onwardHeaders(request, o),
        body,
        timeoutMs: upstreamTimeoutMs,
        lasting: pathOf(request.url).endsWith("/live"),
        signal: gone.signal,
      });
      const elsewhere = answer.statusCode === 404 && i + 1 < urls.length && body === undefined;
      if (!elsewhere) {
        missing?.destroy();
        return answerWith(reply, answer, request.method, o.log);
      }
      missing?.destroy();
      missing = answer;
    } catch (error) {
      failure = error;
      // A body that was begun to be sent cannot be sent again.
      if (gone.signal.aborted || body !== undefined) break;
    }
  }
  if (missing !== undefined) return answerWith(reply, missing, request.method, o.log);
  if (gone.signal.aborted) return reply.hijack();
  o.log.warn({ url: request.url, error: errorText(failure) }, "no role answered");
  const roles = rolesFor(request.url);
  const who = roles.length === 1 ? `The ${roles[0]}, which serves ${pathOf(request.url)},` : "The role asked for";
  throw new SidetoneError("role-unreachable", `${who} does not answer.`, {
    http: 502,
    remedy: "Look at /readyz, and at console.roles in the configuration.",
  });
}

async function candidates(url: string, directory: RoleDirectory): Promise<string[]> {
  const roles = rolesFor(url);
  const known = (): string[] => roles.flatMap((role) => directory.urlsOf(role));
  if (known().length === 0) await directory.ask();
  const urls = known();
  if (urls.length > 0) return urls;
  throw new SidetoneError("role-not-running", `No role that serves ${pathOf(url)} runs (${roles.join(", ")}).`, {
    http: 503,
    remedy: "Start it, and name its http address in console.roles.",
  });
}

function pathOf(url: string): string {
  return url.split("?", 1)[0]?.slice(0, 200) ?? "";
}

function queryOf(url: string): string {
  return url.slice(url.indexOf("?") + 1 || url.length);
}

function bodyOf(request: FastifyRequest): Readable | undefined {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  return request.body === undefined || request.body === null ? undefined : (request.body as Readable);
}

function onwardHeaders(request: FastifyRequest, { apiToken, visitorOf }: GatewayOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || notForwarded.has(name)) continue;
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  if (apiToken !== undefined) headers["authorization"] = `Bearer ${apiToken}`;
  const scope = visitorOf(request)?.scope;
  if (scope !== undefined) headers[scopeHeader] = scope.join(", ");
  return headers;
}

function answerWith(reply: FastifyReply, answer: IncomingMessage, method: string, log: Logger): FastifyReply {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !notForwarded.has(name)) headers[name] = value;
  }
  // Set for every answer by the console's hooks.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined && headers[name] === undefined)
      headers[name] = Array.isArray(value) ? value : String(value);
  }
  reply.hijack();
  reply.raw.writeHead(answer.statusCode ?? 502, headers);
  if (method === "HEAD") {
    answer.resume();
    reply.raw.end();
    return reply;
  }
  // The stream of a recording in progress may pause: silence is no error here.
  answer.socket.setTimeout(0);
  pipeline(answer, reply.raw, (error) => {
    if (error !== null && error !== undefined) log.debug({ error: error.message }, "an answer was cut off");
  });
  return reply;
}
