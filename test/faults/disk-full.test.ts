// runs: alone
// B1, R31: the disk of one of two recorders is full in the midst of calls: nothing of them is lost, the other one takes what is new.
import assert from "node:assert/strict";
import { test } from "node:test";
import { talk, until } from "@sidetone/testing";
import { legProblems, none, notStored } from "./outcome.ts";
import { agentOf, customerOf, now, Scene } from "./scene.ts";
import { noMounts, onSmallDisk, SmallDisk } from "./small-disk.ts";

const CALLS = 4;
const SPARE = 4;
const FULL = 'sidetone_recorder_storage_alarm{code="disk-full"}';

interface Storage {
  readonly takesSessions: boolean;
  readonly alarms: readonly { readonly code: string; readonly remedy: string }[];
}

/** Recorders at which a new call of each spare pair is recorded. */
async function newCalls(scene: Scene): Promise<string[]> {
  const pairs = Array.from({ length: SPARE }, (_, n) => CALLS + n);
  const places: string[] = [];
  for (const n of pairs) {
    await scene.newCall(n);
    const rows = await scene.topology.recordings();
    const ids = Array.from(scene.recordingIds).filter(([, pair]) => pair === n);
    const id = ids.at(-1)?.[0];
    places.push(...rows.filter((row) => row.id === id).map(({ at }) => at));
  }
  return places;
}

/** The spare pairs hang up; each of their recordings is whole. */
async function newCallsEnd(scene: Scene, agents = Array.from({ length: SPARE }, (_, n) => agentOf(CALLS + n))) {
  for (const [n] of agents.entries()) await scene.load.bye(customerOf(CALLS + n));
  let open: string[] = [];
  const whole = await until(async () => {
    const lines = await Promise.all(agents.map((dn) => scene.topology.ledger(`?dn=${dn}`)));
    open = lines
      .flat()
      .flatMap(({ dn, outcome, reason }) => (outcome === "recorded" ? [] : [`${dn} ${outcome} ${reason}`]));
    return open.length === 0;
  }, 10_000);
  assert.ok(whole, `calls that are not recorded: ${open.join(", ")}`);
}

test("B1: recordings go on, new sessions go to the other recorder, finished ones are untouched, alarm; with room again it takes sessions", {
  timeout: 120_000,
  skip: noMounts(),
}, async (t) => {
  const scene = await Scene.open({
    calls: CALLS,
    spare: SPARE,
    mediaServers: 1,
    resourceManagers: 1,
    recorders: 2,
    // All recordings that are up begin at the first one.
    afterCalls: ["recorder-2"],
    earlierCalls: 1,
    wrap: (name) => (name === "recorder-1" ? onSmallDisk() : []),
  });
  t.after(() => scene.close());
  const { topology } = scene;
  const disk = new SmallDisk(topology, "recorder-1");
  const readyz = async (): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${topology.http("recorder-1")}/readyz`);
    return { status: response.status, text: await response.text() };
  };
  const storage = async (): Promise<Storage> => (await topology.json("recorder-1", "/api/v1/storage")) as Storage;
  const offered = async (): Promise<number> => {
    const samples = Array.from(await topology.metrics("resource-manager-1"));
    const of = `:${topology.place("recorder-1").sip}`;
    return samples.find(([key]) => key.startsWith("sidetone_resource_up") && key.includes(of))?.[1] ?? Number.NaN;
  };
  const ids: string[] = [];
  const over = await until(async () => {
    const rows = (await topology.recordings()).filter(({ at }) => at === "recorder-1");
    ids.splice(0, ids.length, ...rows.flatMap(({ id, state }) => (state === "complete" ? [id] : [])));
    return rows.length === ids.length + CALLS && ids.length > 0;
  }, 5000);
  assert.ok(over, "the first recorder has finished recordings");
  const finished = disk.filesOf(ids);
  assert.ok(Object.keys(finished).length >= 2 * ids.length, Object.keys(finished).join("\n"));

  const from = now() - 500_000;
  const fullAt = now();
  disk.fill();
  let said = await readyz();
  const alarmed = await until(async () => (said = await readyz()).text.includes("the storage refuses"), 5000);
  assert.ok(alarmed && said.status === 503, JSON.stringify(said));
  assert.equal((await topology.metrics("recorder-1")).get(FULL), 1);
  const { takesSessions, alarms } = await storage();
  assert.equal(takesSessions, false);
  assert.match(alarms.find(({ code }) => code === "disk-full")?.remedy ?? "", /Free space/);
  assert.match(topology.output("recorder-1"), /"code":"disk-full"/);
  assert.ok(await until(async () => (await offered()) === 0, 5000), "the Resource Manager offers it no more");

  assert.deepEqual(
    await newCalls(scene),
    Array.from({ length: SPARE }, () => "recorder-2"),
  );
  await talk(3000);
  const rows = (await topology.recordings()).filter(({ state }) => state === "recording");
  t.diagnostic(`while it is full: ${rows.map(({ at }) => at).join(", ")}`);
  await newCallsEnd(scene);

  disk.empty();
  assert.ok(await until(async () => (await readyz()).status === 200, 10_000), JSON.stringify(await readyz()));
  assert.equal((await topology.metrics("recorder-1")).get(FULL), 0);
  await topology.seesAll();
  const places = await newCalls(scene);
  assert.ok(places.includes("recorder-1"), `it takes no sessions again, they are at ${places.join(", ")}`);
  await talk(2000);
  const end = now() - 300_000;
  const problems = legProblems(await scene.judge(fullAt, end), 0).map((line) => `audio: ${line}`);
  const off = (await scene.views()).filter(({ recording }) => recording.state !== "On");
  problems.push(...off.map(({ recording }) => `a call says GSIP_RECORD=${recording.state}`));
  await newCallsEnd(scene);
  await scene.hangUp();
  problems.push(...(await notStored(scene, from, end)));
  assert.deepEqual(disk.filesOf(ids), finished, "finished recordings");
  none(problems, `a full disk\n${scene.warnings}`);
});
