import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallUuid, ConnId } from "@sidetone/foundation";
import * as fc from "fast-check";
import { type Call, newCall, type Party, presentParties } from "./call.ts";
import { type CallInput, type CallEffect, stepCall } from "./machine.ts";

function party(id: string, role: Party["role"]): Party {
  return {
    id,
    dn: id === "a" ? "7001" : "7002",
    number: id === "a" ? "7001" : "7002",
    kind: "internal",
    role,
    state: "dialing",
    aor: `sip:${id}@sidetone.local`,
    agentId: undefined,
    recorded: id === "a",
    device: "phone",
    introduction: undefined,
  };
}

function offered(): Call {
  const call = newCall({
    connId: "0110031f8ab2c001" as ConnId,
    callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001" as CallUuid,
    callType: "Internal",
    ani: "7001",
    dnis: "7002",
    createdMicros: 0,
  });
  return run(call, [
    { kind: "party-added", party: party("a", "origination") },
    { kind: "party-added", party: party("b", "destination") },
  ]).call;
}

function run(call: Call, inputs: readonly CallInput[], now = 1): { call: Call; effects: CallEffect[] } {
  const effects: CallEffect[] = [];
  let current = call;
  for (const input of inputs) {
    const step = stepCall(current, input, now);
    current = step.call;
    effects.push(...step.effects);
  }
  return { call: current, effects };
}

const answered: readonly CallInput[] = [
  { kind: "party-ringing", party: "b" },
  { kind: "party-answered", party: "b" },
];

test("the called party's answer connects the caller too and sets the time of the answer", () => {
  const { call, effects } = run(offered(), answered, 7);
  assert.deepEqual(
    call.parties.map(({ state }) => state),
    ["connected", "connected"],
  );
  assert.equal(call.answeredMicros, 7);
  assert.equal(effects.filter(({ kind }) => kind === "call-answered").length, 1);
});

test("a repeated answer changes nothing", () => {
  const once = run(offered(), answered).call;
  const twice = stepCall(once, { kind: "party-answered", party: "b" }, 9);
  assert.equal(twice.call, once);
  assert.deepEqual(twice.effects, []);
});

test("R21: Off comes before the parties are released", () => {
  const up = run(offered(), [
    ...answered,
    { kind: "recording", state: "On", id: "r", fileName: "r", cause: "full-time" },
  ]);
  const { effects } = run(up.call, [{ kind: "party-released", party: "b", cause: "bye" }]);
  const off = effects.findIndex(
    (effect) => effect.kind === "user-data-changed" && effect.userData["GSIP_RECORD"] === "Off",
  );
  const released = effects.findIndex((effect) => effect.kind === "party-changed" && effect.party.state === "released");
  assert.ok(off >= 0 && off < released);
});

test("R20, R21: both keys are absent before the first start, GSIP_REC_FN stays to the end", () => {
  const before = run(offered(), answered).call;
  assert.deepEqual(before.userData, {});
  const { call } = run(before, [
    { kind: "recording", state: "On", id: "r", fileName: "the-file", cause: "full-time" },
    { kind: "recording", state: "Off", cause: "recorder-failed" },
  ]);
  assert.deepEqual(call.userData, { GSIP_RECORD: "Off", GSIP_REC_FN: "the-file" });
});

test("R21: an Off before any start says nothing", () => {
  const { call, effects } = run(offered(), [{ kind: "recording", state: "Off", cause: "no-media-server" }]);
  assert.equal(call.recording.state, "absent");
  assert.deepEqual(effects, []);
});

test("a party that comes is told, once", () => {
  const call = newCall({ ...offered(), createdMicros: 0 });
  const { effects } = run({ ...call, parties: [] }, [
    { kind: "party-added", party: party("a", "origination") },
    { kind: "party-added", party: party("a", "origination") },
  ]);
  assert.deepEqual(effects, [{ kind: "party-added", party: party("a", "origination") }]);
});

test("R1, R6: who is recorded, and which agent it is, is decided by the answer", () => {
  const facts = new Map([["b", { agentId: "1001", recorded: true }]]);
  const { call, effects } = run(offered(), [{ kind: "party-answered", party: "b", facts }]);
  assert.deepEqual(
    call.parties.map(({ agentId, recorded }) => [agentId, recorded]),
    [
      [undefined, true],
      ["1001", true],
    ],
  );
  assert.ok(effects[0]?.kind === "party-changed" && effects[0].party.agentId === "1001");
});

test("user data: who changed them is told; SIP Server's own changes name nobody", () => {
  const changed = { userData: { Segment: "Gold" }, keys: ["Segment"] };
  const { call, effects } = run(offered(), [
    { kind: "user-data", changed, by: "7002" },
    { kind: "recording", state: "On", id: "r", fileName: "r", cause: "x" },
  ]);
  assert.deepEqual(effects, [
    { kind: "user-data-changed", ...changed, by: "7002" },
    {
      kind: "user-data-changed",
      userData: { Segment: "Gold", GSIP_RECORD: "On", GSIP_REC_FN: "r" },
      keys: ["GSIP_RECORD", "GSIP_REC_FN"],
      by: undefined,
    },
  ]);
  assert.deepEqual(call.userData["Segment"], "Gold");
});

test("R23: a failed recording changes nothing and is told", () => {
  const before = offered();
  const { call, effects } = run(before, [{ kind: "recording-failed", reason: "x", recordDn: "7001" }]);
  assert.equal(call, before);
  assert.deepEqual(effects, [{ kind: "recording-failed", reason: "x", recordDn: "7001" }]);
});

test("hold and retrieve move one party", () => {
  const held = run(offered(), [...answered, { kind: "party-held", party: "a" }]).call;
  assert.deepEqual(
    held.parties.map(({ state }) => state),
    ["held", "connected"],
  );
  assert.equal(run(held, [{ kind: "party-retrieved", party: "a" }]).call.parties[0]?.state, "connected");
});

test("a two-party call ends with either party and releases the other", () => {
  for (const leaving of ["a", "b"]) {
    const { call, effects } = run(
      run(offered(), answered).call,
      [{ kind: "party-released", party: leaving, cause: "bye" }],
      5,
    );
    assert.equal(call.endedMicros, 5);
    assert.deepEqual(presentParties(call), []);
    assert.equal(effects.filter(({ kind }) => kind === "release-party").length, 1);
    assert.equal(effects.at(-1)?.kind, "call-ended");
  }
});

const inputs: fc.Arbitrary<CallInput> = fc.oneof(
  ...(["party-ringing", "party-answered", "party-held", "party-retrieved"] as const).map((kind) =>
    fc.constantFrom("a", "b", "x").map((id): CallInput => ({ kind, party: id })),
  ),
  fc.constantFrom("a", "b").map((id): CallInput => ({ kind: "party-released", party: id, cause: "bye" })),
  fc
    .constantFrom("On" as const, "Off" as const, "Paused" as const)
    .map((state): CallInput => ({ kind: "recording", state, id: "r", fileName: "r", cause: "test" })),
);

test("property: whatever comes in whatever order, a call ends once, says Off, and stays ended", () => {
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 40 }), (sequence) => {
      const { call, effects } = run(offered(), sequence);
      const ends = effects.filter(({ kind }) => kind === "call-ended").length;
      assert.ok(ends <= 1);
      assert.equal(call.endedMicros !== undefined, ends === 1);
      if (ends === 1) {
        assert.deepEqual(presentParties(call), []);
        assert.notEqual(call.recording.state, "On");
        assert.notEqual(call.recording.state, "Paused");
      }
    }),
  );
});
