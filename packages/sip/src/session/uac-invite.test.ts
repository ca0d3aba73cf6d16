import assert from "node:assert/strict";
import { test } from "node:test";
import { SipResponse } from "../message/index.ts";
import type { EndReason, InviteSession, ServerTransaction } from "../endpoint/types.ts";
import { address, CallRig, NOTHING } from "./rig.ts";

function endOf(session: InviteSession): EndReason[] {
  const ends: EndReason[] = [];
  session.on("ended", (reason) => ends.push(reason));
  return ends;
}

/** Sends a response to `tx` with another To tag than its session has: a fork's. */
function fork(tx: ServerTransaction, status: number, tag: string, contact: string): void {
  const headers: [string, string][] = [];
  for (const [name, value] of tx.request.headers.entries())
    if (["Via", "From", "Call-ID", "CSeq"].includes(name)) headers.push([name, value]);
  const response = new SipResponse(status, "Fork");
  for (const [name, value] of headers) response.headers.append(name, value);
  response.headers.append("To", `${tx.request.headers.get("To") ?? ""};tag=${tag}`);
  response.headers.append("Contact", `<${contact}>`);
  tx.forward(response);
}

test("RFC 3261 13: INVITE, 180, 200, ACK, BYE; the end is told once on each side", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  const events: string[] = [];
  a.on("progress", ({ response }) => events.push(`progress ${response.status}`));
  a.on("accepted", () => events.push("accepted"));
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  const ends = [endOf(a), endOf(b)];
  b.progress(180);
  await rig.after(5);
  assert.equal(a.state, "early");
  b.accept({ body: "answer" });
  await rig.after(5);
  assert.equal(a.remoteSdp?.toString(), "answer");
  assert.equal(b.remoteSdp?.toString(), "offer");
  await Promise.all([a.bye(), rig.after(10)]);
  assert.deepEqual(events, ["progress 180", "accepted"]);
  assert.deepEqual(
    ends.map((list) => list.map((e) => e.by)),
    [["local"], ["remote"]],
  );
  assert.deepEqual(rig.frames, ["a INVITE", "b 180 INVITE", "b 200 INVITE", "a ACK", "a BYE", "b 200 BYE"]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 13.2.2.4: the ACK is sent again for each repeated 2xx", async () => {
  const rig = await new CallRig().start();
  let lost = 0;
  rig.network.filter = (bytes) => !(bytes.toString("latin1").startsWith("ACK") && lost++ < 2);
  const { a, b } = await rig.call();
  const acked: number[] = [];
  b.on("acked", () => acked.push(rig.clock.now()));
  await rig.after(3_000);
  assert.equal(acked.length, 1);
  assert.deepEqual(rig.frames, ["b 200 INVITE", "a ACK", "b 200 INVITE", "a ACK"]);
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 13.2.2.4: a 2xx of a second fork is ACKed and BYEd, the first one stays", async () => {
  const rig = await new CallRig().start();
  const taken: ServerTransaction[] = [];
  const byes: string[] = [];
  rig.callee.onRequest = (tx) => taken.push(tx);
  rig.callee.onDialogRequest = (tx) => {
    byes.push(`${tx.request.method} ${tx.request.toTag ?? ""} ${tx.request.headers.get("Reason") ?? ""}`.trim());
    tx.respond(200);
    return true;
  };
  const a = rig.invite();
  const accepted: (string | undefined)[] = [];
  a.on("accepted", (response) => accepted.push(response.toTag));
  await rig.after(5);
  const [tx] = taken;
  assert.ok(tx !== undefined);
  fork(tx, 200, "one", rig.calleeUri);
  fork(tx, 200, "two", rig.calleeUri);
  await rig.after(20);
  assert.deepEqual(accepted, ["one"]);
  // RFC 3326: who came second is told why.
  const second = 'BYE two SIP;cause=200;text="Call completed elsewhere"';
  assert.deepEqual(byes, [second]);
  assert.equal(a.state, "confirmed");
  assert.equal(a.remoteTag, "one");
  a.terminate();
  await rig.after(20);
  assert.deepEqual(byes, [second, "BYE one"]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 9.1: CANCEL waits for a provisional response; 487 ends the call", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  const ends = endOf(a);
  a.cancel();
  await rig.after(5);
  assert.deepEqual(rig.frames, ["a INVITE"]);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  const cancelled: string[] = [];
  b.on("cancelled", (request) => cancelled.push(request.method));
  b.progress(180);
  await rig.after(20);
  assert.deepEqual(rig.frames.slice(1), ["b 180 INVITE", "a CANCEL", "b 200 CANCEL", "b 487 INVITE", "a ACK"]);
  assert.deepEqual(cancelled, ["CANCEL"]);
  assert.deepEqual(
    ends.map((e) => [e.by, e.response?.status]),
    [["local", 487]],
  );
  assert.equal(b.state, "ended");
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 5407 3.1.2: a 200 that crosses CANCEL is ACKed and BYEd", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  const ends = endOf(a);
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  const bEnds = endOf(b);
  b.progress(180);
  await rig.after(5);
  b.accept({ body: "answer" });
  a.cancel();
  await rig.after(20);
  assert.deepEqual(
    ends.map((e) => e.by),
    ["local"],
  );
  assert.deepEqual(
    bEnds.map((e) => e.by),
    ["remote"],
  );
  assert.ok(rig.frames.includes("a ACK") && rig.frames.includes("a BYE") && rig.frames.includes("b 200 BYE"));
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 9.1: without a final response 64*T1 after CANCEL the call is over", async () => {
  const rig = await new CallRig().start();
  rig.callee.onRequest = (tx) => {
    tx.respond(180);
    tx.onCancel = () => undefined;
  };
  const a = rig.invite();
  const ends = endOf(a);
  await rig.after(5);
  a.cancel();
  await rig.after(31_999);
  assert.equal(ends.length, 0);
  await rig.after(10);
  assert.deepEqual(
    ends.map((e) => e.by),
    ["timeout"],
  );
});

test("RFC 3261 17.1.1.2: nobody answers: 408 is made up after Timer B", async () => {
  const rig = await new CallRig({ loss: 1, random: () => 0 }).start();
  const a = rig.invite();
  const rejected: (string | undefined)[] = [];
  a.on("rejected", (response) => rejected.push(`${response.status} ${response.headers.get("X-Synthesised") ?? ""}`));
  await rig.after(32_000);
  assert.deepEqual(rejected, ["408 timeout"]);
  assert.equal(rig.frames.length, 7);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 13.2.1: a delayed offer is answered in the ACK", async () => {
  const rig = await new CallRig().start();
  const a = rig.caller.invite({
    uri: rig.calleeUri,
    to: { uri: rig.calleeUri },
    from: address("sip:alice@127.0.0.1"),
  });
  a.on("accepted", () => a.ack("late answer"));
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  const acks: string[] = [];
  b.on("acked", (ack) => acks.push(ack.body.toString()));
  b.accept({ body: "late offer" });
  await rig.after(5);
  assert.deepEqual(acks, ["late answer"]);
  assert.equal(a.localSdp?.toString(), "late answer");
  assert.equal(b.remoteSdp?.toString(), "late answer");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 4028 7.4: 422 makes the caller ask again with a longer interval", async () => {
  const rig = await new CallRig({}, { uas: { sessionTimer: { expires: 3600, minSe: 600 } } }).start();
  const a = rig.invite({ sessionTimer: { expires: 120, minSe: 90 } });
  await rig.after(5);
  assert.equal(rig.answered.length, 2);
  rig.answered[1]?.accept({ body: "answer" });
  await rig.after(5);
  assert.equal(a.state, "confirmed");
  assert.equal(a.invite.headers.get("Session-Expires"), "600");
  assert.equal(a.invite.headers.get("Min-SE"), "600");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});
