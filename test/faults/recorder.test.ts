// runs: alone
// R31: a recorder is killed, hangs or is cut off while it records. The phones notice nothing, and no sample is missing.
import { describe, test } from "node:test";
import { talk } from "@sidetone/testing";
import { outcomeOf } from "./desktop.ts";
import { type Fault, faultOf } from "./media-server-lost.ts";
import { Cables, noNamespaces } from "./networks.ts";
import { legProblems, none, notStored } from "./outcome.ts";
import { agentOf, now, Scene, type SceneOptions, untilAfter } from "./scene.ts";
import { onAnyDisk } from "./stored.ts";

const CALLS = Number(process.env["SIDETONE_FAULT_CALLS"] ?? 10);
/** All recordings begin at the first one; the second one is there when it is lost. */
const two: SceneOptions = {
  calls: CALLS,
  mediaServers: 1,
  resourceManagers: 1,
  recorders: 2,
  afterCalls: ["recorder-2"],
};

/** A pause of every recording, from `fromMs` to `toMs` after the fault, by T-Library. */
interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When a pause was asked for, answered, and taken back; wall clock, µs. */
interface Paused {
  readonly asked: number;
  readonly done: number;
  readonly resumeAsked: number;
  readonly resumed: number;
}

async function pauseAll(scene: Scene, fault: number, { fromMs, toMs }: Pause, problems: string[]): Promise<Paused> {
  const all = async (what: "recordPause" | "recordResume"): Promise<void> => {
    const agents = Array.from({ length: scene.calls }, (_, n) => agentOf(n));
    const outcomes = await Promise.all(
      agents.map((ThisDN) => outcomeOf(scene.desktop.client[what]({ ThisDN, ConnID: scene.desktop.connId(ThisDN) }))),
    );
    const refused = outcomes.filter((outcome) => outcome !== "accepted");
    if (refused.length > 0) problems.push(`${what}: ${refused.join(", ")}`);
  };
  await untilAfter(fault, fromMs);
  const asked = now();
  await all("recordPause");
  const done = now();
  await untilAfter(fault, toMs);
  const resumeAsked = now();
  await all("recordResume");
  return { asked, done, resumeAsked, resumed: now() };
}

/** Loses the recorder of all calls; brings it back `returnAfterMs` later, at the latest at the end, so that its disk can be read. */
async function lose(scene: Scene, fault: Fault, o: { returnAfterMs?: number; pause?: Pause } = {}): Promise<void> {
  const problems: string[] = [];
  await talk(2000);
  const from = now() - 1_500_000;
  const at = now();
  await fault.begin(scene.topology);
  const paused = o.pause === undefined ? undefined : await pauseAll(scene, at, o.pause, problems);
  const comeBack = async (): Promise<void> => {
    if (fault.end === undefined) await scene.topology.restart("recorder-1");
    else await fault.end(scene.topology);
  };
  if (o.returnAfterMs !== undefined) {
    await untilAfter(at, o.returnAfterMs);
    await comeBack();
    const awayMs = Math.round((now() - at) / 1000);
    if (awayMs > 10_000)
      problems.push(`this machine is too slow: the recorder was away for ${awayMs} ms, more than the 10 s`);
  }
  await untilAfter(at, 9000);
  if (o.returnAfterMs === undefined) await comeBack();
  await talk(3000);
  const until = now() - 300_000;
  problems.push(...legProblems(await scene.judge(at, until), 0).map((line) => `audio: ${line}`));
  const states = (await scene.views()).filter(({ recording }) => recording.state !== "On");
  problems.push(...states.map(({ recording }) => `a call says GSIP_RECORD=${recording.state}`));
  await scene.hangUp();
  if (paused === undefined) problems.push(...(await notStored(scene, from, until)));
  else {
    // Three frames on either side may be on their way while the command is.
    const but = [(await scene.frameAt(paused.asked)) - 3, (await scene.frameAt(paused.resumed)) + 3] as const;
    problems.push(...(await notStored(scene, from, until, but)));
    const secret = [(await scene.frameAt(paused.done)) + 1, (await scene.frameAt(paused.resumeAsked)) - 2] as const;
    problems.push(...onAnyDisk(scene.topology, ...secret).map((line) => `said in the pause: ${line}`));
  }
  none(problems, `the recorder's loss by ${fault.loss}\n${scene.warnings}`);
}

describe("R31: the recorder of recorded calls, with another one in its group", () => {
  for (const [loss, title] of [
    ["kill", "is killed"],
    ["freeze", "hangs for 9 s"],
  ] as const) {
    test(`${title}: no sample is missing, the phones notice nothing`, async (t) => {
      const scene = await Scene.open(two);
      t.after(() => scene.close());
      await lose(scene, faultOf("recorder-1", loss));
    });
  }

  test("is cut off from the network for 9 s: no sample is missing", { skip: noNamespaces() }, async (t) => {
    const cables = await Cables.lay(["recorder-1"]);
    const scene = await Scene.open({ ...two, cables });
    t.after(() => scene.close());
    await lose(scene, { loss: "cut", begin: () => cables.cut("recorder-1"), end: () => cables.mend("recorder-1") });
  });

  test("hangs, and the calls are paused and resumed meanwhile: no sample is missing, nothing said in the pause is on any disk", async (t) => {
    const scene = await Scene.open(two);
    t.after(() => scene.close());
    await lose(scene, faultOf("recorder-1", "freeze"), { pause: { fromMs: 300, toMs: 1500 } });
  });
});

describe("R31: the only recorder", () => {
  const one: SceneOptions = { calls: CALLS, mediaServers: 1, resourceManagers: 1, recorders: 1 };
  test("is killed and started again after 5 s: no sample is missing", async (t) => {
    const scene = await Scene.open(one);
    t.after(() => scene.close());
    await lose(scene, faultOf("recorder-1", "kill"), { returnAfterMs: 5000 });
  });

  test("the same, paused from 1 s to 3 s: no sample is missing, nothing said in the pause is on any disk", async (t) => {
    const scene = await Scene.open(one);
    t.after(() => scene.close());
    await lose(scene, faultOf("recorder-1", "kill"), { returnAfterMs: 5000, pause: { fromMs: 1000, toMs: 3000 } });
  });
});
