import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { phoneSdp } from "./call-rig.ts";
import { CallScene } from "./call-scene.fixture.ts";

const three: readonly Partial<DnConfig>[] = [{ dn: "7001" }, { dn: "7002" }, { dn: "7003" }];

/** 7001 calls 7002, which answers. */
async function talking(...dns: readonly Partial<DnConfig>[]): Promise<CallScene> {
  const scene = await CallScene.of(...(dns.length > 0 ? dns : three));
  await scene.dial("7001", "7002");
  scene.take();
  return scene;
}

const parties = (scene: CallScene): string[] =>
  scene.rig.last?.parties.map(({ number, state }) => `${number} ${state}`) ?? [];

test("two-step transfer: events in the contract's order, ConnID 1 survives, the two phones talk", async () => {
  const s = await talking();
  assert.equal(await s.consult("7002", 1, "7003"), "done");
  assert.deepEqual(s.events, [
    "Held(7002; 1)",
    "Dialing(7002; 2)",
    "Ringing(7003; 2)",
    "Established(7003; 2)",
    "Established(7002; 2)",
  ]);
  assert.equal(s.last("EventDialing", "7002")["PreviousConnID"], s.connId(1));
  assert.equal(s.last("EventDialing", "7002")["CallType"], "Consult");
  assert.equal(s.phone("7001").hears, "7002 inactive");
  assert.equal(s.phone("7002").hears, "7003 sendrecv");
  assert.equal(s.phone("7003").hears, "7002 sendrecv");
  s.take();
  assert.equal(await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2))), "done");
  assert.deepEqual(s.events, [
    "Released(7002; 2)",
    "Released(7002; 1)",
    "PartyChanged(7003; 1)",
    "PartyChanged(7001; 1)",
  ]);
  const c = s.last("EventPartyChanged", "7003");
  assert.deepEqual(
    [c["PreviousConnID"], c["OtherDN"], c["ThirdPartyDN"], c["ThirdPartyDNRole"]],
    [s.connId(2), "7001", "7002", "RoleTransferredBy"],
  );
  assert.equal(s.last("EventPartyChanged", "7001")["OtherDN"], "7003");
  assert.equal(s.last("EventReleased", "7002")["CallState"], "Transferred");
  assert.deepEqual(s.phone("7002").up, []);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  assert.equal(s.phone("7003").hears, "7001 sendrecv");
  s.take();
  s.phone("7003").hangUp();
  await s.rig.pass(500);
  assert.deepEqual(s.take(), ["Released(7003; 1)", "Released(7001; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("completing before the third party answers: it rings on, its answer connects it with who waits", async () => {
  const s = await talking();
  s.phone("7003").answering = false;
  await s.consult("7002", 1, "7003");
  s.take();
  assert.equal(await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2))), "done");
  assert.deepEqual(s.take(), ["Released(7002; 2)", "Released(7002; 1)", "PartyChanged(7003; 1)"]);
  s.phone("7003").answer();
  await s.rig.pass(800);
  assert.deepEqual(s.take(), ["Established(7003; 1)", "PartyChanged(7001; 1)"]);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  assert.equal(s.phone("7003").hears, "7001 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("completed before the answer, and nobody answers: who waits is released", async () => {
  const s = await talking();
  s.phone("7003").answering = false;
  await s.consult("7002", 1, "7003");
  await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  s.take();
  await s.rig.pass(60_000);
  assert.deepEqual(s.take(), ["Abandoned(7003; 1)", "Released(7001; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("who waits hangs up while the transferred party rings: the ringing ends", async () => {
  const s = await talking();
  s.phone("7003").answering = false;
  await s.consult("7002", 1, "7003");
  await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  s.take();
  s.phone("7001").hangUp();
  await s.rig.pass(800);
  assert.deepEqual(s.take(), ["Released(7001; 1)", "Abandoned(7003; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("reconnect: the consultation ends, the first call goes on", async () => {
  const s = await talking();
  await s.consult("7002", 1, "7003");
  s.take();
  assert.equal(await s.ask(s.rig.switch.reconnect(s.connId(2), "7002", s.connId(1))), "done");
  assert.deepEqual(s.take(), ["Released(7002; 2)", "Released(7003; 2)", "Retrieved(7002; 1)"]);
  assert.equal(s.phone("7001").hears, "7002 sendrecv");
  assert.equal(s.phone("7002").hears, "7001 sendrecv");
  s.phone("7002").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("alternate: one call waits, the other goes on, and back", async () => {
  const s = await talking();
  await s.consult("7002", 1, "7003");
  s.take();
  assert.equal(await s.ask(s.rig.switch.alternate(s.connId(2), "7002", s.connId(1))), "done");
  assert.deepEqual(s.take(), ["Held(7002; 2)", "Retrieved(7002; 1)"]);
  assert.equal(s.phone("7001").hears, "7002 sendrecv");
  assert.equal(s.phone("7003").hears, "7002 inactive");
  assert.equal(await s.ask(s.rig.switch.alternate(s.connId(1), "7002", s.connId(2))), "done");
  assert.deepEqual(s.take(), ["Held(7002; 1)", "Retrieved(7002; 2)"]);
  assert.equal(s.phone("7003").hears, "7002 sendrecv");
  s.phone("7002").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("the consulted party is busy: the first call waits, retrieve brings it back", async () => {
  const s = await talking();
  s.phone("7003").refusing = 486;
  await s.consult("7002", 1, "7003");
  assert.deepEqual(s.take(), ["Held(7002; 1)", "Dialing(7002; 2)", "DestinationBusy(7002; 2)", "Released(7002; 2)"]);
  assert.equal(s.phone("7002").up.length, 1);
  assert.equal(await s.ask(s.rig.switch.retrieveCall(s.connId(1), "7002")), "done");
  assert.equal(s.phone("7001").hears, "7002 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("retrieve while the consultation is up is InvalidState", async () => {
  const s = await talking();
  await s.consult("7002", 1, "7003");
  assert.equal(await s.ask(s.rig.switch.retrieveCall(s.connId(1), "7002")), "InvalidState");
  s.phone("7002").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("who consults hangs up: both calls end", async () => {
  const s = await talking();
  await s.consult("7002", 1, "7003");
  s.take();
  s.phone("7002").hangUp();
  await s.nothingLeft();
  assert.deepEqual(s.take().sort(), [
    "Released(7001; 1)",
    "Released(7002; 1)",
    "Released(7002; 2)",
    "Released(7003; 2)",
  ]);
  await s.close();
});

test("R24, R25, R27: a recorded agent consults and transfers: the consultation has its own recording, the first ends with the agent", async () => {
  const s = await talking({ dn: "7001" }, { dn: "7002", record: true }, { dn: "7003" });
  s.rig.mediaServer.telling = true;
  await s.consult("7002", 1, "7003");
  assert.equal(s.rig.mediaServer.recorder.filter(({ state }) => state === "start").length, 2);
  await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  assert.equal(s.rig.mediaServer.recorder.filter(({ state }) => state === "stop").length, 2);
  s.phone("7003").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R24, R26: a recorded customer is transferred: one recording, its streams say who is there", async () => {
  const s = await talking({ dn: "7001", record: true }, { dn: "7002" }, { dn: "7003" });
  await s.consult("7002", 1, "7003");
  const starts = s.rig.mediaServer.recorder.filter(({ state }) => state === "start").length;
  await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  const { recorder } = s.rig.mediaServer;
  assert.equal(starts, 1);
  assert.equal(recorder.filter(({ state }) => state === "start").length, 1);
  assert.equal(recorder.filter(({ state }) => state === "stop").length, 0);
  const update = recorder.findLast(({ state }) => state === "update");
  assert.deepEqual(
    update?.streams.map(({ side, dn }) => `${side} ${dn}`),
    ["customer 7001", "agent 7003"],
  );
  assert.deepEqual(parties(s), ["7001 connected", "7002 released", "7003 connected"]);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R25: from one recorded agent to another it is one recording", async () => {
  const s = await talking({ dn: "7001" }, { dn: "7002", record: true }, { dn: "7003", record: true });
  s.phone("7003").answering = false;
  const wish = { to: "7003", userData: {} };
  assert.equal(await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", wish)), "done");
  assert.deepEqual(s.take(), ["Released(7002; 1)", "Ringing(7003; 1)"]);
  s.phone("7003").answer();
  await s.rig.pass(800);
  assert.deepEqual(s.take(), ["Established(7003; 1)", "PartyChanged(7001; 1)"]);
  const { recorder } = s.rig.mediaServer;
  assert.deepEqual(
    recorder.filter(({ state }) => state === "start" || state === "stop").map(({ state }) => state),
    ["start"],
  );
  assert.deepEqual(
    s.rig.ledger.filter((line) => line.startsWith("ledger expect")),
    ["ledger expect 7002 agent", "ledger expect 7003 agent"],
  );
  s.phone("7003").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("single-step transfer, direct: the newcomer and who stayed talk; a target that is busy changes nothing", async () => {
  const s = await talking();
  s.phone("7003").refusing = 486;
  const wish = { to: "7003", userData: {} };
  assert.equal(await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", wish)), "InvalidDestination");
  assert.deepEqual(s.take(), []);
  assert.equal(s.phone("7002").up.length, 1);
  s.phone("7003").refusing = undefined;
  assert.equal(await s.ask(s.rig.switch.singleStep("transfer", s.connId(1), "7002", wish)), "done");
  assert.deepEqual(s.take(), [
    "Released(7002; 1)",
    "Ringing(7003; 1)",
    "Established(7003; 1)",
    "PartyChanged(7001; 1)",
  ]);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  assert.equal(s.phone("7003").hears, "7001 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("mute transfer: as soon as the target rings", async () => {
  const s = await talking();
  s.phone("7003").answering = false;
  assert.equal(await s.ask(s.rig.switch.muteTransfer(s.connId(1), "7002", { to: "7003", userData: {} })), "done");
  assert.deepEqual(s.take(), [
    "Held(7002; 1)",
    "Dialing(7002; 2)",
    "Ringing(7003; 2)",
    "Released(7002; 2)",
    "Released(7002; 1)",
    "PartyChanged(7003; 1)",
  ]);
  s.phone("7003").answer();
  await s.rig.pass(800);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("conference: the Media Server mixes three; who leaves is told of to the others; two go on", async () => {
  const s = await talking();
  await s.consult("7002", 1, "7003");
  s.take();
  assert.equal(await s.ask(s.rig.switch.complete("conference", s.connId(1), "7002", s.connId(2))), "done");
  assert.deepEqual(s.events, [
    "Released(7002; 2)",
    "Retrieved(7002; 1)",
    "PartyAdded(7002; 1)",
    "PartyAdded(7001; 1)",
    "PartyChanged(7003; 1)",
  ]);
  assert.equal(s.last("EventReleased", "7002")["CallState"], "Conferenced");
  assert.equal(s.last("EventPartyChanged", "7003")["ThirdPartyDNRole"], "RoleConferencedBy");
  for (const dn of ["7001", "7002", "7003"]) assert.match(s.phone(dn).hears, /^40\d\d\d sendrecv$/);
  assert.equal(new Set(["7001", "7002", "7003"].map((dn) => s.phone(dn).hears)).size, 3);
  s.take();
  s.phone("7002").hangUp();
  await s.rig.pass(500);
  assert.deepEqual(s.take(), ["Released(7002; 1)", "PartyDeleted(7001; 1)", "PartyDeleted(7003; 1)"]);
  s.phone("7001").hangUp();
  await s.rig.pass(500);
  assert.deepEqual(s.take(), ["Released(7001; 1)", "Released(7003; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("single-step conference and delete from it", async () => {
  const s = await talking();
  const wish = { to: "7003", userData: {} };
  assert.equal(await s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7002", wish)), "done");
  assert.deepEqual(s.take(), [
    "Ringing(7003; 1)",
    "Established(7003; 1)",
    "PartyAdded(7001; 1)",
    "PartyAdded(7002; 1)",
  ]);
  assert.equal(await s.ask(s.rig.switch.deleteFromConference(s.connId(1), "7002", "7003")), "done");
  assert.deepEqual(s.take(), ["Released(7003; 1)", "PartyDeleted(7001; 1)", "PartyDeleted(7002; 1)"]);
  assert.equal(await s.ask(s.rig.switch.deleteFromConference(s.connId(1), "7002", "7001")), "InvalidState");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("a conference has up to 16 parties; each that comes and goes is told of to all others", async () => {
  const dns = Array.from({ length: 17 }, (_, n) => ({ dn: String(7001 + n) }));
  const s = await talking(...dns);
  const add = (dn: string): Promise<string> =>
    s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7001", { to: dn, userData: {} }));
  for (const { dn } of dns.slice(2, 16)) assert.equal(await add(dn), "done", dn);
  assert.equal(await add("7017"), "InvalidState");
  assert.equal(s.rig.mediaServer.legs.filter(({ state }) => state === "confirmed").length, 16);
  s.take();
  s.phone("7009").hangUp();
  await s.rig.pass(500);
  assert.equal(s.take().filter((event) => event.startsWith("PartyDeleted")).length, 15);
  assert.equal(await add("7017"), "done");
  assert.equal(s.take().filter((event) => event.startsWith("PartyAdded")).length, 15);
  for (const { dn } of dns) s.phone(dn).hangUp();
  await s.nothingLeft();
  await s.close();
});

test("a conference is refused where no Media Server is to be had; the call stays as it is", async () => {
  const s = await talking();
  s.rig.mediaServer.answering = false;
  const wish = { to: "7003", userData: {} };
  const asked = s.rig.switch.singleStep("conference", s.connId(1), "7002", wish);
  await s.rig.pass(5000);
  assert.equal(await s.ask(asked), "OutOfService");
  assert.deepEqual(s.take(), []);
  assert.equal(s.phone("7001").hears, "7002 sendrecv");
  s.phone("7001").hangUp();
  await s.rig.pass(1000);
  await s.close();
});

test("RFC 3515: a phone's REFER is a single-step transfer; it hears of it by NOTIFY", async () => {
  const s = await talking();
  const b = s.phone("7002");
  const answer = b.up[0]?.request("REFER", { headers: [["Refer-To", "<sip:7003@sidetone.local>"]] });
  await s.rig.pass(1000);
  assert.equal((await answer)?.status, 202);
  assert.deepEqual(b.told, ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]);
  assert.deepEqual(s.take(), [
    "Released(7002; 1)",
    "Ringing(7003; 1)",
    "Established(7003; 1)",
    "PartyChanged(7001; 1)",
  ]);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("RFC 3515: REFER to itself, to nowhere, and malformed: refused, the call goes on", async () => {
  const s = await talking();
  const b = s.phone("7002");
  const refer = async (to: string): Promise<number | undefined> => {
    const answer = b.up[0]?.request("REFER", { headers: [["Refer-To", to]] });
    await s.rig.pass(1000);
    return (await answer)?.status;
  };
  assert.equal(await refer("<sip:7002@sidetone.local>"), 403);
  assert.equal(await refer("<sip:"), 400);
  assert.equal(await refer("<sip:nobody@sidetone.local>"), 202);
  assert.deepEqual(b.told, ["SIP/2.0 100 Trying", "SIP/2.0 404 Not Found"]);
  assert.deepEqual(s.take(), []);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("RFC 5589: attended transfer by a phone with two calls: REFER with Replaces", async () => {
  const s = await talking();
  const b = s.phone("7002");
  const second = await s.dial("7002", "7003");
  s.take();
  const replaces = `${second.callId};to-tag=${second.remoteTag};from-tag=${second.localTag}`;
  const to = `<sip:7003@sidetone.local?Replaces=${encodeURIComponent(replaces)}>`;
  const answer = b.sessions[0]?.request("REFER", { headers: [["Refer-To", to]] });
  await s.rig.pass(1500);
  assert.equal((await answer)?.status, 202);
  assert.deepEqual(s.take(), [
    "Released(7002; 2)",
    "Released(7002; 1)",
    "PartyChanged(7003; 1)",
    "PartyChanged(7001; 1)",
  ]);
  assert.deepEqual(b.up, []);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  assert.equal(s.phone("7003").hears, "7001 sendrecv");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("a call that the phone has not answered cannot be joined to another; both go on", async () => {
  const s = await talking();
  s.phone("7002").answering = false;
  await s.dial("7003", "7002");
  for (const kind of ["transfer", "conference"] as const) {
    assert.equal(await s.ask(s.rig.switch.complete(kind, s.connId(1), "7002", s.connId(2))), "InvalidState");
  }
  s.take();
  s.phone("7002").answer();
  await s.rig.pass(800);
  assert.deepEqual(s.take(), ["Established(7002; 2)", "Established(7003; 2)"]);
  s.phone("7001").hangUp();
  s.phone("7003").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R27: consultations are not to be recorded: the ledger says by-policy, and the first call's recording goes on", async () => {
  const s = await CallScene.with(
    { recordConsultCalls: false },
    { dn: "7001" },
    { dn: "7002", record: true },
    { dn: "7003" },
  );
  await s.dial("7001", "7002");
  await s.consult("7002", 1, "7003");
  assert.deepEqual(s.rig.ledger, [
    "ledger expect 7002 agent",
    "ledger expect 7002 customer",
    "ledger not-recorded 7002 by-policy",
  ]);
  assert.equal(s.rig.mediaServer.recorder.filter(({ state }) => state === "start").length, 1);
  await s.ask(s.rig.switch.reconnect(s.connId(2), "7002", s.connId(1)));
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R27: the recordings of a call and of its consultation name each other's ConnID", async () => {
  const s = await talking({ dn: "7001", record: true }, { dn: "7002", record: true }, { dn: "7003" });
  await s.consult("7002", 1, "7003");
  const [, second] = s.rig.mediaServer.recorder.filter(({ state }) => state === "start");
  assert.equal(second?.params.get("previousconnid"), s.connId(1));
  await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  const update = s.rig.mediaServer.recorder.findLast(({ state }) => state === "update");
  assert.deepEqual([update?.params.get("previousconnid"), update?.params.get("recordDN")], [s.connId(2), "7001"]);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("a phone makes a conference by itself: two calls of its own, both taken back from hold", async () => {
  const s = await talking();
  const b = s.phone("7002");
  const offer = async (session: (typeof b.sessions)[number] | undefined, way: string): Promise<void> => {
    void session?.reinvite({ body: phoneSdp(b.port, "0 8 101", way), contentType: "application/sdp" });
    await s.rig.pass(500);
  };
  await offer(b.sessions[0], "sendonly");
  const second = await s.dial("7002", "7003");
  await offer(b.sessions[0], "sendrecv");
  assert.deepEqual(s.take(), [
    "Held(7002; 1)",
    "Dialing(7002; 2)",
    "Ringing(7003; 2)",
    "Established(7003; 2)",
    "Established(7002; 2)",
    "Retrieved(7002; 1)",
  ]);
  assert.equal(second.state, "confirmed");
  assert.deepEqual([s.phone("7001").hears, s.phone("7003").hears], ["7002 sendrecv", "7002 sendrecv"]);
  for (const session of b.up) session.terminate();
  await s.nothingLeft();
  await s.close();
});

test("alternate before the consulted party answers is InvalidState, and answered at once", async () => {
  const s = await talking();
  s.phone("7003").answering = false;
  await s.consult("7002", 1, "7003");
  s.take();
  assert.equal(await s.ask(s.rig.switch.alternate(s.connId(2), "7002", s.connId(1))), "InvalidState");
  assert.deepEqual(s.take(), []);
  assert.equal(await s.ask(s.rig.switch.reconnect(s.connId(2), "7002", s.connId(1))), "done");
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("the call ends before a single-step target rings: who asked for it is told", async () => {
  const s = await talking();
  s.phone("7003").endpoint.onRequest = () => undefined;
  const asked = s.rig.switch.singleStep("transfer", s.connId(1), "7002", { to: "7003", userData: {} });
  await s.rig.pass(100);
  s.phone("7001").hangUp();
  assert.equal(await s.ask(asked), "InvalidState");
  assert.deepEqual(s.take(), ["Released(7001; 1)", "Released(7002; 1)"]);
  await s.nothingLeft();
  await s.close();
});
