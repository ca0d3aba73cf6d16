// mode: both
// Ctrl-C in a call, and kill -9 in a call.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { checkWav, findProgram, readWav, run, startSystem, talk, tone } from "@sidetone/testing";
import { connect, hearsEachOther, phone, recordingOf } from "./phones.ts";

function manifests(folder: string): string[] {
  return readdirSync(join(folder, "recordings"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("manifest.jsonl"))
    .map((file) => readFileSync(join(folder, "recordings", file), "utf8"));
}

describe("the end of the system in mid-call", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal}: BYE at both phones, manifest closed, exit 0 within 5 s, nothing left; the recording is complete after a restart`, async (t) => {
      const system = await startSystem();
      t.after(() => system.dispose());
      const a = await phone(t, system, "7001", { source: tone(437) });
      const b = await phone(t, system, "7002", { source: tone(1013) });
      const call = await connect(a, b);
      await hearsEachOther(call, 437, 1013);
      await talk(2000);
      const atOnce = signal === "SIGTERM";
      const exits = await system.stop(signal, { atOnce });
      assert.ok(exits.every((exit) => exit.code === 0));
      const [left, right] = await Promise.all([call.caller.ended, call.callee.ended]);
      assert.equal(left.by, "remote");
      assert.equal(left.request?.method, "BYE");
      assert.equal(right.by, "remote");
      assert.equal(right.request?.method, "BYE");
      const texts = manifests(system.folder);
      assert.equal(texts.length, 1);
      assert.doesNotThrow(() =>
        texts[0]
          ?.trim()
          .split("\n")
          .map((line): unknown => JSON.parse(line)),
      );
      await system.start(); // the same ports are free again: no socket was left
      const row = await recordingOf(system, "7001");
      assert.equal(row.state, "complete");
      await checkWav(await system.fetchAudio(row.id), {
        expect: { 0: 437, 1: 1013 },
        maxCrosstalkDb: -40,
        minSeconds: 2,
        strictHeader: true,
      });
      await system.stop();
    });
  }

  test("kill -9: after a restart the recording is there, playable, marked partial, complete but for at most the last second", async (t) => {
    const system = await startSystem();
    t.after(() => system.dispose());
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    await talk(6000);
    const talked = call.callee.durationMs / 1000;
    await system.kill();
    // What SIP Server kept is gone too: else the call, and with it its recording, would go on (R33).
    for (const file of readdirSync(system.folder).filter((name) => name.startsWith("sip-server.sqlite")))
      rmSync(join(system.folder, file));
    await system.start();
    const row = await recordingOf(system, "7001");
    assert.equal(row.state, "partial");
    const file = await system.fetchAudio(row.id);
    const { seconds } = readWav(file);
    assert.ok(seconds >= talked - 1.05, `${seconds} s of ${talked} s`);
    assert.ok(seconds <= talked + 0.3, `${seconds} s of ${talked} s`);
    await checkWav(file, { expect: { 0: 437, 1: 1013 }, maxGapMs: 5, maxSplices: 0, strictHeader: true });
    if (findProgram("ffprobe") !== undefined) {
      const text = run("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file]);
      assert.ok(Math.abs(Number(text) - seconds) < 0.05, `ffprobe says ${text}`);
    }
    if (findProgram("soxi") !== undefined) assert.ok(Math.abs(Number(run("soxi", ["-D", file])) - seconds) < 0.05);
    const again = await connect(await phone(t, system, "7001"), await phone(t, system, "7002"));
    await again.caller.bye();
    await system.stop();
  });

  test("a second signal within the same second (as npm sends it) does not cut the clean stop short", async (t) => {
    const system = await startSystem();
    t.after(() => system.dispose());
    const a = await phone(t, system, "7001", { source: tone(437) });
    const b = await phone(t, system, "7002", { source: tone(1013) });
    const call = await connect(a, b);
    await talk(500);
    for (const process of system.processes) process.child.kill("SIGINT");
    await talk(50);
    await system.stop("SIGINT");
    assert.equal((await call.caller.ended).request?.method, "BYE");
  });
});
