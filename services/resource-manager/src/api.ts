import type { Clock } from "@sidetone/foundation";
import { SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import type { Pool } from "./groups/pool.ts";
import { resourceStates } from "./states.ts";

const drainSchema = {
  body: {
    type: "object",
    required: ["address", "draining"],
    additionalProperties: false,
    properties: { address: { type: "string", maxLength: 500 }, draining: { type: "boolean" } },
  },
} as const;

/** `GET /api/v1/resources`, and `POST /api/v1/resources/drain` that takes a resource out of or back into service. */
export function registerApi(app: FastifyInstance, pool: Pool, clock: Clock): void {
  app.get("/api/v1/resources", async () => ({ resources: resourceStates(pool, clock.now()) }));
  app.post<{ Body: { address: string; draining: boolean } }>(
    "/api/v1/resources/drain",
    { schema: drainSchema },
    async (request) => {
      const { address, draining } = request.body;
      const named = pool.groups.flatMap((g) => g.resources).filter((r) => r.address === address);
      if (named.length === 0) {
        throw new SidetoneError("no-such-resource", `There is no resource ${address}.`, {
          http: 404,
          remedy: "GET /api/v1/resources lists them.",
        });
      }
      for (const resource of named) resource.drain(draining);
      return { resources: resourceStates(pool, clock.now()).filter((r) => r.address === address) };
    },
  );
}
