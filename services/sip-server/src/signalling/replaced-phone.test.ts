import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { type InviteSession, parseUri } from "@sidetone/sip";
import { phoneSdp } from "./call-rig.ts";
import { CallScene } from "./call-scene.fixture.ts";
import { MAX_ENDED_DIALOGS, EndedDialogs } from "./ended-dialogs.ts";

/** 7001 talks to 7002; there are the phones of 7003 and 7004 too. */
async function talking(...dns: readonly Partial<DnConfig>[]): Promise<CallScene> {
  const known = dns.map(({ dn }) => dn);
  const more = ["7001", "7002", "7003", "7004"].filter((dn) => !known.includes(dn)).map((dn) => ({ dn }));
  const s = await CallScene.of(...dns, ...more);
  await s.dial("7001", "7002");
  s.take();
  return s;
}

/** Header that names the dialog of a phone's session, as SIP Server has it. */
function replaces({ callId, localTag, remoteTag }: InviteSession, more = ""): string {
  return `${callId};to-tag=${remoteTag ?? ""};from-tag=${localTag}${more}`;
}

interface Attempt {
  readonly session: InviteSession;
  /** Final response's status. */
  status: number | undefined;
}

/** The phone at `phone` calls as `dn`, with Replaces. */
async function replace(
  s: CallScene,
  o: { readonly phone: string; readonly dn: string; readonly header: string; readonly offer?: string },
): Promise<Attempt> {
  const phone = s.phone(o.phone);
  const own = parseUri(`sip:${o.dn}@sidetone.local`);
  assert.ok(own.ok);
  const uri = "sip:7002@127.0.0.1:5060";
  const body = o.offer ?? phoneSdp(phone.port);
  const session = phone.endpoint.invite({
    uri,
    to: { uri },
    from: { displayName: undefined, uri: own.value, params: own.value.params },
    headers: [
      ["Require", "replaces"],
      ["Replaces", o.header],
    ],
    ...(body === "" ? {} : { body, contentType: "application/sdp" }),
  });
  const attempt: Attempt = { session, status: undefined };
  session.on("accepted", (response) => {
    attempt.status = response.status;
    if (body === "") session.ack(phoneSdp(phone.port), "application/sdp");
  });
  session.on("rejected", (response) => {
    attempt.status = response.status;
  });
  phone.serve(session);
  await s.rig.pass(800);
  return attempt;
}

const sessionOf = (s: CallScene, dn: string): InviteSession => {
  const [session] = s.phone(dn).up;
  assert.ok(session !== undefined, `${dn} has no call`);
  return session;
};

test("RFC 3891: another phone of the same DN goes on with the call; no client hears of it", async () => {
  const s = await talking();
  const { status } = await replace(s, { phone: "7004", dn: "7002", header: replaces(sessionOf(s, "7002")) });
  assert.equal(status, 200);
  assert.deepEqual(s.take(), []);
  assert.deepEqual(s.phone("7002").up, []);
  assert.equal(s.phone("7001").hears, "7004 sendrecv");
  assert.equal(s.phone("7004").hears, "7001 sendrecv");
  s.phone("7004").hangUp();
  await s.rig.pass(500);
  assert.deepEqual(s.take(), ["Released(7002; 1)", "Released(7001; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("RFC 3891: the caller's phone is replaced, and is the one that is hung up at the end", async () => {
  const s = await talking();
  const { status } = await replace(s, { phone: "7004", dn: "7001", header: replaces(sessionOf(s, "7001")) });
  assert.equal(status, 200);
  assert.deepEqual(s.take(), []);
  assert.equal(s.phone("7002").hears, "7004 sendrecv");
  s.phone("7002").hangUp();
  await s.rig.pass(500);
  assert.deepEqual(s.take(), ["Released(7002; 1)", "Released(7001; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("RFC 3891: in a recorded call the leg at the Media Server stays, and so does the recording", async () => {
  const s = await talking({ dn: "7001" }, { dn: "7002", record: true });
  const peerHears = s.phone("7001").hears;
  const commands = s.rig.mediaServer.recorder.length;
  const legs = s.rig.mediaServer.legs.length;
  const { status } = await replace(s, { phone: "7004", dn: "7002", header: replaces(sessionOf(s, "7002")) });
  assert.equal(status, 200);
  assert.deepEqual(s.take(), []);
  assert.equal(s.rig.mediaServer.legs.length, legs);
  assert.equal(s.rig.mediaServer.recorder.length, commands);
  assert.equal(s.phone("7001").hears, peerHears);
  assert.match(s.phone("7004").hears, /^40\d\d\d sendrecv$/);
  assert.match(s.rig.mediaServer.legs.at(-1)?.remoteSdp?.toString() ?? "", /m=audio 7004 /);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("RFC 3891: a phone of another DN comes as by a transfer of the one that it replaces", async () => {
  const s = await talking();
  const { status } = await replace(s, { phone: "7003", dn: "7003", header: replaces(sessionOf(s, "7002")) });
  assert.equal(status, 200);
  assert.deepEqual(s.take(), [
    "Released(7002; 1)",
    "Ringing(7003; 1)",
    "Established(7003; 1)",
    "PartyChanged(7001; 1)",
  ]);
  assert.deepEqual(s.phone("7002").up, []);
  assert.equal(s.phone("7001").hears, "7003 sendrecv");
  assert.equal(s.phone("7003").hears, "7001 sendrecv");
  s.phone("7001").hangUp();
  await s.rig.pass(500);
  assert.deepEqual(s.take(), ["Released(7001; 1)", "Released(7003; 1)"]);
  await s.nothingLeft();
  await s.close();
});

test("R24, R26: of a recorded customer the recording goes on with who takes the agent's place", async () => {
  const s = await talking({ dn: "7001", record: true }, { dn: "7002" });
  const { status } = await replace(s, { phone: "7003", dn: "7003", header: replaces(sessionOf(s, "7002")) });
  assert.equal(status, 200);
  const { recorder } = s.rig.mediaServer;
  assert.deepEqual(
    recorder.filter(({ state }) => state === "start" || state === "stop").map(({ state }) => state),
    ["start"],
  );
  assert.deepEqual(
    recorder.findLast(({ state }) => state === "update")?.streams.map(({ side, dn }) => `${side} ${dn}`),
    ["customer 7001", "agent 7003"],
  );
  assert.match(s.phone("7003").hears, /^40\d\d\d sendrecv$/);
  s.phone("7003").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R25: a recorded agent whose place is taken takes the recording along", async () => {
  const s = await talking({ dn: "7001" }, { dn: "7002", record: true });
  await replace(s, { phone: "7003", dn: "7003", header: replaces(sessionOf(s, "7002")) });
  assert.equal(s.rig.mediaServer.recorder.filter(({ state }) => state === "stop").length, 1);
  s.phone("7003").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("R1: who takes a place and is recorded itself is recorded from then on", async () => {
  const s = await talking({ dn: "7003", record: true });
  await replace(s, { phone: "7003", dn: "7003", header: replaces(sessionOf(s, "7002")) });
  await s.rig.pass(1000);
  assert.deepEqual(
    s.rig.mediaServer.recorder.filter(({ state }) => state === "start").map(({ params }) => params.get("recordDN")),
    ["7003"],
  );
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("RFC 3891: the offer may be left to us, direct and at the Media Server, for the same DN and for another", async () => {
  for (const record of [false, true]) {
    for (const dn of ["7002", "7003"]) {
      const s = await talking({ dn: "7001", record });
      const header = replaces(sessionOf(s, "7002"));
      const { status } = await replace(s, { phone: "7004", dn, header, offer: "" });
      assert.equal(status, 200);
      await s.rig.pass(500);
      const wanted = record ? /^40\d\d\d sendrecv$/ : /^7004 sendrecv$/;
      assert.match(s.phone("7001").hears, wanted);
      assert.match(s.phone("7004").hears, record ? wanted : /^7001 sendrecv$/);
      s.phone("7001").hangUp();
      await s.nothingLeft();
      await s.close();
    }
  }
});

test("a party that its own phone holds is retrieved by the phone that takes its place; a client's hold stays", async () => {
  for (const byClient of [false, true]) {
    const s = await talking();
    const held = sessionOf(s, "7002");
    if (byClient) await s.ask(s.rig.switch.holdCall(s.connId(1), "7002"));
    else {
      const answer = held.reinvite({ body: phoneSdp(7002, "0 8 101", "sendonly"), contentType: "application/sdp" });
      await s.rig.pass(500);
      await answer;
    }
    assert.deepEqual(s.take(), ["Held(7002; 1)"]);
    await replace(s, { phone: "7004", dn: "7002", header: replaces(held) });
    assert.deepEqual(s.take(), byClient ? [] : ["Retrieved(7002; 1)"]);
    if (byClient) assert.equal(await s.ask(s.rig.switch.retrieveCall(s.connId(1), "7002")), "done");
    assert.equal(s.phone("7001").hears, "7004 sendrecv");
    assert.equal(s.phone("7004").hears, "7001 sendrecv");
    s.phone("7001").hangUp();
    await s.nothingLeft();
    await s.close();
  }
});

test("RFC 3891 3: unknown 481, ended 603, early-only 486, malformed 400; the call goes on", async () => {
  const s = await talking();
  const session = sessionOf(s, "7002");
  const from = { phone: "7003", dn: "7003" };
  assert.equal((await replace(s, { ...from, header: "nobody;to-tag=1;from-tag=2" })).status, 481);
  const swapped = `${session.callId};to-tag=${session.localTag};from-tag=${session.remoteTag ?? ""}`;
  assert.equal((await replace(s, { ...from, header: swapped })).status, 481);
  assert.equal((await replace(s, { ...from, header: replaces(session, ";early-only") })).status, 486);
  assert.equal((await replace(s, { ...from, header: session.callId })).status, 400);
  assert.equal((await replace(s, { ...from, header: `${replaces(session)}, ${replaces(session)}` })).status, 400);
  assert.deepEqual(s.take(), []);
  assert.equal(s.phone("7002").up.length, 1);
  s.phone("7001").hangUp();
  await s.rig.pass(500);
  assert.equal((await replace(s, { ...from, header: replaces(session) })).status, 603);
  await s.nothingLeft();
  await s.close();
});

test("RFC 3891 3: who calls and is not answered yet cannot be replaced", async () => {
  const s = await talking();
  s.phone("7002").answering = false;
  const calling = await s.dial("7004", "7002");
  assert.equal((await replace(s, { phone: "7003", dn: "7003", header: replaces(calling) })).status, 481);
  calling.terminate();
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("the peer refuses the media of who comes: 488, the call goes on as it was", async () => {
  const s = await talking();
  s.phone("7001").refusingOffers = 488;
  const { status } = await replace(s, { phone: "7003", dn: "7003", header: replaces(sessionOf(s, "7002")) });
  assert.equal(status, 488);
  assert.deepEqual(s.take(), []);
  assert.equal(s.phone("7002").up.length, 1);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("dialogs that are over are remembered up to their limit, the newest", () => {
  const ended = new EndedDialogs();
  const name = (n: number): { callId: string; toTag: string; fromTag: string; earlyOnly: boolean } => ({
    callId: `c${n}`,
    toTag: "1",
    fromTag: "2",
    earlyOnly: false,
  });
  for (let n = 0; n <= MAX_ENDED_DIALOGS; n += 1) ended.add({ callId: `c${n}`, localTag: "1", remoteTag: "2" });
  assert.equal(ended.has(name(0)), false);
  assert.equal(ended.has(name(1)), true);
  assert.equal(ended.has(name(MAX_ENDED_DIALOGS)), true);
});
