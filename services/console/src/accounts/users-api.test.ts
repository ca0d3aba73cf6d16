import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { ConsoleConfig, ConsoleUser } from "@sidetone/config";
import Database from "better-sqlite3";
import { basic, consoleFor } from "../console.fixture.ts";
import { Browser } from "./browser.fixture.ts";
import type { UserView } from "./users-api.ts";

const people: readonly ConsoleUser[] = [{ name: "root", password: "pw", role: "administrator" }];
const chosen = "correct horse battery";

interface Made {
  readonly user: UserView;
  readonly password: string;
}

async function start(
  t: TestContext,
  more: Partial<ConsoleConfig> = {},
): Promise<{ root: Browser; http: string; file: string }> {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-users-"));
  const file = join(folder, "c.sqlite");
  const { http } = await consoleFor(t, ["http://127.0.0.1:1"], { users: people, storage: file, ...more });
  t.after(() => rmSync(folder, { recursive: true }));
  const root = new Browser(http);
  if (more.users === undefined) await root.logIn("root", "pw");
  return { root, http, file };
}

/** A user who has chosen a password. */
async function person(
  http: string,
  root: Browser,
  name: string,
  role: string,
  grants: object[] = [],
): Promise<Browser> {
  const { password } = await root.json<Made>("POST", "/api/v1/users", { name, role, grants });
  const browser = new Browser(http);
  await browser.logIn(name, password);
  assert.equal(await browser.told("PUT", "/api/v1/session/password", { current: password, password: chosen }), "204");
  return browser;
}

function trail(file: string): { user: string; object: string; outcome: string; detail: Record<string, string> }[] {
  const db = new Database(file, { readonly: true });
  const rows = db.prepare("select user, object, outcome, detail from audit where action = 'users' order by id").all();
  db.close();
  return (rows as { user: string; object: string; outcome: string; detail: string }[]).map((row) => ({
    ...row,
    detail: JSON.parse(row.detail) as Record<string, string>,
  }));
}

describe("users", () => {
  test("a new user gets a password for the first log-in, and nothing else until another one is chosen", async (t) => {
    const { root, http } = await start(t);
    const grants = [{ dns: "70*", rights: ["record", "monitor"] }];
    const made = await root.json<Made>("POST", "/api/v1/users", { name: "sue", role: "supervisor", grants });
    const kept = [{ dns: "70*", rights: ["monitor", "record"] }];
    assert.deepEqual(made.user, {
      name: "sue",
      role: "supervisor",
      grants: kept,
      source: "local",
      state: "password-change",
      lastLogInAt: null,
      self: false,
    });
    const sue = new Browser(http);
    await sue.logIn("sue", made.password);
    assert.equal(await sue.told("GET", "/api/v1/status"), "403 password-change-needed");
    const program = await fetch(`${http}/api/v1/status`, { headers: basic("sue", made.password) });
    assert.equal(program.status, 403);
    const change = (password: string, current = made.password): Promise<string> =>
      sue.told("PUT", "/api/v1/session/password", { current, password });
    assert.equal(await change("short"), "400 bad-password");
    assert.equal(await change(made.password), "400 bad-password");
    assert.equal(await change(chosen, "wrong"), "403 wrong-password");
    assert.equal(await change(chosen), "204");
    assert.equal(await sue.told("GET", "/api/v1/status"), "200");
    const { user } = await sue.json<{ user: { dns: string[] } }>("GET", "/api/v1/session");
    assert.deepEqual(user.dns, ["70*"]);
    const listed = (await root.json<{ users: UserView[] }>("GET", "/api/v1/users")).users;
    assert.deepEqual(
      listed.map(({ name, source, state, self }) => [name, source, state, self]),
      [
        ["root", "configuration", "active", true],
        ["sue", "local", "active", false],
      ],
    );
    assert.match(listed[1]?.lastLogInAt ?? "", /^20\d\d-/);
  });

  test("another password logs out every other browser of the person, a reset all of them", async (t) => {
    const { root, http } = await start(t);
    const here = await person(http, root, "sue", "auditor");
    const there = new Browser(http);
    await there.logIn("sue", chosen);
    assert.equal(
      await here.told("PUT", "/api/v1/session/password", { current: chosen, password: `${chosen} 2` }),
      "204",
    );
    assert.deepEqual([await here.who(), await there.who()], ["sue", null]);
    const { password } = await root.json<Made>("PATCH", "/api/v1/users/sue", { resetPassword: true });
    assert.equal(await here.who(), null);
    assert.equal(
      await there.told("POST", "/api/v1/session", { user: "sue", password: `${chosen} 2` }),
      "401 wrong-password",
    );
    await there.logIn("sue", password);
  });

  test("who is disabled or deleted is out at once: sessions, programs, and what is open", async (t) => {
    const { root, http } = await start(t);
    const sue = await person(http, root, "sue", "auditor");
    const program = (): Promise<Response> => fetch(`${http}/api/v1/status`, { headers: basic("sue", chosen) });
    assert.equal((await program()).status, 200);
    await root.json("PATCH", "/api/v1/users/sue", { disabled: true });
    assert.deepEqual([await sue.who(), (await program()).status], [null, 401]);
    assert.equal(await sue.told("POST", "/api/v1/session", { user: "sue", password: chosen }), "403 user-disabled");
    await root.json("PATCH", "/api/v1/users/sue", { disabled: false });
    await sue.logIn("sue", chosen);
    assert.equal(await root.told("DELETE", "/api/v1/users/sue"), "204");
    assert.deepEqual([await sue.who(), (await program()).status], [null, 401]);
    assert.equal(await root.told("DELETE", "/api/v1/users/sue"), "404 no-such-user");
  });

  test("another role holds at once", async (t) => {
    const { root, http } = await start(t);
    const sue = await person(http, root, "sue", "auditor");
    assert.equal(await sue.told("GET", "/api/v1/users"), "403 not-allowed");
    await root.json("PATCH", "/api/v1/users/sue", { role: "administrator" });
    assert.equal(await sue.told("GET", "/api/v1/users"), "200");
    await root.json("PATCH", "/api/v1/users/sue", { role: "agent" });
    assert.equal(await sue.told("GET", "/api/v1/users"), "403 not-allowed");
  });

  test("nobody takes log-in or role from themselves, and an administrator is left", async (t) => {
    const { root: anybody, http } = await start(t, { users: [] });
    assert.equal(await anybody.told("POST", "/api/v1/users", { name: "al", role: "agent" }), "409 first-administrator");
    const one = await person(http, anybody, "one", "administrator");
    assert.equal(await anybody.told("GET", "/api/v1/users"), "401 log-in", "from now on there is a log-in");
    for (const change of [{ role: "agent" }, { disabled: true }, { resetPassword: true }])
      assert.equal(await one.told("PATCH", "/api/v1/users/one", change), "409 yourself");
    assert.equal(await one.told("DELETE", "/api/v1/users/one"), "409 yourself");
    const two = await person(http, one, "two", "administrator");
    // Who loses the role has what is still open cut off.
    const cut = (): string => "cut off";
    const both = await Promise.all([
      one.told("PATCH", "/api/v1/users/two", { role: "agent" }).catch(cut),
      two.told("PATCH", "/api/v1/users/one", { role: "agent" }).catch(cut),
    ]);
    assert.equal(both.filter((told) => told === "200").length, 1, both.join());
    const left = await Promise.all([one, two].map((each) => each.told("GET", "/api/v1/users")));
    assert.deepEqual(left.toSorted(), ["200", "403 not-allowed"]);
  });

  test("users of the configuration are shown, and changed there", async (t) => {
    const { root } = await start(t);
    assert.equal(await root.told("PATCH", "/api/v1/users/root", { disabled: true }), "409 set-in-configuration");
    assert.equal(await root.told("DELETE", "/api/v1/users/root"), "409 set-in-configuration");
    assert.equal(await root.told("POST", "/api/v1/users", { name: "root", role: "agent" }), "409 name-taken");
    assert.equal(
      await root.told("PUT", "/api/v1/session/password", { current: "pw", password: chosen }),
      "409 password-elsewhere",
    );
  });

  test("what is sent is checked", async (t) => {
    const { root } = await start(t);
    const good = { name: "al", role: "agent" };
    for (const bad of [
      {},
      { ...good, name: "" },
      { ...good, name: "a:b" },
      { ...good, name: " al" },
      { ...good, name: "a\u0000b" },
      { ...good, name: "x".repeat(101) },
      { ...good, role: "king" },
      { ...good, more: 1 },
      { ...good, grants: {} },
      { ...good, grants: [{ dns: "", rights: ["monitor"] }] },
      { ...good, grants: [{ dns: "7001, *", rights: ["monitor"] }] },
      { ...good, grants: [{ dns: "7001", rights: [] }] },
      { ...good, grants: [{ dns: "7001", rights: ["fly"] }] },
    ])
      assert.equal(await root.told("POST", "/api/v1/users", bad), "400 bad-request", JSON.stringify(bad));
    for (const name of ["__proto__", "constructor", "Ærøskøbing ☎", "a/b%2Fc"]) {
      assert.equal(await root.told("POST", "/api/v1/users", { ...good, name }), "201", name);
      assert.equal(await root.told("DELETE", `/api/v1/users/${encodeURIComponent(name)}`), "204", name);
    }
  });

  test("every change and every refusal is in the audit, and no password", async (t) => {
    const { root, http, file } = await start(t);
    const sue = await person(http, root, "sue", "auditor");
    await root.json("PATCH", "/api/v1/users/sue", { role: "agent", grants: [{ dns: "7001", rights: ["monitor"] }] });
    await sue.told("POST", "/api/v1/users", { name: "eve", role: "administrator" });
    await root.told("DELETE", "/api/v1/users/sue");
    const entries = trail(file);
    assert.deepEqual(
      entries.map(({ user, object, outcome, detail }) => [user, object, outcome, detail["did"] ?? ""]),
      [
        ["root", "sue", "ok", "created"],
        ["sue", "sue", "ok", "changed own password"],
        ["root", "sue", "ok", "changed"],
        ["sue", "", "refused", ""],
        ["root", "sue", "ok", "deleted"],
      ],
    );
    assert.equal(entries[2]?.detail["dns"], "7001: monitor");
    assert.doesNotMatch(JSON.stringify(entries), /correct horse/);
  });
});
