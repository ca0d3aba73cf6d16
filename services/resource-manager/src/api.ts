import { sipUriPlace } from "@sidetone/config";
import type { Clock, Logger } from "@sidetone/foundation";
import { SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import type { Pool } from "./groups/pool.ts";
import type { Resource } from "./groups/resource.ts";
import type { ResourceNews } from "./news.ts";
import { groupStates, resourceStates, subscriberStates } from "./states.ts";

const namedSchema = {
  body: {
    type: "object",
    required: ["address"],
    additionalProperties: false,
    properties: { address: { type: "string", maxLength: 500 } },
  },
} as const;

/** What the API shows and changes. */
export interface ApiParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Logger;
  readonly news: ResourceNews;
}

/**
 * `GET /api/v1/resources`; `POST /api/v1/resources/withdraw` and `.../restore` with `{"address"}` take a resource out of service
 * for what is new, and back in.
 */
export function registerApi(app: FastifyInstance, { pool, clock, log, news }: ApiParts): void {
  app.get("/api/v1/resources", async () => {
    const now = clock.now();
    return {
      groups: groupStates(pool, now),
      resources: resourceStates(pool, now),
      subscribers: subscriberStates(news.subscribers, now),
    };
  });
  for (const [verb, withdrawn] of [
    ["withdraw", true],
    ["restore", false],
  ] as const) {
    app.post<{ Body: { address: string } }>(
      `/api/v1/resources/${verb}`,
      { schema: namedSchema },
      async ({ body: { address } }) => {
        const named = resourcesAt(pool, address);
        for (const resource of named) {
          resource.withdraw(withdrawn, clock.now());
          log.info({ group: resource.group, resource: resource.address }, `resource is told to ${verb}`);
          news.check(resource);
        }
        const addresses = new Set(named.map((r) => r.address));
        return { resources: resourceStates(pool, clock.now()).filter((r) => addresses.has(r.address)) };
      },
    );
  }
}

/** By the URI of the configuration, or another one with the same host and port. */
function resourcesAt(pool: Pool, address: string): readonly Resource[] {
  const exact = pool.resources.filter((r) => r.address === address);
  if (exact.length > 0) return exact;
  const place = sipUriPlace(address.includes(":") && !/^sips?:/i.test(address) ? `sip:${address}` : address);
  const near = pool.resources.filter((r) => {
    const own = sipUriPlace(r.address);
    return place !== undefined && own?.host === place.host && own.port === place.port;
  });
  if (near.length > 0) return near;
  throw new SidetoneError("no-such-resource", `There is no resource ${address}.`, {
    http: 404,
    remedy: "GET /api/v1/resources lists them.",
  });
}
