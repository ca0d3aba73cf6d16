import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import Database from "better-sqlite3";
import { type ConsoleStore, openConsoleStore } from "./console-store.ts";
import { migrations } from "./migrations.ts";
import type { StoredSession } from "./session-table.ts";
import type { StoredUser } from "./user-table.ts";

function fileFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-console-store-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "below", "console.sqlite");
}

async function storeOf(t: TestContext, file = ":memory:"): Promise<ConsoleStore> {
  const store = await openConsoleStore(file);
  t.after(() => store.close());
  return store;
}

const anna: StoredUser = {
  name: "anna",
  role: "supervisor",
  grants: [{ dns: "70*", rights: ["monitor"] }],
  passwordHash: "$argon2id$x",
  source: "local",
  subject: undefined,
  disabled: false,
  mustChange: true,
  lastLogInAt: undefined,
  createdAt: 10,
  changedAt: 10,
};

const session = (tokenHash: string, more: Partial<StoredSession> = {}): StoredSession => ({
  tokenHash,
  user: "anna",
  csrfToken: "c",
  kind: "password",
  stamp: "s",
  address: "127.0.0.1",
  createdAt: 10,
  lastSeenAt: 10,
  expiresAt: 100,
  ...more,
});

test("users: added once, changed in what is given, removed with their sessions", async (t) => {
  const { users, sessions } = await storeOf(t);
  assert.equal(await users.add(anna), true);
  assert.equal(await users.add({ ...anna, role: "agent" }), false);
  const other: StoredUser = {
    ...anna,
    name: "Anna",
    source: "oidc",
    passwordHash: undefined,
    subject: "https://i sub",
  };
  assert.equal(await users.add(other), true);
  assert.equal(await users.add({ ...other, name: "twin" }), false);
  assert.deepEqual([(await users.bySubject("https://i sub"))?.name, await users.count()], ["Anna", 2]);
  assert.deepEqual(await users.get("anna"), anna);
  const disabled = { ...anna, disabled: true, mustChange: false, lastLogInAt: 15, changedAt: 20 };
  assert.deepEqual(await users.change("anna", { disabled: true, mustChange: false, lastLogInAt: 15 }, 20), disabled);
  assert.deepEqual(await users.get("anna"), disabled);
  assert.deepEqual(
    (await users.list()).map((u) => [u.name, u.passwordHash, u.disabled]),
    [
      ["Anna", undefined, false],
      ["anna", "$argon2id$x", true],
    ],
  );
  assert.equal(await users.change("nobody", { disabled: true }, 20), undefined);
  await sessions.add(session("h1"));
  assert.equal(await users.remove("anna"), true);
  assert.equal(await users.remove("anna"), false);
  assert.equal(await sessions.get("h1", 50), undefined);
});

test("sessions: good until they expire, prolonged by use, ended singly or all but one", async (t) => {
  const { sessions } = await storeOf(t);
  for (const hash of ["h1", "h2", "h3"]) await sessions.add(session(hash, { createdAt: Number(hash.slice(1)) }));
  assert.equal((await sessions.get("h1", 99))?.user, "anna");
  assert.equal(await sessions.get("h1", 100), undefined);
  await sessions.seen("h1", 50, 150);
  assert.deepEqual(await sessions.get("h1", 100), session("h1", { createdAt: 1, lastSeenAt: 50, expiresAt: 150 }));
  assert.equal(await sessions.remove("h3"), true);
  assert.equal(await sessions.remove("h3"), false);
  await sessions.add(session("h4", { createdAt: 4 }));
  assert.deepEqual(
    (await sessions.ofUser("anna", 50)).map((s) => s.tokenHash),
    ["h4", "h2", "h1"],
  );
  assert.equal(await sessions.removeOfUser("anna", "h1"), 2);
  assert.equal(await sessions.removeExpired(149), 0);
  assert.equal(await sessions.removeExpired(150), 1);
});

test("saved searches: a user sees their own and what is shared, own ones first; the number is limited", async (t) => {
  const { savedSearches } = await storeOf(t);
  const of = (owner: string, name: string, shared: boolean, query = "q=x") => ({
    owner,
    name,
    query,
    shared,
    changedAt: 1,
  });
  await savedSearches.put(of("bob", "a", true), 2);
  await savedSearches.put(of("bob", "hidden", false), 2);
  assert.equal(await savedSearches.put(of("bob", "third", false), 2), false);
  assert.equal(await savedSearches.put(of("bob", "a", true, "q=y"), 2), true);
  await savedSearches.put(of("anna", "z", false), 2);
  assert.deepEqual(await savedSearches.visibleTo("anna"), [of("anna", "z", false), of("bob", "a", true, "q=y")]);
  assert.deepEqual(await savedSearches.get("bob", "hidden"), of("bob", "hidden", false));
  assert.equal(await savedSearches.remove("bob", "hidden"), true);
  assert.equal(await savedSearches.remove("bob", "hidden"), false);
});

test("comments: in the order of their moments, an id is never given twice, the number is limited", async (t) => {
  const { comments } = await storeOf(t);
  const of = (atMs: number, recording = "r1") => ({ recording, atMs, text: "x", user: "anna", createdAt: 1 });
  const late = await comments.add(of(900), 2);
  const early = await comments.add(of(100), 2);
  assert.equal(await comments.add(of(1), 2), undefined);
  assert.equal((await comments.add(of(1, "r2"), 2))?.id, 3);
  assert.deepEqual(await comments.of("r1"), [early, late]);
  assert.equal(await comments.remove(3), true);
  assert.equal(await comments.remove(3), false);
  assert.equal((await comments.add(of(1, "r2"), 2))?.id, 4);
  assert.deepEqual(await comments.get(4), { id: 4, ...of(1, "r2") });
});

test("what was written is there after a restart; folder and file are made where they are missing", async (t) => {
  const file = fileFor(t);
  const first = await storeOf(t, file);
  await first.users.add(anna);
  await first.close();
  await assert.rejects(first.users.list(), { code: "worker-ended" });
  const second = await storeOf(t, file);
  assert.deepEqual(await second.users.get("anna"), anna);
});

test("a store that a newer Sidetone wrote is refused", async (t) => {
  const file = fileFor(t);
  await (await storeOf(t, file)).close();
  const newer = (migrations.at(-1)?.version ?? 0) + 1;
  const db = new Database(file);
  db.pragma(`user_version = ${newer}`);
  db.close();
  await assert.rejects(openConsoleStore(file), {
    code: "storage-newer",
    exit: 1,
    message: `console.storage ${file} was written by a newer Sidetone (schema ${newer}, this one knows ${newer - 1})`,
    remedy: "Start the newer version, or take another storage file.",
  });
});

test("a file that is no database, and a place that cannot be written, are refused with what to do", async (t) => {
  const file = fileFor(t);
  await (await storeOf(t, file)).close();
  writeFileSync(file, "no database, but long enough to be looked at as one. ".repeat(100));
  await assert.rejects(openConsoleStore(file), { code: "database-damaged", exit: 1 });
  await assert.rejects(openConsoleStore(join(file, "x.sqlite")), { code: "storage-unusable", exit: 1 });
});
