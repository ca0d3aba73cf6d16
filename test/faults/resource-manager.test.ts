// runs: alone
// R32: one of two Resource Managers is killed or hangs. Nobody notices, and the other one does all there is to do.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { talk } from "@sidetone/testing";
import { outcomeOf } from "./desktop.ts";
import { faultOf } from "./media-server-lost.ts";
import { legProblems, none, show, spreadOfLegs } from "./outcome.ts";
import { agentOf, customerOf, now, Scene, untilAfter } from "./scene.ts";

const CALLS = Number(process.env["SIDETONE_FAULT_CALLS"] ?? 10);

describe("R32: a Resource Manager", () => {
  for (const [loss, title] of [
    ["kill", "is killed"],
    ["freeze", "hangs"],
  ] as const) {
    test(`${title}: no gap at any phone; new calls are recorded; who joins later comes to the call's Media Server`, async (t) => {
      const scene = await Scene.open({ calls: CALLS, spare: 4, mediaServers: 2, recorders: 1, resourceManagers: 2 });
      t.after(() => scene.close());
      // One after the other: whichever serves at the moment is lost in one of the rounds.
      for (const [round, name] of scene.topology.names("resource-manager").entries()) {
        const fault = faultOf(name, loss);
        const at = now();
        await fault.begin(scene.topology);
        const spare = CALLS + 2 * round;
        await scene.newCall(spare);
        const took = (now() - at) / 1e6;
        console.log(`${name}, ${loss}: a new call is up, heard and recorded ${took.toFixed(1)} s later`);
        const joins = agentOf(spare + 1);
        const call = round; // a call of the first two
        const before = await scene.mediaServerOf(agentOf(call));
        const about = { ThisDN: agentOf(call), ConnID: scene.desktop.connId(agentOf(call)), OtherDN: joins };
        assert.equal(await outcomeOf(scene.desktop.client.singleStepConference(about)), "accepted");
        await talk(1000);
        assert.ok(before !== undefined, "the call is at no Media Server");
        assert.equal(await scene.mediaServerOf(joins), before, "who joins comes to another Media Server");
        await untilAfter(at, 5000);
        // The conference of three is mixed: its voices cannot be told apart.
        const others = scene.legs.filter((dn) => dn !== agentOf(call) && dn !== customerOf(call) && !joined(dn, round));
        const legs = await scene.judge(at, now() - 200_000, others);
        const { gap } = spreadOfLegs(legs);
        console.log(`${name}, ${loss}: gap ${show(gap)}`);
        const asked = legs.filter(({ offers }) => offers > 0).map(({ dn, offers }) => `${dn}: ${offers} offers`);
        none([...legProblems(legs, 0), ...asked], `the loss of ${name} by ${loss}\n${scene.warnings}`);
        if (fault.end === undefined) await scene.topology.restart(name);
        else await fault.end(scene.topology);
        await scene.topology.seesAll();
      }
      await scene.hangUp();
    });
  }
});

/** In the second round the first call is a conference, too. */
function joined(dn: string, round: number): boolean {
  return round > 0 && (dn === agentOf(0) || dn === customerOf(0));
}
