// The live page: calls as they come and change, their recording in hand, and listened to while it is made.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test, type TestContext } from "node:test";
import { type RunningSystem, startSystem, until } from "@sidetone/testing";
import type { Page } from "playwright-core";
import { CALLEE_HZ, CALLER_HZ, Desk, talking } from "../e2e/desk.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    config: {
      "sip-server": {
        applications: {
          desk: { password: "demo-desk", grants: [{ dns: "*", rights: ["monitor", "control", "record"] }] },
        },
      },
      console: {
        users: {
          admin: { password: "demo-admin", role: "administrator" },
          sue: { password: "demo-sue", role: "supervisor", grants: [{ dns: "7003", rights: ["monitor", "record"] }] },
          ann: { password: "demo-ann", role: "auditor" },
        },
      },
    },
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

async function openLive(t: TestContext, user: string, size: keyof typeof sizes = "desk"): Promise<Page> {
  const page = await openBrowser(t, { size: sizes[size] });
  await logIn(page, system.http("console"), user, `demo-${user}`);
  await page.getByRole("heading", { level: 1, name: "Live" }).waitFor();
  return page;
}

const row = (page: Page, dn: string) => page.getByRole("row").filter({ hasText: dn });

for (const size of ["desk", "phone"] as const) {
  test(`an empty page teaches the first call, ${size}`, { skip: noBrowser, timeout: 60_000 }, async (t) => {
    const page = await openLive(t, "admin", size);
    await page.getByRole("heading", { name: "No calls now" }).waitFor();
    const main = await page.getByRole("main").textContent();
    assert.match(main ?? "", /7001 password demo-7001 is recorded/);
    assert.match(main ?? "", new RegExp(`udp://127.0.0.1:${system.ports.sip}`));
    await page.getByText("127.0.0.1", { exact: false }).first().waitFor();
    await axe(page);
    await screenshot(page, `live-empty-${size}`);
  });
}

test("a call appears within 1 s, is paused and resumed by click, and is heard live: the tone of the right phone on each side", {
  skip: noBrowser,
  timeout: 120_000,
}, async (t) => {
  const page = await openLive(t, "admin");
  await page.getByText("Live: 0 calls").waitFor();
  const desk = await Desk.open(t, system, "desk", "7001");
  const call = await talking(t, system, "7002", "7001");
  const upAt = performance.now();
  const shown = row(page, "7001");
  await shown.waitFor({ timeout: 5000 });
  const tookMs = performance.now() - upAt;
  assert.ok(tookMs < 1000, `the call was there ${Math.round(tookMs)} ms after it was up`);
  await shown.getByText("talking").waitFor();
  await shown.getByText("Recording", { exact: true }).waitFor();
  await shown.getByText("configured on 7001").waitFor();

  await t.test("pause and resume", async () => {
    const pause = shown.getByRole("button", { name: "Pause: call of 7002 and 7001" });
    await pause.focus();
    await page.keyboard.press("Enter");
    await desk.says("7001", "On", "Paused");
    await shown.getByText(/paused by admin/).waitFor();
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    assert.equal(focused, "Resume: call of 7002 and 7001", "the focus stays where it was");
    await screenshot(page, "live-paused-desk");
    await shown.getByRole("button", { name: "Resume" }).click();
    await desk.says("7001", "On", "Paused", "On");
    await shown.getByText(/resumed by admin/).waitFor();
  });

  await t.test("listen live", async () => {
    await shown.getByRole("button", { name: "Listen to the call" }).click();
    const level = (name: string) =>
      page.getByRole("meter", { name }).evaluate((meter: HTMLElement) => ({
        db: Number(meter.dataset["db"]),
        hz: Number(meter.dataset["hz"]),
      }));
    const sides = [
      ["customer", CALLER_HZ],
      ["agent", CALLEE_HZ],
    ] as const;
    for (const [side, hz] of sides) {
      const heard = await until(async () => {
        const { db, hz: at } = await level(side);
        return db > -20 && Math.abs(at - hz) < 8;
      }, 10_000);
      assert.ok(heard, `${side}: ${hz} Hz wanted, heard is ${JSON.stringify(await level(side))}`);
    }
    const behind = await page.getByText(/s behind/).textContent();
    assert.ok(Number.parseFloat(/([\d.]+) s behind/.exec(behind ?? "")?.[1] ?? "9") < 2, behind ?? "");
    // What is said is heard soon: the caller falls silent.
    call.caller.play(() => 0);
    const from = performance.now();
    assert.ok(await until(async () => (await level("customer")).db < -60, 5000), "still heard");
    const lateMs = performance.now() - from;
    assert.ok(lateMs < 2500, `${Math.round(lateMs)} ms from mouth to page`);
    assert.ok((await level("agent")).db > -20, "the other side is heard on");
    await axe(page);
    await screenshot(page, "live-listening-desk");
    await page.setViewportSize(sizes.phone);
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    assert.equal(wider, false, "it scrolls sideways");
    await axe(page);
    await screenshot(page, "live-listening-phone");
    await page.setViewportSize(sizes.desk);
    await page.getByRole("button", { name: "Stop listening" }).click();
    assert.equal(await page.getByRole("meter").count(), 0);
    for (const action of ["listen-live", "control-recording"]) {
      const audited = await page.evaluate(async (wanted) => {
        const answer = await fetch(new URL(`/api/v1/audit?action=${wanted}`, location.origin));
        return ((await answer.json()) as { entries: unknown[] }).entries.length;
      }, action);
      assert.ok(audited > 0, `${action} in the audit`);
    }
  });

  await t.test("the filter finds by DN and state", async () => {
    await page.getByRole("searchbox").fill("7999");
    await page.getByText("No call fits").waitFor();
    await page.getByRole("button", { name: /Show all/ }).click();
    await page.getByRole("combobox", { name: "State" }).selectOption("paused");
    await page.getByText("No call fits").waitFor();
    await page.getByRole("combobox", { name: "State" }).selectOption("recording");
    await shown.waitFor();
  });

  await call.caller.bye();
  await page.getByRole("heading", { name: "No calls now" }).waitFor();
});

test("a supervisor sees the calls of their DNs only; an auditor sees all and commands none", {
  skip: noBrowser,
  timeout: 90_000,
}, async (t) => {
  const sue = await openLive(t, "sue");
  const ann = await openLive(t, "ann");
  const foreign = await talking(t, system, "7002", "7001");
  const own = await talking(t, system, "7101", "7003");
  await row(sue, "7003").getByRole("button", { name: "Record" }).waitFor();
  await row(ann, "7001").getByRole("button", { name: "Listen" }).waitFor();
  assert.equal(await row(sue, "7001").count(), 0);
  assert.equal(await row(ann, "7003").count(), 1);
  assert.equal(await ann.getByRole("button", { name: /Record|Pause|Stop/ }).count(), 0);
  const forbidden = await sue.evaluate(async () => {
    const answer = await fetch(new URL("/api/v1/calls/events", location.origin));
    return answer.status;
  });
  assert.equal(forbidden, 403);
  const connId = (await row(ann, "7001").getAttribute("id"))?.replace("call-", "");
  const commanded = await sue.evaluate(async (id) => {
    const session = await fetch(new URL("/api/v1/session", location.origin));
    const { user } = (await session.json()) as { user: { csrfToken: string } };
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": user.csrfToken },
      body: '{"command":"pause"}',
    };
    return (await fetch(new URL(`/api/v1/calls/${id}/recording`, location.origin), init)).status;
  }, connId);
  assert.equal(commanded, 404, "a call of others is not there");
  await foreign.caller.bye();
  await own.caller.bye();
});

test("300 calls that change five times a second are all shown, and the page goes on drawing; the longest frame of 6 s is told", {
  skip: noBrowser,
  timeout: 90_000,
}, async (t) => {
  const page = await openBrowser(t);
  // The page is the real one; the events are ours.
  await page.route("**/api/v1/live", (route) => route.abort());
  const source = readFileSync(new URL("./many-calls.fixture.js", import.meta.url), "utf8");
  await page.addInitScript({ content: source });
  await logIn(page, system.http("console"), "admin", "demo-admin");
  await page.getByText("Live: 300 calls").waitFor();
  assert.equal(await page.getByRole("row").count(), 301);
  const { longest, frames } = await page.evaluate(
    () =>
      new Promise<{ longest: number; frames: number }>((resolve) => {
        let last = performance.now();
        let worst = 0;
        let drawn = 0;
        const begun = last;
        const frame = (now: number): void => {
          worst = Math.max(worst, now - last);
          last = now;
          drawn += 1;
          if (now - begun < 6000) requestAnimationFrame(frame);
          else resolve({ longest: worst, frames: drawn });
        };
        requestAnimationFrame(frame);
      }),
  );
  t.diagnostic(`longest frame ${longest.toFixed(1)} ms`);
  await screenshot(page, "live-300-desk");
  // How smooth it is depends on what else runs here: docs/console.md has what was measured.
  assert.ok(frames > 30, `${frames} frames in 6 s`);
});
