import { type RoleName, roleNames } from "@sidetone/foundation";

/** First word after `/api/v1/` → the role that serves it. */
const owners = new Map<string, RoleName>([
  ["recordings", "recorder"],
  ["sessions", "recorder"],
  ["storage", "recorder"],
  ["alarms", "recorder"],
  ["calls", "sip-server"],
  ["ledger", "sip-server"],
  ["journal", "sip-server"],
  ["trace", "sip-server"],
  ["registrations", "sip-server"],
  ["reconciliation", "recorder"],
  ["resources", "resource-manager"],
  ["conferences", "media-server"],
  ["connections", "media-server"],
]);

/** The roles that may serve a path, most likely first: the one that the table names, or for an unlisted path each of them. */
export function rolesFor(path: string): readonly RoleName[] {
  const word = path.slice("/api/v1/".length).split(/[/?]/, 1)[0] ?? "";
  const owner = owners.get(word);
  return owner === undefined ? roleNames.filter((r) => r !== "console") : [owner];
}
