import { mapped, sipUri } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { duration, flag, integer, oneOf } from "../scalars.ts";
import { listOf, mapOf, object, optional, required } from "../shapes.ts";
import type { ResourceGroupConfig, ResourceManagerConfig } from "../types.ts";
import { sipRoleFields } from "./sip-role.ts";

const resource = mapped(
  object({ address: required(sipUri), "port-capacity": optional(integer(1, 1_000_000)) }),
  (v) => ({ address: v.address, portCapacity: v["port-capacity"] }),
);

const monitor = mapped(
  object({ interval: optional(duration(50, 600_000), 500), timeout: optional(duration(100, 32_000), 2000) }),
  (v) => ({ intervalMs: v.interval, timeoutMs: v.timeout }),
);

const groupFields = object({
  service: required(oneOf(["msml", "recording-server"])),
  "load-balance-scheme": optional(oneOf(["round-robin", "least-used", "least-percent"]), "round-robin"),
  monitor: optional(monitor, { intervalMs: 500, timeoutMs: 2000 }),
  "record-route": optional(flag, false),
  resources: required(listOf(resource, 1)),
});

function group(name: string): Reader<ResourceGroupConfig> {
  return mapped(groupFields, (v, at, reading) => {
    const addresses = new Set<string>();
    for (const [i, r] of v.resources.entries()) {
      const simple = r.address.toLowerCase();
      if (addresses.has(simple)) {
        return reading.complain({ path: `${at.path}.resources[${i}].address` }, "stands in this group a second time.");
      }
      addresses.add(simple);
      if (v["load-balance-scheme"] === "least-percent" && r.portCapacity === undefined) {
        return reading.complain(
          { path: `${at.path}.resources[${i}]` },
          "needs a port-capacity, which least-percent measures by.",
        );
      }
    }
    return {
      name,
      service: v.service,
      loadBalanceScheme: v["load-balance-scheme"],
      monitor: v.monitor,
      recordRoute: v["record-route"],
      resources: v.resources,
    };
  });
}

const fields = object({ ...sipRoleFields, groups: required(mapOf("groups", group)) });

/** Section `resource-manager`. */
export const resourceManager: Reader<ResourceManagerConfig> = mapped(fields, (v) => ({
  listen: v.listen,
  http: v.http,
  apiToken: v["api-token"],
  sipJournal: v["sip-journal"],
  peers: v.peers,
  groups: Array.from(v.groups.values()),
}));
