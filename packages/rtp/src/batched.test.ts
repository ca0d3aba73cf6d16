import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { delay, silentLogger, systemClock } from "@sidetone/foundation";
import { createPacketIO } from "./create.ts";
import { Arena, libcSupported, loadLibc } from "./libc.ts";
import { BATCH_PACKETS, EPOLL_EVENTS } from "./limits.ts";
import { packetIoContract } from "./packet-io.contract.ts";

const HOST = "127.0.0.1";

if (libcSupported()) {
  packetIoContract("batched");

  void test("no address leaves the arena", () => {
    const arena = new Arena(loadLibc(), 64);
    assert.equal(arena.reserve(40), 0);
    assert.equal(arena.reserve(24), 40);
    assert.throws(() => arena.reserve(1), RangeError);
    assert.throws(() => arena.address(60, 5), RangeError);
    assert.throws(() => arena.address(-1, 1), RangeError);
    assert.throws(() => arena.address(Number.NaN, 1), RangeError);
  });

  void test("a million packets through the batched path raise heap, external memory and array buffers by less than 1 MB", () => {
    const program = new URL("./batched-memory.fixture.ts", import.meta.url).pathname;
    const run = spawnSync(process.execPath, ["--expose-gc", program], { encoding: "utf8", timeout: 120_000 });
    assert.equal(run.status, 0, run.stderr);
    const { packets, growth } = JSON.parse(run.stdout) as { packets: number; growth: number };
    assert.ok(packets >= 1_000_000, `${packets} packets`);
    assert.ok(growth < 1_000_000, `${growth} octets more`);
  });

  void test("a worker in the batched loop ends at once: terminated while it waits in epoll", async () => {
    const source = `
      import { createPacketIO } from ${JSON.stringify(new URL("./create.ts", import.meta.url).href)};
      import { parentPort } from "node:worker_threads";
      const quiet = () => undefined;
      const io = createPacketIO({ kind: "batched", log: { debug: quiet, info: quiet, warn: quiet, error: quiet } });
      io.open({ address: "127.0.0.1", port: 0 });
      io.run();
      parentPort.postMessage("up");`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    const begin = systemClock.now();
    await worker.terminate();
    assert.ok(systemClock.now() - begin < 200, `${systemClock.now() - begin} ms`);
  });

  void test("reports of more sockets than one epoll_wait tells of are read before the packets that came after them", async (t) => {
    const io = createPacketIO({ kind: "batched", log: silentLogger, pollMs: 20 });
    t.after(() => io.shutdown());
    const order: number[] = [];
    io.onBatch = (batch) => order.push(...batch.socket.subarray(0, batch.count));
    const sender = io.open({ address: HOST, port: 0 });
    const media = io.open({ address: HOST, port: 0, mode: "poll" });
    const quiet = Array.from({ length: 2 * EPOLL_EVENTS + 10 }, () =>
      io.open({ address: HOST, port: 0, mode: "quiet" }),
    );
    for (const socket of [...quiet, media])
      io.queue(sender, io.dest(HOST, io.localPort(socket)), Uint8Array.of(1), 0, 1);
    io.flush();
    io.run();
    while (!order.includes(media)) await delay(systemClock, 5);
    assert.equal(order.indexOf(media), quiet.length);
  });

  void test("a packet that comes while others are worked on has its own arrival, not that of the turn's begin", async (t) => {
    const io = createPacketIO({ kind: "batched", log: silentLogger, pollMs: 20 });
    const other = createPacketIO({ kind: "batched", log: silentLogger });
    t.after(() => [io, other].forEach((one) => one.shutdown()));
    const sender = other.open({ address: HOST, port: 0 });
    const send = (port: number, n: number): void => {
      for (let i = 0; i < n; i++) other.queue(sender, other.dest(HOST, port), Uint8Array.of(1), 0, 1);
      other.flush();
    };
    const [first, second] = [0, 0].map(() => io.open({ address: HOST, port: 0, mode: "poll" }));
    assert.ok(first !== undefined && second !== undefined);
    let sentAt = 0;
    let arrival: number | undefined;
    io.onBatch = (batch) => {
      if (sentAt === 0) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); // work that takes time
        sentAt = systemClock.wallMicros();
        send(io.localPort(second), 1);
      } else arrival = batch.arrivalMicros[batch.socket.indexOf(second)];
    };
    send(io.localPort(first), BATCH_PACKETS);
    io.run();
    while (arrival === undefined) await delay(systemClock, 5);
    assert.ok(arrival > sentAt - 20_000, `${sentAt - arrival} µs before it was sent`);
  });
}
