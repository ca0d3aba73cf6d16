import { mapped, peerAddress, sipUri } from "../addresses.ts";
import type { Reader } from "../reading.ts";
import { duration, flag, integer, oneOf, text } from "../scalars.ts";
import { listOf, mapOf, object, optional, required } from "../shapes.ts";
import type { ResourceGroupConfig, ResourceManagerConfig } from "../types.ts";
import { sipRoleFields } from "./sip-role.ts";

const preference = integer(1, 1000);

const resource = mapped(
  object({
    address: required(sipUri),
    "port-capacity": optional(integer(1, 1_000_000)),
    preference: optional(preference, 1),
    "geo-location": optional(text),
    withdrawn: optional(flag, false),
  }),
  (v) => ({
    address: v.address,
    portCapacity: v["port-capacity"],
    preference: v.preference,
    geoLocation: v["geo-location"],
    withdrawn: v.withdrawn,
  }),
);

const monitor = mapped(
  object({
    interval: optional(duration(50, 600_000), 500),
    timeout: optional(duration(100, 32_000), 2000),
    "return-answers": optional(integer(1, 20), 2),
  }),
  (v) => ({ intervalMs: v.interval, timeoutMs: v.timeout, returnAnswers: v["return-answers"] }),
);

const groupFields = object({
  service: required(oneOf(["msml", "recording-server"])),
  "load-balance-scheme": optional(oneOf(["round-robin", "least-used", "least-percent"]), "round-robin"),
  monitor: optional(monitor, { intervalMs: 500, timeoutMs: 2000, returnAnswers: 2 }),
  "record-route": optional(flag, false),
  preference: optional(preference, 1),
  "geo-location": optional(text),
  "geo-overflow": optional(flag, true),
  clients: optional(listOf(peerAddress, 1)),
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
    const located = v["geo-location"] !== undefined || v.resources.some((r) => r.geoLocation !== undefined);
    if (!v["geo-overflow"] && !located) {
      return reading.complain(
        { path: `${at.path}.geo-overflow` },
        "is false, but neither the group nor one of its resources has a geo-location.",
      );
    }
    return {
      name,
      service: v.service,
      loadBalanceScheme: v["load-balance-scheme"],
      monitor: v.monitor,
      recordRoute: v["record-route"],
      preference: v.preference,
      geoLocation: v["geo-location"],
      geoOverflow: v["geo-overflow"],
      clients: v.clients,
      resources: v.resources,
    };
  });
}

const fields = object({
  ...sipRoleFields,
  "max-sessions-per-client": optional(integer(1, 1_000_000)),
  groups: required(mapOf("groups", group)),
});

/** Section `resource-manager`. */
export const resourceManager: Reader<ResourceManagerConfig> = mapped(fields, (v) => ({
  listen: v.listen,
  http: v.http,
  apiToken: v["api-token"],
  sipJournal: v["sip-journal"],
  peers: v.peers,
  maxSessionsPerClient: v["max-sessions-per-client"],
  groups: Array.from(v.groups.values()),
}));
