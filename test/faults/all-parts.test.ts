// runs: alone
// Everything restarts under load: one part after another, and all at once. Calls that are made 1 s later work.
import { describe, test } from "node:test";
import { talk, until } from "@sidetone/testing";
import { none } from "./outcome.ts";
import { agentOf, customerOf, now, Scene } from "./scene.ts";

const CALLS = Number(process.env["SIDETONE_FAULT_CALLS"] ?? 10);
/** A call is made this long after a part is back. */
const LATER_MS = 1000;

const messageOf = (run: Promise<void>): Promise<string> =>
  run.then(
    () => "",
    (error: Error) => error.message,
  );

describe("everything restarts under load", () => {
  test("one part after another by kill -9: a call made 1 s later is up, heard and recorded; the calls before are up and heard at the end", async (t) => {
    const scene = await Scene.open({ calls: CALLS, spare: 7, mediaServers: 2, recorders: 2, resourceManagers: 2 });
    t.after(() => scene.close());
    const problems: string[] = [];
    for (const [n, name] of scene.topology.names().entries()) {
      const at = now();
      await scene.topology.kill(name);
      await scene.topology.restart(name);
      await talk(LATER_MS);
      const failed = await messageOf(scene.newCall(CALLS + n));
      console.log(
        `${name}: a call is up, heard and recorded ${((now() - at) / 1e6).toFixed(1)} s after the kill ${failed}`,
      );
      if (failed !== "") problems.push(`a call 1 s after ${name} was back: ${failed}`);
      await scene.topology.seesAll();
    }
    const states = await scene.load.states();
    const dropped = scene.legs.filter((dn) => states.find((state) => state.dn === dn)?.up !== true);
    if (dropped.length > 0) problems.push(`dropped: ${dropped.join(", ")}`);
    const deaf = await messageOf(scene.hearsAll());
    if (deaf !== "") problems.push(deaf);
    const open = await messageOf(scene.hangUp());
    if (open !== "") problems.push(open);
    none(problems, `parts restarted one after another\n${scene.warnings}`);
  });

  test("all at once by kill -9: calls made 1 s after they are back work, and no recording stays open", async (t) => {
    const spare = 3;
    const scene = await Scene.open({ calls: CALLS, spare, mediaServers: 2, recorders: 2, resourceManagers: 2 });
    t.after(() => scene.close());
    const names = scene.topology.names();
    const at = now();
    await Promise.all(names.map((name) => scene.topology.kill(name)));
    await scene.topology.start(names);
    const back = now();
    await talk(LATER_MS);
    const problems: string[] = [];
    for (let n = CALLS; n < CALLS + spare; n += 1) {
      const failed = await messageOf(scene.newCall(n));
      if (failed !== "") problems.push(`call of ${customerOf(n)} to ${agentOf(n)}: ${failed}`);
    }
    console.log(`all parts were ready again ${((back - at) / 1e6).toFixed(1)} s after the kill`);
    const open = await messageOf(scene.hangUp());
    if (open !== "") problems.push(open);
    const rows = await scene.topology.recordings();
    const known = rows.filter(({ id }) => scene.recordingIds.has(id)).length;
    if (known < CALLS + spare) problems.push(`${known} recordings of ${CALLS + spare} calls are there`);
    const settled = await until(async () => (await scene.views()).length === 0, 10_000);
    if (!settled) problems.push(`${(await scene.views()).length} calls are left that nobody is in`);
    none(problems, `all parts killed at once\n${scene.warnings}`);
  });
});
