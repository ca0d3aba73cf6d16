import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

void test("a million packets through relay and taps leave no garbage: memory grows by less than 1 MB with nothing collected", {
  timeout: 60_000,
}, () => {
  const program = new URL("./core-memory.fixture.ts", import.meta.url).pathname;
  const run = spawnSync(process.execPath, ["--expose-gc", program], { encoding: "utf8", timeout: 50_000 });
  assert.equal(run.status, 0, run.stderr);
  const seen = JSON.parse(run.stdout) as Record<"packets" | "received" | "sent" | "growth" | "collections", number>;
  assert.ok(seen.packets >= 1_200_000 && seen.received === seen.packets, run.stdout);
  assert.ok(seen.sent >= 2_000_000, "each packet is relayed and replicated");
  assert.ok(seen.growth < 1_000_000, `${seen.growth} octets more`);
  // One object of 16 octets per packet is eight collections of a young generation that begins with 2 MB.
  assert.ok(seen.collections < 5, `${seen.collections} collections`);
});
