// Chromium at the console: what every browser test needs.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findProgram } from "@sidetone/testing";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const program = findProgram("chromium");
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** For `test(name, { skip })`: why there is no browser, or false. */
export const noBrowser: string | false = program === undefined ? "not installed: chromium" : false;

/** Sizes that every page works at. */
export const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

/** A browser with one tab; closed, and its profile deleted, when the test ends. What the page complains about fails the test. */
export async function openBrowser(
  t: TestContext,
  o: { readonly size?: { readonly width: number; readonly height: number }; readonly dark?: boolean } = {},
): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), "sidetone-browser-"));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: program ?? "chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
    viewport: o.size ?? sizes.desk,
    colorScheme: o.dark === true ? "dark" : "light",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    // A refusal, and a server that is gone, which a test asks for, are told by the browser too.
    const told = ["Failed to load resource", "WebSocket connection to"];
    if (message.type() === "error" && !told.some((start) => message.text().startsWith(start)))
      complaints.push(`console: ${message.text()}`);
  });
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
    assert.deepEqual(complaints, []);
  });
  return page;
}

/** Logs in at the console as a user, by the form of its page; then the first page of that person is there. */
export async function logIn(page: Page, base: string, user: string, password: string): Promise<void> {
  await page.goto(base);
  await fillLogIn(page, user, password);
  await page.locator(".shell").waitFor();
}

/** Fills in the form of the log-in page that is shown, and sends it. */
export async function fillLogIn(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel("Name", { exact: true }).fill(user);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

/** WCAG 2.2 A and AA as axe-core judges it: nothing to complain about, in light and dark. */
export async function axe(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Colours that are still on their way to the other scheme are judged when they are there.
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
    // Without preloading: axe would copy style sheets into elements of its own, which the policy refuses.
    // Evaluated by the debugger's protocol: the page's own policy allows no script from elsewhere.
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => {
      const { axe: judge } = globalThis as unknown as {
        axe: {
          run(o: unknown): Promise<{
            violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
          }>;
        };
      };
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await judge.run({ preload: false, runOnly: { type: "tag", values: tags } });
      return violations.map(
        ({ id, help, nodes }) =>
          `${id}: ${help}\n  ${nodes
            .map((n) => `${n.html} ${n.failureSummary ?? ""}`)
            .slice(0, 5)
            .join("\n  ")}`,
      );
    });
    assert.deepEqual(found, [], `axe, ${colorScheme}`);
  }
}

/** A picture of the page in the folder that SIDETONE_SCREENSHOTS names, for people to look at; none where it is not set. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env["SIDETONE_SCREENSHOTS"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
