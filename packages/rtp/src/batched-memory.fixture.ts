// A program of its own, run with --expose-gc: relays a million packets between two sockets and prints by how much memory grew.
import { silentLogger } from "@sidetone/foundation";
import { createPacketIO } from "./create.ts";

const TOTAL = 1_000_000;
const WARM_UP = 100_000;
const IN_FLIGHT = 100;

const io = createPacketIO({ kind: "batched", log: silentLogger });
const a = io.open({ address: "127.0.0.1", port: 0 });
const b = io.open({ address: "127.0.0.1", port: 0 });
const toA = io.dest("127.0.0.1", io.localPort(a));
const toB = io.dest("127.0.0.1", io.localPort(b));
let packets = 0;
let before = 0;
let finished = false;

function memory(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
  const use = process.memoryUsage();
  return use.heapUsed + use.external + use.arrayBuffers;
}

io.onBatch = (batch) => {
  for (let i = 0; i < batch.count; i++) {
    packets++;
    const from = batch.socket[i];
    io.queue(from ?? 0, from === a ? toB : toA, batch.data, batch.offset[i] ?? 0, batch.length[i] ?? 0);
  }
};

function watch(): void {
  if (before === 0 && packets >= WARM_UP) before = memory();
  if (!finished && packets >= TOTAL + WARM_UP) {
    finished = true;
    const growth = memory() - before;
    io.shutdown();
    process.stdout.write(JSON.stringify({ packets: packets - WARM_UP, growth }));
    return;
  }
  setImmediate(watch);
}

io.run();
for (let n = 0; n < IN_FLIGHT; n++) io.queue(a, toB, new Uint8Array(172).fill(n), 0, 172);
io.flush();
watch();
