import { resolve } from "node:path";
import { baseUrl, httpAddress, mapped, sqliteFile } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { duration, oneOf, secret } from "../scalars.ts";
import { listOf, mapOf, object, optional, required } from "../shapes.ts";
import { type ConsoleConfig, type ConsoleUser, type GrantConfig, grantRights } from "../types.ts";
import { grants, tokenSecret } from "./grants.ts";

const userFields = object({
  password: required(secret),
  role: optional(oneOf(["administrator", "supervisor", "auditor", "agent"]), "agent"),
  grants: optional(grants),
});

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

const fields = object({
  roles: required(listOf(baseUrl("http", "https"), 1)),
  http: required(httpAddress),
  storage: optional(sqliteFile),
  users: optional(mapOf("users", user), new Map()),
  "api-token": optional(secret),
  "token-secret": optional(tokenSecret),
  "pause-reminder": optional(duration(1000, 3_600_000), 60_000),
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
}));
