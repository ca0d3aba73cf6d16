import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig, SipServerConfig } from "@sidetone/config";
import type { RouteRecording, RouteWish } from "../t-library/switch.ts";
import { CallScene } from "./call-scene.fixture.ts";

const point: Partial<DnConfig> = {
  dn: "8000",
  type: "routing-point",
  defaultDestination: "7003",
  routeTimeoutMs: 10_000,
};
const nothing: RouteRecording = {
  side: undefined,
  disableSource: false,
  disableDestination: false,
  suppress: false,
  parameters: new Map(),
};
const to = (number: string, more: Partial<RouteWish> = {}): RouteWish => ({
  type: "Direct",
  to: number,
  recording: nothing,
  userData: {},
  ...more,
});

function queued(...dns: readonly Partial<DnConfig>[]): Promise<CallScene> {
  return queuedWith({}, ...dns);
}

async function queuedWith(
  options: Partial<SipServerConfig["options"]>,
  ...dns: readonly Partial<DnConfig>[]
): Promise<CallScene> {
  const known = new Map([{ dn: "7001" }, { dn: "7002" }, { dn: "7003" }, point, ...dns].map((one) => [one.dn, one]));
  const scene = await CallScene.with(options, ...known.values());
  scene.rig.watched.add("8000");
  await scene.dial("7001", "8000");
  return scene;
}

const route = (s: CallScene, wish: RouteWish): Promise<string> => s.ask(s.rig.switch.route(s.connId(1), "8000", wish));

test("a routing point: queued, asked for, routed; events in the contract's order; the two talk directly", async () => {
  const s = await queued();
  assert.deepEqual(s.events, ["Dialing(7001; 1)", "Queued(8000; 1)", "RouteRequest(8000; 1)"]);
  assert.equal(s.last("EventRouteRequest", "8000")["ThisQueue"], "8000");
  s.take();
  assert.equal(await route(s, to("7002")), "done");
  assert.deepEqual(s.events, [
    "RouteUsed(8000; 1)",
    "Diverted(8000; 1)",
    "Ringing(7002; 1)",
    "Established(7002; 1)",
    "Established(7001; 1)",
  ]);
  assert.equal(s.last("EventRouteUsed", "8000")["ThirdPartyDN"], "7002");
  assert.equal(s.last("EventEstablished", "7002")["DNIS"], "8000");
  assert.equal(s.last("EventEstablished", "7002")["ThisQueue"], "8000");
  assert.equal(s.phone("7001").hears, "7002 sendrecv");
  assert.equal(await route(s, to("7003")), "InvalidState");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("the first strategy's answer wins, the other gets InvalidState", async () => {
  const s = await queued();
  const both = [to("7002"), to("7003")].map((wish) => s.rig.switch.route(s.connId(1), "8000", wish));
  await s.rig.pass(800);
  const outcomes = await Promise.all(both);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.ok ? "done" : outcome.error.error)),
    ["done", "InvalidState"],
  );
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("nobody routes in time: the default destination, with the same events", async () => {
  const s = await queued();
  s.take();
  await s.rig.pass(9000);
  assert.deepEqual(s.take(), []);
  await s.rig.pass(2000);
  assert.deepEqual(s.take(), [
    "RouteUsed(8000; 1)",
    "Diverted(8000; 1)",
    "Ringing(7003; 1)",
    "Established(7003; 1)",
    "Established(7001; 1)",
  ]);
  s.phone("7003").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("no strategy watches: the default destination at once", async () => {
  const s = await CallScene.of({ dn: "7001" }, { dn: "7003" }, point);
  await s.dial("7001", "8000");
  assert.equal(s.phone("7003").up.length, 1);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("a target that is busy: the strategy is told and may choose another", async () => {
  const s = await queued();
  s.take();
  s.phone("7002").refusing = 486;
  assert.equal(await route(s, to("7002")), "InvalidDestination");
  assert.deepEqual(s.take(), []);
  assert.equal(await route(s, to("7777")), "InvalidDestination");
  assert.equal(await route(s, to("7003")), "done");
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("the caller gives up while it waits: Released, Abandoned", async () => {
  const s = await queued();
  s.take();
  s.phone("7001").sessions[0]?.cancel();
  await s.rig.pass(800);
  assert.deepEqual(s.take(), ["Released(7001; 1)", "Abandoned(8000; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("RouteType Reject: the caller is declined; Default: the default destination; AgentID: where the agent is", async () => {
  const rejected = await queued();
  assert.equal(await route(rejected, to("", { type: "Reject" })), "done");
  assert.equal(rejected.phone("7001").sessions[0]?.state, "ended");
  await rejected.nothingLeft();
  await rejected.close();
  for (const [wish, agent] of [
    [to("", { type: "Default" }), undefined],
    [to("1001", { type: "AgentID" }), "7003"],
  ] as const) {
    const s = await queued();
    if (agent !== undefined) s.rig.agents.set(agent, { agentId: "1001", record: false });
    assert.equal(await route(s, wish), "done");
    assert.equal(s.phone("7003").up.length, 1);
    s.phone("7001").hangUp();
    await s.nothingLeft();
    await s.close();
  }
  const s = await queued();
  assert.equal(await route(s, to("1001", { type: "AgentID" })), "InvalidDestination");
  s.phone("7001").sessions[0]?.cancel();
  await s.nothingLeft();
  await s.close();
});

test("a treatment answers the caller, who hears it at the Media Server until the target answers", async () => {
  const s = await queued({ ...point, treatment: "music" });
  assert.deepEqual(s.take(), ["Dialing(7001; 1)", "Queued(8000; 1)", "RouteRequest(8000; 1)", "Established(7001; 1)"]);
  assert.match(s.phone("7001").hears, /^40/);
  assert.equal(await route(s, to("7002")), "done");
  assert.deepEqual(s.take(), ["RouteUsed(8000; 1)", "Diverted(8000; 1)", "Ringing(7002; 1)", "Established(7002; 1)"]);
  assert.match(s.phone("7002").hears, /^40/);
  s.phone("7002").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R2: a strategy's wish: destination is the party routed to, source the caller; the option turns it round", async () => {
  for (const [side, inverted, expected] of [
    ["destination", false, "ledger expect 7002 agent selective"],
    ["source", false, "ledger expect 7001 customer selective"],
    ["source", true, "ledger expect 7002 agent selective"],
  ] as const) {
    const s = await queuedWith({ invertRouteRecordSides: inverted });
    assert.equal(
      await route(s, to("7002", { recording: { ...nothing, side, parameters: new Map([["p", "1"]]) } })),
      "done",
    );
    assert.deepEqual(
      s.rig.ledger.filter((line) => line.startsWith("ledger expect")),
      [expected],
    );
    const [start] = s.rig.mediaServer.recorder;
    assert.equal(start?.userParams.get("p"), "1");
    s.phone("7001").hangUp();
    await s.nothingLeft();
    await s.close();
  }
});

test("R2, R5: under full-time recording a record is ignored and named; suppress withdraws it", async () => {
  const s = await queued({ dn: "7002", record: true });
  s.take();
  await route(s, to("7002", { recording: { ...nothing, side: "source" } }));
  assert.deepEqual(s.last("EventRouteUsed", "8000")["Extensions"], { ignored: "record", reason: "FullTimeRecording" });
  assert.deepEqual(
    s.rig.ledger.filter((line) => line.startsWith("ledger expect")),
    ["ledger expect 7002 agent"],
  );
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
  const without = await queued({ dn: "7002", record: true });
  await route(without, to("7002", { recording: { ...nothing, disableDestination: true, suppress: true } }));
  without.phone("7001").hangUp();
  await without.nothingLeft();
  assert.deepEqual(without.rig.ledger, ["ledger expect 7002 agent", "ledger not-recorded 7002 by-policy"]);
  await without.close();
});

test("the caller gives up while a target is being tried: the route is answered", async () => {
  const s = await queued();
  s.phone("7002").answering = false;
  s.phone("7002").silent = true;
  const routed = s.rig.switch.route(s.connId(1), "8000", to("7002"));
  await s.rig.pass(500);
  s.phone("7001").sessions[0]?.cancel();
  await s.rig.pass(500);
  const outcome = await routed;
  assert.deepEqual(outcome.ok ? "done" : outcome.error.error, "InvalidConnID");
  await s.nothingLeft();
  await s.close();
});

test("a DN that is in the call already is no destination: not for a route, a transfer or a conference", async () => {
  const s = await queued();
  assert.equal(await route(s, to("7001")), "InvalidDestination");
  assert.equal(await route(s, to("7002")), "done");
  for (const kind of ["transfer", "conference"] as const) {
    const wish = { to: "7001", userData: {} };
    assert.equal(await s.ask(s.rig.switch.singleStep(kind, s.connId(1), "7002", wish)), "InvalidDestination");
  }
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("the time is over while a target is being tried, which then fails: the default destination, not for ever nobody", async () => {
  const s = await queued();
  s.phone("7002").answering = false;
  s.phone("7002").silent = true;
  await s.rig.pass(9000);
  const routed = s.rig.switch.route(s.connId(1), "8000", to("7002"));
  await s.rig.pass(3000);
  s.phone("7002").sessions[0]?.reject(486);
  await s.rig.pass(1000);
  assert.equal((await routed).ok, false);
  assert.equal(s.phone("7003").up.length, 1);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});
