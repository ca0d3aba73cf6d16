import type { Readiness } from "@sidetone/http";
import type { Pool } from "./groups/pool.ts";
import { startGraceMs } from "./limits.ts";

/**
 * A Resource Manager is ready once every group has a resource in service, or it has waited long enough for that: without
 * recorders it still places calls, and says what is missing. @param runningMs time since its start
 */
export function readiness(pool: Pool, runningMs: number): Readiness {
  const reasons = pool.groups
    .filter((g) => !g.resources.some((r) => r.health.phase === "up"))
    .map((g) => `no resource of the group ${g.config.name} is up`);
  return { ok: reasons.length === 0 || runningMs >= startGraceMs, reasons };
}
