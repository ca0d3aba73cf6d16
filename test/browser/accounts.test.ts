// Accounts in the browser: log-in and its mistakes, log-out, sessions that end, roles, single sign-on, users.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type RunningSystem, startSystem, systemPorts } from "@sidetone/testing";
import type { Page } from "playwright-core";
import { oidcProvider, type TestProvider } from "../../services/console/src/accounts/oidc-provider.fixture.ts";
import { axe, fillLogIn, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

const skip = noBrowser;
let system: RunningSystem;
let provider: TestProvider;
let base = "";

before(async () => {
  if (noBrowser !== false) return;
  const ports = await systemPorts();
  base = `http://127.0.0.1:${ports.console}`;
  provider = await oidcProvider(base);
  const people = {
    admin: { password: "demo-admin", role: "administrator" },
    root: { password: "root of the test", role: "administrator" },
    al: { password: "al of the test", role: "agent", grants: [{ dns: "7001", rights: ["monitor", "control"] }] },
  };
  const oidc = {
    issuer: provider.issuer,
    "client-id": "sidetone",
    "client-secret": "client-secret-of-the-test",
    label: "Log in with Example Corp",
    roles: { leads: "supervisor", admins: "administrator" },
    "dns-claim": "dns",
  };
  system = await startSystem({ ports, config: { console: { users: people, oidc } } });
});
after(async () => {
  if (noBrowser !== false) return;
  await system.stop().finally(() => system.dispose());
  await provider.close();
});

const alert = (page: Page) => page.getByRole("alert");

test("by keyboard alone: the name has the focus, Enter sends; wrong passwords are told, then counted down", {
  skip,
}, async (t) => {
  const page = await openBrowser(t);
  await page.goto(base);
  await page.getByRole("heading", { level: 1, name: "Log in" }).waitFor();
  await axe(page);
  await screenshot(page, "log-in-desk");
  await page.keyboard.type("root");
  await page.keyboard.press("Tab");
  await page.keyboard.type("not it");
  await page.keyboard.press("Enter");
  await alert(page).getByText("Name or password is wrong.").waitFor();
  // The password is empty and has the focus: one types the right one at once.
  await page.keyboard.type("root of the test");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Live" }).waitFor();
});

test("too many wrong passwords: the page counts down, and lets one in after it", { skip }, async (t) => {
  const page = await openBrowser(t);
  await page.goto(base);
  const submit = page.getByRole("button", { name: "Log in", exact: true });
  for (let i = 0; i < 5; i++) {
    await page.getByLabel("Name", { exact: true }).fill("al");
    await page.getByLabel("Password", { exact: true }).fill(`wrong ${i}`);
    const [answer] = await Promise.all([page.waitForResponse(`${base}/api/v1/session`), submit.click()]);
    assert.equal(answer.status(), 401);
  }
  await fillLogIn(page, "al", "al of the test");
  await alert(page).getByText("Too many wrong passwords.").waitFor();
  await page.getByRole("button", { name: /^Try again in \d+ seconds?$/ }).waitFor();
  await axe(page);
  await screenshot(page, "log-in-wait");
  await submit.waitFor();
  await fillLogIn(page, "al", "al of the test");
  await page.getByRole("heading", { level: 1, name: "Workspace" }).waitFor();
});

test("the demo is one click", { skip }, async (t) => {
  const page = await openBrowser(t, { size: sizes.phone, dark: true });
  await page.goto(base);
  await page.getByRole("button", { name: "Continue as demo administrator" }).waitFor();
  await axe(page);
  await screenshot(page, "log-in-phone");
  await page.getByRole("button", { name: "Continue as demo administrator" }).click();
  await page.getByRole("heading", { level: 1, name: "Live" }).waitFor();
});

test("log-out leads to the log-in page, and the way back shows nothing", { skip }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, base, "root", "root of the test");
  await page.getByRole("link", { name: "Audit", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("You are logged out.").waitFor();
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Log in" }).waitFor();
  assert.equal((await page.request.get(`${base}/api/v1/recordings`)).status(), 401);
});

test("a session that has ended leads to the log-in and back to the same page", { skip }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, base, "root", "root of the test");
  await page.goto(`${base}/users?from=here`);
  await page.getByRole("table").waitFor();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "New user" }).click();
  await page.getByLabel("Name", { exact: true }).fill("nobody");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("Your session has ended.").waitFor();
  await fillLogIn(page, "root", "root of the test");
  await page.getByRole("heading", { level: 1, name: "Users" }).waitFor();
  assert.equal(new URL(page.url()).search, "?from=here");
});

test("an agent who opens another page by its address is told no, by page and by API", { skip }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, base, "al", "al of the test");
  for (const path of ["/search", "/users", "/recordings/x"]) {
    await page.goto(base + path);
    await page.getByRole("heading", { name: "An agent may not open this page" }).waitFor();
  }
  await axe(page);
  await screenshot(page, "not-for-your-role");
  const answer = await page.request.get(`${base}/api/v1/recordings`);
  assert.deepEqual([answer.status(), ((await answer.json()) as { code: string }).code], [403, "not-allowed"]);
});

test("single sign-on: to the provider and back to the page that was asked for; who has no role is told", {
  skip,
}, async (t) => {
  const page = await openBrowser(t);
  provider.people.set("lea", { preferred_username: "lea", groups: ["leads"], dns: ["70*"] });
  provider.people.set("max", { preferred_username: "max", groups: ["others"] });
  const through = async (who: string): Promise<void> => {
    await page.goto(`${base}/search?q=70`);
    await page.getByRole("button", { name: "Log in with Example Corp" }).click();
    await page.locator("input[name=login]").fill(who);
    await page.locator("input[name=password]").fill("any");
    await page.locator("button[type=submit]").click();
    await page.getByRole("button", { name: "Continue" }).click();
  };
  await through("max");
  await alert(page).getByText("You are known, but have no role here.").waitFor();
  await axe(page);
  await screenshot(page, "log-in-no-role");
  await page.context().clearCookies();
  await through("lea");
  await page.getByRole("heading", { level: 1, name: "Recordings" }).waitFor();
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/search?q=70");
  await page.getByText("lea").first().waitFor();
});

for (const [name, size] of Object.entries(sizes)) {
  test(`users are created, choose a password, and are disabled, ${size.width} px wide`, { skip }, async (t) => {
    const page = await openBrowser(t, { size });
    const user = `sue-${name}`;
    await logIn(page, base, "root", "root of the test");
    await page.goto(`${base}/users`);
    await page.getByRole("button", { name: "New user" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill(user);
    await dialog.getByLabel("Role").selectOption("supervisor");
    await dialog.getByLabel("DNs 1", { exact: true }).fill("70*");
    await axe(page);
    await screenshot(page, `users-new-${name}`);
    await dialog.getByRole("button", { name: "Create" }).click();
    const given = (await page.locator(".first-password").textContent()) ?? "";
    assert.match(given, /^[a-z2-9-]{19}$/);
    await axe(page);
    await screenshot(page, `users-password-${name}`);
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("First password", { exact: true }).first().waitFor();
    await screenshot(page, `users-list-${name}`);

    const hers = await openBrowser(t, { size });
    await hers.goto(base);
    await fillLogIn(hers, user, given);
    await hers.getByRole("heading", { level: 1, name: "Choose your password" }).waitFor();
    await axe(hers);
    await screenshot(hers, `new-password-${name}`);
    await hers.getByLabel("Password that you were given").fill(given);
    await hers.getByLabel("New password", { exact: true }).fill("correct horse battery");
    await hers.getByLabel("New password again").fill("correct horse battery!");
    await hers.getByRole("button", { name: "Change password" }).click();
    await hers.getByText("The two are not the same.").first().waitFor();
    await hers.getByLabel("New password again").fill("correct horse battery");
    await hers.getByRole("button", { name: "Change password" }).click();
    await hers.getByRole("heading", { level: 1, name: "Live" }).waitFor();

    await page.getByRole("button", { name: `Disable ${user}` }).click();
    await axe(page);
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await page.getByText(`${user} is disabled.`).waitFor();
    await hers.goto(`${base}/search`);
    await fillLogIn(hers, user, "correct horse battery");
    await alert(hers).getByText("This user is disabled.").waitFor();

    await page.getByRole("button", { name: `Delete ${user}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete user" }).click();
    await page.getByText(`${user} is deleted.`).waitFor();
    await page.getByRole("button", { name: `Delete ${user}` }).waitFor({ state: "detached" });
  });
}
