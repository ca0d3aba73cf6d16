import assert from "node:assert/strict";
import { test } from "node:test";
import { testCall } from "./calls.fixture.ts";
import { errorOf, startTlib } from "./rig.fixture.ts";

const ConnID = "0110031f8ab2c001";

test("tlib-wire.md, Session 2: a new session is greeted, then it may register", async (t) => {
  const rig = await startTlib(t);
  const client = await rig.open();
  const { attributes } = await client.ask("RequestRegisterAddress", { ThisDN: "7001" });
  assert.deepEqual(attributes, {
    EventSequenceNumber: 3,
    ReferenceID: 1,
    ThisDN: "7001",
    AddressType: "DN",
    Calls: [],
  });
  assert.equal(rig.server.stats().registrations, 1);
});

test("every registered party gets its own event with its own ThisDN, one number for one event", async (t) => {
  const rig = await startTlib(t);
  const [desk, wall] = [await rig.open(), await rig.open("wall")];
  for (const ThisDN of ["7001", "7002"]) await desk.ask("RequestRegisterAddress", { ThisDN });
  await wall.ask("RequestRegisterAddress", { ThisDN: "7002", RegisterMode: "ModeMonitor" });
  const call = testCall("7001", "7002");
  rig.calls.publish(call);
  await rig.calls.holdCall(ConnID, "7002");
  const [mine, theirs] = [await desk.next("EventHeld"), await wall.next("EventHeld")];
  assert.equal(mine.attributes["ThisDN"], "7002");
  assert.equal(mine.attributes["OtherDN"], "7001");
  assert.equal(mine.attributes["EventSequenceNumber"], theirs.attributes["EventSequenceNumber"]);
  assert.deepEqual(await wall.rest(), []);
  assert.deepEqual(await desk.rest(), []);
});

test("Session 7: the direct response carries the ReferenceID once; the same event for others carries none", async (t) => {
  const rig = await startTlib(t);
  const [desk, second] = [await rig.open(), await rig.open()];
  for (const client of [desk, second]) {
    for (const ThisDN of ["7001", "7002"]) await client.ask("RequestRegisterAddress", { ThisDN });
  }
  rig.calls.publish(testCall("7001", "7002"));
  const held = await desk.ask("RequestHoldCall", { ThisDN: "7001", ConnID });
  assert.equal(held.message, "EventHeld");
  const theirs = await second.next("EventHeld");
  assert.equal(theirs.attributes["ReferenceID"], undefined);
  assert.equal(theirs.attributes["EventSequenceNumber"], held.attributes["EventSequenceNumber"]);
  assert.equal((await desk.ask("RequestRetrieveCall", { ThisDN: "7001", ConnID })).message, "EventRetrieved");
  const released = await desk.ask("RequestReleaseCall", { ThisDN: "7001", ConnID });
  assert.equal(released.attributes["ThisDN"], "7001");
  const other = await desk.next("EventReleased");
  assert.deepEqual(
    [other.attributes["ThisDN"], other.attributes["CallState"], other.attributes["ReferenceID"]],
    ["7002", "RemoteRelease", undefined],
  );
});

test("call control: refusals name the reason, an event that does not come is Timeout", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  await desk.ask("RequestRegisterAddress", { ThisDN: "7003" });
  rig.calls.publish(testCall("7001", "7002"));
  const hold = async (ThisDN: string, connId = ConnID): Promise<unknown> =>
    errorOf(await desk.ask("RequestHoldCall", { ThisDN, ConnID: connId }));
  assert.equal(await hold("7002"), "NotRegistered");
  assert.equal(await hold("7001", "ffffffffffffffff"), "InvalidConnID");
  assert.equal(await hold("7003"), "InvalidState");
  rig.calls.refusal = { error: "InvalidState", message: "the phone cannot" };
  assert.equal(await hold("7001"), "InvalidState");
  rig.calls.refusal = undefined;
  rig.calls.acting = false;
  const reference = desk.send("RequestHoldCall", { ThisDN: "7001", ConnID });
  await desk.rest();
  rig.clock.advance(15_000);
  assert.equal(errorOf(await desk.nextWhere((heard) => heard.attributes["ReferenceID"] === reference)), "Timeout");
});

test("RequestMakeCall is answered by EventDialing of the new call", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  const dialing = await desk.ask("RequestMakeCall", { ThisDN: "7001", OtherDN: "7002", UserData: { a: "b" } });
  assert.equal(dialing.message, "EventDialing");
  assert.deepEqual(
    [dialing.attributes["ConnID"], dialing.attributes["OtherDN"], dialing.attributes["UserData"]],
    [ConnID, "7002", { a: "b" }],
  );
  rig.calls.refusal = { error: "InvalidDestination", message: "nobody" };
  assert.equal(errorOf(await desk.ask("RequestMakeCall", { ThisDN: "7001", OtherDN: "1" })), "InvalidDestination");
  const gsip = { ThisDN: "7001", OtherDN: "7002", UserData: { GSIP_RECORD: "On" } };
  assert.equal(errorOf(await desk.ask("RequestMakeCall", gsip)), "InvalidAttribute");
});

test("rights: a verb that is missing on ThisDN, or ModeMonitor, is PermissionDenied", async (t) => {
  const rig = await startTlib(t);
  const [desk, wall] = [await rig.open(), await rig.open("wall")];
  await wall.ask("RequestRegisterAddress", { ThisDN: "7001" });
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001", RegisterMode: "ModeMonitor" });
  rig.calls.publish(testCall("7001", "7002"));
  const requests: readonly [string, Record<string, unknown>][] = [
    ["RequestHoldCall", { ConnID }],
    ["RequestReleaseCall", { ConnID }],
    ["RequestMakeCall", { OtherDN: "7002" }],
    ["RequestAttachUserData", { ConnID, UserData: { a: "b" } }],
    ["RequestPrivateService", { ConnID, PrivateMsgID: 3013 }],
    ["RequestAgentLogin", { AgentID: "1002" }],
  ];
  for (const client of [wall, desk]) {
    for (const [message, attributes] of requests) {
      assert.equal(errorOf(await client.ask(message, { ThisDN: "7001", ...attributes })), "PermissionDenied", message);
    }
  }
  assert.equal((await wall.ask("RequestQueryCall", { ConnID })).message, "EventPartyInfo");
});

test("a ConnID of a call of whose parties the application has no right is PermissionDenied, and the call goes on", async (t) => {
  const rig = await startTlib(t);
  const other = await rig.open("other");
  await other.ask("RequestRegisterAddress", { ThisDN: "8000" });
  rig.calls.publish(testCall("7001", "7002"));
  for (const [message, attributes] of [
    ["RequestPrivateService", { PrivateMsgID: 3013 }],
    ["RequestReleaseCall", {}],
    ["RequestUpdateUserData", { UserData: { a: "b" } }],
  ] as const) {
    const refused = await other.ask(message, { ThisDN: "8000", ConnID, ...attributes });
    assert.equal(errorOf(refused), "PermissionDenied", message);
  }
  assert.equal(errorOf(await other.ask("RequestQueryCall", { ConnID })), "PermissionDenied");
  assert.equal(rig.calls.recordings.length, 0);
  assert(rig.calls.call(ConnID) !== undefined);
});

test("queries: server, address, agent, call", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  rig.calls.publish(testCall("7001", "7002", { userData: { a: "b" } }));
  const server = await desk.ask("RequestQueryServer");
  assert.deepEqual(server.attributes["ServerVersion"], "0.1.0");
  const calls = await desk.ask("RequestQueryAddress", { ThisDN: "7001", AddressInfoType: "CallsQuery" });
  assert.equal((calls.attributes["Calls"] as unknown[]).length, 1);
  const agent = await desk.ask("RequestQueryAddress", { ThisDN: "7001", AddressInfoType: "AgentStatus" });
  assert.deepEqual(agent.attributes["Extensions"], { AgentStatus: "LoggedOut" });
  const kind = await desk.ask("RequestQueryAddress", { ThisDN: "7001", AddressInfoType: "AddressType" });
  assert.deepEqual(kind.attributes["Extensions"], { AddressType: "DN", Calls: 1 });
  const parties = await desk.ask("RequestQueryCall", { ConnID });
  assert.equal((parties.attributes["Parties"] as unknown[]).length, 2);
  assert.deepEqual(parties.attributes["UserData"], { a: "b" });
  const foreign = await desk.ask("RequestQueryAddress", { ThisDN: "8000", AddressInfoType: "CallsQuery" });
  assert.equal(errorOf(foreign), "PermissionDenied");
});

test("a DN that leaves the configuration and comes back: who registered it is told", async (t) => {
  const rig = await startTlib(t);
  const [desk, other] = [await rig.open(), await rig.open()];
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.server.dnsChanged({ removed: ["7001", "7002"], added: [] });
  assert.equal((await desk.next("EventDNOutOfService")).attributes["ThisDN"], "7001");
  rig.server.dnsChanged({ removed: [], added: ["7001"] });
  assert.equal((await desk.next("EventDNBackInService")).attributes["ThisDN"], "7001");
  await other.ask("RequestQueryServer", {});
  assert.ok(!other.heard.some(({ message }) => message.startsWith("EventDN")));
});

test("the end of the server closes every session with 1012", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  rig.server.close();
  assert.equal((await desk.next("SessionClosing")).attributes["Reason"], "ServerRestart");
  assert.equal(await desk.closed, 1012);
});

test("Session 9: a client that stops reading for a while gets everything afterwards, in order", async (t) => {
  const rig = await startTlib(t, { limits: { replayMessages: 10_000 } });
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002", { userData: { long: "x".repeat(30_000) } }));
  desk.socket.pause();
  for (let n = 0; n < 100; n += 1) {
    await rig.calls.holdCall(ConnID, "7001");
    await rig.calls.retrieveCall(ConnID, "7001");
    await new Promise(setImmediate);
  }
  desk.socket.resume();
  await desk.nextWhere(({ seq }) => seq === 203);
  assert.deepEqual(
    desk.heard.flatMap(({ seq }) => (seq === undefined ? [] : [seq])),
    Array.from({ length: 203 }, (_, at) => at + 1),
  );
});

test("Session 4: after a lost connection the session goes on, with what was missed and its registrations", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.connect();
  desk.open("desk", "demo");
  const { attributes } = await desk.next("SessionOpened");
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  desk.socket.terminate();
  await desk.closed;
  await rig.calls.holdCall(ConnID, "7001");
  const again = await rig.connect();
  const { SessionID, ResumeToken } = attributes;
  const password = { ApplicationName: "desk", ApplicationPassword: "demo" };
  again.say("SessionOpen", { ProtocolVersion: "1.0", ...password, SessionID, ResumeToken, LastSeq: 3 });
  assert.equal((await again.next("SessionOpened")).attributes["Resumed"], true);
  assert.equal((await again.next("EventHeld")).seq, 4);
  await rig.calls.retrieveCall(ConnID, "7001");
  assert.equal((await again.next("EventRetrieved")).seq, 5);
});

test("events to nobody are not written into the journal; those to someone are, once for all receivers", async (t) => {
  const rig = await startTlib(t);
  rig.calls.publish(testCall("7001", "7002"));
  await rig.calls.holdCall(ConnID, "7002");
  assert.equal(rig.journal.length, 0);
  const [desk, wall] = [await rig.open(), await rig.open("wall")];
  for (const client of [desk, wall]) await client.ask("RequestRegisterAddress", { ThisDN: "7002" });
  await rig.calls.retrieveCall(ConnID, "7002");
  assert.deepEqual(
    rig.journal.map(({ kind, data }) => [kind, (data as { receivers: number }).receivers]),
    [["tlib-event", 2]],
  );
});
test("close leaves no timer, whatever waits", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  rig.calls.acting = false;
  desk.send("RequestHoldCall", { ThisDN: "7001", ConnID });
  for (let n = 0; n < 6; n += 1)
    desk.send("RequestAgentLogin", { ThisDN: "7001", AgentID: "1001", AgentPassword: "x" });
  await desk.rest();
  assert(rig.clock.pending > 1);
  rig.server.close();
  await desk.closed;
  assert.equal(rig.clock.pending, 0);
});
