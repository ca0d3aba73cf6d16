import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { CallScene } from "./call-scene.fixture.ts";

const extensions = (recorded: readonly string[], ...external: readonly string[]): Partial<DnConfig>[] =>
  ["7001", "7002", "7003"].map((dn) => ({
    dn,
    record: recorded.includes(dn),
    ...(external.includes(dn) ? { type: "voice-treatment-port" as const } : {}),
  }));

/** Recorder commands of a scene: `start 1`, `stop 1` ... by recording, in the order of their starts. */
function commands(s: CallScene): string[] {
  const ids: (string | undefined)[] = [];
  return s.rig.mediaServer.recorder
    .filter(({ state }) => state !== "update")
    .map(({ state, params }) => {
      const id = params.get("id");
      if (!ids.includes(id)) ids.push(id);
      return `${state} ${ids.indexOf(id) + 1}`;
    });
}

function streams(s: CallScene): string[] | undefined {
  const last = s.rig.mediaServer.recorder.findLast((one) => one.streams.length > 0);
  return last?.streams.map(({ label, side, dn }) => `${label} ${side} ${dn}`);
}

async function over(s: CallScene): Promise<void> {
  for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
  await s.nothingLeft();
  await s.close();
}

for (const kind of ["transfer", "conference"] as const) {
  test(`R27: consultations are not recorded: who was consulted is, from the ${kind} on`, async () => {
    const s = await CallScene.with({ recordConsultCalls: false }, ...extensions(["7003"]));
    s.rig.mediaServer.telling = true;
    await s.dial("7001", "7002");
    await s.consult("7002", 1, "7003");
    assert.deepEqual(commands(s), []);
    assert.equal(await s.ask(s.rig.switch.complete(kind, s.connId(1), "7002", s.connId(2))), "done");
    await s.rig.pass(500);
    assert.deepEqual(commands(s), ["start 1"]);
    await over(s);
    assert.deepEqual(s.rig.ledger, [
      "ledger expect 7003 agent",
      "ledger not-recorded 7003 by-policy",
      "ledger expect 7003 agent",
      "ledger recorded 7003",
    ]);
  });
}

test("R26: who is external comes into a conference on the customer's side", async () => {
  const s = await CallScene.of(...extensions(["7002"], "7001", "7003"));
  s.rig.mediaServer.telling = true;
  await s.dial("7001", "7002");
  assert.equal(
    await s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7002", { to: "7003", userData: {} })),
    "done",
  );
  await s.rig.pass(500);
  assert.deepEqual(streams(s), ["1 customer 7001", "2 agent 7002", "1 customer 7003"]);
  await over(s);
  assert.deepEqual(commands(s), ["start 1", "stop 1"]);
});

test("R26: who comes by a transfer has the side of who left for it, external or not", async () => {
  const s = await CallScene.of(...extensions(["7001"], "7001", "7003"));
  s.rig.mediaServer.telling = true;
  await s.dial("7001", "7002");
  assert.equal(
    await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", { to: "7003", userData: {} })),
    "done",
  );
  await s.rig.pass(500);
  assert.deepEqual(streams(s), ["1 customer 7001", "2 agent 7003"]);
  await over(s);
  assert.deepEqual(commands(s), ["start 1", "stop 1"]);
});

const start = (thisDn: string) =>
  ({ kind: "start", thisDn, side: "source", parameters: new Map(), reference: "desk/1" }) as const;

test("R3, R24, R25: a dynamic recording of the agent ends when the agent is out of the call, one of the customer goes on", async () => {
  for (const [dn, expected] of [
    ["7002", ["start 1", "stop 1"]],
    ["7001", ["start 1"]],
  ] as const) {
    const s = await CallScene.of(...extensions([]));
    s.rig.mediaServer.telling = true;
    await s.dial("7001", "7002");
    assert.equal(await s.ask(s.rig.switch.record(s.connId(1), start(dn))), "done");
    assert.equal(
      await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", { to: "7003", userData: {} })),
      "done",
    );
    await s.rig.pass(500);
    assert.deepEqual(commands(s), expected, dn);
    await over(s);
  }
});

test("R6: after a STOP who is there is not recorded again by a transfer; who comes in is judged by its own settings", async () => {
  for (const [recorded, expected] of [
    [
      ["7001", "7002"],
      ["start 1", "stop 1"],
    ],
    [
      ["7001", "7003"],
      ["start 1", "stop 1", "start 2"],
    ],
  ] as const) {
    const s = await CallScene.of(...extensions(recorded));
    s.rig.mediaServer.telling = true;
    await s.dial("7001", "7002");
    assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "stop", parameters: new Map() })), "done");
    assert.equal(
      await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", { to: "7003", userData: {} })),
      "done",
    );
    await s.rig.pass(500);
    assert.deepEqual(commands(s), expected, recorded.join());
    await over(s);
  }
});

test("R19, R24: a paused recording stays paused through a transfer", async () => {
  const s = await CallScene.of(...extensions(["7001"]));
  s.rig.mediaServer.telling = true;
  await s.dial("7001", "7002");
  assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "pause", parameters: new Map() })), "done");
  await s.consult("7002", 1, "7003");
  assert.equal(await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2))), "done");
  await s.rig.pass(500);
  assert.deepEqual(commands(s), ["start 1", "pause 1"]);
  assert.equal(s.last("EventPartyChanged", "7003")["UserData"] !== undefined, true);
  assert.equal(s.rig.last?.userData["GSIP_RECORD"], "Paused");
  await over(s);
});

test("R26: an internal caller whom a treatment answered keeps its side when it is routed to an external number", async () => {
  const point = { dn: "8000", type: "routing-point", treatment: "music", routeTimeoutMs: 10_000 } as const;
  const s = await CallScene.of(...extensions(["7001"], "7003"), point);
  s.rig.mediaServer.telling = true;
  s.rig.watched.add("8000");
  await s.dial("7001", "8000");
  assert.deepEqual(streams(s), ["1 customer 7001"]);
  const recording = {
    side: undefined,
    disableSource: false,
    disableDestination: false,
    suppress: false,
    parameters: new Map(),
  };
  const wish = { type: "Direct", to: "7003", recording, userData: {} } as const;
  assert.equal(await s.ask(s.rig.switch.route(s.connId(1), "8000", wish)), "done");
  await s.rig.pass(500);
  assert.deepEqual(streams(s), ["1 customer 7001", "2 agent 7003"]);
  await over(s);
  assert.deepEqual(commands(s), ["start 1", "stop 1"]);
});

test("R34: a phone that answers and hangs up in the same breath has its line, and the line an outcome", async () => {
  for (const dialled of ["7002", "7003"]) {
    const s = await CallScene.of(...extensions(["7003"]));
    s.phone("7003").answering = false;
    await s.dial("7001", dialled);
    if (dialled === "7002") {
      const wish = { to: "7003", userData: {} };
      assert.equal(await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", wish)), "done");
    }
    s.phone("7003").answer();
    s.phone("7003").hangUp();
    await s.rig.pass(800);
    await over(s);
    assert.equal(s.rig.ledger[0]?.startsWith("ledger expect 7003"), true);
    assert.equal(s.rig.ledger[1], "ledger not-recorded 7003 call ended before the recording began");
  }
});
