import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import type { CallUuid, ConnId } from "@sidetone/foundation";
import { newCall, type Party } from "../call-model/call.ts";
import { mediaPlan, recordingWishes, sidesOf } from "./policy.ts";

function dn(over: Partial<DnConfig>): DnConfig {
  return {
    dn: "7001",
    type: "extension",
    password: undefined,
    digestAlgorithms: ["MD5"],
    record: false,
    recordingFailure: "continue",
    media: "direct",
    contact: undefined,
    prefix: undefined,
    defaultDestination: undefined,
    routeTimeoutMs: 0,
    ...over,
  };
}

function call(parties: readonly Partial<Party>[]) {
  const empty = newCall({
    connId: "0000000000000001" as ConnId,
    callUuid: "0".repeat(32) as CallUuid,
    callType: "Internal",
    ani: "",
    dnis: "",
    createdMicros: 0,
  });
  const full = parties.map(
    (over, i): Party => ({
      id: i === 0 ? "a" : "b",
      dn: i === 0 ? "7001" : "7002",
      number: "",
      kind: "internal",
      role: i === 0 ? "origination" : "destination",
      state: "connected",
      aor: "",
      agentId: undefined,
      recorded: false,
      device: "phone",
      introduction: undefined,
      ...over,
    }),
  );
  return { ...empty, parties: full };
}

test("R1: a call is recorded when either DN says so, direct when none does", () => {
  assert.deepEqual(mediaPlan(dn({}), dn({})), { path: "direct", record: false, recordingFailure: "continue" });
  for (const [caller, called] of [
    [dn({ record: true }), dn({})],
    [dn({}), dn({ record: true })],
  ] as const) {
    assert.deepEqual(mediaPlan(caller, called), { path: "anchored", record: true, recordingFailure: "continue" });
  }
});

test("media: anchored puts a call through the Media Server without recording it", () => {
  assert.deepEqual(mediaPlan(dn({ media: "anchored" }), dn({})), {
    path: "anchored",
    record: false,
    recordingFailure: "continue",
  });
});

test("R17: recording is mandatory only where a DN that is recorded says reject", () => {
  assert.equal(mediaPlan(dn({ recordingFailure: "reject" }), dn({ record: true })).recordingFailure, "continue");
  assert.equal(mediaPlan(dn({ record: true, recordingFailure: "reject" }), dn({})).recordingFailure, "reject");
});

test("R26: sides by kind when they differ, else the caller is on the customer's side", () => {
  const table: [Partial<Party>, Partial<Party>, string, string][] = [
    [{ kind: "external" }, { kind: "internal" }, "customer", "agent"],
    [{ kind: "internal" }, { kind: "external" }, "agent", "customer"],
    [{ kind: "internal" }, { kind: "internal" }, "customer", "agent"],
    [{ kind: "external" }, { kind: "external" }, "customer", "agent"],
  ];
  for (const [a, b, sideA, sideB] of table) {
    const sides = sidesOf(call([a, b]));
    assert.deepEqual([sides.get("a"), sides.get("b")], [sideA, sideB]);
  }
});

test("R1, R34: a wish for each recorded party that is present", () => {
  assert.deepEqual(recordingWishes(call([{ recorded: true }, { recorded: true, state: "released" }])), [
    { party: "a", dn: "7001", side: "customer", cause: "full-time" },
  ]);
});
