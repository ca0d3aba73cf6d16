import { rfc3339 } from "@sidetone/foundation";
import type { RoleHealth } from "../role-directory.ts";
import type { Resource } from "./role-views.ts";

/** A part of the system on the live page. */
export interface ServerView {
  readonly kind: "media-server" | "recorder" | "resource-manager" | "sip-server" | "other";
  readonly address: string;
  readonly state: string;
  readonly reason: string | null;
  /** RFC 3339; null where nobody knows. */
  readonly since: string | null;
  readonly sessions: number | null;
  readonly capacity: number | null;
}

/** Worse ones last: Resource Managers share no state, and what one of them has lost is to be seen. */
const order: readonly Resource["state"][] = ["up", "unknown", "withdrawn", "failing", "lost"];

/** Each resource once, as the one sees it that thinks worst of it. */
export function worstOf(resources: readonly Resource[]): readonly Resource[] {
  const worst = new Map<string, Resource>();
  for (const one of resources) {
    const key = `${one.service} ${one.address}`;
    const known = worst.get(key);
    if (known === undefined || order.indexOf(one.state) > order.indexOf(known.state)) worst.set(key, one);
  }
  return Array.from(worst.values());
}

/**
 * Servers by kind and address; one that is as it was is the same object.
 * @param nowMicros wall clock
 */
export function serverViews(
  before: ReadonlyMap<string, ServerView>,
  resources: readonly Resource[],
  roles: readonly RoleHealth[],
  nowMicros: number,
): ReadonlyMap<string, ServerView> {
  const views = new Map<string, ServerView>();
  const put = (view: ServerView): void => {
    const key = `${view.kind} ${view.address}`;
    const known = before.get(key);
    // `sinceMs` is from another clock: told again it may differ by a little.
    const since = known !== undefined && known.state === view.state ? known.since : view.since;
    const made = { ...view, since };
    views.set(key, known !== undefined && JSON.stringify(known) === JSON.stringify(made) ? known : made);
  };
  for (const { service, address, state, reason, sinceMs, sessions, capacity } of resources) {
    const kind = service === "msml" ? "media-server" : service === "recording-server" ? "recorder" : "other";
    const since = rfc3339(Math.round(nowMicros - sinceMs * 1000));
    put({ kind, address, state, reason: reason ?? null, since, sessions, capacity: capacity ?? null });
  }
  for (const { url, role, ok, reasons } of roles) {
    if (role !== "sip-server" && role !== "resource-manager") continue;
    const reason = reasons.length === 0 ? null : reasons.join("; ");
    put({ kind: role, address: url, state: ok ? "up" : "lost", reason, since: null, sessions: null, capacity: null });
  }
  return views;
}
