import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import type { InviteSession } from "@sidetone/sip";
import { CallRig, phoneSdp } from "./call-rig.ts";

/** How the called phone takes the call. */
type Taking = "answers" | "rings" | number;

async function rig(taking: Taking, dn: Partial<DnConfig> = {}): Promise<CallRig> {
  const r = await new CallRig([{ dn: "7001", ...dn }, { dn: "7002" }]).listen();
  r.called.onRequest = (tx) => {
    const phone: InviteSession = r.called.accept(tx, {});
    if (typeof taking === "number") return phone.reject(taking);
    phone.progress(180);
    if (taking === "answers") phone.accept({ body: phoneSdp(7001), contentType: "application/sdp" });
  };
  return r;
}

function statusOf(call: InviteSession): () => number | undefined {
  let status: number | undefined;
  call.on("rejected", (response) => {
    status = response.status;
  });
  return () => status;
}

const offered = ["a added", "b added"];

test("A calls B, B answers, A hangs up: the order of the events", async () => {
  const r = await rig("answers");
  const call = r.call();
  await r.pass(300);
  call.terminate();
  await r.pass(300);
  assert.deepEqual(r.effects, [
    ...offered,
    "b ringing alerting",
    "b connected answered",
    "a connected answered",
    "call-answered",
    "a released caller-remote",
    "b released caller-remote",
    "release-party",
    "call-ended",
  ]);
  await r.close();
});

for (const [status, cause] of [
  [486, "busy"],
  [600, "busy"],
  [480, "no-answer"],
  [404, "unknown-number"],
  [603, "rejected"],
  [500, "failed 500"],
] as const) {
  test(`B answers ${status}: the cause is ${cause}, B leaves first, A gets the status`, async () => {
    const r = await rig(status);
    const seen = statusOf(r.call());
    await r.pass(300);
    assert.deepEqual(r.effects, [
      ...offered,
      `b released ${cause}`,
      `a released ${cause}`,
      "release-party",
      "call-ended",
    ]);
    assert.equal(seen(), status);
    await r.close();
  });
}

test("B does not answer: no-answer", async () => {
  const r = await rig("rings");
  const seen = statusOf(r.call());
  await r.pass(61_000);
  assert.deepEqual(r.effects.slice(3, 5), ["b released no-answer", "a released no-answer"]);
  assert.equal(seen(), 480);
  await r.close();
});

test("A gives up while B rings: A leaves first", async () => {
  const r = await rig("rings");
  const call = r.call();
  await r.pass(200);
  call.cancel();
  await r.pass(200);
  assert.deepEqual(r.effects.slice(3, 5), ["a released caller-remote", "b released caller-remote"]);
  await r.close();
});

test("a number that nobody has: a call of one party, unknown-number; 404 for the phone", async () => {
  const r = await rig("answers");
  const seen = statusOf(r.call(phoneSdp(7002), "7999"));
  await r.pass(200);
  assert.deepEqual(r.effects, ["a added", "a released unknown-number", "call-ended"]);
  assert.deepEqual([seen(), r.last?.dnis], [404, "7999"]);
  await r.close();
});

test("a DN whose phone is not registered: the attempt is told as failed", async () => {
  const r = await rig("answers");
  r.targets.length = 0;
  const seen = statusOf(r.call());
  await r.pass(200);
  assert.deepEqual(r.effects, ["a added", "a released failed Not Registered", "call-ended"]);
  assert.equal(seen(), 480);
  await r.close();
});

test("R17 reject: without recording the call fails, and says why", async () => {
  const r = await rig("answers", { record: true, recordingFailure: "reject" });
  r.mediaServer.answering = false;
  const seen = statusOf(r.call());
  await r.pass(1500);
  assert.equal(r.effects[2], "b released failed recording-mandatory");
  assert.equal(seen(), 503);
  await r.close();
});

test("R1: the login of an agent makes the call recorded, and the agent is named", async () => {
  const r = await rig("answers");
  r.agents.set("7001", { agentId: "1001", record: true });
  r.call();
  await r.pass(500);
  assert.equal(r.last?.parties[1]?.agentId, "1001");
  assert.equal(r.mediaServer.recorder[0]?.params.get("agentid"), "1001");
  assert.ok(r.ledger.includes("ledger expect 7001 agent"));
  await r.close();
});

test("R6: an agent who logs in while the phone rings is recorded from the answer on, in mid-call", async () => {
  const r = await rig("rings");
  let phone: InviteSession | undefined;
  r.called.onRequest = (tx) => {
    const ringing = r.called.accept(tx, {});
    phone = ringing;
    ringing.progress(180);
    ringing.on("reinvite", (incoming) =>
      incoming.respond(200, { body: phoneSdp(7001), contentType: "application/sdp" }),
    );
  };
  const call = r.call();
  call.on("reinvite", (incoming) => incoming.respond(200, { body: phoneSdp(7002), contentType: "application/sdp" }));
  await r.pass(200);
  assert.equal(r.mediaServer.legs.length, 0);
  r.agents.set("7001", { agentId: "1001", record: true });
  phone?.accept({ body: phoneSdp(7001), contentType: "application/sdp" });
  await r.pass(500);
  assert.equal(r.mediaServer.commands.at(-1), "recorder start");
  assert.ok(r.ledger.includes("ledger expect 7001 agent"));
  await r.close();
});

test("R22: clients change user data, not GSIP_ keys, and the limit is 32 KB", async () => {
  const r = await rig("answers", { record: true });
  r.mediaServer.telling = true;
  r.call();
  await r.pass(500);
  const connId = r.last?.connId ?? "";
  r.effects.length = 0;
  const change = (data: Record<string, string>): unknown => {
    const outcome = r.switch.changeUserData(connId, { kind: "update", data }, "7002");
    return outcome.ok ? outcome.value : outcome.error.error;
  };
  assert.deepEqual(
    [
      change({ Segment: "Gold" }),
      change({ Segment: "Gold" }),
      change({ GSIP_RECORD: "Off" }),
      change({ x: "x".repeat(33_000) }),
    ],
    [true, false, "InvalidAttribute", "TooLarge"],
  );
  assert.deepEqual(r.effects, ['data Segment="Gold" by 7002']);
  r.switch.changeUserData(connId, { kind: "delete-all" }, "7002");
  assert.deepEqual(Object.keys(r.last?.userData ?? {}), ["GSIP_RECORD", "GSIP_REC_FN"]);
  await r.close();
});
