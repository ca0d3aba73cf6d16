// R16: a real phone, which knows nothing of recording, is moved to the Media Server in mid-call. What it decoded is judged.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  Baresip,
  gaps,
  needs,
  passwordOf,
  readWav,
  type RunningSystem,
  startSystem,
  talk,
  tone,
  type WavFile,
  writePcmWav,
} from "@sidetone/testing";
import { Desk } from "../e2e/desk.ts";

/** Longest silence that a move may make, ms. */
const MOVE_GAP_MS = 150;

let system: RunningSystem;

before(async () => {
  const grants = [{ dns: "7*", rights: ["monitor", "record"] }];
  system = await startSystem({
    mode: "one-process",
    config: { "sip-server": { applications: { desk: { password: "demo-desk", grants } } } },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

test("R16: baresip loses at most 150 ms each way when a START moves its call", {
  skip: needs("baresip", "python3"),
}, async (t) => {
  const { folder } = system;
  for (const hz of [437, 1013]) writePcmWav(join(folder, `${hz}.wav`), tone(hz), 30);
  const made = (user: string, n: number, hz: number): Baresip =>
    new Baresip(
      {
        folder,
        user,
        password: passwordOf(user),
        server: system.sip,
        port: 33_800 + 20 * n,
        rtpPort: 38_000 + 200 * n,
        play: join(folder, `${hz}.wav`),
      },
      33_850 + n,
    );
  const [a, b] = [made("7101", 0, 437), made("7102", 1, 1013)];
  t.after(() => Promise.all([a.quit(), b.quit()]));
  await Promise.all([a.registered(), b.registered()]);
  const desk = await Desk.open(t, system, "desk", "7101");
  await a.dial("7102");
  const about = await desk.about("7101");
  await talk(1500);
  await desk.client.recordStart(about);
  await desk.says("7101", "On");
  await talk(2000);
  await a.command(["hangup"]);
  await desk.says("7101", "On", "Off");
  await Promise.all([a.quit(), b.quit()]);
  for (const user of ["7101", "7102"]) {
    const dumps = join(folder, `baresip-${user}`, "rec");
    const dump = (end: string): WavFile => {
      const file = readdirSync(dumps).find((name) => name.endsWith(`-${end}.wav`));
      assert.ok(file !== undefined, `${user} has no dump of what it ${end === "dec" ? "decoded" : "encoded"}`);
      return readWav(join(dumps, file));
    };
    // It encodes all the time: by as much as it has decoded less, or silence, something was missing.
    const [heard, said] = [dump("dec"), dump("enc")];
    const silent = gaps(heard.channels[0] ?? [], 5).reduce((sum, { lengthMs }) => sum + lengthMs, 0);
    const missing = (said.seconds - heard.seconds) * 1000 + silent;
    assert.ok(heard.seconds > 3, `${user} heard only ${heard.seconds} s`);
    assert.ok(missing <= MOVE_GAP_MS, `${user}: ${Math.round(missing)} ms are missing, ${silent} ms of them silence`);
  }
});
