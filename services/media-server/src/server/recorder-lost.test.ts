import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers, SipRequest } from "@sidetone/sip";
import { Bench, events, metadataIn, msml, recorder, setUp } from "../../test-support/bench.ts";
import { type FakeSession, response, settled } from "../../test-support/fake-sip.ts";

async function recording(): Promise<{ bench: Bench; a: FakeSession; b: FakeSession; session: FakeSession }> {
  const bench = new Bench();
  const { a, b } = await bench.call();
  const session = await bench.acceptRecorder();
  await bench.clock.advanceAsync(10_000);
  return { bench, a, b, session };
}

function byeOf(reason: string): SipRequest {
  return new SipRequest("BYE", "sip:us", Headers.of([["Reason", reason]]), Buffer.alloc(0));
}

test("R31: a recorder that answers nothing any more: its session is ended, another is invited and gets all since 2 s before its last sign of life", async () => {
  const { bench, a, session } = await recording();
  bench.sip.onOptions = () => new Promise((resolve) => bench.clock.after(2_000, () => resolve(undefined)));
  await bench.clock.advanceAsync(3_000);
  assert.deepEqual(session.log, ["terminate"]);
  assert.deepEqual(bench.engine.calls.slice(-2), ["hold 3 rewind 5000", "hold 4 rewind 5000"]);
  await bench.acceptRecorder(1);
  assert.match(events(a).at(-1) ?? "", /^recorder\.switched .*away=0 gap=0$/);
});

test("R31: the only recorder is killed: failed after 10 s, the conference has no recorder, the call goes on", async () => {
  const { bench, a, b, session } = await recording();
  bench.sip.onOptions = () => Promise.resolve(undefined);
  bench.server.connectionClosed({ transport: "tcp", remote: { host: "127.0.0.1", port: 5090 } });
  bench.server.connectionClosed({ transport: "udp", remote: { host: "127.0.0.1", port: 5090 } });
  await settled();
  assert.deepEqual(session.log, ["terminate"]);
  for (let attempt = 1; bench.server.stats.recorders > 0; attempt += 1) {
    bench.sip.invited[attempt]?.session.rejected(503);
    await bench.clock.advanceAsync(500);
    assert.ok(attempt <= 21, "attempts have an end");
  }
  assert.match(
    events(a).at(-1) ?? "",
    /^recorder\.failed .*reason=recorder-lost \(it is gone.*; no-recorder \(503 Reason 503\)\)/,
  );
  assert.equal(bench.engine.taps.size, 0);
  assert.equal(b.state, "confirmed");
});

test("R31: a recorder that hangs up in mid-call: another takes over; one that says that it cannot go on may have stored nothing for 12 s", async () => {
  for (const [request, rewind] of [
    [byeOf('SIP;cause=503;text="disk full"'), 14_000],
    [undefined, 2_000],
  ] as const) {
    const { bench, a, session } = await recording();
    session.end({ by: "remote", ...(request === undefined ? {} : { request }) });
    await settled();
    assert.equal(bench.sip.invited.length, 2);
    assert.deepEqual(bench.engine.calls.slice(-2), [`hold 3 rewind ${rewind}`, `hold 4 rewind ${rewind}`]);
    await bench.acceptRecorder(1);
    assert.match(events(a).at(-1) ?? "", /^recorder\.switched .* gap=0$/);
  }
});

test("R31: recorders that take sessions and hang up at once are asked for 10 s, twice a second at most", async () => {
  const { bench, a } = await recording();
  bench.recorder(0).session.end({ by: "remote" });
  await settled();
  for (let n = 1; bench.server.stats.recorders > 0; n += 1) {
    assert.ok(n <= 21, "attempts have an end");
    if (bench.sip.invited.length > n) {
      await bench.acceptRecorder(n);
      bench.recorder(n).session.end({ by: "remote" });
    }
    await bench.clock.advanceAsync(500);
  }
  assert.match(events(a).at(-1) ?? "", /^recorder\.failed .*recorder-lost/);
});

test("R31: a recorder that was started again knows no dialog: after its connection closed it is asked for it", async () => {
  const { bench, session } = await recording();
  session.onSent = (method) => {
    if (method === "OPTIONS") session.end({ by: "remote", response: response(481) });
    return response(481);
  };
  bench.server.connectionClosed({ transport: "udp", remote: { host: "127.0.0.1", port: 5090 } });
  await settled();
  assert.equal(bench.sip.invited.length, 2);
});

test("R31: a final BYE that nobody knows anything of, or nobody answers: another recorder gets what that one may not have", async () => {
  for (const status of [481, 408, 503, undefined]) {
    const { bench, a, session } = await recording();
    session.byeAnswer = status === undefined ? "none" : response(status);
    await msml(a, recorder("stop"));
    await settled();
    if (status === undefined) await bench.clock.advanceAsync(2_000);
    assert.deepEqual(
      bench.engine.calls.slice(-2),
      [3, 4].map((tap) => `hold ${tap} rewind ${status === undefined ? 4_000 : 2_000}`),
    );
    const next = bench.recorder(1);
    assert.match(metadataIn(next.body).sdp, /a=sendonly/);
    assert.doesNotMatch(events(a).join(), /recorder\.stopped/);
    bench.engine.backlog = 100;
    await bench.acceptRecorder(1);
    await bench.clock.advanceAsync(300);
    assert.deepEqual(next.session.log, [], "BYE waits for the audio");
    bench.engine.backlog = 0;
    await bench.clock.advanceAsync(100);
    assert.deepEqual(next.session.log, ["BYE"]);
    const told = events(a).slice(-2);
    assert.match(told[0] ?? "", /^recorder\.switched .*gap=0/);
    assert.match(told[1] ?? "", /^recorder\.stopped/);
    assert.equal(bench.engine.taps.size, 0);
  }
});

test("R34: the call ends while no recorder is there, and none comes: the last words are degraded and stopped", async () => {
  const { bench, a, session } = await recording();
  session.end({ by: "timeout" });
  await settled();
  await msml(a, recorder("stop"));
  for (let n = 1; bench.engine.taps.size > 0; n += 1) {
    assert.ok(n <= 21, "attempts have an end");
    if (bench.sip.invited.length > n) bench.recorder(n).session.rejected(503);
    await bench.clock.advanceAsync(500);
  }
  const told = events(a).slice(-2);
  assert.match(told[0] ?? "", /^recorder\.degraded .*recorder-lost \(session ended: timeout; no-recorder/);
  assert.match(told[1] ?? "", /^recorder\.stopped .*reason=stop/);
});

test("R31, R19: paused while no recorder is there: the next one is offered what was said before, then told of the pause", async () => {
  const { bench, a, session } = await recording();
  session.end({ by: "timeout" });
  await settled();
  await msml(a, recorder("pause"));
  bench.recorder(1).session.rejected(503);
  await bench.clock.advanceAsync(500);
  const next = bench.recorder(2);
  assert.match(metadataIn(next.body).sdp, /a=sendonly/);
  bench.engine.backlog = 100;
  await bench.acceptRecorder(2);
  await bench.clock.advanceAsync(200);
  assert.equal(next.session.sent.length, 0);
  bench.engine.backlog = 0;
  await bench.clock.advanceAsync(100);
  assert.match(next.session.sent.at(-1)?.body ?? "", /a=inactive/);
  assert.doesNotMatch(next.session.sent.at(-1)?.body ?? "", /a=sendonly/);
});

test("R30, R31: a recording that was paused for long is moved paused", async () => {
  const { bench, a, session } = await recording();
  await msml(a, recorder("pause"));
  await bench.clock.advanceAsync(5_000);
  session.end({ by: "timeout" });
  await settled();
  const { sdp } = metadataIn(bench.recorder(1).body);
  assert.match(sdp, /a=inactive/);
  assert.doesNotMatch(sdp, /a=sendonly/);
});

test("R31: a Resource Manager's word that a recorder is lost: it is asked at once, and given half a second", async () => {
  const { bench, session } = await recording();
  bench.server.recorderLost("sip:127.0.0.1:5099;transport=tcp");
  bench.server.recorderLost("sip:127.0.0.1:5090");
  await settled();
  assert.deepEqual(session.log, [], "it answered");
  bench.sip.onOptions = () => new Promise((resolve) => bench.clock.after(500, () => resolve(undefined)));
  bench.server.recorderLost("sip:127.0.0.1:5090");
  await bench.clock.advanceAsync(500);
  assert.deepEqual(session.log, ["terminate"]);
  assert.equal(bench.sip.invited.length, 2);
});

test("R30: each start of a recording is newer than whatever an older one's Media Server still does with it", async () => {
  const { bench, session } = await recording();
  session.end({ by: "timeout" });
  await settled();
  assert.match(bench.recorder(1).uri, /epoch=2$/);
  const other = new Bench();
  const [a, b] = [await other.leg("pstn"), await other.leg("7001", "inactive")];
  await msml(a, setUp(a, b).replace('epoch="1"', 'epoch="2"'));
  await settled();
  assert.match(other.recorder().uri, /epoch=1001$/);
});

test("recorders are asked once a second only while they record", async () => {
  const { bench, a } = await recording();
  assert.equal(bench.sip.asked.length, 11);
  await msml(a, recorder("stop"));
  await bench.clock.advanceAsync(5_000);
  assert.equal(bench.sip.asked.length, 11);
});
