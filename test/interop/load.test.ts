// runs: alone
// SIPp completes 1,000 calls at 20 a second, each recorded; the third such round leaves everything as the second did.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  type Held,
  needs,
  passwordOf,
  type RunningSystem,
  sippCallee,
  sippCaller,
  SippRunner,
  startSystem,
  talk,
  until,
} from "@sidetone/testing";

const CALLS = Number(process.env["SIDETONE_TEST_CALLS"] ?? 1000);
const RATE = 20;
/** How long each call is up; 20 a second makes 20 at once. */
const TALK_MS = 1000;

async function round(system: RunningSystem, n: number): Promise<void> {
  const caller = new SippRunner({
    folder: system.folder,
    name: `caller${n}`,
    scenario: sippCaller(
      "auth",
      `dur=${TALK_MS}`,
      "codec=u",
      "from=7001",
      `media=${join(system.folder, "caller.ul")}`,
      "uri=sip:7002@sidetone.local",
    ),
    port: 33_100,
    mediaPort: 34_000,
    remote: system.sip,
    calls: CALLS,
    rate: RATE,
    limit: 200,
    timeoutS: CALLS / RATE + 60,
    credentials: { username: "7001", password: passwordOf("7001") },
    authUri: "7002@sidetone.local",
    service: "7002",
  });
  const result = await caller.done();
  assert.equal(result.failed, 0, result.errors);
  assert.equal(result.successful, CALLS, result.errors);
  assert.equal(result.code, 0, result.errors);
}

async function settled(system: RunningSystem): Promise<Held> {
  const quiet = await until(
    async () => ((await (await system.get("/api/v1/calls")).json()) as { calls: unknown[] }).calls.length === 0,
    20_000,
  );
  assert.ok(quiet, "calls are left over");
  await talk(35_000); // RFC 3261: the last transactions live 64*T1 = 32 s longer than their calls
  const held = (await system.held()).get("all");
  assert.ok(held !== undefined);
  return held;
}

test(`${CALLS} calls at ${RATE} a second, each with its recording; then nothing is left`, {
  skip: needs("sipp", "python3"),
  timeout: 590_000,
}, async (t) => {
  const system = await startSystem({
    mode: "one-process",
    countHeld: true,
    config: {
      ...Object.fromEntries(
        ["resource-manager", "media-server", "recorder"].map((role) => [role, { "sip-journal": null }]),
      ),
      "sip-server": {
        "sip-journal": null,
        dns: { "7002": { type: "extension", contact: "sip:7002@127.0.0.1:33200", password: null } },
      },
    },
  });
  t.after(() => system.dispose());
  await writeTones(system.folder);
  const callee = new SippRunner({
    folder: system.folder,
    name: "callee",
    scenario: sippCallee("codec=u", `media=${join(system.folder, "callee.ul")}`),
    port: 33_200,
    mediaPort: 42_000,
    timeoutS: 580,
  });
  t.after(() => callee.kill());
  await talk(300);
  const held: Held[] = [];
  for (const n of [1, 2, 3]) {
    await round(system, n);
    if (n === 1) continue; // warms up
    held.push(await settled(system));
    await ledgerAndRecordings(system, n * CALLS);
    const left = Object.entries(await heldForCalls(system)).filter(([, value]) => value !== 0);
    assert.deepEqual(left, [], `held for calls after round ${n}`);
  }
  const [second, third] = held;
  assert.ok(second !== undefined && third !== undefined);
  console.log(JSON.stringify({ held }));
  // Fewer calls than the 1,000 leave the heap in warm-up: then 2 % says nothing.
  const tolerance = CALLS >= 1000 ? 1.02 : 1.1;
  assert.ok(third.heapUsed <= second.heapUsed * tolerance, `heap grew from ${second.heapUsed} to ${third.heapUsed}`);
  assert.ok(third.sockets <= second.sockets, `sockets: ${second.sockets} → ${third.sockets}`);
  assert.ok(third.files <= second.files, `open files: ${second.files} → ${third.files}`);
  assert.deepEqual(third.resources, second.resources, "timers and handles");
  await system.stop();
});

async function writeTones(folder: string): Promise<void> {
  const { encodeUlaw, tone } = await import("@sidetone/testing");
  const { writeFileSync } = await import("node:fs");
  for (const [name, hz] of [
    ["caller", 437],
    ["callee", 1013],
  ] as const) {
    const source = tone(hz);
    writeFileSync(
      join(folder, `${name}.ul`),
      Uint8Array.from({ length: 80_000 }, (_, n) => encodeUlaw(source(n))),
    );
  }
}

interface LedgerLine {
  readonly expectedFrom: string;
  readonly expectedUntil: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly recordingId: string | null;
}

interface Row {
  readonly id: string;
  readonly state: string;
  readonly durationMs: number;
}

/** All pages of a list, by its cursor. */
async function everyPage<Line>(system: RunningSystem, path: string, key: string): Promise<Line[]> {
  const lines: Line[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await (await system.get(`${path}?limit=500${query}`)).json()) as { [name: string]: unknown };
    lines.push(...(page[key] as Line[]));
    cursor = (page["next"] as string | null | undefined) ?? undefined;
  } while (cursor !== undefined);
  return lines;
}

/** How much longer than its call a recording may be, ms: a machine at its limit tells the Media Server late to stop. */
const LATE_STOP_MS = 1000;

/** R34: every call has its line, every line its recording, and of the time that the call was up at most 100 ms are missing. */
async function ledgerAndRecordings(system: RunningSystem, calls: number): Promise<void> {
  const rows = await everyPage<Row>(system, "/api/v1/recordings", "recordings");
  const ledger = await everyPage<LedgerLine>(system, `${system.http("sip-server")}/api/v1/ledger`, "ledger");
  const byId = new Map(rows.map((row) => [row.id, row]));
  const wrong: string[] = [];
  let largest = 0;
  for (const line of ledger) {
    const row = byId.get(line.recordingId ?? "");
    byId.delete(line.recordingId ?? "");
    const up = Date.parse(line.expectedUntil ?? "") - Date.parse(line.expectedFrom);
    const off = row === undefined ? Number.NaN : row.durationMs - up;
    largest = Math.max(largest, Math.abs(off));
    if (line.outcome === "recorded" && row?.state === "complete" && off >= -100 && off <= LATE_STOP_MS) continue;
    wrong.push(
      `${line.recordingId}: ${line.outcome} ${line.reason ?? ""}, ${row?.state}, up ${up} ms, off by ${off} ms`,
    );
  }
  console.log(`${calls} calls: recordings differ from the ledger's times by at most ${largest} ms`);
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${calls} calls are not as the ledger says`);
  assert.equal(ledger.length, calls, "ledger lines");
  assert.equal(rows.length, calls, "recordings, each with an id of its own");
}

/** What the Media Server and the recorder still hold for calls, by their own account. */
async function heldForCalls(system: RunningSystem): Promise<Record<string, number>> {
  const held: Record<string, number> = {};
  for (const role of ["media-server", "recorder"] as const) {
    for (const [name, value] of await system.metrics(role)) {
      if (/_(legs|conferences|recorders|taps|sessions|recordings|media_ports_used)$/.test(name)) held[name] = value;
    }
  }
  assert.ok(Object.keys(held).length >= 6, `metrics are missing: ${Object.keys(held).join(", ")}`);
  return held;
}
