import { type Logger, rfc3339, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "@sidetone/http";
import type { Account, Accounts, UserRole } from "./accounts/accounts.ts";
import type { OidcLogIn } from "./accounts/oidc-log-in.ts";
import { passwordMistake } from "./accounts/password-rules.ts";
import type { Passwords } from "./accounts/passwords.ts";
import type { Session, Sessions } from "./accounts/sessions.ts";
import type { Audit, AuditAction } from "./audit/audit.ts";
import { keepLogIn } from "./audit/log-in-entry.ts";
import type { Authentication, Visitor } from "./authentication.ts";
import { Body } from "./body.ts";
import { demoElsewhere, type Guard, sessionCookie, tooManyTries } from "./guard.ts";
import { maxPasswordLength, maxUserName } from "./limits.ts";
import { type Permission, permissionsOf } from "./permissions.ts";
import { isLocal, isSecure, ownUrl } from "./request-origin.ts";

/** `GET /api/v1/session`: who the visitor is, and how one logs in. */
export interface SessionAnswer {
  readonly user: {
    readonly kind: Visitor["kind"];
    readonly name: string;
    readonly role: UserRole;
    readonly permissions: readonly Permission[];
    /** DNs (patterns) that they are limited to; null: none. */
    readonly dns: readonly string[] | null;
    /** For the header `x-csrf-token`; null: there is no session. */
    readonly csrfToken: string | null;
    /** RFC 3339, later with every request; null: there is no session. */
    readonly expiresAt: string | null;
    /** Another password is to be chosen before anything else. */
    readonly mustChangePassword: boolean;
    /** Whether the password is the console's to change. */
    readonly canChangePassword: boolean;
  } | null;
  readonly logIn: {
    readonly password: boolean;
    /** What the button of the OIDC provider says; null: there is none. */
    readonly oidc: string | null;
    /** Where browser and console are on one machine that has a demo password. */
    readonly demo: { readonly user: string; readonly password: string } | null;
  };
}

/** What the session's paths work with. */
export interface SessionOptions {
  readonly guard: Guard;
  readonly accounts: Accounts;
  readonly authentication: Authentication;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly audit: Audit;
  readonly log: Logger;
  readonly oidc: OidcLogIn | undefined;
  readonly publicUrl: string | undefined;
}

const path = "/api/v1/session";

/** Adds `/api/v1/session`: log-in, log-out, and one's own password. */
export function registerSession(app: FastifyInstance, o: SessionOptions): void {
  const { guard, accounts, authentication, passwords, sessions } = o;

  app.get(path, async (request, reply) => answer(request, reply, o, guard.sessionOf(request)));

  app.post(path, async (request, reply) => {
    const body = new Body(request.body, ["user", "password"]);
    const name = body.text("user", 1, maxUserName);
    const password = body.text("password", 1, maxPasswordLength);
    const verdict = await authentication.logIn(name, password, { ip: request.ip, local: isLocal(request) });
    if (verdict.kind !== "right") {
      await note(request, o.audit, "log-in", { user: name, reason: verdict.kind });
      if (verdict.kind === "wait") throw tooManyTries(reply, verdict.seconds);
      throw verdict.kind === "demo-elsewhere" ? demoElsewhere() : wrongPassword();
    }
    const { account } = verdict;
    if (account.disabled) {
      await note(request, o.audit, "log-in", { user: name, role: account.role, reason: "disabled" });
      throw userDisabled();
    }
    const session = await enter(request, reply, o, account, "password");
    return answer(request, reply, o, session);
  });

  app.delete(path, async (request, reply) => {
    const session = guard.sessionOf(request);
    let next: string | null = null;
    if (session !== undefined) {
      const { name, role } = session.account;
      guard.detach(request);
      await sessions.end(session.tokenHash);
      await note(request, o.audit, "log-out", { user: name, role });
      if (session.kind === "oidc") next = (await o.oidc?.endUrl(ownUrl(request, o.publicUrl))) ?? null;
    }
    void reply.clearCookie(sessionCookie, { path: "/" }).header("cache-control", "no-store");
    return { next };
  });

  app.put(`${path}/password`, async (request, reply) => {
    const visitor = guard.visitorOf(request);
    const account = visitor?.kind === "user" ? await accounts.find(visitor.name) : undefined;
    if (account?.source !== "local") {
      throw new SidetoneError("password-elsewhere", "This password is not the console's to change.", {
        http: 409,
        remedy: "It stands in the configuration (console.users), or at the single sign-on.",
      });
    }
    const body = new Body(request.body, ["current", "password"]);
    const password = body.text("password", 0, maxPasswordLength * 2);
    const current = body.text("current", 1, maxPasswordLength);
    const { name, role } = account;
    const verdict = await authentication.logIn(name, current, { ip: request.ip, local: isLocal(request) });
    if (verdict.kind === "wait") throw tooManyTries(reply, verdict.seconds);
    if (verdict.kind !== "right") {
      await note(request, o.audit, "users", { user: name, role, object: name, reason: "wrong password" });
      throw new SidetoneError("wrong-password", "The present password is wrong.", { http: 403 });
    }
    const mistake = current === password ? "It is the password that you have now." : passwordMistake(name, password);
    if (mistake !== undefined) throw badPassword(mistake);
    await o.audit.record({
      user: name,
      role,
      address: request.ip,
      action: "users",
      object: name,
      outcome: "ok",
      detail: { did: "changed own password" },
    });
    const passwordHash = await passwords.hash(password);
    await accounts.change(name, { passwordHash, mustChange: false });
    authentication.forget(name);
    const session = guard.sessionOf(request);
    guard.detach(request);
    await sessions.endOfUser(name, session?.tokenHash);
    return reply.code(204).send();
  });
}

/** Begins a session and gives the browser its cookie; the one before, if any, ends. */
export async function enter(
  request: FastifyRequest,
  reply: FastifyReply,
  o: Pick<SessionOptions, "guard" | "sessions" | "audit" | "accounts" | "publicUrl" | "log">,
  account: Account,
  kind: Session["kind"],
): Promise<Session> {
  const { name: user, role } = account;
  const entry = { user, role, address: request.ip, action: "log-in", object: undefined, detail: { by: kind } } as const;
  await keepLogIn(o.audit, { ...entry, outcome: "ok" }, o.log);
  const before = o.guard.sessionOf(request);
  if (before !== undefined) {
    o.guard.detach(request);
    await o.sessions.end(before.tokenHash);
  }
  const { token, session } = await o.sessions.begin(account, kind, request.ip);
  await o.accounts.loggedIn(account);
  void reply.setCookie(sessionCookie, token, {
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure: isSecure(request, o.publicUrl),
    maxAge: o.sessions.longestSeconds,
  });
  return session;
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  o: SessionOptions,
  session: Session | undefined,
): Promise<SessionAnswer> {
  void reply.header("cache-control", "no-store");
  const visitor = o.guard.visitorOf(request);
  const account = session?.account ?? (visitor?.kind === "user" ? await o.accounts.find(visitor.name) : undefined);
  const demo = isLocal(request) ? o.accounts.demo : undefined;
  return {
    user: session === undefined && visitor === undefined ? null : userView(visitor, session, account),
    logIn: { password: true, oidc: o.oidc?.label ?? null, demo: demo ?? null },
  };
}

function userView(
  visitor: Visitor | undefined,
  session: Session | undefined,
  account: Account | undefined,
): SessionAnswer["user"] {
  const { name, role, grants } = session?.account ?? visitor ?? { name: "", role: "agent" as const, grants: [] };
  const limited = role === "supervisor" || role === "agent";
  return {
    kind: session === undefined ? (visitor?.kind ?? "user") : "user",
    name,
    role,
    permissions: permissionsOf(role),
    dns: limited ? grants.map(({ dns }) => dns) : null,
    csrfToken: session?.csrfToken ?? null,
    expiresAt: session === undefined ? null : rfc3339(session.expiresAt),
    mustChangePassword: account?.mustChange ?? false,
    canChangePassword: account?.source === "local",
  };
}

/** Keeps a log-in that failed, or a log-out. */
async function note(
  request: FastifyRequest,
  audit: Audit,
  action: AuditAction,
  o: { readonly user: string; readonly role?: string; readonly object?: string; readonly reason?: string },
): Promise<void> {
  const { user, role = "", object, reason } = o;
  await audit.record({
    user,
    role,
    address: request.ip,
    action,
    object,
    outcome: reason === undefined ? "ok" : "refused",
    detail: reason === undefined ? {} : { reason },
  });
}

function wrongPassword(): SidetoneError {
  return new SidetoneError("wrong-password", "Name or password is wrong.", {
    http: 401,
    remedy: "Upper and lower case count. An administrator can give you a new password.",
  });
}

/** What somebody is told whose log-in is switched off. */
export function userDisabled(): SidetoneError {
  return new SidetoneError("user-disabled", "This user is disabled.", {
    http: 403,
    remedy: "Ask an administrator.",
  });
}

/** A password that may not be chosen. */
export function badPassword(mistake: string): SidetoneError {
  return new SidetoneError("bad-password", mistake, { http: 400, remedy: "Choose another one." });
}
