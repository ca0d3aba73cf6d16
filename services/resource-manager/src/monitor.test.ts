import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { Headers, SipResponse } from "@sidetone/sip";
import { Pool } from "./groups/pool.ts";
import { HealthMonitor } from "./monitor.ts";

const address = "sip:10.0.0.1:5080;transport=tcp";

type Answer = SipResponse | "timeout" | "transport";

function watched(
  answer: () => Answer | Promise<Answer>,
  returnAnswers = 1,
): {
  clock: ManualClock;
  pool: Pool;
  monitor: HealthMonitor;
  asked: () => number;
  phase: () => string | undefined;
} {
  const clock = new ManualClock();
  const group = {
    name: "ms",
    service: "msml",
    loadBalanceScheme: "round-robin",
    monitor: { intervalMs: 500, timeoutMs: 2000, returnAnswers },
    recordRoute: false,
    preference: 1,
    geoLocation: undefined,
    geoOverflow: true,
    clients: undefined,
    resources: [{ address, portCapacity: undefined, preference: 1, geoLocation: undefined, withdrawn: false }],
  } as const;
  const pool = new Pool([group], clock.now());
  let asked = 0;
  const ask = async (): Promise<Answer> => {
    asked += 1;
    return answer();
  };
  const monitor = new HealthMonitor({ pool, clock, log: silentLogger, ask });
  return { clock, pool, monitor, asked: () => asked, phase: () => pool.groups[0]?.resources[0]?.health.phase };
}

const ok = (load?: string): SipResponse =>
  new SipResponse(200, "OK", Headers.of(load === undefined ? [] : [["X-Resource-Load", load]]));

test("OPTIONS goes out every interval, counted from the last answer", async () => {
  const w = watched(() => ok());
  w.monitor.start();
  await w.clock.advanceAsync(0);
  assert.deepEqual([w.asked(), w.phase()], [1, "up"]);
  await w.clock.advanceAsync(499);
  assert.equal(w.asked(), 1);
  await w.clock.advanceAsync(1001);
  assert.equal(w.asked(), 4);
  w.monitor.close();
  assert.equal(w.clock.pending, 0);
});

test("no answer: down; the next answer: up; an asker that throws is no answer", async () => {
  let answer: () => SipResponse | "timeout" = () => "timeout";
  const w = watched(() => answer());
  w.monitor.start();
  await w.clock.advanceAsync(0);
  assert.equal(w.phase(), "down");
  answer = () => ok();
  await w.clock.advanceAsync(500);
  assert.equal(w.phase(), "up");
  answer = () => {
    throw new Error("no socket");
  };
  await w.clock.advanceAsync(500);
  assert.equal(w.phase(), "down");
  w.monitor.close();
});

test("contract, loss of a resource: a closed connection makes it be asked at once", async () => {
  const w = watched(() => ok());
  w.monitor.start();
  await w.clock.advanceAsync(100);
  w.monitor.connectionClosed({ host: "10.0.0.9", port: 5080 });
  await w.clock.advanceAsync(0);
  assert.equal(w.asked(), 1);
  w.monitor.connectionClosed({ host: "10.0.0.1", port: 5080 });
  await w.clock.advanceAsync(0);
  assert.equal(w.asked(), 2);
  await w.clock.advanceAsync(499);
  assert.equal(w.asked(), 2);
  w.monitor.close();
});

test("a resource that is down is not asked in a loop: a refused connection is a closed one too", async () => {
  const w = watched(() => "timeout");
  w.monitor.start();
  await w.clock.advanceAsync(0);
  w.monitor.connectionClosed({ host: "10.0.0.1", port: 5080 });
  await w.clock.advanceAsync(499);
  assert.equal(w.asked(), 1);
  w.monitor.close();
});

test("contract, affinity: the load in the answer to OPTIONS is taken", async () => {
  const w = watched(() => ok("sessions=7;capacity=9;draining"));
  w.monitor.start();
  await w.clock.advanceAsync(0);
  const resource = w.pool.groups[0]?.resources[0];
  assert.deepEqual([resource?.used(0), resource?.capacity, resource?.withdrawn], [7, 9, true]);
  w.monitor.close();
});

test("a connection that broke while it was asked proves nothing: it is asked once more before it counts as lost", async () => {
  const answers: (SipResponse | "transport")[] = [ok(), "transport", ok(), "transport", "transport"];
  const w = watched(() => answers.shift() ?? "timeout");
  w.monitor.start();
  await w.clock.advanceAsync(500);
  assert.deepEqual([w.asked(), w.phase()], [3, "up"]);
  await w.clock.advanceAsync(500);
  assert.deepEqual([w.asked(), w.phase()], [5, "down"]);
  w.monitor.close();
});

test("a lost resource that answered once is asked again soon, so that it is back within its interval", async () => {
  let up = false;
  const w = watched(() => (up ? ok() : "timeout"), 2);
  w.monitor.start();
  await w.clock.advanceAsync(0);
  up = true;
  await w.clock.advanceAsync(500);
  assert.equal(w.phase(), "up"); // never up before: one answer is enough
  up = false;
  await w.clock.advanceAsync(500);
  assert.equal(w.phase(), "down");
  up = true;
  await w.clock.advanceAsync(500);
  assert.equal(w.phase(), "down");
  await w.clock.advanceAsync(100);
  assert.equal(w.phase(), "up");
  w.monitor.close();
});

test("what was sent there and failed makes it be asked at once, and decides nothing by itself", async () => {
  const w = watched(() => ok());
  w.monitor.start();
  await w.clock.advanceAsync(100);
  const resource = w.pool.resources[0];
  assert(resource !== undefined);
  w.monitor.suspect(resource);
  await w.clock.advanceAsync(0);
  assert.deepEqual([w.asked(), w.phase()], [2, "up"]);
  w.monitor.close();
});
