import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

type Seen = Record<"packets" | "received" | "sent" | "judged" | "growth" | "collections" | "windows", number>;

/** What one of many stretches of packets was like, at best: see the program. */
function stretch(...mode: string[]): Seen {
  const program = new URL("./core-memory.fixture.ts", import.meta.url).pathname;
  const run = spawnSync(process.execPath, ["--expose-gc", program, ...mode], { encoding: "utf8", timeout: 170_000 });
  assert.equal(run.status, 0, run.stderr);
  const seen = JSON.parse(run.stdout) as Seen;
  assert.ok(seen.packets >= 400_000 && seen.received === seen.packets, run.stdout);
  assert.ok(seen.sent >= 2 * seen.judged, `each packet is relayed or mixed, and replicated: ${run.stdout}`);
  return seen;
}

/** What a run is owed: no more than what the compiler leaves behind. An object of 16 octets per packet is twice as much. */
function isClean(mode: string, { growth, collections }: Seen): boolean {
  // As in the program.
  return mode === "mix" ? growth < 2_500_000 && collections <= 3 : growth < 1_600_000 && collections <= 1;
}

for (const [mode, what] of [
  ["relay", "relay and taps"],
  ["mix", "a conference of four, its taps and a mixed one"],
  ["desk", "operators, a conference with all that may be set, monitors, overlays and ears"],
] as const) {
  void test(`200,000 packets through ${what} leave no garbage, once the code is compiled`, { timeout: 180_000 }, () => {
    const seen = stretch(mode);
    assert.ok(isClean(mode, seen), JSON.stringify(seen));
  });
}

void test("an object for each packet is found", { timeout: 180_000 }, () => {
  const seen = stretch("relay", "garbage");
  assert.ok(!isClean("relay", seen), JSON.stringify(seen));
});
