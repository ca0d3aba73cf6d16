// Alarms of the live page, each made for real: a phone that sends nothing, and a recorder that dies.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type RunningSystem, startSystem } from "@sidetone/testing";
import { talking } from "../e2e/desk.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot } from "./browser.ts";

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    mode: "five-processes",
    config: ({ httpSip }) => ({
      recorder: {
        reconciliation: { "sip-servers": `http://127.0.0.1:${httpSip}`, silence: "2s", interval: "250ms" },
      },
      console: { users: { admin: { password: "demo-admin", role: "administrator" } } },
    }),
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

test("a side that brings no RTP, and a recorder that dies: call, remedy and journal are named, and what is over moves away", {
  skip: noBrowser,
  timeout: 120_000,
}, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "admin", "demo-admin");
  const alarms = page.getByRole("region", { name: "Alarms" });
  await alarms.getByText("No alarms").waitFor();

  const call = await talking(t, system, "7002", "7001");
  call.callee.mute(true);
  const silent = alarms.getByRole("listitem").filter({ hasText: "brings no RTP" });
  await silent.waitFor({ timeout: 15_000 });
  const text = (await silent.textContent()) ?? "";
  assert.match(text, /The agent's side brings no RTP.*7002.*7001/);
  assert.match(text, /look at its phone/);
  assert.match((await silent.getByRole("link", { name: "Its journal" }).getAttribute("href")) ?? "", /^\/calls\/\w+/);
  await axe(page);
  await screenshot(page, "alarm-silent");
  call.callee.mute(false);
  await silent.waitFor({ state: "detached", timeout: 15_000 });
  await alarms.getByText("Ended lately: 1").waitFor();

  await system.killRole("recorder");
  const lost = alarms.getByRole("listitem").filter({ hasText: "is lost" }).filter({ hasText: "recorder" });
  await lost.waitFor({ timeout: 20_000 });
  assert.match((await lost.textContent()) ?? "", /Start it again/);
  await screenshot(page, "alarm-recorder");
  await system.startRole("recorder");
  await lost.waitFor({ state: "detached", timeout: 30_000 });
  await call.caller.bye();
});
