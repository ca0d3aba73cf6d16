import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { systemClock } from "@sidetone/foundation";
import { Arena, libcSupported, loadLibc } from "./libc.ts";
import { packetIoContract } from "./packet-io.contract.ts";

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
}
