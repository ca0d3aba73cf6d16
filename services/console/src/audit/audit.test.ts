import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import Database from "better-sqlite3";
import fc from "fast-check";
import { type AuditRow, chainBreak, chainHash, chainStart, type StoredAuditRow } from "../store/audit-chain.ts";
import { type ConsoleStore, openConsoleStore } from "../store/console-store.ts";
import type { AuditEntry } from "./audit.ts";
import { auditList } from "./audit-list.ts";
import { csvHead, csvLine } from "./audit-csv.ts";
import { checkChain } from "./chain-check.ts";
import { ListeningOnce } from "./listening-once.ts";
import { keepLogIn } from "./log-in-entry.ts";
import { StoredAudit } from "./stored-audit.ts";

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  user: "anna",
  role: "auditor",
  address: "10.0.0.1",
  action: "listen",
  object: "r1",
  outcome: "ok",
  detail: {},
  ...more,
});

async function trail(
  t: TestContext,
): Promise<{ file: string; store: ConsoleStore; audit: StoredAudit; clock: ManualClock }> {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-audit-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "console.sqlite");
  const store = await openConsoleStore(file);
  t.after(() => store.close());
  const clock = new ManualClock();
  return { file, store, clock, audit: new StoredAudit({ table: store.audit, clock, log: silentLogger }) };
}

/** What somebody with the file in hands, and knowledge of the triggers, may do. */
function tamper(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(`drop trigger audit_kept; drop trigger audit_fixed; ${sql}`);
  db.close();
}

test("entries are numbered in their order, kept by the time record resolves, and found again", async (t) => {
  const { file, audit, store, clock } = await trail(t);
  await Promise.all([1, 2, 3].map((n) => audit.record(entry({ object: `r${n}`, detail: { n: String(n) } }))));
  const other = new Database(file, { readonly: true });
  assert.deepEqual(other.prepare("select id, object from audit order by id").all(), [
    { id: 1, object: "r1" },
    { id: 2, object: "r2" },
    { id: 3, object: "r3" },
  ]);
  other.close();
  const [first] = await store.audit.list({ object: "r1" }, 10, undefined);
  assert.equal(first?.at, clock.wallMicros());
  assert.equal(first?.detail, '{"n":"1"}');
});

test("each condition narrows the list; pages go on where the one before ended", async (t) => {
  const { audit, store, clock } = await trail(t);
  const from = clock.wallMicros();
  await audit.record(entry({ user: "bob", action: "search", object: undefined, detail: { url: "/x?dn=70%25_1" } }));
  clock.advance(1000);
  await audit.record(entry({ outcome: "refused" }));
  await audit.record(entry({ address: "10.9.9.9" }));
  const ids = async (filter: Parameters<ConsoleStore["audit"]["list"]>[0], limit = 10, before?: number) =>
    (await store.audit.list(filter, limit, before)).map(({ id }) => id);
  assert.deepEqual(await ids({}), [3, 2, 1]);
  assert.deepEqual(await ids({}, 2), [3, 2]);
  assert.deepEqual(await ids({}, 2, 2), [1]);
  assert.deepEqual(await ids({ user: "bob" }), [1]);
  assert.deepEqual(await ids({ action: "listen", outcome: "ok" }), [3]);
  assert.deepEqual(await ids({ object: "r1" }), [3, 2]);
  assert.deepEqual(await ids({ to: from + 1 }), [1]);
  assert.deepEqual(await ids({ from: from + 1_000_000 }), [3, 2]);
  assert.deepEqual(await ids({ text: "9.9.9" }), [3]);
  assert.deepEqual(await ids({ text: "BOB" }), [1]);
  assert.deepEqual(await ids({ text: "%25_" }), [1]);
  assert.deepEqual(await ids({ text: "7_%" }), []);
});

test("a text is found wherever it stands, also far behind the newest entries", async (t) => {
  const { store } = await trail(t);
  const row = (n: number): AuditRow => {
    const detail = n % 9000 === 1 ? `{"q":"needle"}` : "{}";
    return { at: n, user: "u", role: "r", address: "", action: "search", object: "", outcome: "ok", detail };
  };
  await store.audit.add(Array.from({ length: 25_000 }, (_, i) => row(i + 1)));
  const ids = async (limit: number, before?: number) =>
    (await auditList(store.audit, { text: "needle" }, limit, before)).map(({ id }) => id);
  assert.deepEqual(await ids(10), [18_001, 9001, 1]);
  assert.deepEqual(await ids(2), [18_001, 9001]);
  assert.deepEqual(await ids(2, 9001), [1]);
  assert.deepEqual(await ids(2, 1), []);
});

test("the store itself refuses to change or delete an entry", async (t) => {
  const { file, audit } = await trail(t);
  await audit.record(entry());
  const db = new Database(file);
  assert.throws(() => db.exec("update audit set user = 'x'"), /audit entries are not changed/);
  assert.throws(() => db.exec("delete from audit"), /audit entries are kept/);
  db.close();
});

for (const [what, sql, broken] of [
  ["changed", "update audit set user = 'eve' where id = 3", { id: 3, reason: "changed" }],
  ["changed, its own hash with it", "update audit set hash = '0' where id = 3", { id: 3, reason: "changed" }],
  ["taken out", "delete from audit where id = 2", { id: 2, reason: "missing" }],
  ["cut off at the end", "delete from audit where id = 5", { id: 5, reason: "missing" }],
  ["all gone", "delete from audit", { id: 1, reason: "missing" }],
  [
    "two in each other's place",
    "update audit set id = 9 where id = 2; update audit set id = 2 where id = 3; update audit set id = 3 where id = 9",
    { id: 2, reason: "changed" },
  ],
] as const) {
  test(`the chain tells what was tampered with: ${what}`, async (t) => {
    const { file, audit, store } = await trail(t);
    for (let n = 1; n <= 5; n++) await audit.record(entry({ object: `r${n}` }));
    assert.deepEqual((await checkChain(store.audit)).broken, undefined);
    tamper(file, sql);
    assert.deepEqual((await checkChain(store.audit)).broken, broken);
  });
}

test("a chain of any entries is sound, and no field of it can be changed unseen", () => {
  const row = fc.record({
    at: fc.nat(),
    user: fc.string(),
    role: fc.string(),
    address: fc.string(),
    action: fc.string(),
    object: fc.string(),
    outcome: fc.string(),
    detail: fc.string(),
  });
  const chained = (rows: readonly AuditRow[]): StoredAuditRow[] => {
    let hash = chainStart;
    return rows.map((one, i) => {
      hash = chainHash(hash, { ...one, id: i + 1 });
      return { ...one, id: i + 1, hash };
    });
  };
  const start = { id: 0, hash: chainStart };
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1 }),
      fc.nat(),
      fc.constantFrom("at", "user", "role", "address", "action", "object", "outcome", "detail"),
      (rows, at, field) => {
        const chain = chained(rows);
        assert.equal(chainBreak(start, chain), undefined);
        const hit = at % chain.length;
        const changed = chain.map((one, i) =>
          i === hit ? { ...one, [field]: field === "at" ? one.at + 1 : `${one[field]}x` } : one,
        );
        assert.deepEqual(chainBreak(start, changed), { id: hit + 1, reason: "changed" });
      },
    ),
  );
});

test("a store that cannot write: the entry is refused with reason and remedy, and later ones are kept again", async (t) => {
  const { store } = await trail(t);
  let full = true;
  const table: Pick<ConsoleStore["audit"], "add"> = {
    add: (rows) => (full ? Promise.reject(new Error("database or disk is full")) : store.audit.add(rows)),
  };
  const audit = new StoredAudit({ table, clock: new ManualClock(), log: silentLogger });
  await assert.rejects(audit.record(entry()), {
    code: "audit-unavailable",
    http: 503,
    message: "The audit trail cannot be written, so this is not served: database or disk is full",
  });
  full = false;
  await audit.record(entry());
  assert.equal((await store.audit.list({}, 10, undefined)).length, 1);
});

test("while nothing can be kept administrators log in, and nobody else", async () => {
  const audit = { record: () => Promise.reject(new Error("full")) };
  await keepLogIn(audit, entry({ action: "log-in", role: "administrator" }), silentLogger);
  await assert.rejects(keepLogIn(audit, entry({ action: "log-in", role: "auditor" }), silentLogger), /full/);
});

test("a player that fetches a recording in parts makes one entry; another person or recording its own", async (t) => {
  const { store, audit, clock } = await trail(t);
  const once = new ListeningOnce(audit, clock);
  await Promise.all([once.record(entry()), once.record(entry()), once.record(entry({ object: "r2" }))]);
  await once.record(entry({ user: "bob" }));
  await once.record(entry({ outcome: "refused" }));
  await once.record(entry({ outcome: "refused" }));
  await once.record(entry({ action: "download" }));
  await once.record(entry({ action: "download" }));
  assert.equal((await store.audit.list({}, 100, undefined)).length, 7);
  clock.advance(10 * 60_000);
  await once.record(entry());
  assert.equal((await store.audit.list({}, 100, undefined)).length, 8);
});

test("a listening that could not be kept is tried anew", async () => {
  let calls = 0;
  const once = new ListeningOnce(
    { record: () => (calls++ === 0 ? Promise.reject(new Error("full")) : Promise.resolve()) },
    new ManualClock(),
  );
  await assert.rejects(once.record(entry()), /full/);
  await once.record(entry());
  assert.equal(calls, 2);
});

test("CSV: quoted by RFC 4180, and nothing that a spreadsheet takes for a formula", () => {
  const row = (user: string): StoredAuditRow => ({
    id: 7,
    at: 0,
    user,
    role: "agent",
    address: "::1",
    action: "log-in",
    object: "",
    outcome: "refused",
    detail: '{"why":"a, \\"b\\""}',
    hash: "ff",
  });
  assert.equal(
    csvLine(row('o"h')),
    '"7","1970-01-01T00:00:00.000000Z","o""h","agent","::1","log-in","","refused","why: a, ""b""","ff"\r\n',
  );
  assert.equal(csvHead.split(",").length, csvLine(row("x")).split('","').length);
  for (const bad of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "|calc", "\n@x"])
    assert.ok(csvLine(row(bad)).includes(`"'${bad}"`), JSON.stringify(bad));
  fc.assert(
    fc.property(fc.string(), (text) => {
      const cells = csvLine(row(text)).split('","');
      assert.doesNotMatch(cells[2] ?? "", /^\s*[=+\-@|]/);
    }),
  );
});
