// A call that should be recorded and is not: its reason is read on the page, and its ladder begins with the INVITE.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { passwordOf, type RunningSystem, startSystem, talk, tone, until } from "@sidetone/testing";
import type { Page } from "playwright-core";
import { connect, phone } from "../e2e/phones.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    mode: "five-processes",
    config: ({ httpSip }) => ({
      "sip-server": {
        options: { "geo-location": "berlin" },
        dns: Object.fromEntries(
          ["7401", "7402", "7403", "7404"].map((dn) => [
            dn,
            { type: "extension", password: passwordOf(dn), record: Number(dn) % 2 === 1 },
          ]),
        ),
      },
      recorder: { reconciliation: { "sip-servers": `http://127.0.0.1:${httpSip}`, interval: "250ms" } },
      console: {
        users: {
          admin: { password: "demo-admin", role: "administrator" },
          eve: { password: "demo-eve", role: "supervisor", grants: [{ dns: "7401", rights: ["monitor"] }] },
        },
      },
    }),
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

async function noSidewaysScroll(page: Page, what: string): Promise<void> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wider, false, `${what} scrolls sideways`);
}

async function judged(dn: string, verdict: string): Promise<void> {
  const good = await until(async () => {
    const response = await fetch(`${system.http("recorder")}/api/v1/reconciliation?dn=${dn}`);
    const { parties } = (await response.json()) as { parties: { verdict: string }[] };
    return parties.some((party) => party.verdict === verdict);
  }, 15_000);
  assert.ok(good, `${dn} is not ${verdict}`);
}

test("nothing was to be recorded yet: the page says how something comes here", { skip: noBrowser }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, `${system.http("console")}/reconciliation`, "admin", "demo-admin");
  await page.getByRole("heading", { name: "Nothing was to be recorded in this time" }).waitFor();
  await axe(page);
  await screenshot(page, "reconciliation-empty");
});

test("a missing one has its reason, and its call a ladder that begins with INVITE", { skip: noBrowser }, async (t) => {
  const a = await phone(t, system, "7401", { source: tone(437) });
  const b = await phone(t, system, "7402", { source: tone(1013), answering: { kind: "answer", afterMs: 200 } });
  const c = await phone(t, system, "7403", { source: tone(523) });
  const whole = await connect(a, b);
  await talk(2500);
  await whole.caller.bye();
  await judged("7401", "recorded");
  await system.killRole("recorder");
  const lost = await connect(c, b);
  await talk(4000);
  await lost.caller.bye();
  await talk(8000);
  await system.startRole("recorder");
  await judged("7403", "missing");

  const page = await openBrowser(t);
  await logIn(page, `${system.http("console")}/reconciliation`, "admin", "demo-admin");
  await page.getByText("50.00 %").first().waitFor();
  await page.getByText("Of 2 call-parties that should be recorded 1 are there whole, 0 not whole, 1 missing").waitFor();
  const list = page.getByRole("region", { name: "Call-parties" });
  const item = list.getByRole("listitem");
  assert.equal(await item.count(), 1);
  await item.getByText("missing", { exact: true }).waitFor();
  assert.match((await item.textContent()) ?? "", /7403.*recorder/s);
  await axe(page);
  await screenshot(page, "reconciliation-desk");

  // By site and by DN; a click narrows everything.
  await page.getByRole("button", { name: "Site", exact: true }).click();
  await page.getByRole("row", { name: /berlin/ }).waitFor();
  await page.getByRole("button", { name: "DN", exact: true }).click();
  await page.getByRole("button", { name: "7401", exact: true }).click();
  await page.getByText("100 %").first().waitFor();
  await list.getByText("None is missing here").waitFor();
  assert.match(page.url(), /dn=7401/);
  await list.getByLabel("Verdict").selectOption("all");
  await item.getByRole("link", { name: "Recording" }).waitFor();
  await page.getByRole("button", { name: /^DN: 7401/ }).click();
  await list.getByLabel("Verdict").selectOption("missing");
  // Both are shown until the answer is there.
  assert.ok(await until(async () => (await item.count()) === 1, 5000), "one is missing");

  await item.getByRole("link", { name: "Journal of the call" }).click();
  await page.getByRole("heading", { level: 1, name: "Call of 7403 to 7402" }).waitFor();
  const first = page.getByRole("button", { name: /7403 → SIP Server.*INVITE/s }).first();
  await first.waitFor();
  await axe(page);
  await screenshot(page, "call-desk");
  // By keyboard: down to the next line, back, and open.
  await first.focus();
  await page.keyboard.press("Home");
  const opened = page.locator("button.ladder-line:focus");
  const words = await opened.textContent();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await opened.textContent(), words);
  await first.focus();
  await page.keyboard.press("Enter");
  const text = page.getByRole("dialog").locator("pre");
  assert.match((await text.textContent()) ?? "", /^INVITE sip:7402@/);
  assert.doesNotMatch((await text.textContent()) ?? "", /response="/);
  await axe(page);
  await screenshot(page, "call-message");
  await page.keyboard.press("Escape");
  // What is filtered away is not there.
  await page.getByRole("checkbox", { name: /^SIP/ }).uncheck();
  assert.equal(await page.getByRole("button", { name: /INVITE/ }).count(), 0);
  await page
    .getByText("GSIP_RECORD")
    .first()
    .waitFor()
    .catch(() => undefined);

  const small = await openBrowser(t, { size: sizes.phone, dark: true });
  await logIn(small, `${system.http("console")}/reconciliation`, "admin", "demo-admin");
  await small.getByText("50.00 %").first().waitFor();
  await noSidewaysScroll(small, "the reconciliation");
  await axe(small);
  await small.emulateMedia({ colorScheme: "dark" });
  await screenshot(small, "reconciliation-phone");
  await small.getByRole("link", { name: "Journal of the call" }).click();
  await small
    .getByRole("button", { name: /INVITE/ })
    .first()
    .waitFor();
  await noSidewaysScroll(small, "the call");
  await axe(small);
  await small.emulateMedia({ colorScheme: "dark" });
  await screenshot(small, "call-phone");
});

test("a supervisor of other DNs sees neither the loss nor the call", { skip: noBrowser }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, `${system.http("console")}/reconciliation`, "eve", "demo-eve");
  await page.getByText("All 1 call-parties").waitFor();
  const [line] = await system.ledger("7403");
  await page.goto(`${system.http("console")}/calls/${line?.callUuid}`);
  await page.getByText("No journal is kept of the call").waitFor();
});
