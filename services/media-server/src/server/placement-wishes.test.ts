// What a recording INVITE tells the Resource Manager beside its Request-URI.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, events, msml, setUp } from "../../test-support/bench.ts";
import { answerSdp, settled } from "../../test-support/fake-sip.ts";

function headerOf(bench: Bench, index: number, name: string): string | undefined {
  return bench.recorder(index).headers.find(([key]) => key === name)?.[1];
}

test("R11: the site that the legs were placed by goes on to the recording's INVITE, also once their phone has gone", async () => {
  const bench = new Bench();
  const a = await bench.leg("pstn");
  const b = await bench.leg("7001", "sendrecv", "0", [["X-Genesys-geo-location", "berlin"]]);
  await msml(a, setUp(a, b));
  await settled();
  assert.equal(headerOf(bench, 0, "X-Genesys-geo-location"), "berlin");
  const session = await bench.acceptRecorder();
  b.end({ by: "remote" });
  await settled();
  session.end({ by: "timeout" });
  await settled();
  assert.equal(headerOf(bench, 1, "X-Genesys-geo-location"), "berlin");
});

test("R11: where no site is named none is passed on", async () => {
  const bench = new Bench();
  await bench.call();
  assert.equal(headerOf(bench, 0, "X-Genesys-geo-location"), undefined);
});

test("R31, R32: the token of the last 2xx is repeated when the recording moves", async () => {
  const bench = new Bench();
  await bench.call();
  const { session, body } = bench.recorder(0);
  assert.equal(headerOf(bench, 0, "X-Resource-Token"), undefined);
  session.accepted(answerSdp(body) ?? "", [["X-Resource-Token", "token-1"]]);
  await settled();
  session.end({ by: "timeout" });
  await settled();
  assert.equal(headerOf(bench, 1, "X-Resource-Token"), "token-1");
  assert.match(headerOf(bench, 1, "X-Resource-Avoid") ?? "", /127\.0\.0\.1:5090/);
});

test("R10: a copy that moves names where the other one is: no Resource Manager puts both there", async () => {
  const bench = new Bench();
  await bench.call('<rec:param name="dest2" value="sip:backup.example"/>');
  assert.equal(headerOf(bench, 0, "X-Resource-Sibling"), "sip:backup.example");
  const [first, second] = [bench.recorder(0).session, bench.recorder(1).session];
  second.remoteTarget = "sip:recorder@127.0.0.1:5099";
  await bench.acceptRecorder(0);
  await bench.acceptRecorder(1);
  first.end({ by: "timeout" });
  await settled();
  assert.equal(headerOf(bench, 2, "X-Resource-Sibling"), "sip:recorder@127.0.0.1:5099");
  second.end({ by: "timeout" });
  await settled();
  assert.equal(headerOf(bench, 3, "X-Resource-Sibling"), "sip:recorder@127.0.0.1:5090");
});

test("R31: Retry-After of a refusal is waited for, half of what is left of the 10 s at most", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const session = await bench.acceptRecorder();
  session.end({ by: "timeout" });
  await settled();
  const at: number[] = [];
  for (let n = 1; bench.server.stats.recorders > 0 && n < 200; n += 1) {
    const asked = bench.sip.invited.length;
    if (asked > at.length + 1) {
      at.push(bench.clock.now());
      bench.recorder(asked - 1).session.rejected(503, [["Retry-After", at.length === 1 ? "2" : "30"]]);
    }
    await bench.clock.advanceAsync(100);
  }
  const [first = 0, second, third, fourth] = at;
  assert.deepEqual(
    [second, third, fourth].map((ms) => (ms ?? 0) - first),
    [2_000, 6_000, 8_000],
  );
  assert.ok(at.length > 5 && at.length < 12, String(at.length));
  assert.match(events(a).at(-1) ?? "", /^recorder\.failed .*recorder-lost/);
});
