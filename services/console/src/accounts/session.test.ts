import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { IncomingMessage, request } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, type TestContext, test } from "node:test";
import type { ConsoleConfig, ConsoleUser } from "@sidetone/config";
import { ManualClock, systemRandom } from "@sidetone/foundation";
import Database from "better-sqlite3";
import { basic, consoleFor, role } from "../console.fixture.ts";
import { endWithSession } from "../session-sockets.ts";
import { type ConsoleStore, openConsoleStore } from "../store/console-store.ts";
import { Accounts } from "./accounts.ts";
import { Browser } from "./browser.fixture.ts";
import { Passwords } from "./passwords.ts";
import { Sessions } from "./sessions.ts";

const people: readonly ConsoleUser[] = [
  { name: "admin", password: "right horse", role: "administrator" },
  { name: "al", password: "demo-al", role: "agent", grants: [] },
];

async function start(t: TestContext, more: Partial<ConsoleConfig> = {}): Promise<Browser> {
  const rec = await role(t, "recorder", (app) => {
    app.get("/api/v1/recordings", async () => ({ recordings: [] }));
    app.post("/api/v1/recordings/a/notes", async () => ({}));
  });
  const { http } = await consoleFor(t, [rec.url], { users: people, ...more });
  return new Browser(http);
}

describe("session of a cookie", () => {
  test("log-in gives a cookie that scripts and other sites do not get, and the page its token; log-out ends it", async (t) => {
    const browser = await start(t);
    assert.equal(await browser.who(), null);
    assert.equal(await browser.told("GET", "/api/v1/recordings"), "401 log-in");
    const answer = await browser.send("POST", "/api/v1/session", { user: "admin", password: "right horse" });
    const [cookie = ""] = answer.headers.getSetCookie();
    assert.match(cookie, /^sidetone=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/);
    const { user } = (await answer.json()) as { user: Record<string, unknown> };
    assert.deepEqual(
      [user["name"], user["role"], user["dns"], user["canChangePassword"]],
      ["admin", "administrator", null, false],
    );
    browser.csrf = String(user["csrfToken"]);
    assert.equal(await browser.told("GET", "/api/v1/recordings"), "200");
    const old = browser.cookies.get("sidetone") ?? "";
    assert.deepEqual(await browser.json("DELETE", "/api/v1/session"), { next: null });
    assert.equal(browser.cookies.has("sidetone"), false);
    browser.cookies.set("sidetone", old);
    assert.equal(await browser.told("GET", "/api/v1/recordings"), "401 log-in");
  });

  test("a new log-in ends the session before: nobody slips one under a visitor", async (t) => {
    const browser = await start(t);
    await browser.logIn("al", "demo-al");
    const before = browser.cookies.get("sidetone") ?? "";
    await browser.logIn("admin", "right horse");
    assert.equal(await browser.who(), "admin");
    browser.cookies.set("sidetone", before);
    assert.equal(await browser.who(), null);
  });

  test("CSRF: what changes something carries the session's token and comes from the console's own page", async (t) => {
    const browser = await start(t);
    await browser.logIn("admin", "right horse");
    const path = "/api/v1/recordings/a/notes";
    const { csrf } = browser;
    browser.csrf = undefined;
    assert.equal(await browser.told("POST", path, {}), "403 csrf-token");
    assert.equal(await browser.told("DELETE", "/api/v1/session"), "403 csrf-token");
    assert.equal(await browser.told("POST", path, {}, { "x-csrf-token": "guess" }), "403 csrf-token");
    browser.csrf = csrf;
    assert.equal(await browser.told("POST", path, {}), "200");
    assert.equal(await browser.told("POST", path, {}, { "sec-fetch-site": "cross-site" }), "403 foreign-site");
    assert.equal(await browser.told("POST", path, {}, { "sec-fetch-site": "same-site" }), "403 foreign-site");
    const logIn = { user: "admin", password: "right horse" };
    assert.equal(
      await browser.told("POST", "/api/v1/session", logIn, { "sec-fetch-site": "cross-site" }),
      "403 foreign-site",
    );
  });

  test("programs send a password with each request and need no token; only they are asked by HTTP for one", async (t) => {
    const browser = await start(t);
    const path = `${browser.base}/api/v1/recordings/a/notes`;
    const post = {
      method: "POST",
      headers: { ...basic("admin", "right horse"), "content-type": "application/json" },
      body: "{}",
    };
    assert.equal((await fetch(path, post)).status, 200);
    const program = await fetch(path);
    assert.match(program.headers.get("www-authenticate") ?? "", /^Basic/);
    const page = await browser.send("GET", "/api/v1/recordings");
    assert.deepEqual([page.status, page.headers.get("www-authenticate")], [401, null]);
    const plain = await fetch(path, { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" } });
    assert.deepEqual([plain.status, plain.headers.get("www-authenticate")], [401, null]);
  });

  test("the pages' files come without a log-in, so that it can be shown", async (t) => {
    const browser = await start(t);
    const html = await (await browser.send("GET", "/recordings/x")).text();
    for (const [, file = ""] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      if (file.startsWith("/api")) continue;
      assert.equal((await browser.send("GET", file)).status, 200, file);
    }
    assert.equal(await browser.told("GET", "/nothing-there"), "401 log-in");
    assert.equal(await browser.told("GET", "/api/v1/status"), "401 log-in");
  });

  test("nothing of a token or password is in the file; a session lives through a restart", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sidetone-accounts-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const storage = join(folder, "c.sqlite");
    const first = await consoleFor(t, ["http://127.0.0.1:1"], { users: people, storage });
    const browser = new Browser(first.http);
    await browser.logIn("admin", "right horse");
    await first.close();
    const db = new Database(storage, { readonly: true });
    const kept = JSON.stringify(db.prepare("select * from sessions").all());
    db.close();
    assert.doesNotMatch(
      kept + readFileSync(storage, "latin1"),
      new RegExp(`${browser.cookies.get("sidetone")}|right horse`),
    );
    const restarted = async (users: readonly ConsoleUser[]): Promise<string | null> => {
      const running = await consoleFor(t, ["http://127.0.0.1:1"], { users, storage });
      const again = new Browser(running.http);
      again.cookies.set("sidetone", browser.cookies.get("sidetone") ?? "");
      const who = await again.who();
      await running.close();
      return who;
    };
    assert.equal(await restarted(people), "admin");
    assert.equal(
      await restarted([{ name: "admin", password: "another", role: "administrator" }]),
      null,
      "another password",
    );
    assert.equal(await restarted([{ name: "al", password: "demo-al", role: "agent" }]), null, "no such user");
  });

  test("behind a trusted proxy the cookie is Secure and the address the client's; anybody else's word counts nothing", async (t) => {
    const forwarded = { "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9" };
    const cookieOf = async (more: Partial<ConsoleConfig>, user = "admin"): Promise<string> => {
      const browser = await start(t, more);
      const password = user === "al" ? "demo-al" : "right horse";
      const answer = await browser.send("POST", "/api/v1/session", { user, password }, forwarded);
      return answer.headers.getSetCookie()[0] ?? ((await answer.json()) as { code: string }).code;
    };
    assert.match(await cookieOf({ trustedProxies: ["127.0.0.1"] }), /; Secure/);
    assert.doesNotMatch(await cookieOf({ trustedProxies: ["10.0.0.0/8"] }), /; Secure/);
    assert.match(await cookieOf({ publicUrl: "https://console.example" }), /; Secure/);
    assert.equal(await cookieOf({}, "al"), "demo-elsewhere", "a demo password through a proxy");
  });

  test("the demo is offered to a browser on this machine only, and only where there is one", async (t) => {
    const demo = async (browser: Browser, headers: Record<string, string> = {}): Promise<unknown> =>
      (
        (await (await browser.send("GET", "/api/v1/session", undefined, headers)).json()) as {
          logIn: { demo: unknown };
        }
      ).logIn.demo;
    const none = await start(t);
    assert.equal(await demo(none), null);
    const some = await start(t, { users: [{ name: "admin", password: "demo-admin", role: "administrator" }] });
    assert.deepEqual(await demo(some), { user: "admin", password: "demo-admin" });
    assert.equal(await demo(some, { "x-forwarded-for": "203.0.113.9" }), null);
    const rebound = request(`${some.base}/api/v1/session`, { headers: { host: "evil.example" }, agent: false });
    rebound.end();
    const [answer] = (await once(rebound, "response")) as [IncomingMessage];
    assert.match(await text(answer), /"demo":null/, "DNS rebinding");
  });
});

describe("life of a session", () => {
  const minute = 60_000;

  async function made(
    t: TestContext,
  ): Promise<{ clock: ManualClock; sessions: Sessions; accounts: Accounts; store: ConsoleStore }> {
    const store = await openConsoleStore(":memory:");
    const clock = new ManualClock();
    const accounts = new Accounts({
      configured: people,
      users: store.users,
      passwords: new Passwords(),
      clock,
      oidc: false,
    });
    const times = { idleMs: 30 * minute, longestMs: 60 * minute };
    const sessions = new Sessions({ table: store.sessions, accounts, clock, random: systemRandom, ...times });
    t.after(async () => {
      sessions.close();
      await store.close();
    });
    return { clock, sessions, accounts, store };
  }

  test("it ends when nobody used it for a while, and after its longest time however much it is used", async (t) => {
    const { clock, sessions, accounts } = await made(t);
    const admin = await accounts.find("admin");
    assert(admin !== undefined);
    const { token } = await sessions.begin(admin, "password", "::1");
    clock.advance(29 * minute);
    assert.equal((await sessions.use(token))?.account.name, "admin");
    clock.advance(30 * minute);
    const last = await sessions.use(token);
    assert.equal(last, undefined, "30 minutes without a request");
    const second = await sessions.begin(admin, "password", "::1");
    for (let i = 0; i < 5; i++) {
      clock.advance(11 * minute);
      assert.notEqual(await sessions.use(second.token), undefined, `${i}`);
    }
    clock.advance(6 * minute);
    assert.equal(await sessions.use(second.token), undefined, "61 minutes in all");
  });

  test("what is open ends with it: at its end, when its user's are ended, and when it expires", async (t) => {
    const { clock, sessions, accounts } = await made(t);
    const admin = await accounts.find("admin");
    assert(admin !== undefined);
    const ended: string[] = [];
    const open = async (name: string): Promise<string> => {
      const { token, session } = await sessions.begin(admin, "password", "::1");
      await sessions.use(token);
      sessions.attach(session.tokenHash, () => ended.push(name));
      return session.tokenHash;
    };
    await sessions.end(await open("ended"));
    const kept = await open("kept");
    await open("of the user");
    await sessions.endOfUser("admin", kept);
    assert.deepEqual(ended, ["ended", "of the user"]);
    clock.advance(31 * minute);
    await new Promise<void>((done) => {
      sessions.attach(kept, done);
    });
    assert.deepEqual(ended, ["ended", "of the user", "kept"]);
  });

  test("a browser's WebSocket ends with its session, and is closed where the cookie is no longer good", async (t) => {
    const { sessions, accounts } = await made(t);
    const admin = await accounts.find("admin");
    assert(admin !== undefined);
    const { token, session } = await sessions.begin(admin, "password", "::1");
    const handler = endWithSession(() => undefined, sessions);
    const opened = (cookie: string | undefined): PassThrough => {
      const socket = new PassThrough();
      const request = new IncomingMessage(new Socket());
      if (cookie !== undefined) request.headers.cookie = cookie;
      assert.equal(handler(request, socket, Buffer.alloc(0)), undefined);
      return socket;
    };
    const good = opened(`a=b; sidetone=${token}`);
    const program = opened(undefined);
    const stale = opened("sidetone=stale");
    await once(stale, "close");
    assert.deepEqual([good.destroyed, program.destroyed], [false, false]);
    await sessions.end(session.tokenHash);
    await once(good, "close");
    assert.equal(program.destroyed, false);
  });

  test("a token that was never given out is nobody", async (t) => {
    const { sessions } = await made(t);
    for (const token of ["", "x", "a".repeat(43), "\u0000"]) assert.equal(await sessions.use(token), undefined);
  });
});
