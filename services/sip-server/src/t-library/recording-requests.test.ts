import assert from "node:assert/strict";
import { test } from "node:test";
import { testCall } from "./calls.fixture.ts";
import { errorOf, startTlib } from "./rig.fixture.ts";

const ConnID = "0110031f8ab2c001";
const start = { PrivateMsgID: 3013, ThisDN: "7003", ConnID };

test("R3, R18: 3013 to 3016 reach the switch; EventACK is the answer; ThisDN need not be in the call", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7003" });
  rig.calls.publish(testCall("7001", "7002"));
  const Extensions = {
    Record: "destination",
    ID: "a.b-1",
    dest: "sip:172.24.129.75:5070",
    params: { n: "v" },
    free: 7,
  };
  const answer = await desk.ask("RequestPrivateService", { ...start, OtherDN: "7002", Extensions });
  assert.deepEqual(answer, {
    message: "EventACK",
    seq: 4,
    time: (answer as unknown as { time: string }).time,
    attributes: {
      EventSequenceNumber: 4,
      ReferenceID: 2,
      UserEvent: "RequestPrivateService",
      PrivateMsgID: 3013,
      ThisDN: "7003",
      ConnID,
    },
  });
  for (const PrivateMsgID of [3015, 3016, 3014]) {
    const changed = await desk.ask("RequestPrivateService", { ...start, PrivateMsgID, Extensions: { params: "a=b" } });
    assert.equal(changed.message, "EventACK");
  }
  assert.deepEqual(rig.calls.recordings, [
    {
      kind: "start",
      thisDn: "7003",
      otherDn: "7002",
      side: "destination",
      id: "a.b-1",
      dest: "sip:172.24.129.75:5070",
      parameters: new Map([
        ["n", "v"],
        ["free", "7"],
      ]),
      reference: "desk/2",
    },
    { kind: "pause", parameters: new Map([["a", "b"]]) },
    { kind: "resume", parameters: new Map([["a", "b"]]) },
    { kind: "stop", parameters: new Map([["a", "b"]]) },
  ]);
});

test("an accepted recording request leaves an audit line, a refused one none; both stand in the journal", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7003" });
  const call = testCall("7001", "7002");
  rig.calls.publish(call, { kind: "call-answered" });
  await desk.ask("RequestPrivateService", { ...start, Reasons: { why: "complaint" } });
  rig.calls.refusal = { error: "RecordingAlreadyActive", message: "Recording is already active for this party" };
  const refused = await desk.ask("RequestPrivateService", start);
  assert.equal(errorOf(refused), "RecordingAlreadyActive");
  assert.equal(refused.attributes["ErrorCode"], 10002);
  assert.equal(rig.audit.length, 1);
  const [line] = rig.audit;
  assert.deepEqual(
    [line?.actor, line?.action, line?.subject, line?.outcome],
    ["desk", "recording-start", ConnID, "accepted"],
  );
  const data = line?.data as Record<string, unknown>;
  assert.deepEqual(
    [data["referenceId"], data["thisDn"], data["connId"], data["callUuid"], data["reasons"]],
    [2, "7003", ConnID, call.callUuid, { why: "complaint" }],
  );
  assert.deepEqual(
    rig.journal.map(({ kind, reference, callUuid }) => [kind, reference, callUuid]),
    [
      ["tlib-request", 2, call.callUuid],
      ["tlib-response", 2, call.callUuid],
      ["tlib-request", 3, call.callUuid],
      ["tlib-response", 3, call.callUuid],
    ],
  );
});

test("recording needs the right record on ThisDN and on a party of the call", async (t) => {
  const rig = await startTlib(t);
  const [desk, other, wall] = [await rig.open(), await rig.open("other"), await rig.open("wall")];
  rig.calls.publish(testCall("7001", "7002"));
  assert.equal(errorOf(await desk.ask("RequestPrivateService", start)), "NotRegistered");
  await other.ask("RequestRegisterAddress", { ThisDN: "8000" });
  assert.equal(errorOf(await other.ask("RequestPrivateService", { ...start, ThisDN: "8000" })), "PermissionDenied");
  await wall.ask("RequestRegisterAddress", { ThisDN: "7003" });
  assert.equal(errorOf(await wall.ask("RequestPrivateService", start)), "PermissionDenied");
  await desk.ask("RequestRegisterAddress", { ThisDN: "7003" });
  const unknown = { ...start, ConnID: "ffffffffffffffff" };
  assert.equal(errorOf(await desk.ask("RequestPrivateService", unknown)), "InvalidConnID");
  assert.equal(rig.calls.recordings.length, 0);
});

test("R10: a destination that the application may not name is PermissionDenied", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7003" });
  rig.calls.publish(testCall("7001", "7002"));
  const Extensions = { dest2: "sip:recorder.evil.example" };
  assert.equal(errorOf(await desk.ask("RequestPrivateService", { ...start, Extensions })), "PermissionDenied");
});

test("R23: a recording that fails after it was accepted is told to every registered party", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"), { kind: "recording-failed", reason: "no-recorder", recordDn: "7002" });
  const { attributes } = await desk.next("EventPrivateInfo");
  assert.deepEqual(
    [attributes["PrivateMsgID"], attributes["ThisDN"], attributes["ConnID"], attributes["Extensions"]],
    [3013, "7001", ConnID, { result: "failed", reason: "no-recorder", recordDN: "7002" }],
  );
});
