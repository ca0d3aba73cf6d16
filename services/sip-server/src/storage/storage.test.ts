import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { ManualClock, SidetoneError, silentLogger } from "@sidetone/foundation";
import Database from "better-sqlite3";
import { CompiledQuery } from "kysely";
import { AuditTrail } from "./audit.ts";
import { CallJournal } from "./call-journal.ts";
import { StoreDatabase } from "./database.ts";
import { openStorage, queries } from "./storage.ts";

let folder: string;
let count = 0;
const newFile = (): string => {
  count += 1;
  return join(folder, String(count), "store.sqlite");
};
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sidetone-storage-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const auditRow = (n: number) =>
  queries
    .insertInto("audit")
    .values({ at: n, actor: "a", action: "b", subject: String(n), outcome: "c", data: "null" });
const auditSubjects = queries.selectFrom("audit").select("subject").orderBy("id");
const mark = (id: string) =>
  queries.insertInto("recording_ids").values({ id, call_uuid: "u", source: "client", created_at: 1 });

const codeOf = async (promise: Promise<unknown>): Promise<string | undefined> => {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof SidetoneError ? error.code : String(error);
  }
};

test("a new and a reopened file write ahead with full sync", () => {
  const file = newFile();
  for (let run = 0; run < 2; run += 1) {
    const database = new StoreDatabase(file);
    const [unit] = database.run([
      ["journal_mode", "synchronous", "user_version"].map((name) => ({ sql: `pragma ${name}`, parameters: [] })),
    ]);
    assert.ok(unit !== undefined && "results" in unit);
    assert.deepEqual(
      unit.results.map((result) => Object.values(result.rows[0] as object)[0]),
      ["wal", 2, 4],
    );
    database.close();
  }
});

test("what was written is there after closing and opening again", async () => {
  const file = newFile();
  const first = await openStorage({ file, log: silentLogger });
  await first.write(auditRow(1));
  await first.close();
  const second = await openStorage({ file, log: silentLogger });
  assert.deepEqual(await second.read(auditSubjects), [{ subject: "1" }]);
  await second.close();
});

test("group commit: writes of one turn of the event loop share one transaction, in their order", async () => {
  const storage = await openStorage({ file: newFile(), log: silentLogger });
  await Promise.all(Array.from({ length: 500 }, (_, n) => storage.write(auditRow(n))));
  assert.equal(storage.stats().batches, 1);
  assert.equal(storage.stats().units, 500);
  const rows = await storage.read(auditSubjects);
  assert.deepEqual(
    rows.map((row) => row.subject),
    Array.from({ length: 500 }, (_, n) => String(n)),
  );
  await storage.close();
});

test("a read sees the writes that were asked for before it", async () => {
  const storage = await openStorage({ file: newFile(), log: silentLogger });
  void storage.write(auditRow(7));
  assert.deepEqual(await storage.read(auditSubjects), [{ subject: "7" }]);
  await storage.close();
});

test("a unit happens whole or not at all, and takes no other unit with it", async () => {
  const storage = await openStorage({ file: newFile(), log: silentLogger });
  const outcomes = await Promise.all([
    codeOf(storage.write(mark("one"))),
    codeOf(storage.write(auditRow(1), mark("one"))),
    codeOf(storage.write(mark("two"))),
  ]);
  assert.deepEqual(outcomes, [undefined, "storage-failed", undefined]);
  assert.deepEqual(await storage.read(auditSubjects), []);
  assert.equal((await storage.read(queries.selectFrom("recording_ids").select("id"))).length, 2);
  await storage.close();
});

test("close waits for what was asked for; later writes are refused; closing again is the same", async () => {
  const file = newFile();
  const storage = await openStorage({ file, log: silentLogger });
  const written = storage.write(auditRow(1));
  const closing = storage.close();
  assert.equal(storage.closed, true);
  assert.equal(await codeOf(storage.write(auditRow(2))), "storage-closed");
  await Promise.all([written, closing, storage.close()]);
  const reader = new Database(file, { readonly: true });
  assert.deepEqual(reader.prepare("select subject from audit").all(), [{ subject: "1" }]);
  reader.close();
});

test("a second SIP Server on the same file is refused, a reader is not", { timeout: 20_000 }, async () => {
  const file = newFile();
  const storage = await openStorage({ file, log: silentLogger });
  await storage.write(auditRow(1));
  assert.equal(await codeOf(openStorage({ file, log: silentLogger })), "storage-in-use");
  const reader = new Database(file, { readonly: true });
  assert.deepEqual(reader.prepare("select subject from audit").all(), [{ subject: "1" }]);
  reader.close();
  await storage.close();
});

test("a file that is no store, and one of a newer version, are refused with what to do", async () => {
  const noStore = newFile();
  await mkdir(dirname(noStore), { recursive: true });
  await writeFile(noStore, "this is a text, not a database, and long enough to be read as one".repeat(100));
  assert.equal(await codeOf(openStorage({ file: noStore, log: silentLogger })), "storage-unusable");

  const newer = newFile();
  await (await openStorage({ file: newer, log: silentLogger })).close();
  const database = new Database(newer);
  database.pragma("user_version = 999");
  database.close();
  await assert.rejects(openStorage({ file: newer, log: silentLogger }), (error) => {
    assert.ok(error instanceof SidetoneError);
    assert.equal(error.code, "storage-newer");
    assert.equal(error.exit, 1);
    assert.match(error.remedy ?? "", /newer version/);
    return true;
  });
});

test("a full disk: writes are refused and said to be, reads go on, and with room again writes do too", async () => {
  const storage = await openStorage({ file: newFile(), log: silentLogger });
  const pages = (count: number) => ({ compile: () => CompiledQuery.raw(`pragma max_page_count = ${count}`) });
  await storage.write(auditRow(0));
  await storage.write(pages(1));
  const big = (n: number) =>
    queries
      .insertInto("audit")
      .values({ at: n, actor: "a", action: "b", subject: "big", outcome: "c", data: "x".repeat(100_000) });
  const outcomes = await Promise.all([1, 2, 3].map((n) => codeOf(storage.write(big(n)))));
  assert.deepEqual(outcomes, ["storage-failed", "storage-failed", "storage-failed"]);
  assert.deepEqual(await storage.read(auditSubjects), [{ subject: "0" }]);
  await storage.write(pages(1_000_000));
  await storage.write(big(4));
  assert.equal((await storage.read(auditSubjects)).length, 2);
  await storage.close();
});

test("a file that someone else holds: what could not be committed is refused and logged, the next writes are taken", {
  timeout: 20_000,
}, async () => {
  const errors: string[] = [];
  const log = { ...silentLogger, error: (_fields: unknown, msg: string) => errors.push(msg) };
  const file = newFile();
  const storage = await openStorage({ file, log });
  const holder = new Database(file);
  holder.exec("begin immediate");
  assert.deepEqual(await Promise.all([codeOf(storage.write(auditRow(1))), codeOf(storage.write(auditRow(2)))]), [
    "storage-failed",
    "storage-failed",
  ]);
  assert.deepEqual(errors, ["the store did not take writes"]);
  assert.equal(storage.stats().failedBatches, 1);
  holder.exec("rollback");
  holder.close();
  await storage.write(auditRow(3));
  assert.deepEqual(await storage.read(auditSubjects), [{ subject: "3" }]);
  await storage.close();
});

test("a store in memory needs no file and no folder, and there may be several", async () => {
  const stores = await Promise.all([1, 2].map(() => openStorage({ file: ":memory:", log: silentLogger })));
  for (const [n, storage] of stores.entries()) {
    await storage.write(auditRow(n));
    assert.deepEqual(await storage.read(auditSubjects), [{ subject: String(n) }]);
    await storage.close();
  }
  assert.equal(existsSync(":memory:.lock"), false);
});

test("a folder that cannot be made is refused with what to do", async () => {
  const inTheWay = join(folder, "a-file");
  await writeFile(inTheWay, "");
  const file = join(inTheWay, "data", "store.sqlite");
  assert.equal(await codeOf(openStorage({ file, log: silentLogger })), "storage-unusable");
});

test("R33: the journal gives a call's entries in order, and forgets old ones", async () => {
  const storage = await openStorage({ file: newFile(), log: silentLogger });
  const clock = new ManualClock();
  const journal = new CallJournal({ storage, clock });
  const call = { callUuid: "U1", connId: "0001000000000001" };
  void journal.append({ ...call, kind: "created", data: { ani: "7001" } });
  clock.advance(1000);
  await Promise.all([
    journal.append({ ...call, kind: "released" }),
    journal.append({ ...call, callUuid: "U2", kind: "created" }),
  ]);
  const entries = await journal.of("U1");
  assert.deepEqual(
    entries.map((entry) => [entry.kind, entry.data]),
    [
      ["created", { ani: "7001" }],
      ["released", null],
    ],
  );
  assert.equal(await journal.forgetBefore(clock.wallMicros()), 1);
  assert.equal((await journal.of("U1")).length, 1);
  await storage.close();
});

test("the audit trail keeps who asked for what", async () => {
  const storage = await openStorage({ file: newFile(), log: silentLogger });
  const audit = new AuditTrail({ storage, clock: new ManualClock() });
  await audit.append({
    actor: "desk",
    action: "record-start",
    subject: "7001",
    outcome: "accepted",
    data: { ReferenceID: 4 },
  });
  assert.deepEqual(await storage.read(queries.selectFrom("audit").select(["actor", "action", "data"])), [
    { actor: "desk", action: "record-start", data: '{"ReferenceID":4}' },
  ]);
  await storage.close();
});
