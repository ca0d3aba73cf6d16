import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { PatientIndex } from "./patient-index.ts";
import type { RecordingRow } from "./recording-row.ts";
import { openSqliteIndex } from "./sqlite-index.ts";

const row = (id: string, state: "recording" | "partial"): RecordingRow => ({
  document: {
    id,
    fileName: id,
    callUuid: undefined,
    connId: undefined,
    startTime: "2026-11-20T09:15:15.000000Z",
    endTime: undefined,
    durationMs: 0,
    state,
    channels: [],
    codec: undefined,
    participants: [],
    events: [],
    parameters: {},
    warnings: [],
  },
  folder: `2026/11/20/${id}`,
  startMicros: 1,
  keys: [["dn", "7001"]],
  text: id,
});

test("a row that the index refuses is shown at once and given again every second; none says recording after its end", async () => {
  const clock = new ManualClock();
  const inner = await openSqliteIndex(":memory:");
  const put = inner.put.bind(inner);
  let full = false;
  inner.put = (r) => (full ? Promise.reject(new Error("database or disk is full")) : put(r));
  const index = new PatientIndex(inner, clock, silentLogger);
  await index.put(row("a", "recording"));
  full = true;
  await index.put(row("a", "partial"));
  await index.put(row("b", "partial"));
  assert.equal((await index.get("a"))?.document.state, "partial");
  assert.equal((await index.get("b"))?.document.state, "partial");
  assert.deepEqual((await index.search({ keys: [], state: "recording", limit: 10 })).rows, []);
  assert.equal((await index.search({ keys: [], limit: 10 })).rows[0]?.document.state, "partial");
  clock.advance(1000);
  await new Promise(setImmediate);
  assert.equal((await inner.get("a"))?.document.state, "recording");
  full = false;
  clock.advance(1000);
  await new Promise(setImmediate);
  assert.equal((await inner.get("a"))?.document.state, "partial");
  const found = await inner.search({ keys: [["dn", "7001"]], state: "partial", limit: 10 });
  assert.deepEqual(found.rows.map((r) => r.document.id).sort(), ["a", "b"]);
  assert.deepEqual((await inner.get("a"))?.keys, [["dn", "7001"]], "a row that is put again keeps what it is found by");
  await index.close();
});
