import { SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "@sidetone/http";
import { maxUsers } from "../limits.ts";
import { isSecure, ownUrl } from "../request-origin.ts";
import { enter, type SessionOptions } from "../session.ts";
import type { Account } from "./accounts.ts";
import type { ClaimedUser } from "./oidc-claims.ts";
import type { OidcLogIn } from "./oidc-log-in.ts";

/** Routes of it, which need no log-in. */
export const oidcPaths = ["/api/v1/session/oidc", "/api/v1/session/oidc/callback"] as const;

const stateCookie = "sidetone-oidc";

/**
 * `GET /api/v1/session/oidc?back=/path` sends the browser to the provider, `.../callback` takes it back, makes or finds the user, and begins a
 * session. What goes wrong is told by the log-in page: `/log-in?problem=CODE`.
 */
export function registerOidc(app: FastifyInstance, o: SessionOptions & { readonly oidc: OidcLogIn }): void {
  const { oidc, publicUrl } = o;
  const cookieOf = (request: FastifyRequest) => ({
    path: oidcPaths[0],
    httpOnly: true,
    sameSite: "lax" as const,
    secure: isSecure(request, publicUrl),
  });

  app.get<{ Querystring: { back?: unknown } }>(oidcPaths[0], async (request, reply) => {
    try {
      const { url, state } = await oidc.begin(ownUrl(request, publicUrl), ownPath(request.query.back));
      void reply.setCookie(stateCookie, state, cookieOf(request)).header("cache-control", "no-store");
      return await reply.redirect(url);
    } catch (error) {
      return told(reply, error);
    }
  });

  app.get(oidcPaths[1], async (request, reply) => {
    void reply.clearCookie(stateCookie, { path: oidcPaths[0] }).header("cache-control", "no-store");
    try {
      const query = request.url.split("?", 2)[1] ?? "";
      const { user, back } = await oidc.finish(query, request.cookies[stateCookie]);
      const account = typeof user === "string" ? await refused(request, o, user) : await accountOf(request, o, user);
      await enter(request, reply, o, account, "oidc");
      return await reply.redirect(back);
    } catch (error) {
      return told(reply, error);
    }
  });
}

/** The user whom the provider's claims mean; made at the first log-in, brought up to date at each one. */
async function accountOf(request: FastifyRequest, o: SessionOptions, user: ClaimedUser): Promise<Account> {
  const { accounts, sessions } = o;
  const { role, grants } = user;
  const known = await accounts.bySubject(user.subject);
  if (known?.disabled === true) return refused(request, o, "user-disabled", user.name);
  if (known !== undefined) {
    const changed = known.role !== role || JSON.stringify(known.grants) !== JSON.stringify(grants);
    const account = (await accounts.change(known.name, { role, grants })) ?? known;
    if (changed) sessions.changed(known.name);
    return account;
  }
  if (accounts.count >= maxUsers) return refused(request, o, "too-many-users", user.name);
  const fresh = { name: user.name, role, grants, source: "oidc", subject: user.subject } as const;
  const added = await accounts.add({ ...fresh, passwordHash: undefined, disabled: false, mustChange: false });
  // A name alone never makes two log-ins one: who may choose names at the provider would be whom they like here.
  const account = added ? await accounts.bySubject(user.subject) : undefined;
  return account ?? refused(request, o, "name-taken", user.name);
}

async function refused(request: FastifyRequest, o: SessionOptions, code: string, name = ""): Promise<never> {
  await o.audit.record({
    user: name,
    role: "",
    address: request.ip,
    action: "log-in",
    object: undefined,
    outcome: "refused",
    detail: { by: "oidc", reason: code },
  });
  throw new SidetoneError(code, `The single sign-on's user is refused: ${code}.`, { http: 403 });
}

/** The browser shows a page, not JSON: the log-in page says it in words. */
function told(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof SidetoneError)) throw error;
  return reply.redirect(`/log-in?problem=${encodeURIComponent(error.code)}`);
}

/** A path of the console itself; whatever else is asked for is its first page. */
export function ownPath(back: unknown): string {
  if (typeof back !== "string" || !back.startsWith("/") || back.length > 2000) return "/";
  const url = URL.canParse(back, "http://own.invalid") ? new URL(back, "http://own.invalid") : undefined;
  if (url?.origin !== "http://own.invalid" || url.pathname.startsWith("/api/")) return "/";
  return url.pathname.startsWith("//") ? "/" : `${url.pathname}${url.search}${url.hash}`;
}
