import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { ManualClock, rfc3339, silentLogger } from "@sidetone/foundation";
import { type Storage, openStorage, queries } from "../storage/storage.ts";
import { Ledger, type LedgerEntry } from "./ledger.ts";
import { type LedgerFilter, type LedgerLine, listLedger, listLedgerChanges } from "./listing.ts";

let folder: string;
let storage: Storage;
let clock: ManualClock;
let ledger: Ledger;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sidetone-ledger-"));
  storage = await openStorage({ file: join(folder, "store.sqlite"), log: silentLogger });
});
after(async () => {
  await storage.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await storage.write(queries.deleteFrom("ledger"));
  clock = new ManualClock();
  ledger = new Ledger({ storage, clock, log: silentLogger });
});

const agent = (o: Partial<LedgerEntry> = {}): LedgerEntry => ({
  callUuid: "U1",
  connId: "0001000000000001",
  dn: "7001",
  side: "agent",
  cause: "full-time",
  expectedFrom: clock.wallMicros(),
  ...o,
});

async function lines(filter: LedgerFilter = {}): Promise<readonly LedgerLine[]> {
  const page = await listLedger(storage, filter);
  assert.ok(page.ok);
  return page.value.lines;
}

test("R34: a line is on the disk when expect resolves", async () => {
  await ledger.expect(agent({ recordingId: "rec-1" }));
  const [line] = await lines();
  assert.deepEqual(
    { ...line, id: 0 },
    {
      id: 0,
      callUuid: "U1",
      connId: "0001000000000001",
      dn: "7001",
      side: "agent",
      party: null,
      turn: 1,
      cause: "full-time",
      expectedFrom: rfc3339(clock.wallMicros()),
      expectedUntil: null,
      outcome: "open",
      reason: null,
      recordingId: "rec-1",
      recordedFrom: null,
      recordedUntil: null,
      resolvedAt: null,
      policy: null,
    },
  );
});

test("R34: expect, resolve and update in one breath keep their order", async () => {
  const entry = agent();
  clock.advance(2000);
  await Promise.all([
    ledger.expect(entry),
    ledger.resolve(entry, { outcome: "recorded", recordingId: "rec-1", recordedFrom: 5_000_000 }),
    ledger.update(entry, { recordedUntil: 9_000_000, expectedUntil: 9_000_000 }),
  ]);
  const [line] = await lines();
  assert.equal(line?.outcome, "recorded");
  assert.equal(line?.recordingId, "rec-1");
  assert.equal(line?.recordedFrom, "1970-01-01T00:00:05.000000Z");
  assert.equal(line?.recordedUntil, "1970-01-01T00:00:09.000000Z");
  assert.equal(line?.expectedUntil, "1970-01-01T00:00:09.000000Z");
  assert.equal(line?.resolvedAt, rfc3339(clock.wallMicros()));
});

test("R34: a party that is not recorded has the reason", async () => {
  for (const reason of [
    "no-media-server",
    "no-recorder",
    "recorder-refused 486",
    "codec",
    "by-policy",
    "answered-not",
  ]) {
    const entry = agent({ callUuid: reason });
    await ledger.expect(entry);
    await ledger.resolve(entry, { outcome: "not-recorded", reason });
    const [line] = await lines({ callUuid: reason });
    assert.deepEqual([line?.outcome, line?.reason], ["not-recorded", reason]);
  }
  assert.equal(ledger.counts().notRecorded.get("codec"), 1);
});

test("R17: a start that succeeds in mid-call takes the place of its failure", async () => {
  const entry = agent();
  await ledger.expect(entry);
  await ledger.resolve(entry, { outcome: "not-recorded", reason: "no-recorder" });
  await ledger.resolve(entry, { outcome: "partial", reason: "late: no-recorder" });
  const all = await lines();
  assert.deepEqual(
    all.map((line) => [line.turn, line.outcome, line.reason]),
    [[1, "partial", "late: no-recorder"]],
  );
});

test("an open party expected again is one line; a resolved one gets a new line", async () => {
  const entry = agent();
  await ledger.expect(entry);
  await ledger.expect(entry);
  await ledger.resolve(entry, { outcome: "recorded" });
  await ledger.expect({ ...entry, cause: "dynamic" });
  await ledger.resolve(entry, { outcome: "not-recorded", reason: "no-recorder" });
  assert.deepEqual(
    (await lines()).map((line) => [line.turn, line.cause, line.outcome]),
    [
      [2, "dynamic", "not-recorded"],
      [1, "full-time", "recorded"],
    ],
  );
});

test("parties are told apart by call, DN, side and, where those are the same, by party", async () => {
  const entries = [
    agent(),
    agent({ side: "customer" }),
    agent({ dn: "7002" }),
    agent({ callUuid: "U2" }),
    agent({ party: "leg-2" }),
  ];
  for (const entry of entries) await ledger.expect(entry);
  await ledger.resolve(agent({ party: "leg-2" }), { outcome: "recorded" });
  const all = await lines();
  assert.equal(all.length, 5);
  assert.deepEqual(
    all.filter((line) => line.outcome === "recorded").map((line) => line.party),
    ["leg-2"],
  );
});

test("resolving a line that is not there changes nothing and does not fail", async () => {
  await ledger.resolve(agent(), { outcome: "recorded" });
  assert.deepEqual(await lines(), []);
});

test("lines that a crash left open become unknown: server restarted; others stay", async () => {
  await ledger.expect(agent());
  await ledger.expect(agent({ callUuid: "U2" }));
  await ledger.resolve(agent({ callUuid: "U2" }), { outcome: "recorded" });
  assert.equal(await ledger.closeLeftOpen(), 1);
  assert.deepEqual(
    (await lines()).map((line) => [line.callUuid, line.outcome, line.reason]),
    [
      ["U2", "recorded", null],
      ["U1", "unknown", "server restarted"],
    ],
  );
});

test("R33, R34: lines of a call that is restored stay open", async () => {
  const row = { version: 1, at: 0, data: "{}" };
  const up = { ...row, call_uuid: "U1", restorable: 1 };
  const ringing = { ...row, call_uuid: "U2", restorable: 0 };
  await storage.write(queries.insertInto("call_snapshots").values([up, ringing]));
  await ledger.expect(agent());
  await ledger.expect(agent({ callUuid: "U2" }));
  assert.equal(await ledger.closeLeftOpen(), 1);
  await ledger.resolve(agent(), { outcome: "recorded" });
  assert.deepEqual(
    (await lines()).map((line) => [line.callUuid, line.outcome]),
    [
      ["U2", "unknown"],
      ["U1", "recorded"],
    ],
  );
  await storage.write(queries.deleteFrom("call_snapshots"));
});

test("lists by time, DN, call and outcome", async () => {
  const start = clock.wallMicros();
  for (let n = 0; n < 10; n += 1) {
    const entry = agent({ callUuid: `U${n}`, dn: n % 2 === 0 ? "7001" : "7002", expectedFrom: start + n });
    await ledger.expect(entry);
    if (n < 3) await ledger.resolve(entry, { outcome: "recorded" });
  }
  const uuids = async (filter: LedgerFilter): Promise<string> =>
    (await lines(filter)).map((line) => line.callUuid).join(" ");
  assert.equal(await uuids({ from: start + 3, to: start + 6 }), "U5 U4 U3");
  assert.equal(await uuids({ dn: "7002" }), "U9 U7 U5 U3 U1");
  assert.equal(await uuids({ callUuid: "U4" }), "U4");
  assert.equal(await uuids({ outcome: "recorded" }), "U2 U1 U0");
  assert.equal(await uuids({ outcome: "open", dn: "7001", to: start + 8 }), "U6 U4");
});

test("pages give every line once, also where times are equal and lines come in meanwhile", async () => {
  const start = clock.wallMicros();
  for (let n = 0; n < 25; n += 1)
    await ledger.expect(agent({ callUuid: `U${n}`, expectedFrom: start + Math.floor(n / 5) }));
  const seen: string[] = [];
  let cursor: string | undefined;
  for (let guard = 0; guard < 20; guard += 1) {
    const page = await listLedger(storage, { limit: 4, cursor });
    assert.ok(page.ok);
    seen.push(...page.value.lines.map((line) => line.callUuid));
    if (page.value.next === null) break;
    cursor = page.value.next;
    await ledger.expect(agent({ callUuid: `late-${guard}`, expectedFrom: start + 1000 }));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, n) => `U${24 - n}`),
  );
});

test("a cursor that is not ours is refused", async () => {
  for (const cursor of [
    "",
    "nonsense",
    Buffer.from("1").toString("base64url"),
    Buffer.from("a.b").toString("base64url"),
    "x".repeat(1000),
  ]) {
    assert.equal((await listLedger(storage, { cursor })).ok, false, cursor);
  }
});

test("thousands of lines a second are cheap: 5,000 at once share a few commits", async () => {
  const before = storage.stats().batches;
  await Promise.all(Array.from({ length: 5000 }, (_, n) => ledger.expect(agent({ callUuid: `B${n}` }))));
  assert.ok(storage.stats().batches - before <= 5);
  assert.equal(ledger.counts().expected, 5000);
});

test("R34: who follows the ledger gets each change once, in order, a line that changed again as it is now", async () => {
  for (const callUuid of ["U1", "U2", "U3"]) await ledger.expect(agent({ callUuid }));
  const first = await listLedgerChanges(storage, { limit: 2 });
  assert.deepEqual(
    first.lines.map((line) => line.callUuid),
    ["U1", "U2"],
  );
  assert.equal(first.more, true);
  await ledger.resolve(agent({ callUuid: "U1" }), { outcome: "recorded" });
  const second = await listLedgerChanges(storage, { after: first.next });
  assert.deepEqual(
    second.lines.map((line) => [line.callUuid, line.outcome]),
    [
      ["U3", "open"],
      ["U1", "recorded"],
    ],
  );
  assert.equal(second.more, false);
  assert.equal(second.ledgerId, first.ledgerId);
  assert.match(first.ledgerId, /^[0-9a-f]{16}$/);
  const third = await listLedgerChanges(storage, { after: second.next });
  assert.deepEqual([third.lines, third.next], [[], second.next]);
});

test("R34: what a restart closed has changed", async () => {
  await ledger.expect(agent());
  const { next } = await listLedgerChanges(storage, {});
  await ledger.closeLeftOpen();
  const changes = await listLedgerChanges(storage, { after: next });
  assert.deepEqual(
    changes.lines.map((line) => line.outcome),
    ["unknown"],
  );
});
