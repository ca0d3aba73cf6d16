import assert from "node:assert/strict";
import { test } from "node:test";
import { CallScene } from "../signalling/call-scene.fixture.ts";
import { dns, numbersFrom, point, RandomScene } from "../signalling/random-scene.fixture.ts";

/** The first of the seeds; a scene is repeated by its own. `SIDETONE_SCENES=2000` plays more of them. */
const FIRST_SEED = 9000;
const SCENES = Number(process.env["SIDETONE_SCENES"] ?? "120");

test(`R33 property: ${SCENES} random scenes in which SIP Server dies anywhere: events legal, no leg, call, row or ledger line left`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
    const random = numbersFrom(seed);
    const phones = [...dns, "7005"].map((dn) => ({ dn, record: random(3) === 0 }));
    const s = await CallScene.of(...phones, random(2) === 0 ? { ...point, treatment: "music" } : point);
    s.rig.mediaServer.telling = true;
    s.rig.watched.add(point.dn);
    const scene = new RandomScene(s, random, { dies: () => random(5) === 0 });
    try {
      await s.dial("7001", random(3) === 0 ? point.dn : "7002");
      for (let steps = 0; steps < 14 && (await scene.next()); steps += 1);
      await s.rig.restart(random(5000));
      for (let rounds = 0; rounds < 3; rounds += 1) {
        for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
        await s.rig.pass(30_000);
      }
      await s.nothingLeft();
      assert.equal(s.rig.kept.rows.size, 0, "a row of a call is left");
      await s.close();
    } catch (error) {
      throw new Error(`seed ${seed}\n${scene.path.join("\n")}\n${s.events.join(" ")}`, { cause: error });
    }
  }
});
