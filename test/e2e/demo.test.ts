// `sidetone demo`: with the system not running, and with a running one.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  checkWav,
  overlay,
  projectRoot,
  readWav,
  runAsync,
  startSystem,
  systemConfig,
  systemPorts,
} from "@sidetone/testing";

const sidetone = join(projectRoot, "cli/bin/sidetone");

const applications = {
  desk: { password: "demo-desk", grants: [{ dns: "*", rights: ["monitor", "record"] }] },
};

/** Everything below -60 dBFS: nothing was captured. */
function silent(samples: Int16Array | undefined, fromMs: number, untilMs: number): boolean {
  return samples?.subarray(fromMs * 8, untilMs * 8).every((sample) => Math.abs(sample) < 33) ?? false;
}

async function demo(configFile: string, folder: string): Promise<string> {
  const ran = await runAsync(sidetone, ["demo", "--config", configFile], { cwd: folder });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  const file = /^File: +(\S+\.wav)$/m.exec(ran.stdout)?.[1];
  assert.ok(file !== undefined, ran.stdout);
  assert.match(ran.stdout, /^Console: +http:\/\/127\.0\.0\.1:\d+\//m);
  await checkWav(file, { expect: { 0: "sound", 1: "sound" }, minSeconds: 20, maxSeconds: 24, strictHeader: true });
  assert.match(ran.stdout, /pauses the recording/);
  const [, agent] = readWav(file).channels;
  assert.ok(silent(agent, 15_300, 17_200), "R19: the pause is in the file");
  assert.ok(!silent(agent, 11_500, 14_500) && !silent(agent, 18_500, 21_000), "the rest is not");
  return ran.stdout;
}

describe("the demo", { concurrency: true }, () => {
  test("starts the system, makes a recorded call with speech, names file and console link, stops the system", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "sidetone-demo-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const config = overlay(systemConfig(folder, await systemPorts()), { "sip-server": { applications } });
    writeFileSync(join(folder, "sidetone.yaml"), JSON.stringify(config));
    const text = await demo(join(folder, "sidetone.yaml"), folder);
    assert.match(text, /Starting Sidetone/);
  });

  test("uses a system that runs already, and leaves it running", async (t) => {
    const shift = (port: number): number => port + 100;
    const ports = await systemPorts();
    const moved = Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [
        name,
        typeof port === "number" ? shift(port) : [port[0] + 100, port[1]],
      ]),
    );
    const system = await startSystem({
      mode: "one-process",
      config: { "sip-server": { applications } },
      ports: { ...ports, ...(moved as unknown as typeof ports), mediaRtp: [8100, 9999], recorderRtp: [33_000, 33_999] },
    });
    t.after(() => system.dispose());
    const text = await demo(system.configFile, system.folder);
    assert.match(text, /running already/);
    assert.ok(system.processes.every((process) => process.running));
    await system.stop();
  });
});
