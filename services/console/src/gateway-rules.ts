import type { AuditAction } from "./audit/audit.ts";
import type { Permission } from "./permissions.ts";

/** What a request to another role needs, and what the audit calls it. */
export interface GatewayRule {
  readonly permission: Permission;
  readonly action?: AuditAction | undefined;
  /** What it is about: a part of the path. */
  readonly object?: string | undefined;
}

type Pattern = readonly [methods: string, path: RegExp, permission: Permission, action?: AuditAction];

/** The first that fits counts. `(?<object>)` is what the audit names; `?download` stands behind the path of audio that is asked for with that parameter. */
const patterns: readonly Pattern[] = [
  ["GET HEAD", /^\/api\/v1\/recordings\/(?<object>[^/]+)\/live$/, "listen-live", "listen-live"],
  ["GET HEAD", /^\/api\/v1\/recordings\/(?<object>[^/]+)\/audio\?download$/, "download", "download"],
  ["GET HEAD", /^\/api\/v1\/recordings\/(?<object>[^/]+)\/audio$/, "listen", "listen"],
  ["GET HEAD", /^\/api\/v1\/recordings\/(?<object>[^/]+)\/peaks$/, "listen"],
  ["GET HEAD", /^\/api\/v1\/recordings\/(?<object>[^/]+)\/integrity$/, "search"],
  // Numbers and proposals for a search whose pages are in the audit.
  ["GET HEAD", /^\/api\/v1\/recordings\/(positions|suggestions)$/, "search"],
  ["GET HEAD", /^\/api\/v1\/recordings\/(?<object>[^/]+)$/, "search", "open-recording"],
  ["GET HEAD", /^\/api\/v1\/recordings$/, "search", "search"],
  ["GET HEAD", /^\/api\/v1\/reconciliation(\/.*)?$/, "reconciliation"],
  ["GET HEAD", /^\/api\/v1\/(journal|trace)$/, "search"],
  ["GET HEAD", /^\/api\/v1\/ledger(\/.*)?$/, "reconciliation"],
  // Its own, for who sees everything; people have /api/v1/live.
  ["GET HEAD", /^\/api\/v1\/calls\/events$/, "resources"],
  ["GET HEAD", /^\/api\/v1\/openapi\.json$/, "search"],
  ["GET HEAD", /^\/api\/v1\/(calls|registrations|resources|conferences|connections|sessions|storage)(\/.*)?$/, "live"],
  // What this table does not know may show any DN: it is for those who are limited to none.
  ["GET HEAD", /^\/api\/v1\/.*$/, "configuration"],
  ["POST PUT PATCH DELETE", /^\/api\/v1\/.*$/, "resources"],
];

/**
 * The rule of a request; undefined: nobody may do this through the console.
 * @param written the path as it was sent
 * @param query what is behind the path: audio that is asked for with `download` is taken away, all other is heard
 */
export function gatewayRule(method: string, written: string, query = ""): GatewayRule | undefined {
  const path = readPath(written);
  if (path === undefined) return undefined;
  const taken = path.endsWith("/audio") && new URLSearchParams(query).has("download");
  const asked = taken ? `${path}?download` : path;
  for (const [methods, pattern, permission, action] of patterns) {
    if (!methods.split(" ").includes(method)) continue;
    const found = pattern.exec(asked);
    if (found !== null) return { permission, action, object: found.groups?.["object"] };
  }
  return undefined;
}

/** As the role will read it: `%61udio` is `audio`. Undefined: it has dot segments, so it would be another path there. */
function readPath(written: string): string | undefined {
  try {
    const parts = written.split("/").map((part) => decodeURIComponent(part).replaceAll("/", "%2F"));
    return parts.some((part) => part === "." || part === "..") || written.includes("\\") ? undefined : parts.join("/");
  } catch {
    return undefined;
  }
}
