// runs: alone
// R30: a Media Server is killed, hangs, stalls or is cut off while recorded calls are up at it.
import { describe, test } from "node:test";
import { talk } from "@sidetone/testing";
import {
  type Fault,
  faultOf,
  type Loss,
  mediaServerLost,
  RECOVERY_MS,
  recordingProblems,
} from "./media-server-lost.ts";
import { Cables, noNamespaces } from "./networks.ts";
import { legProblems, none, recordingOutcomes, show, spreadOfLegs } from "./outcome.ts";
import { now, Scene, type SceneOptions, untilAfter } from "./scene.ts";

const CALLS = Number(process.env["SIDETONE_FAULT_CALLS"] ?? 10);
/** All calls come up at the first one; the second one, which has had others before, is there when it is lost. */
const two: SceneOptions = {
  calls: CALLS,
  mediaServers: 2,
  recorders: 2,
  afterCalls: ["media-server-2"],
  spare: 10,
  earlierCalls: 2,
};

async function lose(scene: Scene, fault: Fault): Promise<void> {
  const { loss } = fault;
  const limit = RECOVERY_MS[loss];
  const { legs, recordings, afterReturn, untold } = await mediaServerLost(scene, fault);
  const { gap, lost } = spreadOfLegs(legs);
  console.log(`Media Server, ${loss}: gap ${show(gap)}; lost ${show(lost)}`);
  const problems = [
    ...legProblems(legs, limit).map((line) => `audio: ${line}`),
    ...recordingProblems(recordings, scene.calls, limit).map((line) => `recording: ${line}`),
    ...legProblems(afterReturn, 0).map((line) => `after its return: ${line}`),
    ...untold.map((line) => `desktop: ${line}`),
  ];
  none(problems, `the Media Server's loss by ${loss}\n${scene.warnings}`);
}

describe("R30: the Media Server of recorded calls", () => {
  for (const [loss, title] of [
    ["kill", "is killed: two-way audio and recording within 1 s, one recording each, with its gap"],
    ["freeze", "hangs: within 4 s; when it wakes up it does no harm"],
  ] as const) {
    test(title, async (t) => {
      const scene = await Scene.open(two);
      t.after(() => scene.close());
      await lose(scene, faultOf("media-server-1", loss));
    });
  }

  test("is cut off from the network: within 4 s; when it is back it does no harm", {
    skip: noNamespaces(),
  }, async (t) => {
    const cables = await Cables.lay(["media-server-1"]);
    const scene = await Scene.open({ ...two, cables });
    t.after(() => scene.close());
    const loss: Loss = "cut";
    await lose(scene, { loss, begin: () => cables.cut("media-server-1"), end: () => cables.mend("media-server-1") });
  });

  test("stalls for 1.5 s: no failover, the calls stay where they are, each recording is one", async (t) => {
    const scene = await Scene.open(two);
    t.after(() => scene.close());
    const at = now();
    scene.topology.freeze("media-server-1");
    await untilAfter(at, 1500);
    scene.topology.thaw("media-server-1");
    await untilAfter(at, 6000);
    const until = now() - 200_000;
    const legs = await scene.judge(at, until);
    const { gap } = spreadOfLegs(legs);
    console.log(`Media Server, stall of 1.5 s: gap ${show(gap)}`);
    const moved: string[] = [];
    for (const { dn, offers } of legs) {
      const server = await scene.mediaServerOf(dn);
      if (server !== "media-server-1" || offers > 0) moved.push(`${dn} is at ${server} after ${offers} offers`);
    }
    await talk(500);
    await scene.hangUp();
    const recordings = await recordingOutcomes(scene, at, until);
    const problems = [...moved, ...legProblems(legs, 1900), ...recordingProblems(recordings, scene.calls, 1900)];
    none(problems, `a stall of 1.5 s\n${scene.warnings}`);
  });
});
