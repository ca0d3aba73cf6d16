import assert from "node:assert/strict";
import { test } from "node:test";
import { Pool } from "./groups/pool.ts";
import { startGraceMs } from "./limits.ts";
import { readiness } from "./readiness.ts";

test("ready once every group has a resource up, or after a grace with what is missing as a hint", () => {
  const group = (name: string, address: string) =>
    ({
      name,
      service: "msml",
      loadBalanceScheme: "round-robin",
      monitor: { intervalMs: 500, timeoutMs: 2000, returnAnswers: 1 },
      recordRoute: false,
      preference: 1,
      geoLocation: undefined,
      geoOverflow: true,
      clients: undefined,
      resources: [{ address, portCapacity: undefined, preference: 1, geoLocation: undefined, withdrawn: false }],
    }) as const;
  const pool = new Pool([group("a", "sip:1.1.1.1"), group("b", "sip:2.2.2.2")], 0);
  pool.groups[0]?.resources[0]?.observe({ kind: "answered", status: 200 }, 0);
  const reasons = ["no resource of the group b is up"];
  assert.deepEqual(readiness(pool, 0), { ok: false, reasons });
  assert.deepEqual(readiness(pool, startGraceMs), { ok: true, reasons });
  pool.groups[1]?.resources[0]?.observe({ kind: "answered", status: 200 }, 0);
  assert.deepEqual(readiness(pool, 0), { ok: true, reasons: [] });
});
