import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Call, presentParties } from "../call-model/call.ts";
import { CallScene } from "../signalling/call-scene.fixture.ts";

const dns = ["7002", "7003", "7004"].map((dn) => ({ dn }));
const nothingAsked = { parameters: new Map<string, string>() };
const start = { kind: "start", side: "source", reference: "desk/1", ...nothingAsked } as const;

/** A way to a call that is up, and what its DNs are. */
interface Way {
  readonly title: string;
  readonly record: boolean;
  readonly go: (s: CallScene) => Promise<unknown>;
  /** Calls that are there then. */
  readonly calls: number;
}

const ways: readonly Way[] = [
  { title: "a direct call", record: false, calls: 1, go: (s) => s.dial("7001", "7002") },
  { title: "a recorded call", record: true, calls: 1, go: (s) => s.dial("7002", "7001") },
  {
    title: "a call that a client holds",
    record: false,
    calls: 1,
    go: async (s) => {
      await s.dial("7001", "7002");
      assert.equal(await s.ask(s.rig.switch.holdCall(s.connId(1), "7001")), "done");
    },
  },
  {
    title: "a recorded call that a client holds",
    record: true,
    calls: 1,
    go: async (s) => {
      await s.dial("7001", "7002");
      assert.equal(await s.ask(s.rig.switch.holdCall(s.connId(1), "7001")), "done");
    },
  },
  {
    title: "a call that a client has recorded",
    record: false,
    calls: 1,
    go: async (s) => {
      await s.dial("7001", "7002");
      assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { ...start, thisDn: "7001" })), "done");
    },
  },
  {
    title: "a consultation",
    record: false,
    calls: 2,
    go: async (s) => {
      await s.dial("7002", "7001");
      assert.equal(await s.consult("7001", 1, "7003"), "done");
    },
  },
  {
    title: "a recorded consultation",
    record: true,
    calls: 2,
    go: async (s) => {
      await s.dial("7002", "7001");
      assert.equal(await s.consult("7001", 1, "7003"), "done");
    },
  },
  {
    title: "a conference",
    record: true,
    calls: 1,
    go: async (s) => {
      await s.dial("7002", "7001");
      await s.consult("7001", 1, "7003");
      assert.equal(await s.ask(s.rig.switch.complete("conference", s.connId(1), "7001", s.connId(2))), "done");
    },
  },
  {
    title: "a call that was transferred, its caller gone",
    record: false,
    calls: 1,
    go: async (s) => {
      await s.dial("7001", "7002");
      const wish = { to: "7003", userData: {} };
      assert.equal(await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7001", wish)), "done");
    },
  },
];

async function scene({ record, go }: Way): Promise<CallScene> {
  const s = await CallScene.of({ dn: "7001", record }, ...dns);
  s.rig.mediaServer.telling = true;
  await go(s);
  await s.rig.pass(100);
  s.take();
  return s;
}

/** The calls as everybody sees them. */
const seen = (s: CallScene): Call[] =>
  s.rig.calls
    .list()
    .map((call) => JSON.parse(JSON.stringify(call)) as Call)
    .toSorted((x, y) => x.connId.localeCompare(y.connId));

const liveRecording = (s: CallScene, n: number): string | undefined =>
  s.rig.calls.find(s.connId(n))?.call.recording.state;

for (const way of ways) {
  describe(`R33: ${way.title}, SIP Server dies and is restarted`, () => {
    test("it is the same call: ConnID, CallUUID, user data, parties and states; no phone and no Media Server notices", async () => {
      const s = await scene(way);
      s.rig.switch.changeUserData(s.connId(1), { kind: "update", data: { Segment: "Gold" } }, "7001");
      await s.rig.pass(100);
      s.take();
      const before = seen(s);
      const hears = Array.from(s.phones.values(), (phone) => phone.hears);
      assert.equal(before.length, way.calls);
      await s.rig.restart(3000);
      await s.rig.pass(3000);
      assert.deepEqual(seen(s), before);
      assert.deepEqual(
        Array.from(s.phones.values(), (phone) => phone.hears),
        hears,
      );
      assert.deepEqual(s.take(), []);
      await hangUpAll(s);
    });

    for (const dn of ["7001", "7002", "7003"]) {
      test(`${dn} hangs up: the others are told, nothing is left`, async () => {
        const s = await scene(way);
        await s.rig.restart();
        const phone = s.phone(dn);
        if (phone.up.length > 0) {
          phone.hangUp();
          await s.rig.pass(1000);
          for (const call of s.rig.calls.list()) {
            assert.ok(!presentParties(call).some((party) => party.dn === dn), `${dn} is still in ${call.connId}`);
          }
        }
        await hangUpAll(s);
        if (way.record)
          assert.ok(
            s.rig.ledger.every((line) => !/partial|not-recorded|unknown/.test(line)),
            s.rig.ledger.join(),
          );
      });

      test(`${dn} hung up while SIP Server was away: it is found out`, async () => {
        const s = await scene(way);
        const phone = s.phone(dn);
        const had = phone.up.length > 0;
        s.rig.kill();
        for (const session of phone.up) phone.hangUp(session);
        await s.rig.restart(40_000);
        await s.rig.pass(3000);
        const there = s.rig.calls.list().flatMap((call) => presentParties(call).map((party) => party.dn));
        assert.ok(!had || !there.includes(dn), `${dn} is still in a call`);
        await hangUpAll(s);
      });
    }

    test("a client holds and retrieves, and every phone can", async () => {
      const s = await scene(way);
      await s.rig.restart();
      const { switch: requests } = s.rig;
      for (const call of s.rig.calls.list()) {
        for (const { dn, state } of presentParties(call)) {
          const away =
            s.rig.calls.list().filter((one) => presentParties(one).some((party) => party.dn === dn)).length > 1;
          if (away) continue;
          if (state === "held")
            assert.equal(await s.ask(requests.retrieveCall(call.connId, dn)), "done", `${dn} retrieves`);
          assert.equal(await s.ask(requests.holdCall(call.connId, dn)), "done", `${dn} holds`);
          assert.equal(await s.ask(requests.retrieveCall(call.connId, dn)), "done", `${dn} retrieves again`);
        }
      }
      await hangUpAll(s);
    });

    test("its recording is paused, resumed and stopped", async () => {
      const s = await scene(way);
      await s.rig.restart();
      if (liveRecording(s, 1) !== "On") return hangUpAll(s);
      for (const [kind, state] of [
        ["pause", "Paused"],
        ["resume", "On"],
        ["stop", "Off"],
      ] as const) {
        assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind, ...nothingAsked })), "done", kind);
        assert.equal(liveRecording(s, 1), state);
      }
      await hangUpAll(s);
    });

    test("R19: a recording that was paused stays paused", async () => {
      const s = await scene(way);
      if (liveRecording(s, 1) !== "On") return hangUpAll(s);
      assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "pause", ...nothingAsked })), "done");
      await s.rig.pass(100);
      await s.rig.restart();
      assert.equal(liveRecording(s, 1), "Paused");
      assert.equal(await s.ask(s.rig.switch.record(s.connId(1), { kind: "resume", ...nothingAsked })), "done");
      assert.equal(liveRecording(s, 1), "On");
      await hangUpAll(s);
    });
  });
}

test("R33: a consultation goes on after a restart: reconnect, alternate, transfer and conference", async () => {
  const consultation = ways.find(({ title }) => title === "a recorded consultation");
  assert.ok(consultation !== undefined);
  for (const how of ["reconnect", "alternate", "transfer", "conference"] as const) {
    const s = await scene(consultation);
    await s.rig.restart();
    const { switch: requests } = s.rig;
    const [main, consult] = [s.connId(1), s.connId(2)];
    const asked = {
      reconnect: () => requests.reconnect(consult, "7001", main),
      alternate: () => requests.alternate(consult, "7001", main),
      transfer: () => requests.complete("transfer", main, "7001", consult),
      conference: () => requests.complete("conference", main, "7001", consult),
    };
    assert.equal(await s.ask(asked[how]()), "done", how);
    const parties = presentParties(s.rig.calls.find(main)?.call ?? assert.fail(how)).map(({ dn }) => dn);
    assert.deepEqual(
      parties.toSorted(),
      {
        reconnect: ["7001", "7002"],
        alternate: ["7001", "7002"],
        transfer: ["7002", "7003"],
        conference: ["7001", "7002", "7003"],
      }[how],
    );
    await hangUpAll(s);
  }
});

async function hangUpAll(s: CallScene): Promise<void> {
  for (let rounds = 0; rounds < 3; rounds += 1) {
    for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
    await s.rig.pass(2000);
  }
  await s.nothingLeft();
  assert.equal(s.rig.kept.rows.size, 0, "a row of a call is left");
  await s.close();
}
