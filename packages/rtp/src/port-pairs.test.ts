import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SidetoneError } from "@sidetone/foundation";
import { PortPairs } from "./port-pairs.ts";

void test("RFC 3550 11: RTP takes even ports, the odd one above is RTCP's", () => {
  const pairs = new PortPairs({ min: 10_001, max: 10_006, clock: new ManualClock() });
  assert.equal(pairs.take(), 10_002);
  assert.equal(pairs.take(), 10_004);
  assert.equal(pairs.stats().total, 2);
});

void test("an exhausted range is a typed error, and serves again once released ports have rested", () => {
  const clock = new ManualClock();
  const pairs = new PortPairs({ min: 10_000, max: 10_003, clock, restMs: 1000 });
  const first = pairs.take();
  pairs.take();
  assert.throws(() => pairs.take(), { code: "rtp-ports-exhausted", sip: 503 });
  pairs.release(first);
  pairs.release(first);
  assert.deepEqual(pairs.stats(), { total: 2, inUse: 1, resting: 1 });
  assert.throws(() => pairs.take(), { code: "rtp-ports-exhausted" });
  clock.advance(1000);
  assert.equal(pairs.take(), first);
});

void test("ports that others hold are skipped; other errors pass through", () => {
  const pairs = new PortPairs({ min: 10_000, max: 10_007, clock: new ManualClock() });
  const port = pairs.takeWith((p) => {
    if (p < 10_004) throw new SidetoneError("port-in-use", "taken");
    return p;
  });
  assert.equal(port, 10_004);
  assert.throws(() => pairs.takeWith(() => assert.fail("other")), /other/);
  assert.equal(pairs.stats().inUse, 1);
  assert.throws(
    () =>
      pairs.takeWith(() => {
        throw new SidetoneError("port-in-use", "taken");
      }),
    SidetoneError,
  );
});
