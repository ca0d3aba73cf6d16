import { rfc3339 } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import type { ReconciliationParts } from "../reconciliation/reconciliation-api.ts";
import { refusals } from "../store/storage-health.ts";
import type { StorageWatch } from "../store/storage-watch.ts";

/** `GET /api/v1/alarms`: what is wrong with streams and storage now. It asks no database, so it may be asked every second. */
export function addAlarmsApi(
  app: FastifyInstance,
  o: { reconciliation: Pick<ReconciliationParts, "alarms">; watch: StorageWatch },
): void {
  app.get("/api/v1/alarms", async () => {
    const { health } = o.watch;
    return {
      streams: o.reconciliation.alarms(),
      storage: {
        takesSessions: refusals(health).length === 0,
        ...health.room,
        alarms: health.alarms.map(({ sinceMicros, ...alarm }) => ({ ...alarm, since: rfc3339(sinceMicros) })),
      },
    };
  });
}
