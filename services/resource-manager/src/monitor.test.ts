import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { Headers, SipResponse } from "@sidetone/sip";
import { Pool } from "./groups/pool.ts";
import { HealthMonitor } from "./monitor.ts";

const address = "sip:10.0.0.1:5080;transport=tcp";

function watched(answer: () => SipResponse | "timeout" | Promise<SipResponse | "timeout">): {
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
    monitor: { intervalMs: 500, timeoutMs: 2000, returnAnswers: 1 },
    recordRoute: false,
    preference: 1,
    geoLocation: undefined,
    geoOverflow: true,
    clients: undefined,
    resources: [{ address, portCapacity: undefined, preference: 1, geoLocation: undefined, withdrawn: false }],
  } as const;
  const pool = new Pool([group], clock.now());
  let asked = 0;
  const ask = async (): Promise<SipResponse | "timeout"> => {
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
