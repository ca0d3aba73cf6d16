import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@sidetone/foundation";
import { SipResponse } from "../message/index.ts";
import { NextHops } from "./next-hops.ts";

function rig(uris: readonly string[]): {
  hops: NextHops;
  clock: ManualClock;
  alive: Set<string>;
  seen: string[];
} {
  const clock = new ManualClock();
  const alive = new Set(uris);
  const seen: string[] = [];
  const hops = new NextHops({
    uris,
    clock,
    ask: async (uri) => {
      seen.push(`ask ${uri}`);
      return alive.has(uri) ? new SipResponse(200, "OK") : undefined;
    },
    onChange: (uri, up) => seen.push(`${uri} ${up ? "up" : "failed"}`),
  });
  return { hops, clock, alive, seen };
}

test("R32: one that failed is the last choice until it answers OPTIONS again", async () => {
  const { hops, clock, alive, seen } = rig(["a", "b", "c"]);
  assert.deepEqual(hops.order(), ["a", "b", "c"]);
  alive.delete("a");
  hops.failed("a");
  hops.failed("a");
  assert.deepEqual(hops.order(), ["b", "c", "a"]);
  await clock.advanceAsync(2000);
  assert.deepEqual(hops.order(), ["b", "c", "a"]);
  alive.add("a");
  await clock.advanceAsync(1000);
  assert.deepEqual(hops.order(), ["a", "b", "c"]);
  assert.deepEqual(seen, ["a failed", "ask a", "ask a", "ask a", "a up"]);
  assert.equal(clock.pending, 0);
});

test("R17: the second attempt goes to another one that lives, where there is one", () => {
  const { hops } = rig(["a", "b", "c"]);
  hops.failed("b");
  assert.deepEqual(
    [0, 1, 2].map((attempt) => hops.order(attempt)[0]),
    ["a", "c", "a"],
  );
  hops.failed("a");
  hops.failed("c");
  assert.deepEqual(hops.order(1), ["a", "b", "c"]);
  hops.close();
});

test("the only one is never asked: there is nothing else to try", () => {
  const { hops, clock } = rig(["a"]);
  hops.failed("a");
  assert.deepEqual(hops.order(), ["a"]);
  assert.equal(clock.pending, 0);
});

test("R32: one request goes to each of them once, then anew; an answer makes one the first choice again", async () => {
  const { hops, clock, seen } = rig(["a", "b"]);
  const tried = new Set<string>();
  for (const expected of ["a", "b"]) {
    assert.ok(hops.another(tried));
    assert.equal(hops.pick(tried), expected);
    tried.add(expected);
    hops.failed(expected);
  }
  assert.equal(hops.another(tried), false);
  assert.equal(hops.pick(tried), "a");
  hops.answered("b");
  hops.answered("b");
  assert.equal(hops.pick(), "b");
  assert.deepEqual(seen, ["a failed", "b failed", "b up"]);
  hops.answered("a");
  assert.equal(clock.pending, 0);
});
