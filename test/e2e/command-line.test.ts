// The command line as a T-Library client: somebody at a terminal watches a call and records it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { projectRoot, type RunningSystem, runAsync, startSystem, talk, tone, until } from "@sidetone/testing";
import { connect, phone, recordingOf } from "./phones.ts";

const sidetone = join(projectRoot, "cli/bin/sidetone");
let system: RunningSystem;

before(async () => {
  system = await startSystem({
    mode: "one-process",
    config: {
      "sip-server": {
        applications: { desk: { password: "demo-desk", grants: [{ dns: "7*", rights: ["monitor", "record"] }] } },
      },
    },
  });
});
after(async () => {
  await system.stop().finally(() => system.dispose());
});

/** `sidetone watch`, with what it has printed so far. */
function watch(t: TestContext, ...args: string[]): { readonly text: () => string; stop(): Promise<number | null> } {
  const child = spawn(sidetone, ["watch", ...args, "--config", system.configFile], { cwd: system.folder });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    text += data.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    text: () => text,
    stop() {
      child.kill("SIGINT");
      return ended;
    },
  };
}

async function record(...args: string[]): Promise<{ code: number | null; text: string }> {
  const ran = await runAsync(sidetone, ["record", ...args, "--config", system.configFile], { cwd: system.folder });
  return { code: ran.code, text: ran.stdout + ran.stderr };
}

test("sidetone watch shows a call; sidetone record starts, pauses, resumes and stops its recording (R3, R18 to R21)", async (t) => {
  const people = watch(t, "7002");
  const machines = watch(t, "7003", "--json");
  assert.ok(await until(() => people.text().includes("Ctrl-C"), 8000), people.text());
  const a = await phone(t, system, "7002", { source: tone(437) });
  const b = await phone(t, system, "7003", { source: tone(1013) });
  const none = await record("start", "--dn", "7002");
  assert.equal(none.code, 1);
  assert.match(none.text, /7002 has no call.*\n.*--conn-id/);
  const call = await connect(a, b);
  const started = await record("start", "--dn", "7002", "--id", "from-the-terminal", "--param", "case=4711");
  assert.equal(started.code, 0, started.text);
  assert.match(started.text, /^[0-9a-f]{16}: start accepted\n[0-9a-f]{16}: recording On, [0-9A-V]{32}_\d{8}_\d{6}\n/);
  await talk(1500);
  const again = await record("start", "--dn", "7002");
  assert.equal(again.code, 1);
  assert.match(again.text, /RecordingAlreadyActive/);
  assert.match((await record("pause", "--dn", "7002")).text, /recording Paused/);
  assert.match((await record("resume", "--dn", "7002")).text, /recording On/);
  await talk(1000);
  const stopped = await record("stop", "--dn", "7002", "--reason", "done");
  assert.match(stopped.text, /recording Off/);
  await call.caller.bye();
  const row = await recordingOf(system, "7002");
  assert.equal(row.id, "from-the-terminal");
  assert.equal(row.state, "complete");
  assert.equal((row["parameters"] as Record<string, unknown>)["case"], "4711");
  assert.ok(await until(() => people.text().includes("EventReleased"), 5000), people.text());
  for (const line of [
    /^\d\d:\d\d:\d\d\.\d{3} {2}7002 {2}EventDialing {2}[0-9a-f]{16} {2}with 7003$/m,
    /7002 {2}EventEstablished/,
    /7002 {2}EventAttachedDataChanged .*GSIP_RECORD=On/,
    /GSIP_RECORD=Paused/,
    /GSIP_RECORD=Off/,
  ])
    assert.match(people.text(), line);
  assert.equal(await people.stop(), 0);
  assert.ok(await until(() => machines.text().includes("EventReleased"), 5000), machines.text());
  assert.equal(await machines.stop(), 0);
  const events = machines
    .text()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { message: string });
  assert.deepEqual(
    events.map(({ message }) => message).filter((name) => /Ringing|Established|Released/.test(name)),
    ["EventRinging", "EventEstablished", "EventReleased"],
  );
});

test("a wrong password, a DN without right and a server that is not there each get a clear error", async () => {
  const run = async (...args: string[]): Promise<string> => {
    const ran = await runAsync(sidetone, ["watch", ...args, "--config", system.configFile], { cwd: system.folder });
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    return ran.stdout + ran.stderr;
  };
  assert.match(await run("7002", "--application", "desk:wrong"), /does not know this application or its password/);
  assert.match(await run("8000"), /No application of the configuration has the rights monitor on 8000/);
  assert.match(await run("8000", "--application", "desk:demo-desk"), /PermissionDenied|NotConfigured/);
  assert.match(await run("7002", "--tlib-url", "ws://127.0.0.1:9/tlib/v1"), /does not answer/);
});
