/** Right of a T-Library grant; the server's names. */
export type Right = "monitor" | "control" | "userdata" | "record" | "route" | "suppress";

/** Every right with what it lets somebody do, in the server's order. */
export const rights: readonly { readonly right: Right; readonly words: string }[] = [
  { right: "monitor", words: "See calls" },
  { right: "control", words: "Answer, hold, transfer" },
  { right: "userdata", words: "Change user data" },
  { right: "record", words: "Pause and resume recording" },
  { right: "route", words: "Route calls" },
  { right: "suppress", words: "Keep a call from being recorded" },
];

/** DNs (a pattern such as `70*`) and what somebody may do with them. */
export interface Grant {
  readonly dns: string;
  readonly rights: readonly Right[];
}

/** Role of a user. */
export type Role = "administrator" | "supervisor" | "auditor" | "agent";

/** Every role with what it may do, from most to least. */
export const roles: readonly { readonly role: Role; readonly words: string }[] = [
  { role: "administrator", words: "Sees and changes everything, and manages users." },
  { role: "supervisor", words: "Sees, hears and steers calls and recordings of their DNs." },
  { role: "auditor", words: "Sees and hears everything with the audit trail, and changes nothing but comments." },
  { role: "agent", words: "Has the workspace of their own DN." },
];

/** A user as the server shows it (`GET /api/v1/users`). */
export interface User {
  readonly name: string;
  readonly role: Role;
  readonly grants: readonly Grant[];
  readonly source: "configuration" | "local" | "oidc";
  readonly state: "active" | "disabled" | "password-change";
  readonly lastLogInAt: string | null;
  readonly self: boolean;
}

/** Whether a role is limited to the DNs of its grants. */
export function isLimited(role: Role): boolean {
  return role === "supervisor" || role === "agent";
}

/** What a new row of DNs begins with. */
export function usualRights(role: Role): readonly Right[] {
  return role === "supervisor" ? ["monitor", "control", "record"] : ["monitor", "control", "userdata", "record"];
}

/** Which DNs a user sees, in a few words. */
export function dnsText({ role, grants }: Pick<User, "role" | "grants">): string {
  if (!isLimited(role)) return "all";
  return grants.length === 0 ? "none" : grants.map(({ dns }) => dns).join(", ");
}

/** Grants as they are sent: without empty rows. */
export function grantsToSend(role: Role, rows: readonly Grant[]): readonly Grant[] {
  if (!isLimited(role)) return [];
  return rows.map(({ dns, rights: given }) => ({ dns: dns.trim(), rights: given })).filter(({ dns }) => dns !== "");
}

/** Why rows cannot be sent, as a sentence; undefined: they can. */
export function grantsMistake(role: Role, rows: readonly Grant[]): string | undefined {
  const sent = grantsToSend(role, rows);
  for (const { dns, rights: given } of sent) {
    if (!/^[\w*+#.-]+$/.test(dns)) return `${dns} is neither a DN nor a pattern such as 70*. One in each row.`;
    if (given.length === 0) return `Tick what may be done with ${dns}.`;
  }
  return undefined;
}

/** Where a user's log-in is kept, in words. */
export const sourceWords: Readonly<Record<User["source"], string>> = {
  configuration: "Configuration",
  local: "Console",
  oidc: "Single sign-on",
};
