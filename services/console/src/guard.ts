import { SidetoneError } from "@sidetone/foundation";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, secretEqual } from "@sidetone/http";
import type { Account } from "./accounts/accounts.ts";
import type { Session, Sessions } from "./accounts/sessions.ts";
import type { Audit } from "./audit/audit.ts";
import { type Authentication, userAsVisitor, type Visitor } from "./authentication.ts";
import { securityHeaders } from "./pages.ts";
import { isForeign, isLocal } from "./request-origin.ts";

/** Name of the cookie that has a session's token. */
export const sessionCookie = "sidetone";

const healthPaths: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);
/** What somebody reaches who must choose another password first. */
const passwordPaths: ReadonlySet<string> = new Set(["/api/v1/session", "/api/v1/session/password"]);

/** Who sent a request. */
export interface Guard {
  readonly visitorOf: (request: FastifyRequest) => Visitor | undefined;
  /** The session of its cookie; undefined: it has none, or the visitor was known otherwise. */
  readonly sessionOf: (request: FastifyRequest) => Session | undefined;
  /** What is answered to a request does not end with its session. */
  readonly detach: (request: FastifyRequest) => void;
}

/** What the guard works with. */
export interface GuardOptions {
  readonly authentication: Authentication;
  readonly sessions: Sessions;
  readonly audit: Audit;
  /** Routes (as they were registered) that need no log-in: the pages themselves, and the log-in. */
  readonly open: ReadonlySet<string>;
  readonly publicUrl: string | undefined;
}

/** Headers, log-in, and a refusal of what other sites make a visitor's browser send. Needs `@fastify/cookie` before it. */
export function guard(app: FastifyInstance, o: GuardOptions): Guard {
  const visitors = new WeakMap<FastifyRequest, Visitor>();
  const sessions = new WeakMap<FastifyRequest, Session>();
  const attached = new WeakMap<FastifyRequest, () => void>();

  app.addHook("onRequest", async (request, reply) => {
    for (const [name, value] of securityHeaders) void reply.header(name, value);
    const route = request.routeOptions.url ?? "";
    if (healthPaths.has(route)) return;
    if (changes(request) && isForeign(request, o.publicUrl)) {
      throw new SidetoneError("foreign-site", "Another site's page must not change anything here.", { http: 403 });
    }
    const found = (await byCookie(request, o)) ?? (await byHeader(request, reply, o));
    if (found === undefined) {
      if (o.open.has(route)) return;
      throw logInFirst(request, reply);
    }
    const { visitor, session, account } = found;
    if (account?.mustChange === true && !o.open.has(route) && !passwordPaths.has(route)) {
      throw new SidetoneError("password-change-needed", "Another password is to be chosen first.", {
        http: 403,
        remedy: "Log in at the console's page and choose one.",
      });
    }
    visitors.set(request, visitor);
    if (session === undefined) return;
    sessions.set(request, session);
    const detach = o.sessions.attach(session.tokenHash, () => void reply.raw.destroy());
    attached.set(request, detach);
    reply.raw.once("close", detach);
  });

  return {
    visitorOf: (request) => visitors.get(request),
    sessionOf: (request) => sessions.get(request),
    detach: (request) => attached.get(request)?.(),
  };
}

interface Found {
  readonly visitor: Visitor;
  readonly session?: Session;
  readonly account?: Account | undefined;
}

function changes({ method }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** A session; whoever says who they are in the header Authorization is that one. */
async function byCookie(request: FastifyRequest, o: GuardOptions): Promise<Found | undefined> {
  const token = request.cookies[sessionCookie];
  if (token === undefined || request.headers.authorization !== undefined) return undefined;
  const session = await o.sessions.use(token);
  if (session === undefined) return undefined;
  // A new log-in has its own protection, and must not fail for an old cookie.
  const logIn = request.method === "POST" && request.routeOptions.url === "/api/v1/session";
  const sent = request.headers["x-csrf-token"];
  if (changes(request) && !logIn && (typeof sent !== "string" || !secretEqual(sent, session.csrfToken))) {
    throw new SidetoneError("csrf-token", "The header x-csrf-token does not fit the session.", {
      http: 403,
      remedy: "Send csrfToken of GET /api/v1/session with it; a page that was open for long is loaded anew.",
    });
  }
  const { account } = session;
  return { visitor: userAsVisitor(account.name, account.role, account.grants), session, account };
}

async function byHeader(request: FastifyRequest, reply: FastifyReply, o: GuardOptions): Promise<Found | undefined> {
  const { authorization } = request.headers;
  const origin = { ip: request.ip, local: isLocal(request) };
  const admission = await o.authentication.admit(authorization, origin);
  switch (admission.kind) {
    case "admitted":
      return admission;
    case "wait":
      throw tooManyTries(reply, admission.seconds);
    case "demo-elsewhere":
      throw demoElsewhere();
    case "unknown": {
      if (authorization === undefined) return undefined;
      const { name } = admission;
      const detail = { reason: "wrong password or token", url: request.url.slice(0, 200) };
      const entry = { user: name.slice(0, 100), role: "", address: request.ip, object: undefined, detail } as const;
      await o.audit.record({ ...entry, action: "log-in", outcome: "refused" });
      throw logInFirst(request, reply);
    }
  }
}

/** 401; a browser's page shows its own log-in, so the browser must not ask by itself. */
function logInFirst(request: FastifyRequest, reply: FastifyReply): SidetoneError {
  const { "sec-fetch-site": site, "user-agent": agent = "" } = request.headers;
  // Over http: a browser says no sec-fetch-site, but every one calls itself Mozilla.
  if (site === undefined && !agent.startsWith("Mozilla/"))
    void reply.header("www-authenticate", 'Basic realm="Sidetone", charset="UTF-8"');
  return new SidetoneError("log-in", "This needs a log-in.", {
    http: 401,
    remedy: "Log in at the console's page, or send a user and password (HTTP Basic) or the API's token (Bearer).",
  });
}

/** 429 with Retry-After. */
export function tooManyTries(reply: FastifyReply, seconds: number): SidetoneError {
  void reply.header("retry-after", String(seconds));
  return new SidetoneError("too-many-tries", "Too many wrong passwords.", {
    http: 429,
    remedy: `Try again in ${seconds} s.`,
  });
}

/** A password of the documentation, used from another machine. */
export function demoElsewhere(): SidetoneError {
  return new SidetoneError("demo-elsewhere", "Demo passwords work on the console's own machine only.", {
    http: 403,
    remedy: "Give the user a password of its own in the configuration.",
  });
}
