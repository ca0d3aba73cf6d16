import type { Clock } from "@sidetone/foundation";
import { Counter, Gauge, type Registry } from "@sidetone/http";
import type { Pool } from "./groups/pool.ts";
import type { ProxyObserver } from "./proxy/proxy.ts";

/** Adds the Resource Manager's metrics; gives what counts the proxy's outcomes. */
export function addMetrics(registry: Registry, pool: Pool, clock: Clock, subscribers: () => number): ProxyObserver {
  const labelNames = ["group", "resource"];
  const up: Gauge = new Gauge({
    name: "sidetone_resource_up",
    help: "1 for a resource that answers OPTIONS, else 0.",
    labelNames,
    registers: [registry],
    collect: () => {
      for (const g of pool.groups) {
        for (const r of g.resources) up.set({ group: r.group, resource: r.address }, r.health.phase === "up" ? 1 : 0);
      }
    },
  });
  const sessions: Gauge = new Gauge({
    name: "sidetone_resource_sessions",
    help: "Sessions that a resource reports, or that were counted for it.",
    labelNames,
    registers: [registry],
    collect: () => {
      for (const g of pool.groups) {
        for (const r of g.resources) sessions.set({ group: r.group, resource: r.address }, r.used(clock.now()));
      }
    },
  });
  const capacity: Gauge = new Gauge({
    name: "sidetone_resource_capacity",
    help: "Sessions that a resource may carry, where that is known.",
    labelNames,
    registers: [registry],
    collect: () => {
      for (const r of pool.resources) {
        if (r.capacity !== undefined) capacity.set({ group: r.group, resource: r.address }, r.capacity);
      }
    },
  });
  const withdrawn: Gauge = new Gauge({
    name: "sidetone_resource_withdrawn",
    help: "1 for a resource that takes nothing new, else 0.",
    labelNames,
    registers: [registry],
    collect: () => {
      for (const r of pool.resources) withdrawn.set({ group: r.group, resource: r.address }, r.withdrawn ? 1 : 0);
    },
  });
  const told: Gauge = new Gauge({
    name: "sidetone_resource_subscribers",
    help: "Clients that are told of lost and returned resources.",
    registers: [registry],
    collect: () => told.set(subscribers()),
  });
  const bindings: Gauge = new Gauge({
    name: "sidetone_resource_bindings",
    help: "conf-ids and recordings that are bound to a resource.",
    registers: [registry],
    collect: () => bindings.set(pool.affinity.size),
  });
  const placed = new Counter({
    name: "sidetone_resource_invites_total",
    help: "INVITEs with a service Request-URI by outcome.",
    labelNames: ["service", "outcome", "status"],
    registers: [registry],
  });
  const retried = new Counter({
    name: "sidetone_resource_retries_total",
    help: "Further resources that INVITEs were offered to after the first.",
    labelNames: ["service"],
    registers: [registry],
  });
  return {
    outcome(service, outcome, status, attempts) {
      placed.inc({ service, outcome, status: String(status) });
      if (attempts > 1) retried.inc({ service }, attempts - 1);
    },
  };
}
