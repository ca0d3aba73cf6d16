import assert from "node:assert/strict";
import { test } from "node:test";
import { presentParties } from "../call-model/call.ts";
import { CallScene } from "./call-scene.fixture.ts";
import { dns, numbersFrom, point, RandomScene } from "./random-scene.fixture.ts";

/** The first of the seeds; a scene is repeated by its own. `SIDETONE_SCENES=2000` plays more of them. */
const FIRST_SEED = 5000;
const SCENES = Number(process.env["SIDETONE_SCENES"] ?? "120");
test(`property: ${SCENES} random scenes: every request answered, events legal, no leg, call or ledger line left`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
    const random = numbersFrom(seed);
    const phones = [...dns, "7005"].map((dn) => ({ dn, record: random(3) === 0 }));
    const s = await CallScene.of(...phones, random(2) === 0 ? { ...point, treatment: "music" } : point);
    s.rig.mediaServer.telling = true;
    s.rig.watched.add(point.dn);
    const scene = new RandomScene(s, random);
    try {
      await s.dial("7001", random(3) === 0 ? point.dn : "7002");
      for (let steps = 0; steps < 14 && (await scene.next()); steps += 1);
      for (let rounds = 0; rounds < 3; rounds += 1) {
        for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
        await s.rig.pass(30_000);
      }
      await s.nothingLeft();
      await s.close();
    } catch (error) {
      throw new Error(`seed ${seed}\n${scene.path.join("\n")}\n${s.events.join(" ")}`, { cause: error });
    }
  }
});

test(`property: R30: ${SCENES} random scenes whose Media Servers die and wake up: the same, and no phone has lost its call`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
    const random = numbersFrom(seed);
    const phones = [...dns, "7005"].map((dn) => {
      const media = random(4) === 0 ? ("anchored" as const) : ("direct" as const);
      return { dn, record: random(2) === 0, media };
    });
    const s = await CallScene.withTwo({}, ...phones, random(2) === 0 ? { ...point, treatment: "music" } : point);
    s.rig.mediaServer.telling = true;
    s.rig.secondMediaServer.telling = true;
    s.rig.watched.add(point.dn);
    const scene = new RandomScene(s, random, { mortal: true });
    try {
      await s.dial("7001", random(3) === 0 ? point.dn : "7002");
      for (let steps = 0; steps < 14 && (await scene.next()); steps += 1);
      scene.revive();
      await s.rig.pass(8000);
      // A call is never dropped because of its Media Server: who is connected in the model has a dialog.
      for (const { call, phones: legs } of s.rig.calls.controllers()) {
        for (const { id, state, dn } of presentParties(call)) {
          const up = legs.get(id)?.session.state;
          assert.ok(state !== "connected" || up === "confirmed", `${dn} is connected, its dialog ${up ?? "nowhere"}`);
        }
      }
      for (let rounds = 0; rounds < 3; rounds += 1) {
        for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
        await s.rig.pass(30_000);
      }
      await s.nothingLeft();
      await s.close();
    } catch (error) {
      throw new Error(`seed ${seed}\n${scene.path.join("\n")}\n${s.events.join(" ")}`, { cause: error });
    }
  }
});
