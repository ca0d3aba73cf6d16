import type { ResourceGroupConfig } from "@sidetone/config";
import type { Resource } from "./resource.ts";

export type Scheme = ResourceGroupConfig["loadBalanceScheme"];

/** The resources to try, best first, or why there is none: all full (480) or none in service (503). */
export type Selection =
  | { readonly kind: "candidates"; readonly resources: readonly Resource[] }
  | { readonly kind: "all-busy" }
  | { readonly kind: "none-up" };

/** A group as a selection sees it. */
export interface Offer {
  readonly config: Pick<ResourceGroupConfig, "loadBalanceScheme" | "preference" | "geoLocation" | "geoOverflow">;
  readonly resources: readonly Resource[];
}

/** What a selection takes into account. */
export interface SelectionInput {
  /** Groups in the order of the configuration. */
  readonly groups: readonly Offer[];
  /** Grows by one with each session that is placed among these groups: where round robin starts, and what breaks ties. */
  readonly turn: number;
  readonly now: number;
  /** Addresses that are taken only if no other is left. */
  readonly shun?: ReadonlySet<string>;
  /** Addresses that are never taken. */
  readonly without?: ReadonlySet<string>;
  /** X-Genesys-geo-location of the request. */
  readonly geoLocation?: string | undefined;
}

/** Why one resource stands before another, weightiest first. */
type Rank = readonly [
  shunned: number,
  unproved: number,
  elsewhere: number,
  groupPreference: number,
  group: number,
  preference: number,
  load: number,
];

/**
 * Orders the resources that may take a new session: one to avoid comes last, before it one that says it is reluctant, then one that was never asked; those at the
 * wished location before the others (overflow), preferred groups before others, in a group preferred resources before others, and
 * among equals by the group's scheme. What is lost, failing, withdrawn, backing off or full is left out.
 */
export function select(input: SelectionInput): Selection {
  const { now } = input;
  const found: { resource: Resource; rank: Rank }[] = [];
  let inService = 0;
  for (const [position, group] of input.groups.entries()) {
    const eligible = group.resources.filter(
      (r) => input.without?.has(r.address) !== true && mayServe(r, group, input.geoLocation),
    );
    const up = eligible.filter((r) => inServicePhase(r) && !r.withdrawn);
    inService += up.length;
    const free = up.filter((r) => !r.backsOff(now) && !r.isFull(now));
    const start = free.length === 0 ? 0 : input.turn % free.length;
    for (const resource of [...free.slice(start), ...free.slice(0, start)]) {
      found.push({ resource, rank: rank(resource, group, position, input) });
    }
  }
  if (inService === 0) return { kind: "none-up" };
  if (found.length === 0) return { kind: "all-busy" };
  found.sort((a, b) => compare(a.rank, b.rank));
  return { kind: "candidates", resources: found.map((f) => f.resource) };
}

function inServicePhase(r: Resource): boolean {
  return r.health.phase === "up" || r.health.phase === "unknown";
}

function rank(r: Resource, group: Offer, position: number, input: SelectionInput): Rank {
  return [
    (input.shun?.has(r.address) === true ? 2 : 0) + (r.reluctant ? 1 : 0),
    r.health.phase === "up" ? 0 : 1,
    input.geoLocation === undefined || isAt(r, group, input.geoLocation) ? 0 : 1,
    group.config.preference,
    position,
    r.preference,
    load(r, group.config.loadBalanceScheme, input.now),
  ];
}

function compare(a: Rank, b: Rank): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A group without overflow takes nothing that names another location. */
function mayServe(r: Resource, group: Offer, wanted: string | undefined): boolean {
  return group.config.geoOverflow || wanted === undefined || isAt(r, group, wanted);
}

function isAt(r: Resource, group: Offer, wanted: string): boolean {
  const location = r.geoLocation ?? group.config.geoLocation;
  return location !== undefined && location.toLowerCase() === wanted.toLowerCase();
}

function load(resource: Resource, scheme: Scheme, now: number): number {
  switch (scheme) {
    case "round-robin":
      return 0;
    case "least-used":
      return resource.used(now);
    case "least-percent":
      return resource.capacity === undefined ? resource.used(now) : resource.used(now) / Math.max(1, resource.capacity);
  }
}
