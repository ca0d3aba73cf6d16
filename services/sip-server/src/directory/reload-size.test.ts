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

/** A file with so many DNs; the first one's password can be told apart. */
function fileOf(count: number, password: string): string {
  const dns = Array.from({ length: count }, (_, i) => `    "${100_000 + i}": { type: extension, password: p${i} }\n`);
  return `${head}    "7000": { type: extension, password: ${password} }\n${dns.join("")}`;
}

test("50,000 DNs are read again while calls go on: added, then one of them changed", {
  timeout: 120_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-reload-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "sidetone.yaml");
  writeFileSync(path, fileOf(0, "a"));
  const running = loadConfig(path);
  assert.ok(running.ok && running.value.sipServer !== undefined);
  const directory = directoryOf(running.value.sipServer);
  const changes: DirectoryChange[] = [];
  directory.onChange((change) => changes.push(change));
  const reload = new ConfigReload({ clock: systemClock, log: silentLogger, running: running.value, directory });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  for (const password of ["a", "b"]) {
    writeFileSync(path, fileOf(50_000, password));
    delay.reset();
    delay.enable();
    const from = performance.now();
    await reload.reload();
    delay.disable();
    const ms = (ns: number): string => `${Math.round(ns / 1e6)} ms`;
    t.diagnostic(
      `read in ${Math.round(performance.now() - from)} ms, longest stall ${ms(delay.max)}, 99.9 % below ${ms(delay.percentile(99.9))}`,
    );
    // Where the file were read in this thread there would be a handful of turns.
    assert.ok(delay.count > 100, `${delay.count} turns of the event loop`);
  }
  reload.close();
  assert.deepEqual(
    changes.map(({ dns }) => [dns.added.length, dns.removed.length, dns.changed]),
    [
      [50_000, 0, []],
      [0, 0, ["7000"]],
    ],
  );
});
