import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRig, NOTHING } from "./rig.ts";

test("RFC 3261 13.3.1.4: a 2xx is repeated after T1 doubling to T2, on TCP too; without ACK BYE follows after 64*T1", async () => {
  for (const transport of ["udp", "tcp"] as const) {
    const rig = await new CallRig().start(transport);
    const a = rig.invite({ autoAck: false });
    await rig.after(5);
    const b = rig.answered[0];
    assert.ok(b !== undefined);
    const ends: string[] = [];
    b.on("ended", (reason) => ends.push(reason.by));
    b.accept({ body: "answer" });
    await rig.after(31_999);
    const times = rig.frames.filter((f) => f === "b 200 INVITE").length;
    assert.equal(times, 11);
    assert.equal(b.state, "confirmed");
    await rig.after(20);
    assert.deepEqual(ends, ["no-ack"]);
    assert.ok(rig.frames.includes("b BYE"));
    assert.equal(a.state, "ended");
    assert.deepEqual(await rig.leftovers(), NOTHING);
  }
});

test("RFC 3261 15: the callee's BYE waits for the ACK", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite({ autoAck: false });
  await rig.after(5);
  const b = rig.answered[0];
  b?.accept({ body: "answer" });
  b?.terminate();
  await rig.after(300);
  assert.ok(!rig.frames.includes("b BYE"));
  a.ack();
  await rig.after(20);
  assert.deepEqual(rig.frames.slice(-3), ["a ACK", "b BYE", "a 200 BYE"]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3262 3: a reliable response is repeated until PRACK; the next one and the 2xx wait for it", async () => {
  const rig = await new CallRig().start();
  let lost = 0;
  rig.network.filter = (bytes) => !(bytes.toString("latin1").startsWith("SIP/2.0 183") && lost++ < 1);
  const a = rig.invite();
  const progress: string[] = [];
  a.on("progress", ({ response, reliable }) => progress.push(`${response.status} ${reliable ? "reliable" : ""}`));
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  const pracks: (string | undefined)[] = [];
  b.on("prack", (request) => pracks.push(request.headers.get("RAck")?.split(" ")[1]));
  b.progress(183, { reliable: true, body: "answer" });
  b.progress(180, { reliable: true });
  b.accept();
  await rig.after(5);
  assert.deepEqual(rig.frames, ["a INVITE", "b 183 INVITE"]);
  await rig.after(600);
  assert.deepEqual(progress, ["183 reliable", "180 reliable"]);
  assert.deepEqual(pracks, ["1", "1"]);
  assert.equal(a.state, "confirmed");
  assert.equal(a.remoteSdp?.toString(), "answer");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3262 3: without PRACK for 64*T1 the INVITE is refused", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite({ autoPrack: false });
  await rig.after(5);
  rig.answered[0]?.progress(183, { reliable: true, body: "answer" });
  const rejected: number[] = [];
  a.on("rejected", (response) => rejected.push(response.status));
  await rig.after(32_020);
  assert.deepEqual(rejected, [504]);
  assert.equal(rig.frames.filter((f) => f === "b 183 INVITE").length, 7);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3262 3: a PRACK that matches nothing gets 481", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(5);
  rig.answered[0]?.progress(180);
  await rig.after(5);
  const prack = a.request("PRACK", { headers: [["RAck", "7 1 INVITE"]] });
  await rig.after(5);
  assert.equal((await prack).status, 481);
});

test("RFC 3261 15.1.2: BYE in an early dialog ends it: 200 to the BYE, 487 to the INVITE", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  b.progress(180);
  await rig.after(5);
  const ends: string[] = [];
  b.on("ended", (reason) => ends.push(reason.by));
  void a.request("BYE");
  await rig.after(10);
  assert.deepEqual(ends, ["remote"]);
  assert.ok(rig.frames.includes("b 200 BYE") && rig.frames.includes("b 487 INVITE"));
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 13.3.1.1: a ringing call says so every minute", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(5);
  rig.answered[0]?.progress(180);
  await rig.after(185_000);
  assert.equal(rig.frames.filter((f) => f === "b 180 INVITE").length, 4);
  a.cancel();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 8.1.1.8: an INVITE without Contact gets 400 and a session that ended", async () => {
  const rig = await new CallRig().start();
  const request = rig.caller.newRequest("INVITE", { uri: rig.calleeUri, to: rig.calleeUri, from: "sip:a@127.0.0.1" });
  const finals: number[] = [];
  rig.caller.request(request, { uri: rig.calleeUri }, { onFinal: (r) => finals.push(r.status) });
  await rig.after(10);
  assert.deepEqual(finals, [400]);
  assert.equal(rig.answered[0]?.state, "ended");
});

test("RFC 3262 3: a PRACK that crosses the 2xx gets 200", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(5);
  rig.answered[0]?.progress(180, { reliable: true });
  rig.answered[0]?.accept({ body: "answer" });
  await rig.after(5);
  assert.ok(rig.frames.includes("b 200 PRACK"));
  assert.equal(a.state, "confirmed");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 4028 6: an interval below the minimum gets 422, also where the call is accepted at once", async () => {
  const rig = await new CallRig().start();
  const ends: string[] = [];
  rig.callee.onRequest = (tx) => {
    const session = rig.callee.accept(tx, { sessionTimer: { expires: 3600, minSe: 600 } });
    session.accept({ body: "answer" });
    session.on("ended", () => ends.push("ended"));
  };
  const invite = rig.invite({ sessionTimer: { expires: 120, minSe: 90 } });
  await rig.after(10);
  assert.ok(rig.frames.includes("b 422 INVITE"));
  assert.equal(invite.state, "confirmed");
  invite.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});
