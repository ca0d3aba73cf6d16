import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import type { UserRole, Visitor } from "./authentication.ts";
import { type Permission, permissionsOf } from "./permissions.ts";

/** `GET /api/v1/session`: who the visitor is, and what may be shown to them. */
export interface SessionAnswer {
  readonly user: {
    readonly kind: Visitor["kind"];
    readonly name: string;
    readonly role: UserRole;
    readonly permissions: readonly Permission[];
    /** DNs (patterns) that they are limited to; null: none. */
    readonly dns: readonly string[] | null;
  } | null;
}

/** Adds `/api/v1/session`. */
export function registerSession(
  app: FastifyInstance,
  { visitorOf }: { readonly visitorOf: (request: FastifyRequest) => Visitor | undefined },
): void {
  app.get("/api/v1/session", async (request, reply): Promise<SessionAnswer> => {
    void reply.header("cache-control", "no-store");
    const visitor = visitorOf(request);
    if (visitor === undefined) return { user: null };
    const { kind, name, role, scope } = visitor;
    return { user: { kind, name, role, permissions: permissionsOf(role), dns: scope ?? null } };
  });
}
