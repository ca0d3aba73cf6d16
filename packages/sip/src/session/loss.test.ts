import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRig, NOTHING, seeded } from "./rig.ts";

test("RFC 3261 17: 100 calls complete over a network that loses 20 % of the datagrams both ways and reorders them", async () => {
  for (const seed of [1, 2]) {
    const rig = await new CallRig({ loss: 0.2, jitterMs: 30, random: seeded(seed) }).start();
    rig.callee.onRequest = (tx) => {
      const session = rig.callee.accept(tx);
      session.progress(180);
      rig.clock.after(500, () => session.accept({ body: "answer" }));
    };
    let answered = 0;
    let ended = 0;
    const failures: number[] = [];
    for (let i = 0; i < 100; i++) {
      rig.clock.after(i * 50, () => {
        const session = rig.invite();
        session.on("rejected", (response) => failures.push(response.status));
        session.on("accepted", () => {
          answered += 1;
          rig.clock.after(2_000, () => void session.bye());
        });
        session.on("ended", () => {
          ended += 1;
        });
      });
    }
    rig.clock.advance(70_000);
    await rig.after(1);
    assert.deepEqual([answered, ended, failures], [100, 100, []], `seed ${seed}`);
    rig.clock.advance(140_000);
    assert.deepEqual(await rig.leftovers(), NOTHING);
  }
});
