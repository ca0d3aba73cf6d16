import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ConsoleUser } from "@sidetone/config";
import type { RoleName } from "@sidetone/foundation";
import type { FastifyInstance } from "@sidetone/http";
import Database from "better-sqlite3";
import { basic, consoleFor, role } from "./console.fixture.ts";

const people: readonly ConsoleUser[] = [
  { name: "administrator", password: "pw", role: "administrator", grants: [{ dns: "*", rights: ["monitor"] }] },
  {
    name: "supervisor",
    password: "pw",
    role: "supervisor",
    grants: [
      { dns: "70*", rights: ["monitor"] },
      { dns: "8001", rights: ["monitor"] },
    ],
  },
  { name: "auditor", password: "pw", role: "auditor", grants: [{ dns: "*", rights: ["monitor"] }] },
  { name: "agent", password: "pw", role: "agent", grants: [{ dns: "7001", rights: ["monitor"] }] },
];

const everybody = "administrator supervisor auditor agent";
const watching = "administrator supervisor auditor";

/** Path → who is let through. */
const table: readonly (readonly [string, string])[] = [
  ["GET /api/v1/recordings", watching],
  ["GET /api/v1/recordings/a", watching],
  ["GET /api/v1/recordings/a/audio", watching],
  ["HEAD /api/v1/recordings/a/audio", watching],
  ["GET /api/v1/recordings/a/%61udio", watching],
  ["GET /api/v1/recordings/a/peaks", watching],
  ["GET /api/v1/recordings/a/integrity", watching],
  ["GET /api/v1/recordings/a/live", watching],
  ["GET /api/v1/reconciliation", watching],
  ["GET /api/v1/ledger", watching],
  ["GET /api/v1/ledger/changes", watching],
  ["GET /api/v1/trace", watching],
  ["GET /api/v1/calls", watching],
  ["GET /api/v1/registrations", watching],
  ["GET /api/v1/resources", watching],
  ["GET /api/v1/conferences", watching],
  ["GET /api/v1/connections", watching],
  ["GET /api/v1/sessions", watching],
  ["GET /api/v1/storage", watching],
  ["GET /api/v1/openapi.json", watching],
  ["GET /api/v1/what-comes-later", "administrator auditor"],
  ["GET /api/v1/calls/../ledger", ""],
  ["GET /api/v1/calls/%2e%2E/ledger", ""],
  ["POST /api/v1/recordings/a", "administrator"],
  ["PUT /api/v1/calls/a", "administrator"],
  ["DELETE /api/v1/recordings/a", "administrator"],
  ["POST /api/v1/resources/withdraw", "administrator"],
  ["POST /api/v1/resources/restore", "administrator"],
  ["GET /api/v1/status", everybody],
  ["POST /api/v1/tlib-token", "administrator supervisor auditor agent"],
  ["GET /api/v1/users", "administrator"],
  ["POST /api/v1/users", "administrator"],
  ["PATCH /api/v1/users/al", "administrator"],
  ["DELETE /api/v1/users/al", "administrator"],
];

/** With the path as it is written: `fetch` would tidy it up. */
function ask(base: string, line: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  const [method = "", path = ""] = line.split(" ");
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("each role at each path: let through or refused, and every refusal in the audit", async (t) => {
  const scopes = new Map<string, string | undefined>();
  const everything = (app: FastifyInstance): void => {
    app.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      url: "/api/v1/*",
      handler: async (asked) => {
        scopes.set(String(asked.headers["user-agent"]), asked.headers["x-sidetone-dns"]?.toString());
        return {};
      },
    });
  };
  const names: readonly RoleName[] = ["sip-server", "resource-manager", "media-server", "recorder"];
  const urls = await Promise.all(names.map(async (name) => (await role(t, name, everything)).url));
  const folder = mkdtempSync(join(tmpdir(), "sidetone-door-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const storage = join(folder, "c.sqlite");
  const { http } = await consoleFor(t, urls, { users: people, storage, tokenSecret: "k".repeat(32) });

  const refused: string[] = [];
  for (const [line, allowed] of table) {
    for (const { name } of people) {
      const { status, body } = await ask(http, line, {
        ...basic(name, "pw"),
        "user-agent": name,
        // A visitor must not be able to widen, or take away, what they are limited to.
        "x-sidetone-dns": "*",
      });
      const through = !(status === 403 && (body === "" || body.includes('"not-allowed"')));
      assert.equal(through, allowed.split(" ").includes(name), `${name} at ${line}: ${status} ${body}`);
      if (!through) refused.push(name);
    }
    const nobody = await ask(http, line, {});
    assert.equal(nobody.status, 401, line);
  }
  assert.deepEqual(
    ["administrator", "supervisor", "auditor", "agent"].map((name) => scopes.get(name)),
    [undefined, "70*, 8001", undefined, undefined],
  );
  const db = new Database(storage, { readonly: true });
  const kept = db.prepare("select user from audit where outcome = 'refused' order by id").pluck().all();
  db.close();
  assert.deepEqual(kept, refused);
});
