import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { CallScene } from "../signalling/call-scene.fixture.ts";
import { KeptRows } from "../signalling/mortal.fixture.ts";
import { dns, numbersFrom, point, RandomScene } from "../signalling/random-scene.fixture.ts";
import { type CallSnapshot, readSnapshot, SNAPSHOT_VERSION, writeSnapshot } from "./call-snapshot.ts";
import { CallStore } from "./call-store.ts";

const FIRST_SEED = 7000;
const SCENES = 60;

/** Calls as they are, without the numbers that jump in a restart; a consultation whose other call is gone is one no more. */
function standing(s: CallScene): readonly CallSnapshot[] {
  const there = new Set(s.rig.calls.list().map(({ connId }): string => connId));
  return s.rig.calls
    .controllers()
    .map((controller) => controller.snapshot())
    .map(({ facts, ...rest }): CallSnapshot => {
      const consultOf = there.has(facts.consultOf ?? "") ? facts.consultOf : undefined;
      return { ...rest, facts: { ...facts, consultOf } };
    })
    .map((snapshot) => JSON.parse(writeSnapshot(snapshot), steady) as CallSnapshot)
    .toSorted((x, y) => x.call.connId.localeCompare(y.call.connId));
}

/** CSeq, origin and its version go up; the trunk is kept by who restores. */
function steady(key: string, value: unknown): unknown {
  if (key === "localSequence" || key === "remoteSequence" || key === "version" || key === "trunk") return 0;
  return typeof value === "string" ? value.replaceAll(/o=sidetone (\d+) \d+ /g, "o=sidetone $1 0 ") : value;
}

/** Nothing is under way. */
const isQuiet = ({ call, media, pending, phones }: CallSnapshot): boolean =>
  !media.moving &&
  pending.length === 0 &&
  call.endedMicros === undefined &&
  call.answeredMicros !== undefined &&
  call.parties.every(
    ({ id, state, device }) => state === "released" || device !== "phone" || phones.some(({ party }) => party === id),
  );

test(`R33 property: ${SCENES} random scenes: what is written, read and restored is what it was`, async () => {
  let compared = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
    const random = numbersFrom(seed);
    const phones = [...dns, "7005"].map((dn) => ({ dn, record: random(3) === 0 }));
    const s = await CallScene.of(...phones, random(2) === 0 ? { ...point, treatment: "music" } : point);
    s.rig.mediaServer.telling = true;
    s.rig.watched.add(point.dn);
    const scene = new RandomScene(s, random);
    try {
      await s.dial("7001", random(3) === 0 ? point.dn : "7002");
      for (let steps = 0; steps < 6 && (await scene.next()); steps += 1);
      await s.rig.pass(7000);
      const before = standing(s);
      if (before.every(isQuiet)) {
        await s.rig.restart();
        assert.deepEqual(standing(s), before);
        compared += before.length;
      }
      await s.close();
    } catch (error) {
      throw new Error(`seed ${seed}\n${scene.path.join("\n")}`, { cause: error });
    }
  }
  assert.ok(compared > SCENES / 2, `only ${compared} calls were compared`);
});

test("R33: a row of another version, or one that is damaged, is skipped with a log and removed; the others are read", async () => {
  const s = await CallScene.of({ dn: "7001" }, { dn: "7002" }, { dn: "7003" }, { dn: "7004" });
  await s.dial("7001", "7002");
  await s.dial("7003", "7004");
  await s.rig.pass(100);
  const { rows } = s.rig.kept;
  const [good, other] = Array.from(rows.values());
  assert.ok(good !== undefined && other !== undefined);
  const storage = new KeptRows();
  storage.rows.set(good.call_uuid, good);
  storage.rows.set("other", { ...other, call_uuid: "other", version: SNAPSHOT_VERSION + 1 });
  storage.rows.set("damaged", { ...other, call_uuid: "damaged", data: other.data.slice(0, 99) });
  storage.rows.set("empty", { ...other, call_uuid: "empty", data: "null" });
  const logged: unknown[] = [];
  const log = { ...silentLogger, error: (fields: object) => logged.push(fields) };
  const store = new CallStore({ storage, clock: new ManualClock(), log });
  const read = await store.load();
  assert.deepEqual(
    read.map(({ call }) => call.callUuid),
    [good.call_uuid],
  );
  assert.deepEqual(Array.from(storage.rows.keys()), [good.call_uuid]);
  assert.equal(logged.length, 3);
  await s.close();
});

test("R33: no password and nothing of a phone's credentials is in a snapshot", async () => {
  const s = await CallScene.of(
    { dn: "7001", password: "secret-1", record: true },
    { dn: "7002", password: "secret-2" },
  );
  await s.dial("7002", "7001");
  await s.rig.pass(100);
  const [row] = s.rig.kept.rows.values();
  assert.ok(row !== undefined && readSnapshot(row.data) !== undefined);
  assert.ok(!row.data.includes("secret"), row.data);
  await s.close();
});

test("R33: a crash between any two writes: the calls of the last one are there, and nothing of them is left in the end", async () => {
  for (let failAfter = 0; ; failAfter += 1) {
    const s = await CallScene.of({ dn: "7001", record: true }, ...dns.slice(1).map((dn) => ({ dn })));
    s.rig.mediaServer.telling = true;
    s.rig.kept.failAfter = failAfter;
    await s.dial("7002", "7001");
    await s.consult("7001", 1, "7003");
    await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7001", s.connId(2)));
    await s.ask(s.rig.switch.holdCall(s.connId(1), "7003"));
    const { writes } = s.rig.kept;
    await s.rig.restart(100);
    await s.rig.pass(5000);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
      await s.rig.pass(40_000);
    }
    for (const phone of s.phones.values()) assert.deepEqual(phone.up, [], `cut after ${failAfter}: ${phone.dn}`);
    assert.equal(s.rig.calls.size, 0, `cut after ${failAfter}`);
    assert.equal(s.rig.kept.rows.size, 0, `cut after ${failAfter}`);
    await s.close();
    if (writes < failAfter) {
      assert.ok(failAfter >= 5, `only ${failAfter} writes were cut`);
      return;
    }
  }
});
