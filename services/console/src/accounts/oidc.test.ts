import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import type { OidcConfig } from "@sidetone/config";
import { consoleFor } from "../console.fixture.ts";
import { Browser } from "./browser.fixture.ts";
import { ownPath } from "./oidc-api.ts";
import { claimedUser } from "./oidc-claims.ts";
import { oidcProvider } from "./oidc-provider.fixture.ts";

const mapping = {
  nameClaim: "preferred_username",
  roleClaim: "groups",
  roles: new Map([
    ["admins", "administrator"],
    ["leads", "supervisor"],
    ["desk", "agent"],
  ] as const),
  dnsClaim: "dns",
  grants: [],
};

const settings = (issuer: string): OidcConfig => ({
  ...mapping,
  issuer,
  clientId: "sidetone",
  clientSecret: "client-secret-of-the-test",
  label: "Company log-in",
  scopes: ["openid", "profile", "email"],
});

/** A console port that is known before it runs: the provider wants the way back beforehand. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

async function start(t: TestContext, o: { down?: boolean } = {}) {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const provider = await oidcProvider(base);
  t.after(() => provider.close());
  if (o.down === true) await provider.close();
  const http = { host: "127.0.0.1", port };
  await consoleFor(t, ["http://127.0.0.1:1"], { http, oidc: settings(provider.issuer) });
  return { provider, base, browser: new Browser(base) };
}

/** Goes the whole way through the provider's own pages; gives where the console sends the browser in the end. */
async function throughProvider(browser: Browser, login: string, back = "/search?q=1"): Promise<string> {
  const begun = await browser.send("GET", `/api/v1/session/oidc?back=${encodeURIComponent(back)}`);
  let at = begun.headers.get("location") ?? "";
  if (at.startsWith("/")) return at;
  const there = new Browser(at);
  for (let step = 0; step < 20; step++) {
    if (at.startsWith(`${browser.base}/api/`)) {
      const answer = await browser.send("GET", at);
      return answer.headers.get("location") ?? `${answer.status}`;
    }
    const page = await there.send("GET", at, undefined, { "sec-fetch-site": "none" });
    const next = page.headers.get("location");
    if (next !== null) {
      at = new URL(next, at).href;
      continue;
    }
    const html = await page.text();
    const action = /action="([^"]+)"/.exec(html)?.[1];
    assert(action !== undefined, `${page.status} ${html.slice(0, 500)}`);
    const prompt = /name="prompt" value="(\w+)"/.exec(html)?.[1] ?? "login";
    const cookie = Array.from(there.cookies, ([n, v]) => `${n}=${v}`).join("; ");
    const posted = await fetch(new URL(action, at), {
      method: "POST",
      redirect: "manual",
      headers: { cookie, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ prompt, login, password: "any" }),
    });
    for (const line of posted.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]?.split("=") ?? [];
      there.cookies.set(name, value);
    }
    at = new URL(posted.headers.get("location") ?? "", at).href;
  }
  throw new Error(`the provider never came to an end: ${at}`);
}

describe("OpenID Connect, with a real provider", () => {
  test("code flow with PKCE, state and nonce: the person is in, with role and DNs, and is kept as a user", async (t) => {
    const { browser, provider } = await start(t);
    provider.people.set("lea", { preferred_username: "lea@example", groups: ["leads", "all"], dns: ["70*"] });
    const begun = await browser.send("GET", "/api/v1/session/oidc");
    const asked = new URL(begun.headers.get("location") ?? "").searchParams;
    assert.deepEqual(
      [asked.get("response_type"), asked.get("code_challenge_method"), asked.has("state"), asked.has("nonce")],
      ["code", "S256", true, true],
    );
    assert.equal(await throughProvider(browser, "lea"), "/search?q=1");
    const { user } = await browser.json<{ user: Record<string, unknown> }>("GET", "/api/v1/session");
    assert.deepEqual(
      [user["name"], user["role"], user["dns"], user["canChangePassword"]],
      ["lea@example", "supervisor", ["70*"], false],
    );
    browser.csrf = String(user["csrfToken"]);
    // RP-Initiated Logout 1.0
    const { next } = await browser.json<{ next: string }>("DELETE", "/api/v1/session");
    assert.ok(next.startsWith(`${provider.issuer}/session/end?`), next);
    assert.equal(await browser.who(), null);
  });

  test("the provider's word on the role counts at each log-in; a name alone makes nobody another person", async (t) => {
    const { browser, provider, base } = await start(t);
    provider.people.set("lea", { preferred_username: "lea", groups: ["desk"], dns: "7001, 7002" });
    assert.equal(await throughProvider(browser, "lea"), "/search?q=1");
    provider.people.set("lea", { preferred_username: "lea", groups: ["admins"] });
    const again = new Browser(base);
    await throughProvider(again, "lea");
    assert.equal((await again.json<{ user: { role: string } }>("GET", "/api/v1/session")).user.role, "administrator");
    for (const name of ["lea", "admin"]) {
      provider.people.set("eve", { preferred_username: name, groups: ["admins"] });
      const eve = new Browser(base);
      assert.equal(await throughProvider(eve, "eve"), "/log-in?problem=name-taken");
      assert.equal(await eve.who(), null);
    }
  });

  test("whom no role is mapped to, and who is disabled, is told so", async (t) => {
    const { browser, provider, base } = await start(t);
    provider.people.set("max", { preferred_username: "max", groups: ["others"] });
    assert.equal(await throughProvider(browser, "max"), "/log-in?problem=no-role");
    provider.people.set("lea", { preferred_username: "lea", groups: ["desk"] });
    const lea = new Browser(base);
    await throughProvider(lea, "lea");
    const admin = new Browser(base);
    await admin.logIn("admin", "pw");
    assert.equal(await admin.told("PATCH", "/api/v1/users/lea", { role: "auditor" }), "409 set-by-provider");
    await admin.json("PATCH", "/api/v1/users/lea", { disabled: true });
    assert.equal(await lea.who(), null);
    assert.equal(await throughProvider(lea, "lea"), "/log-in?problem=user-disabled");
  });

  test("a way back that this browser did not begin, a second time, or without a code: refused", async (t) => {
    const { browser, provider, base } = await start(t);
    provider.people.set("lea", { preferred_username: "lea", groups: ["desk"] });
    const callback = "/api/v1/session/oidc/callback";
    const told = async (from: Browser, query: string): Promise<string | null> =>
      (await from.send("GET", `${callback}?${query}`)).headers.get("location");
    assert.equal(await told(browser, "code=x&state=y"), "/log-in?problem=oidc-expired");
    const begun = await browser.send("GET", "/api/v1/session/oidc");
    const state = new URL(begun.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const other = new Browser(base);
    assert.equal(await told(other, `code=x&state=${state}`), "/log-in?problem=oidc-expired", "another browser");
    assert.equal(
      await told(browser, `error=access_denied&state=${state}&iss=${provider.issuer}`),
      "/log-in?problem=oidc-refused",
    );
    assert.equal(await told(browser, `code=x&state=${state}`), "/log-in?problem=oidc-expired", "a second time");
  });

  test("a provider that is away does not keep the console from starting, nor passwords from working", async (t) => {
    const { browser } = await start(t, { down: true });
    assert.equal(await throughProvider(browser, "lea"), "/log-in?problem=oidc-unreachable");
    await browser.logIn("admin", "pw");
    assert.equal(await browser.who(), "admin");
  });
});

test("claims: the strongest role, DNs as list or text, the name from email where there is no other", () => {
  const claims = { iss: "https://i", sub: "s", preferred_username: "lea", groups: ["desk", "leads"] };
  const user = claimedUser({ ...claims, dns: ["70*", "bad dn", 7, "8001"] }, mapping);
  assert(typeof user !== "string");
  assert.deepEqual(
    [user.subject, user.name, user.role, user.grants.map(({ dns }) => dns)],
    ["https://i s", "lea", "supervisor", ["70*", "8001"]],
  );
  assert.equal(claimedUser({ ...claims, groups: undefined }, mapping), "no-role");
  assert.equal(claimedUser({ ...claims, groups: "toString" }, mapping), "no-role");
  assert.equal(claimedUser({ ...claims, preferred_username: "a:b" }, mapping), "no-name");
  const mail = claimedUser({ ...claims, preferred_username: undefined, email: "l@e", groups: "desk" }, mapping);
  assert.equal(typeof mail === "string" ? mail : mail.name, "l@e");
});

test("after the log-in the browser stays on the console", () => {
  assert.equal(ownPath("/recordings/1?t=2#x"), "/recordings/1?t=2#x");
  for (const bad of [
    undefined,
    "",
    "x",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "/api/v1/session/oidc",
    "/a/..//evil.example",
    "/\t/evil.example",
  ])
    assert.equal(ownPath(bad), "/", String(bad));
});
