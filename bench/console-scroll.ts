// What a million hits cost at the console: frames of a scripted scroll, rows in the page, page queries, and calls that are set up meanwhile.
// Run: ./node_modules/.bin/sidetone-node bench/console-scroll.ts [--rows 1000000] [--folder FOLDER]
// The rows are made once, in FOLDER (4 GB for a million, some minutes), and used again. It takes Chromium.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { delay, systemClock } from "@sidetone/foundation";
import { ScriptedPhone, findProgram, passwordOf, startSystem } from "@sidetone/testing";
import { type Page, chromium } from "playwright-core";
import { recordingsDatabase } from "./recordings-database.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    folder: { type: "string", default: join(tmpdir(), "sidetone-console-scroll") },
    screenshot: { type: "string" },
  },
});
const ROWS = Number(values.rows);
const SCROLL_MS = 10_000;
const CALLS = 30;

/** Notes every frame, the most rows in the page and the farthest of them. Text: it runs in the page. */
const watchFrames = `{
  const seen = (globalThis.seen = { times: [], rows: 0, farthest: 0, on: true });
  let last;
  const frame = (now) => {
    if (last !== undefined) seen.times.push(now - last);
    last = now;
    const drawn = document.querySelectorAll("[role=row]");
    seen.rows = Math.max(seen.rows, drawn.length);
    for (const row of drawn) seen.farthest = Math.max(seen.farthest, Number(row.getAttribute("aria-rowindex")));
    if (seen.on) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  performance.clearResourceTimings();
}`;
const frameReport = `(() => {
  seen.on = false;
  const queries = performance
    .getEntriesByType("resource")
    .filter(({ name }) => new URL(name).pathname === "/api/v1/recordings")
    .map(({ startTime, duration, name }) => ({ at: startTime, ms: duration, url: name }));
  return { times: seen.times, queries, rows: seen.rows, farthest: seen.farthest };
})()`;

mkdirSync(values.folder, { recursive: true });
const database = join(values.folder, `recordings-${ROWS}.sqlite`);
await recordingsDatabase(database, ROWS);

const system = await startSystem({
  config: {
    recorder: { storage: { database: `sqlite:${database}` } },
    "sip-server": {
      dns: Object.fromEntries(
        ["7901", "7902"].map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: dn === "7901" }]),
      ),
    },
    console: { users: { admin: { password: "demo-admin", role: "administrator" } } },
  },
});
const profile = mkdtempSync(join(tmpdir(), "sidetone-browser-"));
const phones: ScriptedPhone[] = [];
let browser: Awaited<ReturnType<typeof chromium.launchPersistentContext>> | undefined;
try {
  for (const user of ["7901", "7902"]) {
    const phone = await ScriptedPhone.open({
      user,
      password: passwordOf(user),
      server: system.sip,
      answering: { kind: "answer", afterMs: 0 },
    });
    phones.push(await phone.registered());
  }
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: findProgram("chromium") ?? "chromium",
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    viewport: { width: 1280, height: 800 },
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.versions.node}, load ${load()}`);
  await page.goto(`${system.http("console")}/search`);
  await page.getByRole("button", { name: "Continue as demo administrator" }).click();
  const began = performance.now();
  await page.getByRole("grid").waitFor();
  await page
    .getByRole("status")
    .filter({ hasText: /^[\d,.]+ recordings/ })
    .waitFor({ timeout: 300_000 });
  console.log(`all ${ROWS} hits counted ${((performance.now() - began) / 1000).toFixed(1)} s after the first page`);

  report("calls set up while nobody searches", await setUp(CALLS));
  const [frames, calls] = await Promise.all([scroll(page), setUp(CALLS)]);
  report("calls set up while a million hits are scrolled", calls);
  report("frames of the scroll", frames.times);
  console.log(`  frames above 100 ms: ${frames.times.filter((ms) => ms > 100).length} of ${frames.times.length}`);
  console.log(`  rows in the page: at most ${frames.rows}; lowest position seen: ${frames.farthest}`);
  report(
    "  its page queries, seen by the browser",
    frames.queries.map(({ ms }) => ms),
  );
  if (values.screenshot !== undefined) await page.screenshot({ path: values.screenshot });
  await page.goto("about:blank");
  const [queries, others] = await Promise.all([replay(frames), setUp(CALLS)]);
  report("the same page queries at the same pace without the browser", queries);
  report("calls set up meanwhile", others);
  report("calls set up while nobody searches, once more", await setUp(CALLS));
  console.log(`load ${load()}`);
} finally {
  await browser?.close();
  for (const phone of phones) await phone.close();
  await system.stop().finally(() => system.dispose());
  rmSync(profile, { recursive: true, force: true });
}

function load(): string {
  return loadavg()
    .map((one) => one.toFixed(1))
    .join(" ");
}

function report(what: string, all: readonly number[]): void {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  console.log(`${what}: p50 ${at(0.5)}  p95 ${at(0.95)}  max ${at(1)} ms  (${sorted.length})`);
}

/** Calls one after the other; how long each took from INVITE to both sides being up, in ms. */
async function setUp(calls: number): Promise<number[]> {
  const [from, to] = phones;
  if (from === undefined || to === undefined) throw new Error("there are no phones");
  const times: number[] = [];
  for (let n = 0; n < calls; n++) {
    const incoming = to.nextCall(10_000);
    const start = performance.now();
    const caller = await from.call(to.id);
    const [callee] = await Promise.all([incoming, caller.answered]);
    times.push(performance.now() - start);
    await callee.answered;
    await caller.bye();
    await callee.ended;
  }
  return times;
}

interface Scrolled {
  readonly times: number[];
  /** Page queries: when they began, how long they took (ms), and of what. */
  readonly queries: { readonly at: number; readonly ms: number; readonly url: string }[];
  readonly rows: number;
  readonly farthest: number;
}

/** Ten seconds of wheel, and of the scroll bar dragged to all places; frames as the page itself sees them. */
async function scroll(page: Page): Promise<Scrolled> {
  await page.getByRole("grid").hover();
  await page.evaluate(watchFrames);
  const end = performance.now() + SCROLL_MS;
  for (let step = 0; performance.now() < end; step++) {
    if (step % 40 < 25) await page.mouse.wheel(0, step % 80 < 40 ? 400 : -300);
    else {
      const share = ((step * 37) % 100) / 99;
      await page.evaluate(
        `{ const grid = document.querySelector("[role=grid]"); grid.scrollTop = ${share} * (grid.scrollHeight - grid.clientHeight); }`,
      );
    }
  }
  return page.evaluate<Scrolled>(frameReport);
}

/** The same page queries at the same pace without a browser, which is not on the server's machine where people work. */
async function replay({ queries }: Scrolled): Promise<number[]> {
  const headers = { authorization: `Basic ${Buffer.from("admin:demo-admin").toString("base64")}` };
  const [first] = queries;
  const start = performance.now();
  return Promise.all(
    queries.map(async ({ at, url }) => {
      await delay(systemClock, Math.max(0, at - (first?.at ?? 0) - (performance.now() - start)));
      const from = performance.now();
      await (await fetch(url, { headers })).arrayBuffer();
      return performance.now() - from;
    }),
  );
}
