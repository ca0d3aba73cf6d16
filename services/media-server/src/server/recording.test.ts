import assert from "node:assert/strict";
import { test } from "node:test";
import type { SipResponse } from "@sidetone/sip";
import { Bench, events, metadataIn, msml, recorder, setUp } from "../../test-support/bench.ts";
import { answerSdp, response, settled } from "../../test-support/fake-sip.ts";

test("R17: a recorder that never gives a final answer: CANCEL after 2.5 s, recorder.failed with the reason", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  bench.clock.advance(2_499);
  await settled();
  assert.deepEqual([bench.recorder().session.log, events(a)], [[], []]);
  bench.clock.advance(1);
  await settled();
  assert.deepEqual(bench.recorder().session.log, ["terminate"]);
  assert.deepEqual(events(a), [
    "recorder.failed id=r1 destination=sip:127.0.0.1:5070;transport=tcp copy=1 epoch=1 reason=recorder-no-answer (no final answer within 2500 ms, asked through sip:127.0.0.1:5070;transport=tcp)",
  ]);
  assert.deepEqual([bench.engine.taps.size, bench.clock.pending], [0, 0]);
});

test("R17, R32: the next Resource Manager is asked then; all together SIP Server hears within 5 s", async () => {
  const bench = new Bench(["sip:127.0.0.1:5070", "sip:127.0.0.1:5071", "sip:127.0.0.1:5072"]);
  const { a } = await bench.call();
  bench.recorder(0).session.emit("trying", response(100));
  bench.clock.advance(2_500);
  await settled();
  assert.deepEqual(bench.sip.invited[1]?.options.to, { uri: "sip:127.0.0.1:5071" });
  assert.deepEqual(events(a), []);
  bench.recorder(1).session.emit("trying", response(100));
  bench.clock.advance(2_499);
  await settled();
  assert.match(events(a).join(), /^recorder\.failed .*no final answer/);
  assert.equal(bench.sip.invited.length, 2);
});

test("R32: a Resource Manager that says nothing at all for 250 ms is left for the next; one that has said 100 is not, nor is the last one", async () => {
  const bench = new Bench(["sip:127.0.0.1:5070", "sip:127.0.0.1:5071"]);
  bench.sip.onOptions = (uri) => Promise.resolve(uri.endsWith(":5070") ? undefined : response(200));
  await bench.call();
  bench.clock.advance(249);
  await settled();
  assert.equal(bench.sip.invited.length, 1);
  bench.clock.advance(1);
  await settled();
  assert.deepEqual(bench.recorder(0).session.log, ["terminate"]);
  assert.deepEqual(bench.sip.invited[1]?.options.to, { uri: "sip:127.0.0.1:5071" });
  bench.clock.advance(2_000);
  await settled();
  assert.deepEqual(bench.recorder(1).session.log, []);
  await bench.acceptRecorder(1);
  // The silent one comes last now.
  bench.recorder(1).session.end({ by: "timeout" });
  await settled();
  assert.deepEqual(bench.sip.invited[2]?.options.to, { uri: "sip:127.0.0.1:5071" });
  bench.recorder(2).session.emit("trying", response(100));
  bench.clock.advance(2_000);
  await settled();
  assert.deepEqual([bench.recorder(2).session.log, bench.sip.invited.length], [[], 3]);
});

test("R17: an answer in time disarms the deadline", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const session = await bench.acceptRecorder();
  bench.clock.advance(10_000);
  await settled();
  assert.deepEqual([session.log, events(a).length], [[], 1]);
});

test("R31: a failover to a recorder that gives no final answer goes on to the next attempt", async () => {
  const bench = new Bench();
  await bench.call();
  const session = await bench.acceptRecorder();
  session.end({ by: "timeout" });
  await settled();
  bench.clock.advance(2_500);
  await settled();
  assert.deepEqual(bench.recorder(1).session.log, ["terminate"]);
  bench.clock.advance(1_000);
  await settled();
  await bench.acceptRecorder(2);
  assert.equal(bench.server.stats.sessions.get("up"), 1);
});

test("R34: a recorder that takes no audio of a side for 5 s degrades the recording, and is told when it does", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const { session, body } = bench.recorder();
  const answer = answerSdp(body) ?? "";
  const at = answer.lastIndexOf("a=recvonly");
  session.accepted(`${answer.slice(0, at)}a=inactive${answer.slice(at + 10)}`);
  await settled();
  bench.clock.advance(4_999);
  await settled();
  assert.equal(events(a).length, 1);
  bench.clock.advance(1);
  await settled();
  assert.match(events(a)[1] ?? "", /^recorder\.degraded id=r1 .*reason=the recorder takes no audio side=agent$/);
  assert.equal((await session.incoming("UPDATE", answer, "application/sdp")).status, 200);
  await settled();
  assert.match(events(a)[2] ?? "", /^recorder\.switched id=r1 .*the recorder takes audio again side=agent/);
});

test("R34: a pause is no refusal to take audio", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await bench.acceptRecorder();
  await msml(a, recorder("pause"));
  await settled();
  bench.clock.advance(60_000);
  await settled();
  assert.ok(events(a).every((event) => !event.startsWith("recorder.degraded")));
});

test("R34: a tap that overflows degrades the recording; taps of others are none of its business", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await bench.acceptRecorder();
  bench.engine.emit("overflow", 99, 1);
  await settled();
  assert.equal(events(a).length, 1);
  bench.engine.emit("overflow", 3, 1);
  await settled();
  assert.match(events(a)[1] ?? "", /^recorder\.degraded id=r1 .*reason=audio is lost.* side=customer$/);
});

test("R34: a side that is never heard degrades the recording, not in a pause; it is told when it is there", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await bench.acceptRecorder();
  bench.engine.emit("silent", 2, 5_000);
  bench.engine.emit("heard", 2, 6_000);
  await settled();
  assert.deepEqual(events(a).slice(1), [
    "recorder.degraded id=r1 reason=one-sided (no RTP from the agent side in its first 5000 ms) side=agent",
    "recorder.switched id=r1 reason=the agent side is heard after 6000 ms side=agent",
  ]);
  await msml(a, recorder("pause"));
  await settled();
  const before = events(a).length;
  bench.engine.emit("silent", 2, 5_000);
  await settled();
  assert.equal(events(a).length, before);
});

test("R16: a recording prepared paused begins with its resume: backfill, time zero there, nobody paused", async () => {
  const bench = new Bench();
  const [a, b] = [await bench.leg("pstn"), await bench.leg("7001", "inactive")];
  await msml(a, setUp(a, b).replace('backfill-ms="35"', 'initial="paused"'));
  await settled();
  assert.deepEqual(bench.engine.calls.slice(2), [
    "openTap 3 leg 1 backfill 0 paused unbegun",
    "openTap 4 leg 2 backfill 0 paused unbegun",
  ]);
  const session = await bench.acceptRecorder();
  bench.clock.advance(7_000);
  bench.engine.calls.length = 0;
  const now = bench.clock.wallMicros();
  assert.equal((await msml(a, recorder("resume").replace('"resume"', '"resume" backfill-ms="40"'))).response, 200);
  await settled();
  assert.deepEqual(bench.engine.calls.slice(0, 2), ["resume 3 backfill 40", "resume 4 backfill 40"]);
  const { metadata, sdp } = metadataIn(session.sent[0]?.body ?? "");
  assert.match(sdp, /a=sendonly/);
  assert.deepEqual(metadata.call?.events, []);
  assert.equal(metadata.sessions[0]?.startTime, now - 40_000);
  assert.ok(metadata.participantSessions.every(({ associateTime }) => associateTime === now - 40_000));
});

test("R19: no backfill over a real pause, also of a recording that was started paused", async () => {
  for (const paused of [false, true]) {
    const bench = new Bench();
    const [a, b] = [await bench.leg("pstn"), await bench.leg("7001", "inactive")];
    await msml(a, paused ? setUp(a, b).replace('backfill-ms="35"', 'initial="paused"') : setUp(a, b));
    await settled();
    const session = await bench.acceptRecorder();
    await msml(a, recorder("pause"));
    bench.engine.calls.length = 0;
    await msml(a, recorder("resume").replace('"resume"', '"resume" backfill-ms="2000"'));
    await settled();
    assert.deepEqual(bench.engine.calls.slice(0, 2), ["resume 3", "resume 4"]);
    const told = metadataIn(session.sent.at(-1)?.body ?? "").metadata.call?.events.map(({ name }) => name);
    assert.deepEqual(told, ["pause", "resume"]);
  }
});

test("R19: a pause or resume that was not carried out is refused", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await bench.acceptRecorder();
  bench.engine.failing = { pauseTap: "media-engine-closed" };
  assert.equal((await msml(a, recorder("pause"))).response, 520);
  bench.engine.failing = {};
  assert.equal((await msml(a, recorder("pause"))).response, 200);
  bench.engine.failing = { resumeTap: "media-engine-closed" };
  assert.equal((await msml(a, recorder("resume"))).response, 520);
  await settled();
  assert.ok(!events(a).includes("recorder.resumed id=r1"));
  bench.engine.failing = {};
  assert.equal((await msml(a, recorder("resume"))).response, 200);
  await settled();
  assert.equal(events(a).at(-1), "recorder.resumed id=r1");
});

test("R18: both parties hang up without stop: the re-INVITE with the first one's end is answered before BYE leaves", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  const session = await bench.acceptRecorder();
  const answer = Promise.withResolvers<SipResponse>();
  session.onSent = (method, body) => {
    session.log.push(method);
    return answer.promise.then(() => response(200, answerSdp(body)));
  };
  b.end({ by: "remote" });
  await settled();
  a.end({ by: "remote" });
  await settled();
  assert.deepEqual(session.log, ["INVITE"]);
  answer.resolve(response(200));
  await settled();
  assert.deepEqual(session.log, ["INVITE", "BYE"]);
  const { metadata } = metadataIn(session.sent[0]?.body ?? "");
  assert.ok(metadata.participantSessions.some(({ disassociateTime }) => disassociateTime !== undefined));
  assert.deepEqual([bench.server.stats.recorders, bench.engine.taps.size], [0, 0]);
});
