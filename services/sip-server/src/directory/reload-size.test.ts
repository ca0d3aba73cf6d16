import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { loadConfig } from "@sidetone/config";
import { silentLogger, systemClock } from "@sidetone/foundation";
import type { DirectoryChange } from "./change.ts";
import { directoryOf } from "./directory.ts";
import { ConfigReload } from "./reload.ts";

const head =
  'sip-server:\n  listen: [ "udp://127.0.0.1:5060" ]\n  domain: x.test\n  storage: "sqlite:a.sqlite"\n  dns:\n';

/** A file with so many DNs beside 7000. */
function fileOf(count: number): string {
  const dns = Array.from({ length: count }, (_, i) => `    "${100_000 + i}": { type: extension, password: p${i} }\n`);
  return `${head}    "7000": { type: extension, password: a }\n${dns.join("")}`;
}

test("50,000 DNs are read while calls go on", { timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-reload-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "sidetone.yaml");
  writeFileSync(path, fileOf(0));
  const running = loadConfig(path);
  assert.ok(running.ok && running.value.sipServer !== undefined);
  const directory = directoryOf(running.value.sipServer);
  const changes: DirectoryChange[] = [];
  directory.onChange((change) => changes.push(change));
  const reload = new ConfigReload({ clock: systemClock, log: silentLogger, running: running.value, directory });
  writeFileSync(path, fileOf(50_000));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const from = performance.now();
  await reload.reload();
  delay.disable();
  reload.close();
  const ms = (ns: number): string => `${Math.round(ns / 1e6)} ms`;
  t.diagnostic(
    `read in ${Math.round(performance.now() - from)} ms, longest stall ${ms(delay.max)}, 99.9 % below ${ms(delay.percentile(99.9))}`,
  );
  // Where the file were read in this thread there would be a handful of turns.
  assert.ok(delay.count > 100, `${delay.count} turns of the event loop`);
  assert.deepEqual(
    changes.map(({ dns }) => [dns.added.length, dns.removed.length, dns.changed.length]),
    [[50_000, 0, 0]],
  );
});
