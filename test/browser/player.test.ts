// A recording is seen and heard: real calls, recorded with a pause and keys, played in a browser that measures what comes out.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { linearToUlaw } from "@sidetone/rtp";
import {
  dominantFrequency,
  readWav,
  type RecordingRow,
  type RunningSystem,
  startSystem,
  talk,
  tone,
  until,
} from "@sidetone/testing";
import type { Page } from "playwright-core";
import { longRecording } from "../../services/recorder/src/peaks/long-recording.fixture.ts";
import { CALLEE_HZ, CALLER_HZ, Desk, finishedAt, recordingsAt, talking } from "../e2e/desk.ts";
import { axe, logIn, noBrowser, openBrowser, screenshot, sizes } from "./browser.ts";

const everything = ["monitor", "control", "userdata", "record"];
/** Bins of the page's meters are 12 Hz wide at 48 kHz. */
const NEAR_HZ = 15;

const storage = mkdtempSync(join(tmpdir(), "sidetone-player-"));
let system: RunningSystem;
before(async () => {
  if (noBrowser !== false) return;
  longRecording(storage, "two-hours", 120, minuteOfTurns(), 1_795_166_115_000_000);
  system = await startSystem({
    config: {
      recorder: { storage: { directory: storage } },
      "sip-server": { applications: { desk: { password: "demo-desk", grants: [{ dns: "70*", rights: everything }] } } },
      console: {
        users: {
          admin: { password: "demo-admin", role: "administrator" },
          al: { password: "demo-al", role: "agent", grants: [{ dns: "7001", rights: everything }] },
        },
      },
    },
  });
});
after(async () => {
  if (noBrowser === false) await system.stop().finally(() => system.dispose());
  rmSync(storage, { recursive: true, force: true });
});

/** A minute: 20 s the customer, 20 s the agent, 20 s nobody. */
function minuteOfTurns(): Buffer {
  const minute = Buffer.alloc(960_000, 0xff);
  for (let n = 0; n < 160_000; n++) {
    minute[2 * n] = linearToUlaw[Math.round(tone(CALLER_HZ)(n)) & 0xffff] ?? 0;
    minute[2 * (n + 160_000) + 1] = linearToUlaw[Math.round(tone(CALLEE_HZ)(n)) & 0xffff] ?? 0;
  }
  return minute;
}

let recorded: Promise<RecordingRow> | undefined;

/** A call of 9 s: the customer presses a key, then the recording is paused for 2 s. Made once. */
function theRecording(t: TestContext): Promise<RecordingRow> {
  recorded ??= (async () => {
    const desk = await Desk.open(t, system, "desk", "7001", "7002");
    const call = await talking(t, system, "7002", "7001");
    await desk.says("7001", "On");
    await talk(1500);
    await call.caller.digits("5");
    await talk(1000);
    const about = await desk.about("7001");
    await desk.client.recordPause(about);
    await talk(2000);
    await desk.client.recordResume(about);
    await talk(2500);
    await call.caller.bye();
    return finishedAt(system.http("recorder"), "7001");
  })();
  return recorded;
}

async function open(t: TestContext, id: string, o: Parameters<typeof openBrowser>[1] = {}, tail = ""): Promise<Page> {
  const page = await openBrowser(t, o);
  await logIn(page, system.http("console"), "admin", "demo-admin");
  await page.goto(`${system.http("console")}/recordings/${encodeURIComponent(id)}${tail}`);
  await page.locator('.wave[data-ready="true"] canvas').first().waitFor();
  return page;
}

/** What the meter of a side says. */
function meter(page: Page, side: string): Promise<{ level: string; hz: number }> {
  return page.getByLabel(`Level of ${side}`).evaluate((shown) => ({
    level: (shown as HTMLElement).dataset["level"] ?? "",
    hz: Number((shown as HTMLElement).dataset["hz"]),
  }));
}

async function sounds(page: Page, side: string, wanted: number | "silent", ms = 4000): Promise<void> {
  let last = { level: "", hz: 0 };
  const good = await until(async () => {
    last = await meter(page, side);
    return wanted === "silent"
      ? last.level === "silent"
      : last.level !== "silent" && Math.abs(last.hz - wanted) < NEAR_HZ;
  }, ms);
  assert.ok(
    good,
    `${side}: ${wanted} wanted, ${JSON.stringify(last)}\n${await page.locator(".transport").innerText()}`,
  );
}

/** Position, ms. */
function position(page: Page): Promise<number> {
  return page.locator(".transport-time").evaluate((shown) => Number((shown as HTMLElement).dataset["ms"]));
}

/** Share of the columns of each row that have anything drawn, between two shares of the width. */
function drawn(page: Page, from: number, to: number): Promise<number[]> {
  return page.locator(".wave").evaluate(
    (container, [left = 0, right = 1]) => {
      const root = Array.from(container.children).find((child) => child.shadowRoot !== null)?.shadowRoot;
      const rows = Array.from(root?.querySelectorAll(".canvases > div") ?? []);
      return rows.map((row) => {
        const canvas = row.querySelector("canvas");
        const ctx = canvas?.getContext("2d");
        if (canvas === null || ctx === null || ctx === undefined) return -1;
        const [start, end] = [Math.floor(canvas.width * left), Math.ceil(canvas.width * right)];
        const { data, width, height } = ctx.getImageData(start, 0, end - start, canvas.height);
        let columns = 0;
        for (let x = 0; x < width; x++) {
          for (let y = 0; y < height; y++) {
            if ((data[(y * width + x) * 4 + 3] ?? 0) === 0) continue;
            columns += 1;
            break;
          }
        }
        return columns / width;
      });
    },
    [from, to],
  );
}

test("both rows are drawn where there was sound, and empty in the pause; what happened is listed and jumped to", {
  skip: noBrowser,
}, async (t) => {
  const { id, durationMs } = await theRecording(t);
  const page = await open(t, id);
  const document = (await (await fetch(`${system.http("recorder")}/api/v1/recordings/${id}`)).json()) as {
    events: { event: string; atMs: number }[];
  };
  const at = (name: string): number => document.events.find(({ event }) => event === name)?.atMs ?? Number.NaN;
  const [pause, resume] = [at("pause"), at("resume")];
  assert.ok(resume - pause > 1500, JSON.stringify(document.events));
  const inside = await drawn(page, (pause + 300) / durationMs, (resume - 300) / durationMs);
  assert.deepEqual(inside, [0, 0], "the pause is empty");
  for (const share of await drawn(page, 300 / durationMs, (pause - 1200) / durationMs))
    assert.ok(share > 0.9, `${share}`);
  for (const share of await drawn(page, (resume + 400) / durationMs, 0.95)) assert.ok(share > 0.9, `${share}`);

  const list = page.getByRole("region", { name: "What happened" });
  await list.getByRole("button", { name: /^Jump to Recording paused/ }).click();
  assert.ok(Math.abs((await position(page)) - pause) < 100, `${await position(page)}`);
  await list.getByRole("button", { name: /^Jump to Key pressed/ }).click();
  assert.ok(Math.abs((await position(page)) - at("dtmf")) < 100);
  assert.match(await list.innerText(), /Key pressed, customer/);
  const talkTime = await page.getByRole("region", { name: "Who speaks when" }).innerText();
  assert.match(talkTime, /Both at once\s+[5-9]\d %/);
  assert.match(talkTime, /7001/);
  assert.match(await page.getByRole("region", { name: "Technical facts" }).innerText(), /G\.711 µ-law, 8 kHz, stereo/);
  assert.match(await page.locator(".player-head").innerText(), /Integrity: Verified/);
});

test("play and hear: each side in its own channel, muted by itself; speed, ears, keys, seek and link", {
  skip: noBrowser,
}, async (t) => {
  const { id } = await theRecording(t);
  const page = await open(t, id);
  const requests: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/audio")) requests.push(request.headers()["range"] ?? "none");
  });
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await sounds(page, "customer", CALLER_HZ);
  await sounds(page, "agent", CALLEE_HZ);
  await page.getByRole("button", { name: "Mute customer" }).click();
  await page.keyboard.press("Home");
  await sounds(page, "customer", "silent");
  await sounds(page, "agent", CALLEE_HZ);
  await page.getByRole("button", { name: "Mute customer" }).click();
  await page.getByLabel("Volume of agent").fill("0");
  await page.getByLabel("Volume of agent").blur();
  await page.keyboard.press("Home");
  await sounds(page, "customer", CALLER_HZ);
  await sounds(page, "agent", "silent");
  await page.getByLabel("Volume of agent").fill("100");

  // Twice as fast and no higher.
  await page.getByLabel("Speed").selectOption("2");
  await page.getByLabel("Position").fill("0");
  await sounds(page, "customer", CALLER_HZ);
  const from = await position(page);
  const before = performance.now();
  await until(async () => (await position(page)) - from > 1200, 5000);
  const speed = ((await position(page)) - from) / (performance.now() - before);
  assert.ok(speed > 1.5 && speed < 2.6, `${speed}`);
  await page.getByRole("button", { name: "Pause", exact: true }).click();

  // By click on the waveform, and by keys.
  const box = await page.locator(".wave").boundingBox();
  assert.ok(box !== null);
  await page.mouse.click(box.x + box.width / 4, box.y + 150);
  const total = Number(await page.getByLabel("Position").getAttribute("max"));
  assert.ok(
    await until(async () => Math.abs((await position(page)) - total / 4) < total / 50, 2000),
    `${await position(page)} of ${total}`,
  );
  await page.getByLabel("Position").focus();
  await page.keyboard.press("ArrowRight");
  assert.ok(await until(async () => Math.abs((await position(page)) - (total / 4 + 5000)) < total / 50, 2000));
  assert.match(
    (await page.getByLabel("Position").getAttribute("aria-valuetext")) ?? "",
    /^\d+ seconds of \d+ seconds$/,
  );
  await page.keyboard.press("j");
  assert.equal(await position(page), 0);
  await page.keyboard.press("Shift+M");
  assert.equal(await page.getByRole("button", { name: "Mute agent" }).getAttribute("aria-pressed"), "true");
  await page.keyboard.press("k");
  await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await page.keyboard.press("k");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys of the player" }).waitFor();
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Zoom in" }).click();
  const wide = await page.locator(".wave").evaluate((one) => {
    const scroll = Array.from(one.children)
      .find((child) => child.shadowRoot !== null)
      ?.shadowRoot?.querySelector(".scroll");
    return { all: scroll?.scrollWidth ?? 0, seen: scroll?.clientWidth ?? 0 };
  });
  assert.ok(Math.abs(wide.all / wide.seen - 4) < 0.2, JSON.stringify(wide));
  await page.getByRole("button", { name: "Whole call" }).click();
  assert.ok(
    requests.every((range) => range.startsWith("bytes=")),
    `by Range only: ${requests.join(" ")}`,
  );

  await page.goto(`${system.http("console")}/recordings/${id}#t=3.5`);
  await page.reload();
  await page.locator('.wave[data-ready="true"]').waitFor();
  assert.equal(await position(page), 3500);
  await page.getByRole("button", { name: "Copy link to this moment" }).click();
  await page.getByText(/0:03/).first().waitFor();
  assert.match(page.url(), /#t=3\.5$/);
});

test("two hours: waveform and sound are there at once, from anywhere, and little is loaded", {
  skip: noBrowser,
}, async (t) => {
  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "admin", "demo-admin");
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let loaded = 0;
  session.on("Network.dataReceived", ({ dataLength }) => (loaded += dataLength));
  const times: string[] = [];
  for (const what of ["cold", "warm"]) {
    const from = performance.now();
    await page.goto(`${system.http("console")}/recordings/two-hours?t=5423`);
    await page.locator('.wave[data-ready="true"] canvas').first().waitFor();
    const shown = performance.now();
    await page.getByRole("button", { name: "Play", exact: true }).click();
    // 90 min 23 s: the agent's turn.
    await sounds(page, "agent", CALLEE_HZ);
    times.push(
      `${what}: waveform ${Math.round(shown - from)} ms, sound ${Math.round(performance.now() - shown)} ms after Play`,
    );
  }
  assert.equal((await meter(page, "customer")).level, "silent");
  t.diagnostic(`two hours, ${times.join("; ")}; ${Math.round(loaded / 1000)} kB loaded`);
  assert.ok(loaded < 20_000_000, `${loaded} of 115,200,044 octets`);
  assert.equal(await page.locator(".wave").getAttribute("data-points"), "4000");
  for (let n = 0; n < 6; n++) await page.getByRole("button", { name: "Zoom in" }).click();
  assert.ok(await until(async () => Number(await page.locator(".wave").getAttribute("data-points")) > 4000, 5000));
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await screenshot(page, "player-two-hours");
});

test("skip silence jumps over the pause", { skip: noBrowser }, async (t) => {
  const { id } = await theRecording(t);
  const page = await open(t, id);
  await page.getByRole("button", { name: /^Jump to Recording paused/ }).click();
  const from = await position(page);
  await page.getByLabel("Skip silence").check();
  await page.getByRole("button", { name: "Play", exact: true }).click();
  const before = performance.now();
  await sounds(page, "customer", CALLER_HZ);
  assert.ok((await position(page)) - from > 1700, "behind the pause");
  assert.ok(performance.now() - before < 1700, "sooner than it lasts");
});

test("the download is the whole stereo WAV and is told from listening", { skip: noBrowser }, async (t) => {
  const { id, durationMs } = await theRecording(t);
  const page = await open(t, id);
  const link = await page.getByRole("link", { name: "Download stereo WAV" }).getAttribute("href");
  assert.match(link ?? "", /\/audio\?download=1$/);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download stereo WAV" }).click(),
  ]);
  const wav = readWav(await download.path());
  assert.equal(wav.channels.length, 2);
  assert.equal(Math.round(wav.seconds * 1000), durationMs);
  for (const [channel, hz] of [CALLER_HZ, CALLEE_HZ].entries()) {
    const heard = dominantFrequency(wav.channels[channel] ?? [], 4000, 8000);
    assert.ok(heard !== undefined && Math.abs(heard - hz) < NEAR_HZ, `${heard}`);
  }
});

test("a recording that runs can be opened: it plays what is there, and grows", { skip: noBrowser }, async (t) => {
  const call = await talking(t, system, "7003", "7004");
  const running = async (): Promise<RecordingRow | undefined> =>
    (await recordingsAt(system.http("recorder"), "?dn=7004")).find(({ durationMs }) => durationMs > 1500);
  assert.ok(await until(async () => (await running()) !== undefined, 8000));
  const page = await open(t, (await running())?.id ?? "");
  await page.getByText("Recording now").waitFor();
  const length = async (): Promise<number> => Number(await page.getByLabel("Position").getAttribute("max"));
  const first = await length();
  assert.ok(await until(async () => (await length()) > first + 2000, 15_000), `${await length()} after ${first}`);
  await page.getByLabel("Position").fill(String((await length()) - 1500));
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await sounds(page, "customer", CALLER_HZ, 8000);
  await call.caller.bye();
  await page.getByText("Complete", { exact: true }).waitFor();
});

test("an agent is refused, at the page and at the API", { skip: noBrowser }, async (t) => {
  const { id } = await theRecording(t);
  const page = await openBrowser(t);
  await logIn(page, system.http("console"), "al", "demo-al");
  await page.goto(`${system.http("console")}/recordings/${id}`);
  await page.getByRole("heading", { name: "Not for your role" }).waitFor();
  for (const what of ["", "/audio", "/audio?download", "/peaks"]) {
    const status = await page.evaluate(
      (path) => fetch(new URL(path, location.origin)).then((answer) => answer.status),
      `/api/v1/recordings/${id}${what}`,
    );
    assert.equal(status, 403, what);
  }
});

for (const [name, size] of Object.entries(sizes)) {
  test(`the player is accessible and fits, ${size.width} px wide`, { skip: noBrowser }, async (t) => {
    const { id } = await theRecording(t);
    const page = await open(t, id, { size });
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    assert.equal(wider, false, "scrolls sideways");
    await screenshot(page, `player-${name}`);
    await axe(page);
    await screenshot(page, `player-${name}-dark`);
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await axe(page);
    await page.goto(`${system.http("console")}/recordings/none`);
    await page.getByText("There is no such recording").waitFor();
  });
}
