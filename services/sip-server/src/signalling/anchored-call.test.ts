import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { paramOf } from "@sidetone/msml";
import type { InviteSession, SipResponse } from "@sidetone/sip";
import { CallRig, phoneSdp } from "./call-rig.ts";

interface Answering {
  readonly ringMs?: number;
  readonly early?: boolean;
  readonly reject?: number;
  readonly body?: string;
}

async function rig(
  dn: Partial<DnConfig>,
  answering: Answering | undefined,
): Promise<CallRig & { phones: InviteSession[] }> {
  const r = await new CallRig([{ dn: "7001", ...dn }, { dn: "7002" }]).listen();
  const phones: InviteSession[] = [];
  r.called.onRequest = (tx) => {
    r.events.push("phone rings");
    const phone = r.called.accept(tx, {});
    phones.push(phone);
    phone.on("reinvite", (incoming) => {
      r.events.push("called reinvited");
      incoming.respond(200, { body: phoneSdp(7001), contentType: "application/sdp" });
    });
    if (answering === undefined) return;
    if (answering.reject !== undefined) return phone.reject(answering.reject);
    const body = answering.body ?? phoneSdp(7001);
    if (answering.early === true) phone.progress(183, { body, contentType: "application/sdp" });
    else phone.progress(180);
    r.clock.after(answering.ringMs ?? 100, () => phone.accept({ body, contentType: "application/sdp" }));
  };
  return Object.assign(r, { phones });
}

function outcome(call: InviteSession): { answers: SipResponse[]; rejections: number[]; progress: SipResponse[] } {
  const seen = { answers: [] as SipResponse[], rejections: [] as number[], progress: [] as SipResponse[] };
  call.on("accepted", (response) => seen.answers.push(response));
  call.on("rejected", (response) => seen.rejections.push(response.status));
  call.on("progress", ({ response }) => seen.progress.push(response));
  return seen;
}

for (const [offered, owed] of [
  ["sendrecv", "sendrecv"],
  ["sendonly", "recvonly"],
  ["recvonly", "sendonly"],
  ["inactive", "inactive"],
] as const) {
  test(`RFC 3264 6.1: a caller that offers ${offered} is answered ${owed}; the called phone is offered sendrecv`, async () => {
    const r = await rig({ record: true }, { ringMs: 50 });
    const seen = outcome(r.call(phoneSdp(7002, "0 8 101", offered)));
    await r.pass(400);
    assert.equal(seen.answers.length, 1);
    assert.match(seen.answers[0]?.body.toString() ?? "", new RegExp(`a=${owed}\r`));
    assert.match(r.phones[0]?.invite.body.toString() ?? "", /a=sendrecv\r/);
    await r.close();
  });
}

test("R11, R16, R34: legs and join before the phone rings, ledger before the caller's 200, recorder start with backfill", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call();
  const seen = outcome(call);
  call.on("accepted", () => r.events.push("caller answered"));
  await r.pass(400);
  assert.deepEqual(r.events, [
    "ms invite 7002",
    "ms invite 7001",
    "ms createconference",
    "ms join",
    "ms join",
    "phone rings",
    "ledger expect",
    "caller answered",
    "ms reinvite 7001",
    "ms recorder start",
  ]);
  assert.ok(seen.answers[0]?.body.toString().includes("m=audio 40000"), "the caller is shown the Media Server");
  const start = r.mediaServer.operations.at(-1);
  assert.ok(start?.op === "modifyconference" && start.recorder !== undefined);
  assert.ok((start.recorder.backfillMs ?? 0) > 0);
  assert.deepEqual(
    start.recorder.streams.map(({ label, side, dn }) => `${label} ${side} ${dn ?? ""}`),
    ["1 customer 7002", "2 agent 7001"],
  );
  assert.equal(paramOf(start.recorder.params, "recordDN"), "7001");
  await r.close();
});

test("R20, R21: the recorder's acceptance attaches GSIP_REC_FN and On; the end of the call says Off, stops, resolves the ledger", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call();
  await r.pass(400);
  const id = "0".repeat(31) + "2";
  r.mediaServer.event("recorder.started", [["id", id]]);
  await r.pass(50);
  assert.deepEqual(r.last?.userData, { GSIP_RECORD: "On", GSIP_REC_FN: id });
  call.terminate();
  await r.pass(200);
  assert.equal(r.last?.userData["GSIP_RECORD"], "Off");
  assert.equal(r.mediaServer.commands.at(-1), "recorder stop");
  assert.equal(r.ledger.at(-1), "ledger recorded 7001");
  assert.ok(r.mediaServer.legs.every(({ state }) => state === "ended"));
  assert.ok(r.phones.every(({ state }) => state === "ended"));
  assert.equal(r.calls.size, 0);
  await r.close();
});

test("R17 continue: a silent Media Server costs two attempts of 500 ms, then the phones talk directly", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  r.mediaServer.answering = false;
  const seen = outcome(r.call());
  await r.pass(990);
  assert.ok(!r.events.includes("phone rings"));
  await r.pass(300);
  assert.equal(seen.answers.length, 1);
  assert.ok(seen.answers[0]?.body.toString().includes("m=audio 7001"));
  assert.match(r.ledger.at(-1) ?? "", /^ledger not-recorded 7001 no-media-server/);
  assert.ok(r.alarms.length > 0);
  await r.close();
});

test("R17: a start is tried every 5 s in mid-call: legs, join, both phones re-INVITEd, recorder started", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  r.mediaServer.answering = false;
  const call = r.call();
  const offers: string[] = [];
  call.on("reinvite", (incoming) => {
    offers.push(incoming.request.body.toString());
    incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" });
  });
  await r.pass(2000);
  r.mediaServer.answering = true;
  await r.pass(40_000);
  assert.ok(offers[0]?.includes("m=audio 400"), "the caller was moved to the Media Server");
  assert.ok(r.events.includes("called reinvited"));
  assert.equal(r.mediaServer.commands.at(-1), "recorder start");
  r.mediaServer.event("recorder.started", [["id", r.last?.recording.id ?? "0".repeat(31) + "2"]]);
  await r.pass(100);
  assert.equal(r.last?.userData["GSIP_RECORD"], "On");
  await r.close();
});

test("R17 reject: without a Media Server the caller gets 503 and nobody rings", async () => {
  const r = await rig({ record: true, recordingFailure: "reject" }, { ringMs: 50 });
  r.mediaServer.answering = false;
  const seen = outcome(r.call());
  await r.pass(1500);
  assert.deepEqual(seen.rejections, [503]);
  assert.ok(!r.events.includes("phone rings"));
  await r.close();
});

test("R17 reject: the recorder runs, paused, before the phone rings, and the answer resumes it", async () => {
  const r = await rig({ record: true, recordingFailure: "reject" }, { ringMs: 50 });
  outcome(r.call());
  await r.pass(100);
  assert.equal(r.mediaServer.commands.at(-1), "recorder start");
  assert.ok(!r.events.includes("phone rings"));
  r.mediaServer.event("recorder.started", [["id", "0".repeat(31) + "2"]]);
  await r.pass(300);
  assert.ok(r.events.includes("phone rings"));
  assert.equal(r.mediaServer.commands.at(-1), "recorder resume");
  r.mediaServer.event("recorder.resumed", [["id", "0".repeat(31) + "2"]]);
  await r.pass(50);
  assert.equal(r.last?.userData["GSIP_RECORD"], "On");
  await r.close();
});

test("R17 reject: a recorder that refuses means 503 for the caller", async () => {
  const r = await rig({ record: true, recordingFailure: "reject" }, { ringMs: 50 });
  const seen = outcome(r.call());
  await r.pass(100);
  r.mediaServer.event("recorder.failed", [["reason", "recorder-refused 486"]]);
  await r.pass(300);
  assert.deepEqual(seen.rejections, [503]);
  assert.ok(!r.events.includes("phone rings"));
  await r.close();
});

test("a called phone without G.711: the call goes direct and unrecorded, the ledger says codec", async () => {
  const r = await rig({ record: true }, undefined);
  let rung = 0;
  r.called.onRequest = (tx) => {
    rung += 1;
    const phone = r.called.accept(tx, {});
    if (!tx.request.body.toString().includes(" 18")) return phone.reject(488);
    phone.accept({ body: phoneSdp(7001, "18"), contentType: "application/sdp" });
  };
  const seen = outcome(r.call(phoneSdp(7002, "18 0 101")));
  await r.pass(500);
  assert.equal(rung, 2);
  assert.equal(seen.answers.length, 1);
  assert.equal(r.ledger.at(-1), "ledger not-recorded 7001 codec");
  assert.ok(r.mediaServer.legs.every(({ state }) => state === "ended"));
  await r.close();
});

test("a caller without G.711 is not brought to the Media Server; with mandatory recording it gets 488", async () => {
  const lenient = await rig({ record: true }, { body: phoneSdp(7001, "18") });
  const answered = outcome(lenient.call(phoneSdp(7002, "18")));
  await lenient.pass(500);
  assert.equal(answered.answers.length, 1);
  assert.equal(lenient.mediaServer.legs.length, 0);
  await lenient.close();
  const strict = await rig({ record: true, recordingFailure: "reject" }, {});
  const refused = outcome(strict.call(phoneSdp(7002, "18")));
  await strict.pass(500);
  assert.deepEqual(refused.rejections, [488]);
  await strict.close();
});

test("media-control.md 3: early media reach the caller through the Media Server, which knows the phone first", async () => {
  const r = await rig({ record: true }, { early: true, ringMs: 500 });
  const seen = outcome(r.call());
  await r.pass(200);
  const early = seen.progress.find(({ status }) => status === 183);
  assert.ok(early?.body.toString().includes("m=audio 40000"));
  assert.ok(r.events.includes("ms reinvite 7001"));
  await r.close();
});

test("a busy phone: the caller gets 486, the legs at the Media Server end", async () => {
  const r = await rig({ record: true }, { reject: 486 });
  const seen = outcome(r.call());
  await r.pass(300);
  assert.deepEqual(seen.rejections, [486]);
  assert.ok(r.mediaServer.legs.every(({ state }) => state === "ended"));
  assert.equal(r.calls.size, 0);
  await r.close();
});

test("CANCEL while it rings: phone and Media Server are told, nothing is left", async () => {
  const r = await rig({ record: true }, { ringMs: 60_000 });
  const call = r.call();
  const seen = outcome(call);
  await r.pass(300);
  call.cancel();
  await r.pass(300);
  assert.deepEqual(seen.rejections, [487]);
  assert.ok(r.phones.every(({ state }) => state === "ended"));
  assert.ok(r.mediaServer.legs.every(({ state }) => state === "ended"));
  assert.equal(r.calls.size, 0);
  await r.close();
});

test("no answer within the configured time: 480 for the caller, CANCEL for the phone", async () => {
  const r = await rig({ record: true }, undefined);
  const seen = outcome(r.call());
  await r.pass(61_000);
  assert.deepEqual(seen.rejections, [480]);
  await r.close();
});

test("delayed offer, anchored: the Media Server's SDP is the offer, the ACK's answer reaches it", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call("");
  const seen = outcome(call);
  call.on("accepted", () => call.ack(phoneSdp(7002), "application/sdp"));
  await r.pass(500);
  assert.ok(seen.answers[0]?.body.toString().includes("m=audio 40000"));
  assert.ok(r.events.includes("ms reinvite 7002"));
  await r.close();
});

test("delayed offer, direct: the called phone's offer and the caller's answer pass", async () => {
  const r = await rig({}, { ringMs: 50 });
  const acks: string[] = [];
  const call = r.call("");
  call.on("accepted", () => call.ack(phoneSdp(7002), "application/sdp"));
  await r.pass(30);
  r.phones[0]?.on("acked", (ack) => acks.push(ack.body.toString()));
  await r.pass(500);
  assert.ok(acks[0]?.includes("m=audio 7002"));
  await r.close();
});

test("a hold by re-INVITE is answered by the Media Server and seen by the call model", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call();
  await r.pass(400);
  const held = call.reinvite({ body: phoneSdp(7002, "0 8 101", "sendonly"), contentType: "application/sdp" });
  await r.pass(100);
  assert.equal((await held).status, 200);
  assert.equal(r.last?.parties[0]?.state, "held");
  await r.close();
});

test("R30: the only Media Server ends its legs: Off, alarm, and the phones are joined to each other", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call();
  const offers: string[] = [];
  call.on("reinvite", (incoming) => {
    offers.push(incoming.request.body.toString());
    incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" });
  });
  await r.pass(400);
  r.mediaServer.event("recorder.started", [["id", "0".repeat(31) + "2"]]);
  await r.pass(50);
  r.mediaServer.answering = false;
  for (const leg of r.mediaServer.legs) leg.terminate();
  await r.pass(2300);
  assert.ok(offers[0]?.includes("m=audio 7001"));
  assert.ok(r.events.includes("called reinvited"));
  assert.equal(r.last?.userData["GSIP_RECORD"], "Off");
  assert.equal(call.state, "confirmed");
  await r.close();
});

test("R30: a Media Server that dies without a word is noticed: Off, alarm, the phones are joined, a start is tried again", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call();
  const offers: string[] = [];
  call.on("reinvite", (incoming) => {
    offers.push(incoming.request.body.toString());
    incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" });
  });
  await r.pass(400);
  r.mediaServer.event("recorder.started", [["id", "0".repeat(31) + "2"]]);
  await r.pass(50);
  await r.mediaServer.endpoint.close();
  await r.pass(4500);
  assert.ok(offers[0]?.includes("m=audio 7001"), "the caller is shown the called phone");
  assert.equal(r.last?.userData["GSIP_RECORD"], "Off");
  assert.match(r.ledger.at(-1) ?? "", /^ledger partial 7001 media-server-lost/);
  assert.equal(call.state, "confirmed");
  call.terminate();
  await r.pass(70_000);
  assert.equal(r.calls.size, 0);
  await r.close();
});

test("a Media Server that died while the phone rang: the answer finds out, and the phones are joined to each other", async () => {
  const r = await rig({ record: true }, { ringMs: 600 });
  const call = r.call();
  const offers: string[] = [];
  call.on("reinvite", (incoming) => {
    offers.push(incoming.request.body.toString());
    incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" });
  });
  await r.pass(300);
  await r.mediaServer.endpoint.close();
  await r.pass(6000);
  assert.ok(offers.at(-1)?.includes("m=audio 7001"));
  assert.match(r.ledger.at(-1) ?? "", /^ledger not-recorded 7001/);
  await r.close();
});

test("R17: a hold is answered while a start in mid-call waits for a silent Resource Manager", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  r.mediaServer.answering = false;
  const call = r.call();
  await r.pass(1500);
  await r.pass(5100);
  const held = call.reinvite({ body: phoneSdp(7002, "0 8 101", "sendonly"), contentType: "application/sdp" });
  await r.pass(200);
  assert.equal((await held).status, 200);
  await r.close();
});

test("R17: a disk that does not answer delays neither ringing nor answer by more than 500 ms each", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  r.storageAnswers = false;
  const seen = outcome(r.call());
  await r.pass(450);
  assert.ok(!r.events.includes("phone rings"));
  await r.pass(700);
  assert.equal(seen.answers.length, 1);
  assert.ok(r.alarms.includes("ledger-unwritable"));
  await r.close();
});

test("the only Media Server is lost while the phone rings: after the answer the phones are joined to each other", async () => {
  const r = await rig({ record: true }, { ringMs: 500 });
  const call = r.call();
  const offers: string[] = [];
  call.on("reinvite", (incoming) => {
    offers.push(incoming.request.body.toString());
    incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" });
  });
  const seen = outcome(call);
  await r.pass(300);
  r.mediaServer.answering = false;
  for (const leg of r.mediaServer.legs) leg.terminate();
  await r.pass(2800);
  assert.equal(seen.answers.length, 1);
  assert.ok(offers[0]?.includes("m=audio 7001"));
  assert.ok(r.events.includes("called reinvited"));
  assert.match(r.ledger.at(-1) ?? "", /^ledger not-recorded 7001/);
  await r.close();
});

test("RFC 3311, RFC 6086: UPDATE and INFO of a phone pass while it still rings", async () => {
  const r = await rig({}, { ringMs: 60_000 });
  const call = r.call();
  await r.pass(100);
  const seen: string[] = [];
  r.phones[0]?.on("update", (incoming) => {
    seen.push("UPDATE");
    incoming.respond(200, { body: phoneSdp(7001), contentType: "application/sdp" });
  });
  r.phones[0]?.on("request", (incoming) => {
    seen.push(incoming.request.method);
    incoming.respond(200);
  });
  const info = call.request("INFO", { body: "x", contentType: "text/plain" });
  await r.pass(100);
  assert.equal((await info).status, 200);
  assert.deepEqual(seen, ["INFO"]);
  await r.close();
});

test("INFO passes through with its body", async () => {
  const r = await rig({}, { ringMs: 50 });
  const call = r.call();
  await r.pass(400);
  const bodies: string[] = [];
  r.phones[0]?.on("request", (incoming) => {
    bodies.push(incoming.request.body.toString());
    incoming.respond(200);
  });
  const answer = call.request("INFO", { body: "Signal=5", contentType: "application/dtmf-relay" });
  await r.pass(100);
  assert.equal((await answer).status, 200);
  assert.deepEqual(bodies, ["Signal=5"]);
  await r.close();
});

test("several contacts: all ring, the first answer wins, the others are cancelled", async () => {
  const r = await rig({}, undefined);
  r.targets.push({ uri: "sip:7001@127.0.0.1:6001;line=2", destination: { uri: "sip:7001@127.0.0.1:6001" } });
  const seen = outcome(r.call());
  await r.pass(200);
  assert.equal(r.phones.length, 2);
  r.phones[1]?.accept({ body: phoneSdp(7111), contentType: "application/sdp" });
  await r.pass(200);
  assert.ok(seen.answers[0]?.body.toString().includes("m=audio 7111"));
  assert.equal(r.phones[0]?.state, "ended");
  assert.equal(r.phones[1]?.state, "confirmed");
  await r.close();
});

test("RFC 3264 8.2: a phone that takes its audio away is answered port 0; its leg waits, and the recording goes on", async () => {
  const r = await rig({ record: true }, { ringMs: 50 });
  const call = r.call();
  await r.pass(500);
  const commands = r.mediaServer.recorder.length;
  const offer = async (body: string): Promise<SipResponse> => {
    const answer = call.reinvite({ body, contentType: "application/sdp" });
    await r.pass(300);
    return answer;
  };
  const [own] = r.mediaServer.legs;
  const away = await offer(phoneSdp(0));
  assert.equal(away.status, 200);
  assert.match(away.body.toString(), /^m=audio 0 /m);
  assert.match(own?.remoteSdp?.toString() ?? "", /m=audio 7002 [\s\S]*a=inactive/);
  const back = await offer(phoneSdp(7002));
  assert.match(back.body.toString(), /^m=audio 40\d\d\d /m);
  assert.match(own?.remoteSdp?.toString() ?? "", /m=audio 7002 [\s\S]*a=sendrecv/);
  assert.equal(r.mediaServer.recorder.length, commands);
  call.terminate();
  await r.pass(500);
  await r.close();
});
