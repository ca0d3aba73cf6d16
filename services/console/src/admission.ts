import { SidetoneError } from "@sidetone/foundation";
import type { FastifyRequest } from "@sidetone/http";
import type { Audit, AuditAction, AuditEntry, AuditOutcome } from "./audit/audit.ts";
import type { Visitor } from "./authentication.ts";
import { may, type Permission } from "./permissions.ts";

/** What the console's own paths need to know who asks, and to keep what they do. */
export interface Doorkeeping {
  readonly visitorOf: (request: FastifyRequest) => Visitor | undefined;
  readonly audit: Audit;
}

/** Something that somebody asks for. */
export interface Deed {
  /** Of several, one is enough. */
  readonly permission: Permission | readonly Permission[];
  readonly action: AuditAction;
  readonly object?: string | undefined;
  readonly detail?: Readonly<Record<string, string>>;
}

/**
 * The visitor, who may do this; a refusal is kept in the audit.
 * @throws SidetoneError `not-allowed` (403), `audit-unavailable` (503)
 */
export async function admitted(
  request: FastifyRequest,
  { visitorOf, audit }: Doorkeeping,
  deed: Deed,
): Promise<Visitor> {
  const visitor = visitorOf(request);
  if (visitor !== undefined && [deed.permission].flat().some((one) => may(visitor, one))) return visitor;
  await audit.record(entryOf(request, visitor, deed, "refused"));
  throw notAllowed(visitor);
}

/** Keeps that it was done, or tried. Rejects with `audit-unavailable` (503). */
export function kept(
  request: FastifyRequest,
  { visitorOf, audit }: Doorkeeping,
  deed: Deed,
  outcome: AuditOutcome = "ok",
): Promise<void> {
  return audit.record(entryOf(request, visitorOf(request), deed, outcome));
}

/** What somebody who may not is told. */
export function notAllowed(visitor: Visitor | undefined): SidetoneError {
  const who =
    visitor === undefined ? "Who is not logged in" : `${/^[aeiou]/.test(visitor.role) ? "An" : "A"} ${visitor.role}`;
  return new SidetoneError("not-allowed", `${who} may not do this.`, {
    http: 403,
    remedy: "Ask an administrator for another role.",
  });
}

function entryOf(
  request: FastifyRequest,
  visitor: Visitor | undefined,
  { action, object, detail = {} }: Deed,
  outcome: AuditOutcome,
): AuditEntry {
  return {
    user: visitor?.name ?? "",
    role: visitor?.role ?? "",
    address: request.ip,
    action,
    object,
    outcome,
    detail,
  };
}
