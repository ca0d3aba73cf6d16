// Administration in the browser: the audit shows what was done, the configuration shows no secret and says where a mistake stands.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type RunningSystem, startSystem, talk, tone, until } from "@sidetone/testing";
import type { Page } from "playwright-core";
import { connect, phone, recordingOf } from "../e2e/phones.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    config: {
      console: {
        users: {
          admin: { password: "demo-admin", role: "administrator" },
          aud: { password: "demo-aud", role: "auditor" },
          sue: { password: "demo-sue", role: "supervisor", grants: [{ dns: "70*", rights: ["monitor"] }] },
        },
      },
    },
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

async function open(page: Page, title: string): Promise<void> {
  const menu = page.getByRole("button", { name: "Menu" });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole("link", { name: title, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
}

/** What the page's own code does when somebody searches or plays: a request with the visitor's credentials. */
function fetched(page: Page, path: string): Promise<number> {
  return page.evaluate(async (to) => (await fetch(new URL(to, location.origin))).status, path);
}

async function sideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

test("audit: a search, a listening and a refusal stand in the list, with links; the chain is unbroken", {
  skip: noBrowser,
}, async (t) => {
  const a = await phone(t, system, "7001", { source: tone(437) });
  const b = await phone(t, system, "7002", { source: tone(1013), answering: { kind: "answer", afterMs: 100 } });
  const call = await connect(a, b);
  await talk(1500);
  await call.caller.bye();
  const { id } = await recordingOf(system, "7001");

  const supervisor = await openBrowser(t);
  await logIn(supervisor, system.http("console"), "sue", "demo-sue");
  assert.equal(await fetched(supervisor, "/api/v1/recordings?dn=7001&q=tone"), 200);
  assert.equal(await fetched(supervisor, `/api/v1/recordings/${id}/audio`), 200);
  assert.equal(await fetched(supervisor, "/api/v1/audit"), 403);
  assert.equal(await fetched(supervisor, "/api/v1/configuration"), 403);

  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "aud", "demo-aud");
  await open(page, "Audit");
  const rows = page.getByRole("row");
  const listened = rows.filter({ hasText: "sue" }).filter({ hasText: "Listened" });
  await listened.getByRole("link", { name: id }).waitFor();
  assert.equal(await listened.getByRole("link").getAttribute("href"), `/recordings/${encodeURIComponent(id)}`);
  const searched = rows.filter({ hasText: "sue" }).filter({ hasText: "Searched" });
  assert.match((await searched.textContent()) ?? "", /dn: 7001.*q: tone/);
  assert.equal(await searched.getByRole("link").getAttribute("href"), "/search?dn=7001&q=tone");
  await page.getByText(/Unbroken: \d+ entries/).waitFor();
  await screenshot(page, "audit-desk");
  assert.equal(await sideways(page), false);
  await axe(page);

  await page.getByLabel("Outcome").selectOption("refused");
  await page.waitForURL(/outcome=refused/);
  // The heading and the two refusals; then the same by its address.
  const narrowed = (): Promise<boolean> => until(async () => (await rows.count()) === 3, 5000);
  assert.ok(await narrowed());
  await page.reload();
  assert.ok(await narrowed());

  await page.getByLabel("User").fill("nobody-of-that-name");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Nothing like that was done" }).waitFor();
  await axe(page);
  await screenshot(page, "audit-empty");
  await page.getByRole("button", { name: "Show everything" }).click();
  await listened.first().waitFor();

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  const csv = readFileSync(await (await download).path(), "utf8");
  assert.match(csv, new RegExp(`"sue","supervisor","127\\.0\\.0\\.1","listen","${id}","ok"`));

  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(sizes.phone);
  await screenshot(page, "audit-phone-dark");
  assert.equal(await sideways(page), false);
  await axe(page);
});

test("audit: older entries come by a button", { skip: noBrowser }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "admin", "demo-admin");
  await page.evaluate(async () => {
    for (let n = 0; n < 120; n++) await fetch(new URL(`/api/v1/recordings?q=many${n}`, location.origin));
  });
  await page.goto(`${system.http("console")}/audit?q=many`);
  const rows = page.getByRole("row");
  await rows.filter({ hasText: "q: many119" }).waitFor();
  await page.getByRole("button", { name: "Show older entries" }).press("Enter");
  await rows.filter({ hasText: "q: many0" }).first().waitFor();
});

test("configuration: no secret in the page or in what it got; a typo is shown with its line, before it is in the file", {
  skip: noBrowser,
}, async (t) => {
  const page = await openBrowser(t);
  const answers: Promise<string>[] = [];
  page.on("response", (response) => {
    if (response.url().includes("/api/v1/configuration")) answers.push(response.text());
  });
  await logIn(page, system.http("console"), "aud", "demo-aud");
  await open(page, "Configuration");
  await page.getByText("No mistakes").waitFor();
  const region = page.getByRole("region", { name: "Text of the configuration" });
  const file = readFileSync(system.configFile, "utf8");
  assert.match(file, /demo-7001/);
  assert.equal(await region.getByRole("listitem").count(), file.split("\n").length);
  assert.match((await region.textContent()) ?? "", /"password": "\*{8}"/);
  await screenshot(page, "configuration-desk");
  assert.equal(await sideways(page), false);
  await axe(page);

  const area = page.getByLabel("Text", { exact: true });
  const text = await area.inputValue();
  await page.getByRole("button", { name: "Check" }).click();
  const result = page.getByRole("status").filter({ hasText: "No mistakes" });
  await result.waitFor();
  const line = text.split("\n").findIndex((l) => l.includes('"password"')) + 1;
  await area.fill(text.replace('"password"', '"pasword"'));
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText('Did you mean "password"?').waitFor();
  const place = page.getByRole("button", { name: `Line ${line}`, exact: true }).first();
  await page.emulateMedia({ colorScheme: "light" });
  await screenshot(page, "configuration-typo");
  await axe(page);
  await place.press("Enter");
  const chosen = await area.evaluate((element) => {
    const { value, selectionStart, selectionEnd } = element as HTMLTextAreaElement;
    return value.slice(selectionStart, selectionEnd);
  });
  assert.match(chosen, /"pasword"/);

  const got = (await Promise.all(answers)).join("\n") + (await page.content());
  assert.equal(answers.length, 3);
  assert.doesNotMatch(got, /demo-/);

  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize(sizes.phone);
  assert.equal(await sideways(page), false);
  await screenshot(page, "configuration-phone-dark");
  await axe(page);
});
