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

/** What was begun without waiting for it is done. */
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await new Promise(setImmediate);
}

test("a row that the index refuses is shown at once and given again every second; none says recording after its end", async () => {
  const clock = new ManualClock();
  const inner = await openSqliteIndex(":memory:");
  const putMany = inner.putMany.bind(inner);
  let full = false;
  inner.putMany = (rows) => (full ? Promise.reject(new Error("database or disk is full")) : putMany(rows));
  const behind: (number | undefined)[] = [];
  const index = new PatientIndex(inner, { clock, log: silentLogger, onBehind: (since) => behind.push(since) });
  await index.put(row("a", "recording"));
  full = true;
  await index.put(row("a", "partial"));
  await index.put(row("b", "partial"));
  assert.equal((await index.get("a"))?.document.state, "partial");
  assert.equal((await index.get("b"))?.document.state, "partial");
  assert.deepEqual([index.waiting, index.trouble, behind], [2, "database or disk is full", [1]]);
  assert.deepEqual((await index.search({ keys: [], state: "recording", limit: 10 })).rows, []);
  assert.equal((await index.search({ keys: [], limit: 10 })).rows[0]?.document.state, "partial");
  clock.advance(1000);
  await settled();
  assert.equal((await inner.get("a"))?.document.state, "recording");
  full = false;
  clock.advance(1000);
  await settled();
  assert.equal((await inner.get("a"))?.document.state, "partial");
  assert.deepEqual([index.waiting, index.trouble, behind], [0, undefined, [1, undefined]]);
  const found = await inner.search({ keys: [["dn", "7001"]], state: "partial", limit: 10 });
  assert.deepEqual(found.rows.map((r) => r.document.id).sort(), ["a", "b"]);
  assert.deepEqual((await inner.get("a"))?.keys, [["dn", "7001"]], "a row that is put again keeps what it is found by");
  await index.close();
});

test("a database that hangs keeps nobody waiting; a row that is refused for its own sake keeps no other back; what is taken out stays out", async () => {
  const clock = new ManualClock();
  const inner = await openSqliteIndex(":memory:");
  const putMany = inner.putMany.bind(inner);
  let hang: (() => void) | undefined = () => undefined;
  inner.putMany = async (rows) => {
    if (hang !== undefined) await new Promise<void>((resolve) => (hang = resolve));
    if (rows.some((r) => r.document.id === "bad")) throw new Error("a bad row");
    await putMany(rows);
  };
  const index = new PatientIndex(inner, { clock, log: silentLogger });
  const put = index.put(row("a", "recording"));
  await settled();
  clock.advance(250);
  await put;
  assert.equal((await index.get("a"))?.document.state, "recording");
  assert.equal(await inner.get("a"), undefined);
  const others = [index.put(row("bad", "partial")), index.put(row("b", "partial")), index.put(row("c", "partial"))];
  const removed = index.remove("c");
  assert.equal(await index.get("c"), undefined);
  hang();
  hang = undefined;
  await Promise.all([...others, removed]);
  for (let second = 0; second < 4; second++) {
    clock.advance(1000);
    await settled();
  }
  assert.deepEqual(
    [(await inner.get("b"))?.document.state, await inner.get("c"), index.waiting],
    ["partial", undefined, 1],
  );
  await index.close();
});
