import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import Database from "better-sqlite3";
import { admin, basic, consoleFor, role, staff } from "../console.fixture.ts";

const auditor = basic("aud", "pw");

/** A console with a store in a file, before a recorder that has every recording and counts what it is asked for. */
async function scene(t: TestContext): Promise<{
  file: string;
  asked: string[];
  get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  entries: (query?: string) => Promise<{ entries: Record<string, unknown>[]; next: string | null }>;
}> {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-audit-api-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "console.sqlite");
  const asked: string[] = [];
  const recorder = await role(t, "recorder", (app) => {
    app.get("/api/v1/recordings/:id/audio", async (request) => {
      asked.push(request.url);
      return "RIFF";
    });
    app.get("/api/v1/recordings", async (request) => {
      asked.push(request.url);
      return { recordings: [] };
    });
  });
  const { http } = await consoleFor(t, [recorder.url], { users: staff, storage: file });
  const get = (path: string, headers: Record<string, string> = admin) => fetch(http + path, { headers });
  return {
    file,
    asked,
    get,
    entries: async (query = "") => {
      const answer = await get(`/api/v1/audit${query}`, auditor);
      assert.equal(answer.status, 200);
      return (await answer.json()) as { entries: Record<string, unknown>[]; next: string | null };
    },
  };
}

test("a search and a listening are entries, as is a refusal and the look at the audit itself", async (t) => {
  const { get, entries } = await scene(t);
  await get("/api/v1/recordings?dn=7001");
  await get("/api/v1/recordings/r1/audio");
  assert.equal((await get("/api/v1/audit", basic("sue", "pw"))).status, 403);
  assert.equal((await get("/api/v1/recordings/r1/audio", basic("al", "pw"))).status, 403);
  const { entries: found, next } = await entries();
  assert.deepEqual(
    found.map((e) => [e["id"], e["user"], e["role"], e["action"], e["object"], e["outcome"]]),
    [
      [5, "aud", "auditor", "audit", null, "ok"],
      [4, "al", "agent", "listen", "r1", "refused"],
      [3, "sue", "supervisor", "audit", null, "refused"],
      [2, "admin", "administrator", "listen", "r1", "ok"],
      [1, "admin", "administrator", "search", null, "ok"],
    ],
  );
  assert.equal(next, null);
  assert.match(JSON.stringify(found.at(-1)?.["detail"]), /recordings\?dn=7001/);
});

test("pages, conditions and mistakes in them", async (t) => {
  const { get, entries } = await scene(t);
  for (let n = 0; n < 4; n++) await get(`/api/v1/recordings?id=r${n}`);
  const first = await entries("?action=search&limit=3");
  assert.deepEqual(
    first.entries.map((e) => e["id"]),
    [4, 3, 2],
  );
  const second = await entries(`?action=search&limit=3&cursor=${first.next}`);
  assert.deepEqual([second.entries.map((e) => e["id"]), second.next], [[1], null]);
  assert.equal((await entries("?q=id%3Dr2")).entries.length, 1 + 1); // the search, and this very question
  assert.equal((await entries("?from=2100-01-01T00:00:00Z")).entries.length, 0);
  for (const wrong of ["from=x", "action=nothing", "limit=0", "limit=1001", "cursor=abc", "who=x", "user=a&user=b"]) {
    const answer = await get(`/api/v1/audit?${wrong}`);
    assert.equal(answer.status, 400, wrong);
    assert.equal(((await answer.json()) as { code: string }).code, "bad-parameter");
  }
});

test("there is no way to change or delete an entry", async (t) => {
  const { get } = await scene(t);
  await get("/api/v1/recordings");
  const base = (await get("/api/v1/audit")).url;
  for (const method of ["POST", "PUT", "PATCH", "DELETE"])
    assert.ok((await fetch(base, { method, headers: admin })).status >= 400, method);
});

test("CSV has every entry that matches, beyond one page", async (t) => {
  const { get } = await scene(t);
  for (let n = 0; n < 3; n++) await get(`/api/v1/recordings?q=%3D1%2B${n}`);
  const answer = await get("/api/v1/audit?action=search&limit=1&format=csv");
  assert.match(answer.headers.get("content-type") ?? "", /^text\/csv/);
  assert.match(answer.headers.get("content-disposition") ?? "", /attachment; filename="audit\.csv"/);
  const lines = (await answer.text()).trimEnd().split("\r\n");
  assert.equal(lines.length, 4);
  assert.match(lines[1] ?? "", /^"3","20\d\d-.*","admin","administrator","127\.0\.0\.1","search","","ok",/);
});

test("verification: sound, with a hash that can be noted down; then tampered with", async (t) => {
  const { get, file } = await scene(t);
  type Report = { ok: boolean; entries: number; last: { id: number; hash: string }; broken: unknown; noted: unknown };
  const verify = async (query = ""): Promise<Report> =>
    (await (await get(`/api/v1/audit/verification${query}`, auditor)).json()) as Report;
  await get("/api/v1/recordings");
  const { ok, entries, last, broken, noted } = await verify();
  assert.deepEqual([ok, entries, last.id, broken, noted], [true, 1, 1, null, null]);
  assert.deepEqual((await verify(`?entry=1&hash=${last.hash}`)).noted, true);
  const wrong = await verify(`?entry=1&hash=${"0".repeat(64)}`);
  assert.deepEqual([wrong.ok, wrong.noted], [false, false]);
  assert.equal((await get("/api/v1/audit/verification?entry=1")).status, 400);
  assert.equal((await get("/api/v1/audit/verification", basic("sue", "pw"))).status, 403);
  const db = new Database(file);
  db.exec("drop trigger audit_fixed; update audit set user = 'eve' where id = 1");
  db.close();
  const after = await verify();
  assert.deepEqual([after.ok, after.broken], [false, { id: 1, reason: "changed" }]);
});

test("what cannot be kept is not served: nobody listens while the audit cannot be written", async (t) => {
  const { get, file, asked } = await scene(t);
  assert.equal((await get("/api/v1/recordings/r1/audio")).status, 200);
  const other = new Database(file);
  other.exec("begin exclusive");
  const refused = await get("/api/v1/recordings/r2/audio");
  const problem = (await refused.json()) as { code: string; detail: string; remedy: string };
  assert.deepEqual([refused.status, problem.code], [503, "audit-unavailable"]);
  assert.match(problem.detail, /The audit trail cannot be written, so this is not served: .*database is locked/);
  assert.match(problem.remedy, /console\.storage/);
  assert.deepEqual(asked, ["/api/v1/recordings/r1/audio"]);
  const ready = await get("/readyz");
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /console: the audit trail cannot be written: .*database is locked/);
  other.exec("rollback");
  other.close();
  assert.equal((await get("/api/v1/recordings/r2/audio")).status, 200);
  assert.equal((await get("/readyz")).status, 200);
});
