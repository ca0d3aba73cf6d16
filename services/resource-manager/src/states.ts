import type { Pool } from "./groups/pool.ts";
import type { Resource } from "./groups/resource.ts";

/** State of one resource, as `GET /api/v1/resources` shows it. */
export interface ResourceState {
  readonly group: string;
  readonly service: "msml" | "recording-server";
  readonly address: string;
  readonly state: "up" | "down" | "unknown" | "draining";
  /** Why it is not up. */
  readonly reason: string | undefined;
  /** How long the state has lasted. */
  readonly sinceMs: number;
  readonly sessions: number;
  readonly capacity: number | undefined;
  /** `reported` by the resource, or `counted` from the INVITEs that went there. */
  readonly load: "reported" | "counted";
}

/** The state of every resource, in the order of the configuration. @param now ms of the clock that the pool is fed with */
export function resourceStates(pool: Pool, now: number): ResourceState[] {
  return pool.groups.flatMap((group) =>
    group.resources.map((r) => ({
      group: group.config.name,
      service: group.config.service,
      address: r.address,
      state: stateOf(r),
      reason: r.health.reason === "" ? undefined : r.health.reason,
      sinceMs: Math.round(now - r.changedAt),
      sessions: r.used(now),
      capacity: r.capacity,
      load: r.reportsLoad ? ("reported" as const) : ("counted" as const),
    })),
  );
}

function stateOf(r: Resource): ResourceState["state"] {
  if (r.health.phase === "down") return "down";
  return r.draining ? "draining" : r.health.phase;
}
