import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers, SipRequest } from "@sidetone/sip";
import { Bench, events, metadataIn, msml, msmlType, recorder, start } from "../../test-support/bench.ts";
import { answerSdp, response, settled, transaction } from "../../test-support/fake-sip.ts";

test("a recorded call is set up: legs relayed, taps with what was kept, then the recording INVITE", async () => {
  const bench = new Bench();
  const { result } = await bench.call();
  assert.deepEqual([result.response, result.recorderIds], [200, ["r1"]]);
  assert.deepEqual(bench.engine.calls, [
    "conference 1/c1: 1",
    "conference 1/c1: 1 2",
    "openTap 3 leg 1 backfill 35",
    "openTap 4 leg 2 backfill 35",
  ]);
  const { uri, headers, body } = bench.recorder();
  assert.equal(
    uri,
    "sip:record=r1@127.0.0.1:5070;transport=tcp;calluuid=UUID1;dn=7001;otherdn=+1555;recorddn=7001;copy=1;epoch=1",
  );
  assert.ok(headers.some(([name, value]) => name === "Require" && value === "siprec"));
  assert.deepEqual(bench.sip.invited[0]?.options.contactParams, [["+sip.src", true]]);
  const { sdp, metadata } = metadataIn(body);
  assert.match(sdp, /m=audio 20006 RTP\/AVP 0 8 101\r\n[^]*?a=ptime:20\r\na=label:1\r\na=sendonly\r\nm=audio 20008/);
  assert.deepEqual(
    metadata.streams.map(({ label }) => label),
    ["1", "2"],
  );
});

test("a placeholder leg can be joined before its far end is known; its SDP comes by re-INVITE with the same ports", async () => {
  const bench = new Bench();
  const leg = await bench.leg("7001", "inactive");
  assert.match(leg.localSdp?.toString() ?? "", /m=audio 10002 .*a=inactive/s);
  assert.equal(bench.engine.legs.get(1)?.remote, undefined);
  const offer = (leg.localSdp?.toString() ?? "").replace("a=inactive", "a=sendrecv").replace("10002", "4444");
  const again = await leg.incoming("INVITE", offer, "application/sdp");
  assert.equal(again.status, 200);
  assert.match(again.body, /o=- \d+ 2 IN .*m=audio 10002 .*a=sendrecv/s);
  assert.equal(bench.engine.legs.get(1)?.remote?.port, 4444);
  const same = await leg.incoming("UPDATE", offer, "application/sdp");
  assert.equal(same.body, again.body, "RFC 3264 8: an unchanged description keeps its version");
});

test("the recorder accepts: media goes there, recorder.started names id, copy and destination", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await bench.acceptRecorder();
  assert.deepEqual(bench.engine.calls.slice(4), ["send 3 127.0.0.1:25000 PCMU", "send 4 127.0.0.1:25002 PCMU"]);
  assert.deepEqual(events(a), ["recorder.started id=r1 destination=sip:recorder@127.0.0.1:5090 copy=1 epoch=1"]);
});

test("R19: pause: capture has stopped when the INFO is answered; then re-INVITE inactive with metadata; resume likewise", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const session = await bench.acceptRecorder();
  bench.engine.calls.length = 0;
  assert.equal((await msml(a, recorder("pause", '<rec:user-param name="why" value="card"/>'))).response, 200);
  assert.deepEqual(bench.engine.calls.slice(0, 2), ["pause 3", "pause 4"]);
  await settled();
  const paused = metadataIn(session.sent[0]?.body ?? "");
  assert.match(paused.sdp, /a=inactive/);
  assert.doesNotMatch(paused.sdp, /a=sendonly/);
  assert.deepEqual([paused.metadata.call?.state, paused.metadata.call?.userParams.get("why")], ["paused", "card"]);
  await msml(a, recorder("resume"));
  await settled();
  assert.match(metadataIn(session.sent[1]?.body ?? "").sdp, /a=sendonly/);
  assert.deepEqual(events(a).slice(1), ["recorder.paused id=r1", "recorder.resumed id=r1"]);
});

test("stop: BYE, taps closed when it is over, recorder.stopped; a new start is accepted", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  const session = await bench.acceptRecorder();
  assert.equal((await msml(a, recorder("stop"))).response, 200);
  await settled();
  assert.deepEqual(session.log, ["BYE"]);
  assert.equal(bench.engine.taps.size, 0);
  assert.match(events(a).at(-1) ?? "", /^recorder\.stopped id=r1 .*reason=stop$/);
  assert.equal((await msml(a, start(a, b, "", 'epoch="2"'))).response, 200);
  assert.equal(bench.sip.invited.length, 2);
});

test("R18: parameters of stop travel in a last re-INVITE, then BYE", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const session = await bench.acceptRecorder();
  await msml(a, recorder("stop", '<rec:user-param name="result" value="sold"/>'));
  await settled();
  const { metadata } = metadataIn(session.sent[0]?.body ?? "");
  assert.deepEqual([metadata.call?.state, metadata.call?.userParams.get("result")], ["stopped", "sold"]);
  assert.deepEqual(session.log, ["BYE"]);
});

test("a recorder that refuses: recorder.failed with the reason, taps closed, the call untouched, a later start works", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  bench.recorder().session.rejected(486);
  await settled();
  assert.deepEqual(events(a), [
    "recorder.failed id=r1 destination=sip:127.0.0.1:5070;transport=tcp copy=1 epoch=1 reason=recorder-refused (486 Reason 486)",
  ]);
  assert.equal(bench.engine.taps.size, 0);
  assert.equal(b.state, "confirmed");
  assert.equal((await msml(a, recorder("pause"))).response, 430);
  assert.equal((await msml(a, start(a, b, "", 'epoch="2"'))).response, 200);
});

test("R30: a recorder that says that a newer session has taken over: recorder.stopped, no other is asked; the conference has no recorder", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const session = await bench.acceptRecorder();
  const bye = new SipRequest(
    "BYE",
    "sip:us",
    Headers.of([["Reason", 'SIP;cause=200;text="superseded"']]),
    Buffer.alloc(0),
  );
  session.end({ by: "remote", request: bye });
  await settled();
  assert.equal(bench.sip.invited.length, 1);
  assert.match(events(a).at(-1) ?? "", /^recorder\.stopped .*reason=BYE: SIP;cause=200/);
  assert.equal((await msml(a, recorder("stop"))).response, 430);
});

test("R31: a recorder that vanishes: taps buffer, another INVITE with a higher epoch avoids it, recorder.switched", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const session = await bench.acceptRecorder();
  bench.engine.calls.length = 0;
  session.end({ by: "timeout" });
  await settled();
  assert.deepEqual(bench.engine.calls, ["hold 3 rewind 2000", "hold 4 rewind 2000"]);
  const next = bench.recorder(1);
  assert.match(next.uri, /copy=1;epoch=2$/);
  assert.ok(next.headers.some(([name, value]) => name === "X-Resource-Avoid" && value.includes("127.0.0.1:5090")));
  bench.clock.advance(1_500);
  await bench.acceptRecorder(1);
  assert.match(events(a).at(-1) ?? "", /^recorder\.switched id=r1 .*epoch=1 away=1500 gap=0$/);
  assert.equal(bench.engine.taps.size, 2);
});

test("R10: two destinations, each with its own taps; one that fails degrades the recording only", async () => {
  const bench = new Bench();
  const { a } = await bench.call(
    '<rec:param name="dest" value="sip:127.0.0.1:7001"/><rec:param name="dest2" value="sip:127.0.0.1:7002"/>',
  );
  assert.equal(bench.engine.taps.size, 4);
  assert.match(bench.recorder(0).uri, /@127\.0\.0\.1:7001;.*copy=1/);
  assert.match(bench.recorder(1).uri, /@127\.0\.0\.1:7002;.*copy=2/);
  await bench.acceptRecorder(0);
  bench.recorder(1).session.rejected(503);
  await settled();
  assert.deepEqual(
    events(a).map((event) => event.split(" ", 1)[0]),
    ["recorder.started", "recorder.degraded"],
  );
  assert.equal(bench.engine.taps.size, 2);
});

test("R10: each copy says where the other one goes, so that they never meet", async () => {
  const siblings = async (params: string): Promise<(string | undefined)[]> => {
    const bench = new Bench();
    await bench.call(params);
    return bench.sip.invited
      .filter(({ options }) => options.uri.includes("record="))
      .map(({ options }) => options.headers?.find(([name]) => name === "X-Resource-Sibling")?.[1]);
  };
  const dest = '<rec:param name="dest" value="sip:127.0.0.1:7001"/>';
  const dest2 = '<rec:param name="dest2" value="sip:127.0.0.1:7002"/>';
  assert.deepEqual(await siblings(dest2), ["sip:127.0.0.1:7002", undefined]);
  assert.deepEqual(await siblings(dest + dest2), ["sip:127.0.0.1:7002", "sip:127.0.0.1:7001"]);
  assert.deepEqual(await siblings(dest), [undefined]);
});

test("R32: with the first Resource Manager silent the second is tried", async () => {
  const bench = new Bench(["sip:127.0.0.1:5070", "sip:127.0.0.1:5071"]);
  await bench.call();
  const silent = response(503);
  silent.headers.set("X-Synthesised", "transport");
  bench.recorder(0).session.emit("rejected", silent);
  await settled();
  assert.deepEqual(bench.sip.invited[1]?.options.to, { uri: "sip:127.0.0.1:5071" });
});

test("RFC 7866 7.2: an offerless re-INVITE of the recorder gets our offer, its answer moves the media", async () => {
  const bench = new Bench();
  await bench.call();
  const session = await bench.acceptRecorder();
  const asked = await session.incoming("INVITE", "", "application/sdp");
  assert.match(asked.body, /a=label:1.*a=label:2/s);
  bench.engine.calls.length = 0;
  asked.incoming.onAck?.({
    body: Buffer.from(answerSdp(asked.body, 26_000) ?? ""),
    headers: session.invite.headers,
  } as never);
  await settled();
  assert.deepEqual(bench.engine.calls, ["send 3 127.0.0.1:26000 PCMU", "send 4 127.0.0.1:26002 PCMU"]);
});

test("RFC 7866 9.2: a snapshot request is answered, complete metadata follow; an SDP of the recorder is answered with ours", async () => {
  const bench = new Bench();
  await bench.call();
  const session = await bench.acceptRecorder();
  const snapshot = await session.incoming("UPDATE", "<requestsnapshot/>", "application/rs-metadata+xml");
  assert.deepEqual([snapshot.status, snapshot.body], [200, ""]);
  await settled();
  assert.equal(metadataIn(session.sent[0]?.body ?? "").metadata.dataMode, "complete");
  bench.engine.calls.length = 0;
  const offer = answerSdp(bench.recorder().body, 27_000) ?? "";
  assert.match((await session.incoming("UPDATE", offer, "application/sdp")).body, /a=label:1/);
  await settled();
  assert.deepEqual(bench.engine.calls, ["send 3 127.0.0.1:27000 PCMU", "send 4 127.0.0.1:27002 PCMU"]);
  assert.equal((await session.incoming("INVITE", "v=0", "application/sdp")).status, 488);
});

test("events go to the dialog of the last recorder command, else to any that lives", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  await msml(b, recorder("update"));
  await bench.acceptRecorder();
  assert.equal(events(a).length, 0);
  assert.equal(events(b).length, 1);
  b.end({ by: "remote" });
  await settled();
  await msml(a, recorder("pause"));
  await settled();
  assert.deepEqual(events(a), ["recorder.paused id=r1"]);
});

test("an event never overtakes the result of the request that caused it", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await bench.acceptRecorder();
  const order: string[] = [];
  a.onSent = (method) => {
    order.push(method);
    return response(200);
  };
  const body = `<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">${recorder("pause")}</msml>`;
  await a.incoming("INFO", body, msmlType).then(() => order.unshift("result"));
  await settled();
  assert.deepEqual(order, ["result", "INFO"]);
});

test("a leg's BYE closes the leg; with the last one the conference and its recording go", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  const session = await bench.acceptRecorder();
  b.end({ by: "remote" });
  await settled();
  assert.ok(bench.engine.calls.includes("closeLeg 2"));
  const { metadata: told, sdp } = metadataIn(session.sent.at(-1)?.body ?? "");
  assert.match(sdp, /a=label:1\r\na=sendonly\r\n[^]*a=label:2\r\na=inactive/);
  assert.ok(told.participantSessions.some(({ disassociateTime }) => disassociateTime !== undefined));
  a.end({ by: "remote" });
  await settled();
  assert.equal(session.state, "ended");
  assert.deepEqual([bench.server.stats.legs, bench.server.stats.conferences, bench.server.stats.recorders], [0, 0, 0]);
  assert.deepEqual([bench.engine.legs.size, bench.engine.taps.size], [0, 0]);
});

test("INFO: foreign content types are 415, unreadable MSML is a result, an empty body is fine", async () => {
  const bench = new Bench();
  const a = await bench.leg("7001");
  assert.equal((await a.incoming("INFO", "Signal=1", "application/dtmf-relay")).status, 415);
  assert.equal((await msml(a, "<frob/>")).response, 401);
  assert.equal((await a.incoming("INFO", "", "")).status, 200);
  assert.equal((await a.incoming("MESSAGE", "x", "text/plain")).status, 501);
});

test("no ports: the leg is refused; no taps: the start is refused with 520 and may be tried again", async () => {
  const bench = new Bench();
  bench.engine.failing = { openLeg: "rtp-ports-exhausted" };
  const refused = await bench.leg("7001");
  assert.deepEqual(refused.log, ["503"]);
  bench.engine.failing = { openTap: "rtp-ports-exhausted" };
  const { a, b, result } = await bench.call();
  assert.equal(result.response, 520);
  bench.engine.failing = {};
  assert.equal((await msml(a, start(a, b))).response, 200);
});

test("requests that are none of ours, load in the answer to OPTIONS, a full server", async () => {
  const bench = new Bench(undefined, 1);
  const options = transaction("OPTIONS", "sip:127.0.0.1");
  await bench.leg("7001");
  bench.server.onRequest(options);
  assert.deepEqual(
    options.answers[0]?.headers.find(([name]) => name === "X-Resource-Load"),
    ["X-Resource-Load", "sessions=1;capacity=1"],
  );
  for (const [method, uri, status] of [
    ["INVITE", "sip:7001@127.0.0.1", 404],
    ["INVITE", "sip:msml=c2@127.0.0.1", 503],
    ["REGISTER", "sip:127.0.0.1", 405],
  ] as const) {
    const tx = transaction(method, uri);
    bench.server.onRequest(tx);
    assert.equal(tx.answers[0]?.status, status, `${method} ${uri}`);
  }
});

test("a held recorder stream buffers until the recorder takes it", async () => {
  const bench = new Bench();
  await bench.call();
  const { session, body } = bench.recorder();
  session.accepted((answerSdp(body) ?? "").replaceAll("a=recvonly", "a=inactive"));
  await settled();
  assert.deepEqual(bench.engine.calls.slice(4), ["hold 3", "hold 4"]);
});

test("offers without G.711 are refused with 488 and leave nothing behind", async () => {
  const bench = new Bench();
  const leg = await bench.leg("7001", "sendrecv", "18");
  await settled();
  assert.deepEqual(leg.log, ["488"]);
  assert.deepEqual([bench.engine.legs.size, bench.server.stats.legs], [0, 0]);
});

test("R33: one silent leg is left alone, all silent legs end the call", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  const session = await bench.acceptRecorder();
  bench.engine.emit("inactive", 1, 90_000);
  await settled();
  assert.equal(events(a).length, 1);
  assert.equal(a.state, "confirmed");
  bench.clock.advance(1_000);
  bench.engine.emit("inactive", 2, 90_000);
  await settled();
  assert.deepEqual([a.state, b.state], ["ended", "ended"]);
  // The recorder is told that nobody stopped it: it marks what it has.
  assert.deepEqual([session.log, session.byeHeaders], [["BYE"], [["Reason", 'SIP;cause=408;text="no RTP"']]]);
  assert.deepEqual([bench.engine.taps.size, bench.server.stats.recorders], [0, 0]);
});

test("close: recordings and legs end, nothing stays open, new legs are refused", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  const session = await bench.acceptRecorder();
  await bench.server.close();
  assert.deepEqual([a.state, b.state, session.state], ["ended", "ended", "ended"]);
  assert.deepEqual([bench.engine.legs.size, bench.engine.taps.size, bench.clock.pending], [0, 0, 0]);
  const tx = transaction("INVITE", "sip:msml=c2@127.0.0.1");
  bench.server.onRequest(tx);
  assert.equal(tx.answers[0]?.status, 503);
});

test("RFC 3261 8.2.2.3: an extension that is not known is refused with 420, in INVITE and OPTIONS; our own are not", async () => {
  const bench = new Bench();
  for (const method of ["INVITE", "OPTIONS"]) {
    const tx = transaction(method, "sip:msml=c1@127.0.0.1;dn=1");
    tx.request.headers.append("Require", "timer, foo");
    bench.server.onRequest(tx);
    assert.deepEqual(tx.answers, [{ status: 420, headers: [["Unsupported", "foo"]] }]);
  }
  const known = transaction("OPTIONS", "sip:127.0.0.1");
  known.request.headers.append("Require", "SIPREC, 100rel");
  bench.server.onRequest(known);
  assert.equal(known.answers[0]?.status, 200);
  assert.deepEqual([bench.engine.legs.size, bench.sip.accepted.length], [0, 0]);
});
