import assert from "node:assert/strict";
import { test } from "node:test";
import { Headers, SipRequest } from "@sidetone/sip";
import { Bench, events, msml, recorder } from "../../test-support/bench.ts";
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

test("R31: a recorder that answers nothing any more: its session is ended, another is invited, the gap is what nobody has", async () => {
  const { bench, a, session } = await recording();
  bench.sip.onOptions = () => new Promise((resolve) => bench.clock.after(2_000, () => resolve(undefined)));
  await bench.clock.advanceAsync(3_000);
  assert.deepEqual(session.log, ["terminate"]);
  assert.deepEqual(bench.engine.calls.slice(-2), ["hold 3 rewind 2000", "hold 4 rewind 2000"]);
  await bench.acceptRecorder(1);
  assert.match(events(a).at(-1) ?? "", /^recorder\.switched .*epoch=2 away=0 gap=1000$/);
});

test("R31: the only recorder is killed: failed after 5 s, the conference has no recorder, the call goes on", async () => {
  const { bench, a, b, session } = await recording();
  bench.sip.onOptions = () => Promise.resolve(undefined);
  bench.server.connectionClosed({ transport: "tcp", remote: { host: "127.0.0.1", port: 5090 } });
  bench.server.connectionClosed({ transport: "udp", remote: { host: "127.0.0.1", port: 5090 } });
  await settled();
  assert.deepEqual(session.log, ["terminate"]);
  for (let attempt = 1; bench.server.stats.recorders > 0; attempt += 1) {
    bench.sip.invited[attempt]?.session.rejected(503);
    await bench.clock.advanceAsync(500);
    assert.ok(attempt <= 11, "attempts have an end");
  }
  assert.match(
    events(a).at(-1) ?? "",
    /^recorder\.failed .*reason=recorder-lost \(it is gone.*; no-recorder \(503 Reason 503\)\)/,
  );
  assert.equal(bench.engine.taps.size, 0);
  assert.equal(b.state, "confirmed");
});

test("R31: BYE with a Reason in mid-call says that the recorder cannot go on: another takes over; without one it is the end", async () => {
  const { bench, a, session } = await recording();
  session.end({ by: "remote", request: byeOf('SIP;cause=503;text="disk full"') });
  await settled();
  assert.equal(bench.sip.invited.length, 2);
  await bench.acceptRecorder(1);
  assert.match(events(a).at(-2) ?? "", /^recorder\.degraded .*reason=recorder-lost \(BYE: SIP;cause=503/);
  assert.match(events(a).at(-1) ?? "", /^recorder\.switched .* gap=0$/);
  bench.recorder(1).session.end({ by: "remote" });
  await settled();
  assert.match(events(a).at(-1) ?? "", /^recorder\.stopped/);
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

test("R34: a final BYE that nobody knows anything of: the recording is degraded", async () => {
  for (const status of [481, 408, 503]) {
    const { bench, a, session } = await recording();
    session.byeAnswer = response(status);
    await msml(a, recorder("stop"));
    await settled();
    const told = events(a).slice(-2);
    assert.match(told[0] ?? "", /^recorder\.stopped/);
    assert.match(told[1] ?? "", /^recorder\.degraded .*reason=recorder-lost \(BYE: /);
    assert.equal(bench.engine.taps.size, 0);
  }
});

test("recorders are asked once a second only while they record", async () => {
  const { bench, a } = await recording();
  assert.equal(bench.sip.asked.length, 11);
  await msml(a, recorder("stop"));
  await bench.clock.advanceAsync(5_000);
  assert.equal(bench.sip.asked.length, 11);
});
