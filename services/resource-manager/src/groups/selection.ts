import type { ResourceGroupConfig } from "@sidetone/config";
import type { Resource } from "./resource.ts";

export type Scheme = ResourceGroupConfig["loadBalanceScheme"];

/** The resources to try, best first, or why there is none: all full (480) or none in service (503). */
export type Selection =
  | { readonly kind: "candidates"; readonly resources: readonly Resource[] }
  | { readonly kind: "all-busy" }
  | { readonly kind: "none-up" };

/** What a selection takes into account. */
export interface SelectionInput {
  readonly resources: readonly Resource[];
  readonly scheme: Scheme;
  /** Grows by one with each selection: where round robin starts, and what breaks ties. */
  readonly turn: number;
  readonly now: number;
  /** Addresses that are taken only if no other is left. */
  readonly shun?: ReadonlySet<string>;
}

/**
 * Orders the resources that may take a new session: those that are up before those that were never asked, the others of a
 * shunned one before it, then by the scheme. What is down, draining, backing off or full is left out.
 */
export function select(input: SelectionInput): Selection {
  const { now } = input;
  const inService = input.resources.filter((r) => r.health.phase !== "down" && !r.draining);
  if (inService.length === 0) return { kind: "none-up" };
  const free = inService.filter((r) => !r.backsOff(now) && !isFull(r, now));
  if (free.length === 0) return { kind: "all-busy" };
  const start = input.turn % free.length;
  const rotated = [...free.slice(start), ...free.slice(0, start)];
  const ranked = rotated.map((resource) => ({ resource, rank: rank(resource, input) }));
  ranked.sort(
    (a, b) => a.rank.shunned - b.rank.shunned || a.rank.unproved - b.rank.unproved || a.rank.load - b.rank.load,
  );
  return { kind: "candidates", resources: ranked.map((r) => r.resource) };
}

function isFull(resource: Resource, now: number): boolean {
  return resource.capacity !== undefined && resource.used(now) >= resource.capacity;
}

function rank(r: Resource, input: SelectionInput): { shunned: number; unproved: number; load: number } {
  return {
    shunned: input.shun?.has(r.address) === true ? 1 : 0,
    unproved: r.health.phase === "up" ? 0 : 1,
    load: load(r, input),
  };
}

function load(resource: Resource, { scheme, now }: SelectionInput): number {
  switch (scheme) {
    case "round-robin":
      return 0;
    case "least-used":
      return resource.used(now);
    case "least-percent":
      return resource.capacity === undefined ? resource.used(now) : resource.used(now) / Math.max(1, resource.capacity);
  }
}
