import { signal } from "@preact/signals";
import { api, ApiProblem, useCsrfToken, whenLoggedOut } from "./api.ts";

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
    /** Null: there is no session that could be ended, e.g. where nobody has a log-in. */
    readonly csrfToken: string | null;
    readonly mustChangePassword: boolean;
    readonly canChangePassword: boolean;
  } | null;
  readonly logIn: {
    readonly password: boolean;
    /** What the button of the single sign-on says. */
    readonly oidc: string | null;
    readonly demo: { readonly user: string; readonly password: string } | null;
  };
}

/** Undefined until the server has said who the visitor is. */
export const session = signal<Session | undefined>(undefined);
/** Why that is not known. */
export const sessionProblem = signal<ApiProblem | undefined>(undefined);

/** Whether the visitor may do this; to be asked while rendering, so that a new session shows at once. */
export function can(permission: Permission): boolean {
  return session.value?.user?.permissions.includes(permission) ?? false;
}

/** Why the log-in page is shown: `ended` where there was a session until now. */
export const logInReason = signal<"ended" | "left" | undefined>(undefined);

function take(answer: Session): void {
  useCsrfToken(answer.user?.csrfToken ?? undefined);
  if (answer.user !== null) logInReason.value = undefined;
  session.value = answer;
}

/** Asks who the visitor is. */
export async function askSession(): Promise<void> {
  sessionProblem.value = undefined;
  try {
    take(await api.get<Session>("/api/v1/session"));
  } catch (error) {
    if (error instanceof ApiProblem) sessionProblem.value = error;
    else throw error;
  }
}

/** Logs in; throws `ApiProblem`. */
export async function logIn(user: string, password: string): Promise<void> {
  take(await api.post<Session>("/api/v1/session", { user, password }));
}

/** Ends the session, also at the single sign-on where it can be; then the log-in page is there. */
export async function logOut(): Promise<void> {
  const { next } = await api.delete<{ next: string | null }>("/api/v1/session");
  if (next !== null) return location.assign(next);
  logInReason.value = "left";
  history.replaceState(null, "", "/");
  await askSession();
}

// The address stays, so that the person is back where they were after the log-in.
whenLoggedOut(() => {
  if (session.value === undefined || session.value.user === null) return;
  logInReason.value = "ended";
  void askSession();
});
