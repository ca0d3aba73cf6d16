import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@sidetone/foundation";
import { startHttp } from "@sidetone/http";
import { described } from "../api/described.fixture.ts";
import { addReconciliationApi } from "./reconciliation-api.ts";
import type { JudgedParty, PartyFilter } from "./reconciliation-store.ts";
import { summed } from "./summary.ts";

const from = 1_795_600_000_000_000;

const lost: JudgedParty = {
  ledgerId: "L",
  sipServer: "http://127.0.0.1:8081",
  site: "berlin",
  party: {
    line: 7,
    callUuid: "U",
    connId: "00016b0b2cee0000",
    dn: "7001",
    side: "agent",
    turn: 1,
    cause: "dn",
    from,
    until: from + 9_000_000,
    outcome: "recorded",
    reason: undefined,
    recordingId: "R",
    policy: undefined,
  },
  judgement: {
    verdict: "partial",
    reason: "gap",
    policy: undefined,
    findings: [
      { kind: "gap", ms: 480, atMs: 2000, text: "480 ms are missing" },
      { kind: "one-sided", ms: 4000, atMs: 3000, side: "customer", text: "nothing of the customer for 4 s" },
    ],
    expectedMs: 9000,
    recordedMs: 8520,
    recordings: [
      { id: "R", recorder: undefined },
      { id: "R~c2", recorder: "http://127.0.0.2:8084" },
    ],
  },
};
const waiting: JudgedParty = {
  ...lost,
  party: { ...lost.party, line: 8, until: undefined, recordingId: undefined, reason: "no-recorder" },
  judgement: undefined,
};

const asked: PartyFilter[] = [];

test("R34: numbers, reasons, ledgers, alarms and parties are as the OpenAPI document says, on every page", async (t) => {
  const http = await startHttp({
    role: "recorder",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    token: undefined,
    ready: () => ({ ok: true, reasons: [] }),
    register: (app) =>
      addReconciliationApi(app, {
        store: {
          counts: () =>
            Promise.resolve([
              { verdict: "partial", reason: "gap", count: 1 },
              { verdict: "recorded", reason: "", count: 3 },
              { verdict: "pending", reason: "", count: 1 },
            ]),
          groups: (filter, by, tz) => {
            asked.push(filter);
            const counts = [
              { key: from, verdict: "partial", count: 1 },
              { key: from, verdict: "recorded", count: 3 },
            ] as const;
            return Promise.resolve(summed(counts, by, tz));
          },
          list: (_filter, limit) => Promise.resolve([waiting, lost].slice(0, limit)),
        },
        ledgers: () => [
          {
            sipServer: "http://127.0.0.1:8081",
            state: "away",
            unknownSince: "2026-11-26T01:02:03.000000Z",
            problem: "refused",
          },
        ],
        alarms: () => [
          {
            kind: "stream-silent",
            recordingId: "R",
            callUuid: null,
            side: "customer",
            since: "2026-11-26T01:02:03.000000Z",
          },
        ],
      }),
  });
  t.after(() => http.close());
  const page = (await described(await fetch(`${http.url}/api/v1/reconciliation`))) as Record<string, unknown>;
  assert.deepEqual([page["expected"], page["shareRecorded"], page["next"]], [5, 0.75, null]);
  assert.equal((page["parties"] as unknown[]).length, 2);
  const first = (await described(await fetch(`${http.url}/api/v1/reconciliation?limit=1`))) as Record<string, unknown>;
  assert.equal(typeof first["next"], "string");
  await described(await fetch(`${http.url}/api/v1/reconciliation?cursor=${String(first["next"])}`));
  const query = "by=day&tz=Europe/Berlin&verdict=missing,partial&reason=gap&site=berlin";
  const summary = await fetch(`${http.url}/api/v1/reconciliation/summary?${query}`, {
    headers: { "x-sidetone-dns": "70*, 8001" },
  });
  const { groups } = (await described(summary)) as { groups: { key: string; shareRecorded: number }[] };
  assert.deepEqual(
    groups.map(({ key, shareRecorded }) => [key, shareRecorded]),
    [["2026-11-25", 0.75]],
  );
  assert.deepEqual(asked[0]?.dns, ["70*", "8001"]);
  assert.deepEqual([asked[0]?.verdicts, asked[0]?.reason, asked[0]?.site], [["missing", "partial"], "gap", "berlin"]);
  for (const bad of [
    "?verdict=lost",
    "?limit=0",
    "?from=yesterday",
    "?cursor=x",
    "?colour=red",
    "?dn=1&dn=2",
    "?from=2026-11-20T09:15:00Z&to=2026-11-20T09:15:00Z",
    "/summary?by=hour",
    "/summary?tz=Mars/Olympus",
    "/summary?limit=1",
  ]) {
    const response = await fetch(`${http.url}/api/v1/reconciliation${bad}`);
    assert.equal(response.status, 400, bad);
    const { remedy } = (await described(response)) as { remedy?: string };
    assert.ok((remedy ?? "") !== "", `${bad} has no remedy`);
  }
});
