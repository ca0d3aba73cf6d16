import type { UserRole, Visitor } from "./authentication.ts";

/** What a person may do at the console; the web application asks for the same names. */
export const permissions = [
  "live",
  "control",
  "listen-live",
  "search",
  "listen",
  "download",
  "comment",
  "reconciliation",
  "audit",
  "configuration",
  "users",
  "workspace",
  "resources",
] as const;

/** One of them. */
export type Permission = (typeof permissions)[number];

const ofRole: Readonly<Record<UserRole, ReadonlySet<Permission>>> = {
  administrator: new Set(permissions),
  supervisor: new Set([
    "live",
    "control",
    "listen-live",
    "search",
    "listen",
    "download",
    "comment",
    "reconciliation",
    "workspace",
  ]),
  // Sees everything and changes nothing but the comments.
  auditor: new Set([
    "live",
    "listen-live",
    "search",
    "listen",
    "download",
    "comment",
    "reconciliation",
    "audit",
    "configuration",
  ]),
  agent: new Set(["workspace"]),
};

/** What a role may do, in the order of `permissions`. */
export function permissionsOf(role: UserRole): readonly Permission[] {
  return permissions.filter((permission) => ofRole[role].has(permission));
}

/** Whether a visitor may do this at all; which DNs it reaches is their `scope`. */
export function may(visitor: Visitor, permission: Permission): boolean {
  return ofRole[visitor.role].has(permission);
}
