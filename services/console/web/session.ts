import { signal } from "@preact/signals";
import { api, ApiProblem } from "./api.ts";

/** What a person may do; the server's names (`src/permissions.ts`). */
export type Permission =
  | "live"
  | "control"
  | "listen-live"
  | "search"
  | "listen"
  | "download"
  | "comment"
  | "reconciliation"
  | "audit"
  | "configuration"
  | "users"
  | "workspace"
  | "resources";

/** `GET /api/v1/session`. */
export interface Session {
  readonly user: {
    readonly kind: "user" | "program" | "anybody";
    readonly name: string;
    readonly role: "administrator" | "supervisor" | "auditor" | "agent";
    readonly permissions: readonly Permission[];
    /** DNs (patterns) that they are limited to; null: none. */
    readonly dns: readonly string[] | null;
  } | null;
}

/** Undefined until the server has said who the visitor is. */
export const session = signal<Session | undefined>(undefined);
/** Why that is not known. */
export const sessionProblem = signal<ApiProblem | undefined>(undefined);

/** Whether the visitor may do this; to be asked while rendering, so that a new session shows at once. */
export function can(permission: Permission): boolean {
  return session.value?.user?.permissions.includes(permission) ?? false;
}

/** Asks who the visitor is. */
export async function askSession(): Promise<void> {
  sessionProblem.value = undefined;
  try {
    session.value = await api.get<Session>("/api/v1/session");
  } catch (error) {
    if (error instanceof ApiProblem) sessionProblem.value = error;
    else throw error;
  }
}
