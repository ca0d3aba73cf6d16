// The agent's workspace at a real system: phones ring, a program watches by T-Library what the page does, the recorder has it in the file.
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { type RunningSystem, type ScriptedCall, type ScriptedPhone, startSystem, tone, until } from "@sidetone/testing";
import type { Locator, Page } from "playwright-core";
import { Desk } from "../e2e/desk.ts";
import { phone } from "../e2e/phones.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

const secret = "workspace-test-".repeat(3);
const everything = ["monitor", "control", "record", "userdata"];

let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  system = await startSystem({
    mode: "five-processes",
    config: {
      "sip-server": {
        "token-secret": secret,
        "agent-logins": { "1001": { password: "demo-1001" } },
        applications: { desk: { password: "demo-desk", grants: [{ dns: "7*", rights: everything }] } },
      },
      console: {
        "token-secret": secret,
        "pause-reminder": "2s",
        users: {
          al: { password: "demo-al", role: "agent", grants: [{ dns: "7001", rights: everything }] },
          bo: { password: "demo-bo", role: "agent", grants: [{ dns: "71*", rights: ["monitor"] }] },
          cy: { password: "demo-cy", role: "agent", grants: [] },
          admin: { password: "demo-admin", role: "administrator" },
        },
      },
    },
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
});

/** The agent's phone: it rings, and answers when it is told to (`Event: talk`). */
async function agentPhone(t: TestContext): Promise<ScriptedPhone> {
  return phone(t, system, "7001", { source: tone(1013), answering: { kind: "manual" } });
}

async function rings(agent: ScriptedPhone): Promise<ScriptedCall> {
  const call = await agent.nextCall(8000);
  call.session.on("request", ({ request }) => {
    if (request.method === "NOTIFY") call.accept();
  });
  call.session.progress(180, { headers: [["Allow-Events", "talk"]] });
  return call;
}

/** Calls that a test may leave behind where it fails: they would ring in the next one. */
const left: ScriptedCall[] = [];

const answering = { kind: "answer", afterMs: 200 } as const;
const button = (page: Page | Locator, name: string | RegExp): Locator => page.getByRole("button", { name });
/** The call with these parties. */
const card = (page: Page, name: string | RegExp): Locator => page.getByRole("article", { name });

async function openWorkspace(t: TestContext, size: { width: number; height: number } = sizes.desk): Promise<Page> {
  const page = await openBrowser(t, { size });
  t.after(async () => {
    await Promise.all(left.splice(0).map((call) => call.bye().catch(() => undefined)));
  });
  await logIn(page, system.http("console"), "al", "demo-al");
  await page.getByText("DN 7001, connected").waitFor();
  return page;
}

/** A customer calls the agent, who answers at the page. */
async function talking(
  t: TestContext,
  page: Page,
): Promise<{ customer: ScriptedCall; agent: ScriptedCall; caller: ScriptedPhone }> {
  const agent = await agentPhone(t);
  const caller = await phone(t, system, "7002", { source: tone(437), answering });
  const customer = await caller.call("7001");
  left.push(customer);
  const ringing = await rings(agent);
  await card(page, "7002 calls").waitFor();
  await button(card(page, "7002 calls"), "Answer").click();
  await card(page, "7002").getByText("Talking").waitFor();
  return { customer, agent: ringing, caller };
}

for (const [name, size] of Object.entries(sizes)) {
  test(`a call rings on the page, is answered, paused by the key, reminded of and resumed, ${size.width} px`, {
    skip: noBrowser,
  }, async (t) => {
    const watch = await Desk.open(t, system, "desk", "7001");
    const page = await openWorkspace(t, size);
    await page.getByRole("heading", { name: "No call" }).waitFor();
    await axe(page);
    await screenshot(page, `workspace-empty-${name}`);
    const agent = await agentPhone(t);
    const caller = await phone(t, system, "7002", { source: tone(437) });
    const customer = await caller.call("7001");
    left.push(customer);
    await rings(agent);
    const ringing = card(page, "7002 calls");
    await ringing.waitFor();
    assert.equal(await page.getByRole("alert").filter({ hasText: "Incoming call from 7002." }).count(), 1);
    await page.waitForFunction(() => document.title.includes("7002 calls"));
    await axe(page);
    await screenshot(page, `workspace-ringing-${name}`);
    await button(ringing, "Answer").click();
    const call = card(page, "7002");
    await call.getByText("Talking").waitFor();
    await customer.answered;
    // R21: the page says what another client hears, with the cause.
    await watch.says("7001", "On");
    await call.getByText("Recording on").waitFor();
    await call.getByText("started").waitFor();
    const pause = button(call, /^Pause recording/);
    assert.equal(await pause.getAttribute("aria-keyshortcuts"), "F8");
    assert.match((await pause.textContent()) ?? "", /F8/);
    await axe(page);
    await screenshot(page, `workspace-talking-${name}`);
    await page.keyboard.press("F8");
    await watch.says("7001", "On", "Paused");
    await call.getByText("Recording paused").waitFor();
    assert.equal(await page.getByRole("alert").filter({ hasText: "Recording paused." }).count(), 1);
    // On hold the pause goes on, and so does the reminder.
    await button(call, "Hold").click();
    await call.getByText("On hold", { exact: true }).waitFor();
    await page.getByText("Still paused.").waitFor();
    await page.getByRole("alert").filter({ hasText: "has been paused for 0:0" }).waitFor();
    await page.waitForFunction(() => document.title.includes("Paused"));
    await axe(page);
    await screenshot(page, `workspace-reminder-${name}`);
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth),
      false,
    );
    await button(call, "Retrieve").click();
    await call.getByText("Talking").waitFor();
    await page.keyboard.press("F8");
    await watch.says("7001", "On", "Paused", "On");
    await page.getByText("Still paused.").waitFor({ state: "detached" });
    await call.getByText("resumed on request").waitFor();
    await button(call, "Hang up").click();
    await page.getByText("The call with 7002 has ended.").first().waitFor();
    await customer.ended;
    // The recording has the pause, too.
    const connId = String(
      watch.told("7001").find(({ message }) => message === "EventEstablished")?.attributes["ConnID"],
    );
    let kinds: unknown[] = [];
    const stored = await until(async () => {
      const [row] = await system.recordings(`?conn-id=${connId}`);
      if (row === undefined || row.state === "recording") return false;
      const whole = (await (await system.get(`/api/v1/recordings/${encodeURIComponent(row.id)}`)).json()) as {
        events?: { event: string }[];
      };
      kinds = (whole.events ?? []).map(({ event }) => event);
      return kinds.includes("pause") && kinds.includes("resume");
    }, 8000);
    assert.ok(stored, `pause and resume among the recording's events wanted: ${JSON.stringify(kinds)}`);
  });
}

test("a letter as pause key is none while the agent types", { skip: noBrowser }, async (t) => {
  const watch = await Desk.open(t, system, "desk", "7001");
  const page = await openWorkspace(t);
  await talking(t, page);
  const call = card(page, "7002");
  await call.getByText("Recording on").waitFor();
  await page.getByLabel("Pauses and resumes the recording").selectOption("P");
  await page.getByLabel("Call a DN or number").fill("");
  await page.getByLabel("Call a DN or number").press("p");
  assert.equal(await page.getByLabel("Call a DN or number").inputValue(), "p");
  // User data go the same way as the pause would have: had one been asked for, it would be told first.
  await call.getByText("User data").click();
  await call.getByLabel("Key").fill("Case");
  await call.getByLabel("Value").fill("17");
  await button(call, "Set").click();
  await call.getByRole("definition").filter({ hasText: "17" }).waitFor();
  assert.deepEqual(watch.indications("7001").at(-1), "On");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("p");
  await call.getByText("Recording paused").waitFor();
  await button(call, "Hang up").click();
  await page.getByRole("heading", { name: "No call" }).waitFor();
});

test("hold, a consultation, to and fro, and the transfer: the two talk to each other", {
  skip: noBrowser,
}, async (t) => {
  const watch = await Desk.open(t, system, "desk", "7002", "7003");
  const page = await openWorkspace(t);
  const second = await phone(t, system, "7003", { source: tone(701), answering });
  const { customer } = await talking(t, page);
  const first = card(page, "7002");
  await button(first, "Hold").click();
  await first.getByText("On hold", { exact: true }).waitFor();
  await button(first, "Retrieve").click();
  await first.getByText("Talking").waitFor();
  await button(first, "Consult").click();
  await first.getByLabel("Consult: DN or number").fill("7999");
  await first.getByLabel("Consult: DN or number").press("Enter");
  await first.getByRole("alert").filter({ hasText: "Nobody can be reached there" }).waitFor();
  await screenshot(page, "workspace-refused");
  if (await button(first, "Retrieve").isVisible()) await button(first, "Retrieve").click();
  await button(first, "Consult").click();
  await first.getByLabel("Consult: DN or number").fill("7003");
  const third = second.nextCall(8000);
  await first.getByLabel("Consult: DN or number").press("Enter");
  const consult = card(page, "7003");
  await consult.getByText("Talking").waitFor();
  await first.getByText("On hold", { exact: true }).waitFor();
  await axe(page);
  await screenshot(page, "workspace-consultation");
  await button(consult, "Talk to 7002").click();
  await first.getByText("Talking").waitFor();
  await button(first, "Talk to 7003").click();
  await consult.getByText("Talking").waitFor();
  await button(consult, "Connect 7002 with 7003").click();
  await page.getByRole("heading", { name: "No call" }).waitFor();
  await page.getByText("You have transferred").first().waitFor();
  const heard = (call: ScriptedCall): number =>
    call.heard.frequency(performance.now() - 400, performance.now() - 100) ?? 0;
  assert.ok(await until(() => Math.abs(heard(customer) - 701) < 8, 5000), `the customer hears ${heard(customer)} Hz`);
  assert.ok(watch.told("7003").some(({ message }) => message === "EventPartyChanged"));
  await customer.bye();
  await (await third).ended;
});

test("a conference from a consultation: everybody is named, and one is put out", { skip: noBrowser }, async (t) => {
  const page = await openWorkspace(t);
  const second = await phone(t, system, "7003", { source: tone(701), answering });
  const { customer } = await talking(t, page);
  const first = card(page, "7002");
  await button(first, "Consult").click();
  await first.getByLabel("Consult: DN or number").fill("7003");
  const third = second.nextCall(8000);
  await first.getByLabel("Consult: DN or number").press("Enter");
  await button(card(page, "7003"), "Conference all").click();
  const conference = card(page, /7002, 7003|7003, 7002/);
  await conference.getByText("Conference", { exact: true }).first().waitFor();
  await axe(page);
  await screenshot(page, "workspace-conference");
  await button(conference, "Put out 7003").click();
  await (await third).ended;
  await card(page, "7002").getByText("Talking").waitFor();
  await button(card(page, "7002"), "Transfer").click();
  await card(page, "7002").getByLabel("Transfer: DN or number").fill("7003");
  await card(page, "7002").getByLabel("Transfer: DN or number").press("Enter");
  await page.getByRole("heading", { name: "No call" }).waitFor();
  await customer.bye();
});

test("an agent logs in, is ready and not ready with a reason, and calls somebody", { skip: noBrowser }, async (t) => {
  const watch = await Desk.open(t, system, "desk", "7001");
  const page = await openWorkspace(t);
  await page.getByLabel("Agent ID").fill("1001");
  await page.getByLabel("Agent password").fill("wrong");
  await button(page, "Log in as agent").click();
  await page.getByRole("alert").filter({ hasText: "The agent was not accepted" }).waitFor();
  await page.getByLabel("Agent password").fill("demo-1001");
  await button(page, "Log in as agent").click();
  await page.getByText("Logged in", { exact: true }).waitFor();
  await button(page, "Ready").first().click();
  await page.getByText("Ready", { exact: true }).first().waitFor();
  await page.getByLabel("Reason").selectOption("Lunch");
  await button(page, "Not ready").click();
  await page.getByText("Not ready: Lunch").waitFor();
  assert.ok(watch.told("7001").some(({ message }) => message === "EventAgentNotReady"));
  await page.reload();
  await page.getByText("Not ready", { exact: true }).first().waitFor();
  const agent = await agentPhone(t);
  const other = await phone(t, system, "7003", { answering });
  await page.getByLabel("Call a DN or number").fill("7003");
  await button(page, "Call").first().click();
  const own = await agent.nextCall(8000);
  own.ring();
  own.accept();
  await other.nextCall(8000);
  await card(page, "7003").getByText("Talking").waitFor();
  await button(card(page, "7003"), "Hang up").click();
  await page.getByRole("heading", { name: "No call" }).waitFor();
  await page.getByRole("region", { name: "Agent" }).getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Agent ID").waitFor();
});

test("SIP Server dies and comes back: the page says so, and has its call again", { skip: noBrowser }, async (t) => {
  const page = await openWorkspace(t);
  const { customer } = await talking(t, page);
  await card(page, "7002").getByText("Recording on").waitFor();
  await system.killRole("sip-server");
  await page.getByText("The connection is lost.").first().waitFor();
  await page.getByText("DN 7001, connection lost").waitFor();
  assert.equal(await button(card(page, "7002"), "Hold").isDisabled(), true);
  await axe(page);
  await screenshot(page, "workspace-lost");
  await system.startRole("sip-server");
  await page.getByText("DN 7001, connected").waitFor({ timeout: 30_000 });
  await card(page, "7002").getByText("Talking").waitFor();
  await button(card(page, "7002"), "Hang up").click();
  await page.getByRole("heading", { name: "No call" }).waitFor();
  await customer.ended;
});

test("who may only look is told which right is missing; a pattern asks for the DN; no grants: what to do", {
  skip: noBrowser,
}, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "bo", "demo-bo");
  await page.getByRole("heading", { name: "Which phone do you sit at?" }).waitFor();
  await axe(page);
  await screenshot(page, "workspace-choice");
  await page.getByLabel("DN", { exact: true }).fill("7001");
  await button(page, "Open").click();
  await page.getByRole("alert").filter({ hasText: "You have no right" }).waitFor();
  await page.getByLabel("DN", { exact: true }).fill("7101");
  await button(page, "Open").click();
  await page.getByText("DN 7101, connected").waitFor();
  await page.getByText("You lack the right “control” on DN 7101.").first().waitFor();
  assert.equal(await button(page, "Call").first().isDisabled(), true);
  await page.reload();
  await page.getByText("DN 7101, connected").waitFor();
  const nobody = await openBrowser(t);
  await logIn(nobody, system.http("console"), "cy", "demo-cy");
  await nobody.getByRole("heading", { name: "No DN for you yet" }).waitFor();
  await screenshot(nobody, "workspace-no-grants");
});
