import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMultipart } from "../message/index.ts";
import { CallRig, NOTHING } from "./rig.ts";

test("RFC 3261 14.1: crossing re-INVITEs both get 491 and both succeed after their waits", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  a.on("reinvite", (incoming) => incoming.respond(200, { body: "a answers" }));
  b.on("reinvite", (incoming) => incoming.respond(200, { body: "b answers" }));
  const both = Promise.all([a.reinvite({ body: "a offers" }), b.reinvite({ body: "b offers" })]);
  await rig.after(100);
  assert.equal(rig.frames.filter((f) => f.endsWith("491 INVITE")).length, 2);
  await rig.after(5_000);
  assert.deepEqual(
    (await both).map((r) => r.status),
    [200, 200],
  );
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 14.1: with retry491 off, 491 is the answer", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const both = Promise.all([a.reinvite({ body: "x", retry491: false }), b.reinvite({ body: "y", retry491: false })]);
  await rig.after(100);
  assert.deepEqual(
    (await both).map((r) => r.status),
    [491, 491],
  );
});

test("RFC 3261 14.2: a second INVITE while the first is unanswered gets 500 with Retry-After", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  b.on("reinvite", () => undefined);
  void a.reinvite({ body: "first" });
  await rig.after(5);
  const second = a.request("INVITE", { body: "second", headers: [["Contact", "<sip:a@127.0.0.1>"]] });
  await rig.after(5);
  const response = await second;
  assert.equal(response.status, 500);
  assert.ok(response.headers.has("Retry-After"));
});

test("RFC 3261 15, RFC 5407 3.2.3: BYE that crosses a re-INVITE ends both sides; the re-INVITE gets an answer", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const reinvite = a.reinvite({ body: "offer 2" });
  const bye = b.bye();
  await rig.after(20);
  await bye;
  assert.equal((await reinvite).status, 481);
  assert.deepEqual([a.state, b.state], ["ended", "ended"]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("a re-INVITE that is asked for after the end of its session resolves with 481", async () => {
  const rig = await new CallRig().start();
  const { a } = await rig.call();
  a.terminate();
  assert.equal((await a.reinvite({ body: "too late" })).status, 481);
});

test("RFC 3261 15.1.2: a re-INVITE that is unanswered when BYE comes gets 487", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  b.on("reinvite", () => undefined);
  const reinvite = a.reinvite({ body: "offer 2" });
  await rig.after(5);
  a.terminate();
  await rig.after(5);
  assert.equal((await reinvite).status, 487);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 15.1.1: who sends BYE is told how it was answered; a BYE that nobody answers counts as 408", async () => {
  const rig = await new CallRig().start();
  const statuses: number[] = [];
  const onAnswer = ({ status }: { readonly status: number }): number => statuses.push(status);
  const first = await rig.call();
  void first.a.bye({ onAnswer });
  await rig.after(20);
  const second = await rig.call();
  await rig.callee.close();
  void second.a.bye({ onAnswer });
  await rig.after(40_000);
  assert.deepEqual(statuses, [200, 408]);
});

test("RFC 5407 3.1.4: BYEs that cross both get 200", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const both = Promise.all([a.bye(), b.bye()]);
  await rig.after(20);
  await both;
  assert.deepEqual(rig.frames.toSorted(), ["a 200 BYE", "a BYE", "b 200 BYE", "b BYE"]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 14.1: an offerless re-INVITE is answered in its ACK", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const acks: string[] = [];
  b.on("reinvite", (incoming) => {
    incoming.onAck = (ack) => acks.push(ack.body.toString());
    incoming.respond(200, { body: "b offers" });
  });
  const pending = a.reinvite({ autoAck: false });
  await rig.after(5);
  assert.equal((await pending).body.toString(), "b offers");
  a.ack("a answers");
  await rig.after(5);
  assert.deepEqual(acks, ["a answers"]);
  assert.equal(b.remoteSdp?.toString(), "a answers");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 14.2: a lost 200 to a re-INVITE is repeated until its ACK", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  b.on("reinvite", (incoming) => incoming.respond(200, { body: "b answers" }));
  let lost = 0;
  rig.network.filter = (bytes) => !(bytes.toString("latin1").startsWith("ACK") && lost++ < 1);
  const pending = a.reinvite({ body: "offer 2" });
  await rig.after(1_000);
  assert.equal((await pending).status, 200);
  assert.deepEqual(rig.frames, ["a INVITE", "b 200 INVITE", "a ACK", "b 200 INVITE", "a ACK"]);
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3311 5.2: UPDATE carries an offer; without a listener it gets 488, without a body 200", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const first = a.update({ body: "offer 2" });
  await rig.after(5);
  assert.equal((await first).status, 488);
  b.on("update", (incoming) => incoming.respond(200, { body: "answer 2" }));
  const second = a.update({ body: "offer 3" });
  await rig.after(5);
  assert.equal((await second).body.toString(), "answer 2");
  assert.deepEqual([a.localSdp?.toString(), b.remoteSdp?.toString()], ["offer 3", "offer 3"]);
  const third = a.update();
  await rig.after(5);
  assert.equal((await third).status, 200);
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3311, RFC 7866 9.2: an UPDATE whose body is no description is told, and waits for nothing", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const metadata = { body: "<requestsnapshot/>", contentType: "application/rs-metadata+xml" };
  const unheard = b.update(metadata);
  await rig.after(5);
  assert.equal((await unheard).status, 200);
  const told: string[] = [];
  b.on("reinvite", () => undefined);
  a.on("bodyUpdate", (incoming) => {
    told.push(incoming.request.body.toString());
    incoming.respond(told.length === 1 ? 200 : 415);
  });
  void a.reinvite({ body: "offer 2" });
  await rig.after(5);
  const [first, second] = [b.update(metadata), b.update(metadata)];
  await rig.after(5);
  assert.deepEqual([(await first).status, (await second).status, told.length], [200, 415, 2]);
  assert.notEqual((await first).contact, undefined);
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 4028 7.2: what a refresh repeats of a multipart body is its description", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  b.on("reinvite", (incoming) => incoming.respond(200, { body: "answer 2" }));
  const parts = formatMultipart(
    [
      { contentType: "application/sdp", body: "offer 2" },
      { contentType: "application/rs-metadata+xml", body: "<recording/>" },
    ],
    "boundary",
  );
  const done = a.reinvite(parts);
  await rig.after(5);
  assert.equal((await done).status, 200);
  assert.equal(a.localSdp?.toString(), "offer 2");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 3261 12.2.2: requests out of order get 500, requests of no dialog 481, unknown methods 501", async () => {
  const rig = await new CallRig().start();
  const { a } = await rig.call();
  const unknown = a.request("DANCE");
  await rig.after(5);
  assert.equal((await unknown).status, 501);
  const statuses: number[] = [];
  for (const [cseq, tag] of [
    [1, a.remoteTag],
    [9, "nobody"],
  ] as const) {
    const request = rig.caller.newRequest("INFO", {
      uri: rig.calleeUri,
      to: `<sip:bob@127.0.0.1>;tag=${tag ?? ""}`,
      from: `<sip:alice@127.0.0.1>;tag=${a.localTag}`,
      callId: a.callId,
      cseq,
    });
    rig.caller.request(request, { uri: rig.calleeUri }, { onFinal: (r) => statuses.push(r.status) });
    await rig.after(5);
  }
  assert.deepEqual(statuses, [500, 481]);
});

test("RFC 3261 12.2.1.2: 481 to a request inside the dialog ends the session without BYE", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const ends: string[] = [];
  a.on("ended", (reason) => ends.push(`${reason.by} ${reason.response?.status ?? ""}`));
  rig.network.filter = (bytes) => !bytes.toString("latin1").startsWith("BYE");
  b.terminate();
  await rig.after(33_000);
  const info = a.request("INFO");
  await rig.after(5);
  assert.equal((await info).status, 481);
  assert.deepEqual(ends, ["remote 481"]);
  assert.equal((await a.request("INFO")).status, 481);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("an INFO that nobody answers resolves with 408 and leaves the session", async () => {
  const rig = await new CallRig().start();
  const { a } = await rig.call();
  rig.network.filter = () => false;
  const info = a.request("INFO");
  await rig.after(33_000);
  assert.equal((await info).status, 408);
  assert.equal(a.state, "confirmed");
});

test("RFC 3311 5.1: UPDATE carries an offer in an early dialog", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  b.on("update", (incoming) => incoming.respond(200, { body: "answer 2" }));
  b.progress(183, { reliable: true, body: "answer" });
  await rig.after(5);
  const update = a.update({ body: "offer 2" });
  await rig.after(5);
  assert.equal((await update).body.toString(), "answer 2");
  assert.equal(a.state, "early");
  a.cancel();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 5407 3.1.5: a re-INVITE that overtakes the ACK is served, since the offer was answered", async () => {
  const rig = await new CallRig().start();
  const a = rig.invite();
  await rig.after(5);
  const b = rig.answered[0];
  assert.ok(b !== undefined);
  b.on("reinvite", (incoming) => incoming.respond(200, { body: "answer 2" }));
  rig.network.filter = (bytes) => !bytes.toString("latin1").startsWith("ACK");
  b.accept({ body: "answer" });
  await rig.after(5);
  rig.network.filter = () => true;
  const pending = a.reinvite({ body: "offer 2" });
  await rig.after(5);
  assert.equal((await pending).status, 200);
  await rig.after(2_000);
  assert.equal(b.state, "confirmed");
  a.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("session listeners that throw do not reach the stack", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  b.on("ended", () => {
    throw new Error("mistake");
  });
  a.terminate();
  await rig.after(10);
  assert.equal(b.state, "ended");
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("BYE while a re-INVITE waits to be repeated after 491: its promise resolves, no timer is left", async () => {
  const rig = await new CallRig().start();
  const { a, b } = await rig.call();
  const both = Promise.all([a.reinvite({ body: "a" }), b.reinvite({ body: "b" })]);
  await rig.after(10);
  await Promise.all([a.bye(), rig.after(20)]);
  assert.deepEqual(
    (await both).map((r) => r.status),
    [481, 481],
  );
  assert.deepEqual(await rig.leftovers(), NOTHING);
});
