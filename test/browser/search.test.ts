// The search with real calls: as one types, conditions, keyboard, links to any state, the way back, saved searches, small screens.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { type RunningSystem, startSystem, talk, tone } from "@sidetone/testing";
import type { Page } from "playwright-core";
import { connect, phone, recordingOf } from "../e2e/phones.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    config: {
      "sip-server": {
        dns: Object.fromEntries(
          ["7011", "7012", "7013", "7021"].map((dn) => [
            dn,
            { type: "extension", password: `demo-${dn}`, record: dn !== "7021" },
          ]),
        ),
      },
      console: {
        users: {
          admin: { password: "demo-admin", role: "administrator" },
          sue: {
            password: "demo-sue",
            role: "supervisor",
            grants: [{ dns: "7011", rights: ["monitor", "control", "record"] }],
          },
        },
      },
    },
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

/** A recorded call from a DN to 7021. */
async function call(t: TestContext, dn: string): Promise<string> {
  const from = await phone(t, system, dn, { source: tone(437) });
  const to = await phone(t, system, "7021", { source: tone(1013), answering: { kind: "answer", afterMs: 50 } });
  const up = await connect(from, to);
  await talk(1200);
  await up.caller.bye();
  await up.callee.ended;
  await to.close();
  return (await recordingOf(system, from.id)).id;
}

const open = async (t: TestContext, user = "admin", size: { width: number; height: number } = sizes.desk) => {
  const page = await openBrowser(t, { size });
  await logIn(page, system.http("console"), user, `demo-${user}`);
  return page;
};
const go = (page: Page, query: string) => page.goto(`${system.http("console")}/search${query}`);
const hits = (page: Page) => page.locator(".hit:not(:has(.hit-none))");
const count = (page: Page, text: string) => page.getByRole("status").filter({ hasText: text }).waitFor();

test("nothing recorded yet: the page says how to make the first recording", { skip: noBrowser }, async (t) => {
  const page = await open(t);
  await go(page, "");
  await page.getByRole("heading", { name: "Nothing is recorded yet" }).waitFor();
  await page.getByText("npm run demo").waitFor();
  await page.getByText("7001@").waitFor();
  await axe(page);
  await screenshot(page, "search-nothing-recorded");
});

test("search as one types, by text and by conditions; links, the way back, keyboard, saved searches", {
  skip: noBrowser,
  timeout: 240_000,
}, async (t) => {
  const ids: string[] = [];
  for (const dn of ["7011", "7012", "7013"]) ids.push(await call(t, dn));
  const page = await open(t);
  await go(page, "");
  await count(page, "3 recordings");
  assert.equal(await hits(page).count(), 3);
  await screenshot(page, "search-desk");
  await axe(page);

  // As one types: / goes to the box, the list follows without Enter.
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("7012", { delay: 20 });
  await count(page, "1 recording,");
  assert.equal(new URL(page.url()).searchParams.get("q"), "7012");
  // A condition typed becomes a chip.
  await page.getByRole("searchbox").fill("");
  await count(page, "3 recordings");
  await page.getByRole("searchbox").pressSequentially("dn:7013 ");
  await page.getByRole("button", { name: "Remove DN 7013" }).waitFor();
  await count(page, "1 recording,");
  assert.equal(new URL(page.url()).searchParams.get("dn"), "7013");
  await screenshot(page, "search-chip");
  // The way back goes step by step: the chip, then the text.
  await page.goBack();
  await count(page, "3 recordings");
  await page.goForward();
  await count(page, "1 recording,");

  // A filter by the dialog, with proposals; nothing fits, and what can be loosened.
  await page.getByRole("button", { name: "+ Filter" }).click();
  await page.getByLabel("What").selectOption("state");
  await page.getByLabel("Value").selectOption("failed");
  await screenshot(page, "search-filter-dialog");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("heading", { name: "No recording fits" }).waitFor();
  await axe(page);
  await screenshot(page, "search-nothing-found");
  await page.getByRole("button", { name: "State failed", exact: true }).click();
  await count(page, "1 recording,");

  // Saved, shared, opened from elsewhere, deleted.
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByLabel("Save this search as").fill("Desk 7013");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("link", { name: "Desk 7013" }).waitFor();
  await page.getByLabel("shared").check();
  await axe(page);
  await screenshot(page, "search-saved");
  await page.getByRole("button", { name: "Close" }).click();
  await go(page, "");
  await count(page, "3 recordings");
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("link", { name: "Desk 7013" }).click();
  await count(page, "1 recording,");
  assert.equal(new URL(page.url()).searchParams.get("dn"), "7013");
  await page.getByRole("button", { name: "Saved searches" }).click();
  await page.getByRole("button", { name: "Delete Desk 7013" }).click();
  await page.getByText("None yet.").waitFor();
  await page.getByRole("button", { name: "Close" }).click();

  // Keys: from the box into the list, down, Enter opens; back is at the same row.
  await go(page, "");
  await count(page, "3 recordings");
  await page.getByRole("searchbox").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowUp");
  await page.waitForURL(/row=1/);
  assert.equal(await page.getByRole("grid").getAttribute("aria-activedescendant"), "hit-1");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`/recordings/${ids[1]}`));
  await page.goBack();
  await page.locator("#hit-1[aria-selected=true]").waitFor();
  // A link to that state, opened anew.
  const link = page.url();
  await page.goto("about:blank");
  await page.goto(link);
  await page.locator("#hit-1[aria-selected=true]").waitFor();
});

test("a supervisor sees recordings of their DNs only, in lists, numbers, proposals and one by one", {
  skip: noBrowser,
}, async (t) => {
  const page = await open(t, "sue");
  await go(page, "");
  await count(page, "1 recording,");
  const base = `${system.http("console")}/api/v1/recordings`;
  const headers = { authorization: `Basic ${Buffer.from("sue:demo-sue").toString("base64")}` };
  const get = async (path: string) => {
    const answer = await fetch(base + path, { headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  assert.equal((await get("/positions")).body["counted"], 1);
  assert.deepEqual((await get("/suggestions?field=dn&prefix=70")).body, { values: ["7011"] });
  const all = (await (
    await fetch(base, { headers: { authorization: `Basic ${Buffer.from("admin:demo-admin").toString("base64")}` } })
  ).json()) as { recordings: { id: string }[] };
  const own = (await get("")).body["recordings"] as { id: string }[];
  for (const { id } of all.recordings) {
    const expected = own.some((one) => one.id === id) ? 200 : 404;
    assert.equal((await get(`/${id}`)).status, expected);
    const audio = await fetch(`${base}/${id}/audio`, { headers });
    await audio.arrayBuffer();
    assert.equal(audio.status, expected);
  }
  await axe(page);
});

test("on a small screen hits are cards, and nothing scrolls sideways", { skip: noBrowser }, async (t) => {
  const page = await open(t, "admin", sizes.phone);
  await go(page, "");
  await count(page, "3 recordings");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wider, false);
  await screenshot(page, "search-phone");
  await axe(page);
  await hits(page).first().getByRole("link").click();
  await page.waitForURL(/\/recordings\//);
});
