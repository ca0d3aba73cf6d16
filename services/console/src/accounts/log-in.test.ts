import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ManualClock, systemRandom } from "@sidetone/foundation";
import { hash } from "@node-rs/argon2";
import { Authentication } from "../authentication.ts";
import { basic, consoleFor, users } from "../console.fixture.ts";
import { GuessLimit } from "../guess-limit.ts";
import { freeTries, freeTriesOfAddress, maxWaitingHashes } from "../limits.ts";
import { openConsoleStore } from "../store/console-store.ts";
import { Accounts } from "./accounts.ts";
import { Browser } from "./browser.fixture.ts";
import { LogInLimit } from "./log-in-limit.ts";
import { initialPassword, passwordMistake } from "./password-rules.ts";
import { Passwords } from "./passwords.ts";

async function made(t: TestContext, token?: string) {
  const store = await openConsoleStore(":memory:");
  t.after(() => store.close());
  const clock = new ManualClock();
  const passwords = new Passwords();
  const accounts = new Accounts({ configured: users, users: store.users, passwords, clock, oidc: false });
  const limit = new LogInLimit(clock);
  return {
    clock,
    store,
    passwords,
    accounts,
    authentication: new Authentication({ accounts, token, limit, clock, random: systemRandom }),
  };
}

describe("guessing", () => {
  test("gets slow, per user and address, and success forgets", async (t) => {
    const { clock, authentication } = await made(t);
    const attempt = async (password: string, ip = "10.0.0.1"): Promise<string> =>
      (await authentication.admit(basic("admin", password).authorization, { ip, local: false })).kind;
    for (let i = 0; i < freeTries; i++) assert.equal(await attempt("wrong"), "unknown");
    assert.equal(await attempt("pw"), "wait");
    assert.equal(await attempt("pw", "10.0.0.2"), "admitted");
    clock.advance(1000);
    assert.equal(await attempt("wrong"), "unknown");
    clock.advance(1000);
    assert.equal(await attempt("other"), "wait"); // twice as long now
    clock.advance(1000);
    assert.equal(await attempt("pw"), "admitted");
    assert.equal(await attempt("wrong"), "unknown");
  });

  test("many at once count as many, not as the one that was there when they came", async (t) => {
    const { authentication } = await made(t);
    const origin = { ip: "10.0.0.1", local: false };
    const tries = await Promise.all(
      Array.from({ length: 50 }, (_, i) => authentication.logIn("admin", `x${i}`, origin)),
    );
    assert.equal(tries.filter(({ kind }) => kind === "wrong").length, freeTries);
  });

  test("one address over many names gets slow too, and a right password of one's own does not pay for it", () => {
    const clock = new ManualClock();
    const limit = new LogInLimit(clock);
    for (let i = 0; i < freeTriesOfAddress; i++) assert.equal(limit.begin("10.0.0.1", `user${i}`), 0);
    assert.equal(limit.begin("10.0.0.1", "another"), 1);
    assert.equal(limit.begin("10.0.0.2", "another"), 0);
    clock.advance(1000);
    assert.equal(limit.begin("10.0.0.1", "mine"), 0);
    limit.succeeded("10.0.0.1", "mine");
    assert.equal(limit.begin("10.0.0.1", "one more"), 0);
    assert.ok(limit.begin("10.0.0.1", "and one more") > 1);
  });

  test("the whole /64 of an IPv6 address is one", () => {
    const limit = new LogInLimit(new ManualClock());
    for (let i = 0; i < freeTries; i++) limit.begin(`2001:db8:0:1::${i}`, "admin");
    assert.equal(limit.begin("2001:db8:0:1:ffff::9", "admin"), 1);
    assert.equal(limit.begin("2001:db8:0:2::1", "admin"), 0);
  });

  test("the wait has an end, and wrong tries are forgotten in time", () => {
    const clock = new ManualClock();
    const limit = new GuessLimit(clock, freeTries);
    for (let i = 0; i < 100; i++) limit.failed("x");
    assert.equal(limit.waitSeconds("x"), 60);
    clock.advance(16 * 60_000);
    limit.failed("x");
    assert.equal(limit.waitSeconds("x"), 0);
  });

  test("garbage is unknown, not an exception", async (t) => {
    const { authentication } = await made(t, "tok");
    for (const header of [
      "",
      "Basic",
      "Basic !!!!",
      "Basic YWJj",
      "Digest x",
      "Bearer ",
      `Basic ${"A".repeat(5000)}`,
    ]) {
      assert.equal(
        (await authentication.admit(header, { ip: "ip", local: true })).kind,
        "unknown",
        header.slice(0, 20),
      );
    }
  });

  test("the form is told to wait, with Retry-After", async (t) => {
    const { http } = await consoleFor(t, ["http://127.0.0.1:1"]);
    const browser = new Browser(http);
    const body = { user: "admin", password: "wrong" };
    for (let i = 0; i < freeTries; i++)
      assert.equal(await browser.told("POST", "/api/v1/session", body), "401 wrong-password");
    const answer = await browser.send("POST", "/api/v1/session", body);
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [429, "1"]);
    for (const odd of [
      {},
      [],
      { user: "admin" },
      { user: 7, password: "x" },
      { user: "a".repeat(5000), password: "x" },
      { user: "a", password: "b", more: 1 },
    ])
      assert.equal(await browser.told("POST", "/api/v1/session", odd), "400 bad-request");
  });
});

describe("passwords", () => {
  test("argon2id; a hash of less work is made anew at the log-in", async (t) => {
    const { accounts, store, passwords } = await made(t);
    const weak = await hash("correct horse battery", { memoryCost: 1024, timeCost: 1 });
    const user = { name: "anna", role: "agent", grants: [], source: "local", subject: undefined } as const;
    await accounts.add({ ...user, passwordHash: weak, disabled: false, mustChange: false });
    assert.equal(passwords.isOutdated(weak), true);
    assert.equal((await accounts.verify("anna", "correct horse battery", true)).kind, "right");
    const { passwordHash = "" } = (await store.users.get("anna")) ?? {};
    assert.match(passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal((await accounts.verify("anna", "correct horse battery", true)).kind, "right");
    assert.equal((await accounts.verify("anna", "Correct horse battery", true)).kind, "wrong");
  });

  test("an unknown name, a user of OIDC and a wrong password cost one hash each", async (t) => {
    const { accounts, passwords } = await made(t);
    let hashes = 0;
    t.mock.method(passwords, "matches", (hashed: string | undefined, password: string) => {
      hashes += 1;
      return Passwords.prototype.matches.call(passwords, hashed, password);
    });
    const user = { role: "agent", grants: [], disabled: false, mustChange: false } as const;
    await accounts.add({
      ...user,
      name: "anna",
      source: "local",
      subject: undefined,
      passwordHash: await passwords.hash("correct horse"),
    });
    await accounts.add({ ...user, name: "otto", source: "oidc", subject: "i s", passwordHash: undefined });
    for (const name of ["nobody", "otto", "anna", "admin", "__proto__"])
      assert.equal((await accounts.verify(name, "wrong", true)).kind, "wrong", name);
    assert.equal(hashes, 5);
  });

  test("not more wait than there is patience for", async () => {
    const passwords = new Passwords();
    const tries = await Promise.allSettled(
      Array.from({ length: maxWaitingHashes + 10 }, () => passwords.matches("no hash", "x")),
    );
    const busy = tries.filter(
      (one) => one.status === "rejected" && (one.reason as { code?: string }).code === "log-in-busy",
    );
    assert.equal(busy.length, 8);
    assert.equal(await passwords.matches(undefined, "x"), false);
  });

  test("rules: length, not the name, no demo password; an initial one keeps them", () => {
    for (const [password, why] of [
      ["short", /at least 12/],
      ["x".repeat(201), /at most 200/],
      ["Anna.Miller1", /user's name/],
      ["demo-anything-long", /demonstrations/],
      ["aaaaaaaaaaaaaaaa", /different/],
    ] as const)
      assert.match(passwordMistake("anna.miller", password) ?? "", why);
    assert.equal(passwordMistake("anna.miller", "correct horse battery"), undefined);
    for (let i = 0; i < 200; i++) {
      const password = initialPassword(systemRandom);
      assert.match(password, /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
      assert.equal(passwordMistake("anna", password), undefined);
    }
  });
});
