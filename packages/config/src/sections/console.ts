import { resolve } from "node:path";
import { baseUrl, httpAddress, mapped, peerAddress, sqliteFile } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { duration, secret } from "../scalars.ts";
import { listOf, mapOf, object, optional, required } from "../shapes.ts";
import { type ConsoleConfig, type ConsoleUser, type GrantConfig, grantRights, type SessionConfig } from "../types.ts";
import { grants, tokenSecret } from "./grants.ts";
import { oidc } from "./oidc.ts";
import { userRole } from "./user-role.ts";

const userFields = object({
  password: required(secret),
  role: optional(userRole, "agent"),
  grants: optional(grants),
});

const minute = 60_000;

const usualGrants: Readonly<Record<ConsoleUser["role"], readonly GrantConfig[]>> = {
  administrator: [{ dns: "*", rights: grantRights }],
  supervisor: [],
  auditor: [{ dns: "*", rights: ["monitor"] }],
  agent: [],
};

function user(name: string): Reader<ConsoleUser> {
  return mapped(userFields, (v, at, reading) =>
    // RFC 7617: the name ends at the first colon.
    name.includes(":")
      ? reading.complain(at, "must not contain a colon (HTTP Basic).")
      : { name, ...v, grants: v.grants ?? usualGrants[v.role] },
  );
}

const usualSession: SessionConfig = { idleMs: 30 * minute, longestMs: 12 * 60 * minute };

const session: Reader<SessionConfig> = mapped(
  object({
    idle: optional(duration(minute), usualSession.idleMs),
    longest: optional(duration(minute), usualSession.longestMs),
  }),
  ({ idle, longest }, at, reading) =>
    idle <= longest
      ? { idleMs: idle, longestMs: longest }
      : reading.complain({ path: `${at.path}.idle` }, "is more than session.longest, which ends a session anyway."),
);

const fields = object({
  roles: required(listOf(baseUrl("http", "https"), 1)),
  http: required(httpAddress),
  storage: optional(sqliteFile),
  users: optional(mapOf("users", user), new Map()),
  "api-token": optional(secret),
  "token-secret": optional(tokenSecret),
  "pause-reminder": optional(duration(1000, 3_600_000), 60_000),
  session: optional(session, usualSession),
  oidc: optional(oidc),
  "public-url": optional(baseUrl("https", "http")),
  "trusted-proxies": optional(listOf(peerAddress), []),
});

const usualStorage = "data/console.sqlite";

/** Section `console`. */
export const consoleSection: Reader<ConsoleConfig> = mapped(fields, (v, _, reading) => ({
  roles: v.roles,
  http: v.http,
  storage: v.storage ?? resolve(reading.around.folder, usualStorage),
  users: Array.from(v.users.values()),
  apiToken: v["api-token"],
  tokenSecret: v["token-secret"],
  pauseReminderMs: v["pause-reminder"],
  session: v.session,
  oidc: v.oidc,
  publicUrl: v["public-url"],
  trustedProxies: v["trusted-proxies"],
}));
