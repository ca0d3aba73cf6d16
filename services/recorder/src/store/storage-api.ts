import { rfc3339 } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import { refusals } from "./storage-health.ts";
import type { StorageWatch } from "./storage-watch.ts";

/** `GET /api/v1/storage`: what is wrong with the recorder's storage now, and what room there is. */
export function addStorageApi(app: FastifyInstance, o: { root: string; watch: StorageWatch }): void {
  app.get("/api/v1/storage", (_request, reply) => {
    const { health } = o.watch;
    return reply.send({
      directory: o.root,
      takesSessions: refusals(health).length === 0,
      ...health.room,
      roundMs: Math.round(health.roundMs),
      alarms: health.alarms.map(({ sinceMicros, ...alarm }) => ({ ...alarm, since: rfc3339(sinceMicros) })),
    });
  });
}
