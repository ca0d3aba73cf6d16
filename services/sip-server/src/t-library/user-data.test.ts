import assert from "node:assert/strict";
import { test } from "node:test";
import { testCall } from "./calls.fixture.ts";
import { errorOf, startTlib } from "./rig.fixture.ts";

const ConnID = "0110031f8ab2c001";
const about = { ThisDN: "7001", ConnID };

test("user data: attach, update, delete pair, delete all; EventACK where nothing changed; who changed it", async (t) => {
  const rig = await startTlib(t);
  const [desk, other] = [await rig.open(), await rig.open()];
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  await other.ask("RequestRegisterAddress", { ThisDN: "7002" });
  rig.calls.publish(testCall("7001", "7002", { userData: { GSIP_RECORD: "On" } }));
  const attached = await desk.ask("RequestAttachUserData", { ...about, UserData: { a: "1", b: "2" } });
  assert.equal(attached.message, "EventAttachedDataChanged");
  const told = await other.next("EventAttachedDataChanged");
  assert.deepEqual(
    [told.attributes["ThisDN"], told.attributes["ThirdPartyDN"], told.attributes["ChangedKeys"]],
    ["7002", "7001", ["a", "b"]],
  );
  assert.deepEqual(told.attributes["UserData"], { GSIP_RECORD: "On", a: "1", b: "2" });
  const again = await desk.ask("RequestUpdateUserData", { ...about, UserData: { a: "1" } });
  assert.equal(again.message, "EventACK");
  assert.equal((await desk.ask("RequestDeletePair", { ...about, DataKey: "b" })).message, "EventAttachedDataChanged");
  assert.equal((await desk.ask("RequestDeletePair", { ...about, DataKey: "b" })).message, "EventACK");
  const emptied = await desk.ask("RequestDeleteUserData", about);
  assert.deepEqual(emptied.attributes["UserData"], { GSIP_RECORD: "On" });
});

test("R22: clients cannot write GSIP_ keys", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002"));
  for (const [message, attributes] of [
    ["RequestAttachUserData", { UserData: { GSIP_RECORD: "Off" } }],
    ["RequestUpdateUserData", { UserData: { gsip_rec_fn: "x" } }],
    ["RequestDeletePair", { DataKey: "GSIP_RECORD" }],
  ] as const) {
    assert.equal(errorOf(await desk.ask(message, { ...about, ...attributes })), "InvalidAttribute", message);
  }
});

test("user data of a call are at most 32 KB together: TooLarge", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  rig.calls.publish(testCall("7001", "7002", { userData: { a: "x".repeat(20_000) } }));
  const more = { ...about, UserData: { b: "x".repeat(20_000) } };
  assert.equal(errorOf(await desk.ask("RequestAttachUserData", more)), "TooLarge");
  const instead = { ...about, UserData: { a: "x".repeat(25_000) } };
  assert.equal((await desk.ask("RequestUpdateUserData", instead)).message, "EventAttachedDataChanged");
});

test("user-data-keys: an application sees and writes only its keys and the GSIP_ ones, and hears nothing of the others", async (t) => {
  const rig = await startTlib(t);
  const [desk, shy] = [await rig.open(), await rig.open("shy")];
  const secret = { Card: "4111", CustomerId: 7, GSIP_RECORD: "On" };
  rig.calls.publish(testCall("7001", "7002", { userData: secret }));
  await desk.ask("RequestRegisterAddress", { ThisDN: "7001" });
  const { attributes } = await shy.ask("RequestRegisterAddress", { ThisDN: "7001" });
  const seen = { CustomerId: 7, GSIP_RECORD: "On" };
  assert.deepEqual((attributes["Calls"] as { UserData: unknown }[])[0]?.UserData, seen);
  assert.deepEqual((await shy.ask("RequestQueryCall", { ConnID })).attributes["UserData"], seen);
  await desk.ask("RequestUpdateUserData", { ...about, UserData: { Card: "4112" } });
  assert.deepEqual(await shy.rest(), []);
  await desk.ask("RequestUpdateUserData", { ...about, UserData: { Card: "4113", CustomerName: "x" } });
  const told = await shy.next("EventAttachedDataChanged");
  assert.deepEqual(told.attributes["UserData"], { ...seen, CustomerName: "x" });
  assert.deepEqual(told.attributes["ChangedKeys"], ["CustomerName"]);
  const card = { ...about, UserData: { Card: "x" } };
  assert.equal(errorOf(await shy.ask("RequestUpdateUserData", card)), "PermissionDenied");
  assert.equal(errorOf(await shy.ask("RequestDeleteUserData", about)), "PermissionDenied");
  const own = await shy.ask("RequestUpdateUserData", { ...about, UserData: { CustomerId: 8 } });
  assert.deepEqual(own.attributes["UserData"], { ...seen, CustomerId: 8, CustomerName: "x" });
});

test("who changes data on a DN that is no party of the call gets EventACK, the parties get the event", async (t) => {
  const rig = await startTlib(t);
  const desk = await rig.open();
  await desk.ask("RequestRegisterAddress", { ThisDN: "7003" });
  await desk.ask("RequestRegisterAddress", { ThisDN: "7002" });
  rig.calls.publish(testCall("7001", "7002"));
  const answer = await desk.ask("RequestAttachUserData", { ThisDN: "7003", ConnID, UserData: { a: "b" } });
  assert.equal(answer.message, "EventACK");
  const told = desk.heard.find(({ message }) => message === "EventAttachedDataChanged");
  assert.equal(told?.attributes["ThirdPartyDN"], "7003");
});
