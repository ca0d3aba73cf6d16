import type { ResourceGroupConfig } from "@sidetone/config";
import type { SubscriberInfo } from "@sidetone/sip";
import type { Group, Pool } from "./groups/pool.ts";
import type { Resource } from "./groups/resource.ts";

/** State of one resource, as `GET /api/v1/resources` shows it. */
export interface ResourceState {
  readonly group: string;
  readonly service: ResourceGroupConfig["service"];
  readonly address: string;
  /** `failing`: it answers 5xx; `withdrawn`: nothing new goes there, `sessions` are left; `unknown`: it was not asked yet. */
  readonly state: "up" | "failing" | "lost" | "withdrawn" | "unknown";
  /** Why it is not up. */
  readonly reason: string | undefined;
  /** How long the state has lasted. */
  readonly sinceMs: number;
  readonly sessions: number;
  readonly capacity: number | undefined;
  /** Part of the capacity that is used, 0 to 1; undefined where there is no capacity. */
  readonly share: number | undefined;
  /** `reported` by the resource, or `counted` from the INVITEs that went there. */
  readonly load: "reported" | "counted";
  /** Its last answer to OPTIONS; undefined where none has come. */
  readonly lastAnswer: { readonly status: string; readonly agoMs: number } | undefined;
  readonly preference: number;
  readonly geoLocation: string | undefined;
}

/** One group, as `GET /api/v1/resources` shows it. */
export interface GroupState {
  readonly name: string;
  readonly service: ResourceGroupConfig["service"];
  readonly scheme: ResourceGroupConfig["loadBalanceScheme"];
  readonly preference: number;
  readonly geoLocation: string | undefined;
  /** Resources that take new sessions, of how many. */
  readonly up: number;
  readonly resources: number;
  readonly sessions: number;
}

/** One that is told of losses by NOTIFY. */
export interface SubscriberState {
  readonly uri: string;
  readonly from: string;
  readonly sinceMs: number;
}

/** The state of every resource, in the order of the configuration. @param now ms of the clock that the pool is fed with */
export function resourceStates(pool: Pool, now: number): ResourceState[] {
  return pool.groups.flatMap((group) => group.resources.map((r) => resourceState(r, group, now)));
}

/** The state of every group. */
export function groupStates(pool: Pool, now: number): GroupState[] {
  return pool.groups.map(({ config, resources }) => ({
    name: config.name,
    service: config.service,
    scheme: config.loadBalanceScheme,
    preference: config.preference,
    geoLocation: config.geoLocation,
    up: resources.filter((r) => stateOf(r) === "up").length,
    resources: resources.length,
    sessions: resources.reduce((sum, r) => sum + r.used(now), 0),
  }));
}

/** Who is told. */
export function subscriberStates(subscribers: readonly SubscriberInfo[], now: number): SubscriberState[] {
  return subscribers.map(({ uri, from, since }) => ({ uri, from, sinceMs: Math.round(now - since) }));
}

function resourceState(r: Resource, { config }: Group, now: number): ResourceState {
  const sessions = r.used(now);
  const state = stateOf(r);
  const { capacity, lastAnswer } = r;
  return {
    group: config.name,
    service: config.service,
    address: r.address,
    state,
    reason: reasonOf(r, state),
    sinceMs: Math.round(now - r.changedAt),
    sessions,
    capacity,
    share: capacity === undefined ? undefined : Math.round((sessions / capacity) * 1000) / 1000,
    load: r.reportsLoad ? "reported" : "counted",
    lastAnswer:
      lastAnswer === undefined ? undefined : { status: lastAnswer.text, agoMs: Math.round(now - lastAnswer.at) },
    preference: r.preference,
    geoLocation: r.geoLocation ?? config.geoLocation,
  };
}

function stateOf(r: Resource): ResourceState["state"] {
  if (r.condition !== "up") return r.condition;
  return r.health.phase === "down" ? "lost" : r.health.phase;
}

function reasonOf(r: Resource, state: ResourceState["state"]): string | undefined {
  if (state === "withdrawn") return withdrawalReason(r);
  return r.health.reason === "" ? undefined : r.health.reason;
}

/** Who withdrew a resource, in words. */
export function withdrawalReason(r: Resource): string {
  return r.withdrawnByHand ? "withdrawn by hand" : "withdraws itself";
}
