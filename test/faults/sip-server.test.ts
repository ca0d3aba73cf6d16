// runs: alone
// R33: SIP Server is killed. Media and recording go on; restarted, it answers for its calls; if it stays away, timers end them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { talk, until } from "@sidetone/testing";
import { outcomeOf } from "./desktop.ts";
import { legProblems, none, recordingOutcomes, show, spreadOfLegs } from "./outcome.ts";
import { agentOf, customerOf, now, Scene, untilAfter } from "./scene.ts";

const CALLS = Math.max(5, Number(process.env["SIDETONE_FAULT_CALLS"] ?? 10));
/** Within what a restarted SIP Server knows its calls, ms; the process's own start included. */
const KNOWN_WITHIN_MS = 5000;

describe("R33: SIP Server", () => {
  test("is killed and started again: no gap, its calls and registrations are known within 5 s, BYE, hold and T-Library control work", async (t) => {
    const scene = await Scene.open({ calls: CALLS, spare: 1, mediaServers: 1, recorders: 1, resourceManagers: 1 });
    t.after(() => scene.close());
    const problems: string[] = [];
    const connIds = Array.from({ length: CALLS }, (_, n) => scene.desktop.connId(agentOf(n)));
    const resets = scene.desktop.resets;
    const at = now();
    await scene.topology.kill("sip-server");
    const spawned = now();
    await scene.topology.restart("sip-server");
    let known = 0;
    const all = await until(async () => {
      const views = await scene.views().catch(() => []);
      known = connIds.filter((connId) =>
        views.some((view) => view.connId === connId && view.recording.state === "On"),
      ).length;
      return known === CALLS;
    }, 15_000);
    const tookMs = Math.round((now() - spawned) / 1000);
    console.log(`SIP Server knows ${known} of ${CALLS} recorded calls ${tookMs} ms after it was started`);
    const again = await scene.desktop.startedAgain(resets, 10_000);
    console.log(`the desktop is registered again ${Math.round((now() - spawned) / 1000)} ms after the start: ${again}`);
    if (!all || tookMs > KNOWN_WITHIN_MS) problems.push(`${known} of ${CALLS} calls are known after ${tookMs} ms`);

    await untilAfter(at, 6000);
    const legs = await scene.judge(at, now() - 200_000);
    console.log(`SIP Server, kill: gap ${show(spreadOfLegs(legs).gap)}`);
    problems.push(...legProblems(legs, 0).map((line) => `audio: ${line}`));

    // By T-Library: hold and retrieve, pause and resume.
    const of = (n: number): { ThisDN: string; ConnID: string } => ({ ThisDN: agentOf(n), ConnID: connIds[n] ?? "" });
    const { client } = scene.desktop;
    for (const [what, request] of [
      ["hold", () => client.holdCall(of(0))],
      ["retrieve", () => client.retrieveCall(of(0))],
      ["pause", () => client.recordPause(of(1))],
      ["resume", () => client.recordResume(of(1))],
      ["release", () => client.releaseCall(of(1))],
    ] as const) {
      const outcome = await Promise.race([outcomeOf(request()), talk(5000).then(() => "no answer in 5 s")]);
      if (outcome !== "accepted") problems.push(`T-Library, ${what}: ${outcome}`);
    }
    // By the phones themselves.
    for (const [what, wanted] of [
      ["sendonly", 200],
      ["sendrecv", 200],
    ] as const) {
      const status = await Promise.race([scene.load.change(customerOf(2), what), talk(5000).then(() => 0)]);
      if (status !== wanted) problems.push(`re-INVITE ${what} of ${customerOf(2)}: ${status}`);
    }
    const bye = await Promise.race([scene.load.bye(customerOf(3)), talk(5000).then(() => 0)]);
    if (bye !== 200) problems.push(`BYE of ${customerOf(3)}: ${bye}`);
    await talk(500);
    const states = new Map((await scene.load.states()).map((state) => [state.dn, state]));
    for (const dn of [agentOf(1), customerOf(1), agentOf(3), customerOf(3)])
      if (states.get(dn)?.up === true) problems.push(`${dn} was not told that its call is over`);
    // Registrations: a call to a phone that has not registered again.
    const fresh = await scene.newCall(CALLS).then(
      () => "",
      (error: Error) => error.message,
    );
    if (fresh !== "") problems.push(`a new call: ${fresh}`);
    const end = now();
    await talk(500);
    await scene.hangUp();
    const untouched = (await recordingOutcomes(scene, at, end - 300_000)).filter(({ id }) => {
      const n = scene.recordingIds.get(id) ?? 0;
      return n >= 4 && n < CALLS;
    });
    for (const { id, rows, customer, agent } of untouched) {
      if (rows.length !== 1) problems.push(`${id} is more than one entry: ${rows.join(", ")}`);
      if (customer.holeMs + agent.holeMs > 0)
        problems.push(`${id}: ${customer.holeMs} and ${agent.holeMs} ms are missing`);
    }
    none(problems, `SIP Server's restart\n${scene.warnings}`);
  });

  test("stays away: the parties talk on; when they have gone, timers end the sessions, the recordings are whole, closed and marked", async (t) => {
    const timeout = { "rtp-timeout": "5s" };
    const scene = await Scene.open({
      calls: 5,
      mediaServers: 1,
      recorders: 1,
      resourceManagers: 1,
      config: { "media-server": timeout, recorder: { "rtp-timeout": "20s" } },
    });
    t.after(() => scene.close());
    const at = now();
    await scene.topology.kill("sip-server");
    await untilAfter(at, 6000);
    const gone = now();
    none(legProblems(await scene.judge(at, gone - 200_000), 0), "SIP Server stays away");
    for (const dn of scene.legs) await scene.load.mute(dn, true);
    const closed = await until(
      async () => (await scene.topology.recordings()).every(({ state }) => state !== "recording"),
      20_000,
    );
    const tookMs = Math.round((now() - gone) / 1000);
    assert.ok(closed, `recordings are open ${tookMs} ms after the last voice\n${scene.warnings}`);
    console.log(`recordings are closed ${tookMs} ms after the last voice`);
    const problems: string[] = [];
    for (const { id, rows, events, customer, agent } of await recordingOutcomes(scene, at, gone - 300_000)) {
      if (customer.holeMs + agent.holeMs > 0)
        problems.push(`${id}: ${customer.holeMs} and ${agent.holeMs} ms are missing`);
      if (!rows.every((row) => row.endsWith(" partial")))
        problems.push(`${id} is not marked: ${rows.join(", ")}; events ${events.join(", ")}`);
    }
    none(problems, `SIP Server stays away\n${scene.warnings}`);
  });
});
