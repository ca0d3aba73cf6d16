// The frame of every page: who is here, the pages that they may open, small screens, colours.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type RunningSystem, startSystem } from "@sidetone/testing";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    config: {
      console: {
        users: {
          admin: { password: "demo-admin", role: "administrator" },
          al: {
            password: "demo-al",
            role: "agent",
            grants: [{ dns: "7001", rights: ["monitor", "control", "record"] }],
          },
        },
      },
    },
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

for (const [name, size] of Object.entries(sizes)) {
  test(`every page of an administrator opens, ${size.width} px wide`, { skip: noBrowser }, async (t) => {
    const page = await openBrowser(t, { size });
    await logIn(page, system.http("console"), "admin", "demo-admin");
    for (const title of ["Live", "Recordings", "Reconciliation", "Workspace", "Users", "Audit", "Configuration"]) {
      if (name === "phone") await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: title, exact: true }).click();
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      assert.equal(wider, false, `${title} scrolls sideways`);
      await axe(page);
      await screenshot(page, `page-${title.toLowerCase()}-${name}`);
    }
  });
}

test("an agent sees the workspace only", { skip: noBrowser }, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "al", "demo-al");
  await page.getByRole("heading", { level: 1, name: "Workspace" }).waitFor();
  assert.equal(await page.getByRole("navigation", { name: "Pages" }).getByRole("link").count(), 1);
});

test("first load: HTML, code and style of the first page are below 80 KB gzip", { skip: noBrowser }, async (t) => {
  const page = await openBrowser(t);
  const sizesOf: [string, number][] = [];
  page.on("response", (response) => {
    const length = response.headers()["content-length"];
    if (response.headers()["content-encoding"] === "gzip") sizesOf.push([response.url(), Number(length)]);
  });
  await logIn(page, system.http("console"), "admin", "demo-admin");
  await page.getByRole("heading", { level: 1, name: "Live" }).waitFor();
  const total = sizesOf.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(sizesOf.length >= 3 && total > 5000 && total < 80_000, JSON.stringify(sizesOf));
});
