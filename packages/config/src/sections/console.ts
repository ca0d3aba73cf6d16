import { baseUrl, httpAddress, mapped } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { oneOf, secret } from "../scalars.ts";
import { listOf, mapOf, object, optional, required } from "../shapes.ts";
import type { ConsoleConfig, ConsoleUser } from "../types.ts";

const userFields = object({
  password: required(secret),
  role: optional(oneOf(["administrator", "supervisor", "auditor", "agent"]), "agent"),
});

function user(name: string): Reader<ConsoleUser> {
  return mapped(userFields, (v, at, reading) =>
    // RFC 7617: the name ends at the first colon.
    name.includes(":") ? reading.complain(at, "must not contain a colon (HTTP Basic).") : { name, ...v },
  );
}

const fields = object({
  roles: required(listOf(baseUrl("http", "https"), 1)),
  http: required(httpAddress),
  users: optional(mapOf("users", user), new Map()),
  "api-token": optional(secret),
});

/** Section `console`. */
export const consoleSection: Reader<ConsoleConfig> = mapped(fields, (v) => ({
  roles: v.roles,
  http: v.http,
  users: Array.from(v.users.values()),
  apiToken: v["api-token"],
}));
