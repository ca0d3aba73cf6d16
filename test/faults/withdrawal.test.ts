// runs: alone
// A Media Server with calls is taken out of service in good order: nothing new comes to it, what runs there finishes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PartName, talk, until } from "@sidetone/testing";
import { outcomeOf } from "./desktop.ts";
import { legProblems, none } from "./outcome.ts";
import { agentOf, customerOf, now, Scene, untilAfter } from "./scene.ts";

const CALLS = Number(process.env["SIDETONE_FAULT_CALLS"] ?? 4);

async function command(scene: Scene, verb: "withdraw" | "restore", name: PartName): Promise<void> {
  const { host, sip } = scene.topology.place(name);
  for (const manager of scene.topology.names("resource-manager")) {
    const response = await fetch(`${scene.topology.http(manager)}/api/v1/resources/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ address: `sip:${host}:${sip}` }),
    });
    assert.equal(response.status, 200, `${verb} ${name} at ${manager}`);
  }
}

/** Sessions that a Resource Manager still sees at a Media Server. */
async function sessionsAt(scene: Scene, name: PartName): Promise<number> {
  const { sip } = scene.topology.place(name);
  const shown = (await scene.topology.json("resource-manager-1", "/api/v1/resources")) as {
    resources: { address: string; sessions: number }[];
  };
  return shown.resources.find(({ address }) => address.includes(`:${sip};`))?.sessions ?? -1;
}

test("withdrawal: the calls of a withdrawn Media Server go on without a gap, who joins comes to it, new calls go elsewhere, at the end it is empty; restored it serves again", async (t) => {
  const scene = await Scene.open({ calls: CALLS, spare: 7, mediaServers: 2, recorders: 1, resourceManagers: 2 });
  t.after(() => scene.close());
  const name = await scene.mediaServerOf(agentOf(0));
  assert.ok(name !== undefined);
  const at = now();
  await command(scene, "withdraw", name);
  for (const n of [CALLS, CALLS + 1, CALLS + 2]) {
    await scene.newCall(n);
    assert.notEqual(await scene.mediaServerOf(agentOf(n)), name, "a new call came to what is withdrawn");
  }
  const joins = agentOf(CALLS + 3);
  const about = { ThisDN: agentOf(0), ConnID: scene.desktop.connId(agentOf(0)), OtherDN: joins };
  assert.equal(await outcomeOf(scene.desktop.client.singleStepConference(about)), "accepted");
  await talk(1000);
  assert.equal(await scene.mediaServerOf(joins), name, "who joins comes to another Media Server");
  await untilAfter(at, 4000);
  // The conference of three is mixed: its voices cannot be told apart.
  const others = scene.legs.filter((dn) => dn !== agentOf(0) && dn !== customerOf(0));
  none(legProblems(await scene.judge(at, now() - 200_000, others), 0), `withdrawal\n${scene.warnings}`);
  await scene.hangUp();
  assert.ok(await until(async () => (await sessionsAt(scene, name)) === 0, 5000), "sessions are left");
  await command(scene, "restore", name);
  const places = new Set<PartName | undefined>();
  for (const n of [CALLS + 4, CALLS + 5, CALLS + 6]) {
    await scene.newCall(n);
    places.add(await scene.mediaServerOf(agentOf(n)));
  }
  assert.ok(places.has(name), "nothing comes to what is restored");
  await scene.hangUp();
});
