import { type ChildProcess, fork } from "node:child_process";
import { delay, silentLogger, systemClock } from "@sidetone/foundation";
import { type PacketIO, writeRtpHeader } from "@sidetone/rtp";
import { type MediaEngine, startMediaEngine } from "../services/media-server/src/media/index.ts";

/** Where everything listens. */
export const HOST = "127.0.0.1";
const PACKET_MS = 20;

/** What the process under test has used between "begin" and "end". */
export interface Used {
  /** User and system. */
  readonly cpuMicros: number;
  readonly seconds: number;
}

type Stats = Awaited<ReturnType<MediaEngine["stats"]>>;

/** The media engine of a process under test. */
export function engineUnderTest(packetIo: "dgram" | "batched"): Promise<MediaEngine> {
  return startMediaEngine({
    rtp: { address: HOST, advertise: HOST, portMin: 40_000, portMax: 48_000, packetIo },
    log: silentLogger,
    clock: systemClock,
  });
}

/** In the process under test, where all calls are set up: says where the streams go, and answers "end" with what `counted` makes of both counts. */
export function report<T extends object>(
  engine: MediaEngine,
  ports: readonly number[],
  counted: (before: Stats, after: Stats) => T,
): void {
  const begin = async () => ({ stats: await engine.stats(), at: systemClock.now(), cpu: process.cpuUsage() });
  let began = begin();
  process.on("message", (message) => {
    void (async () => {
      if (message === "begin") {
        began = begin();
        return;
      }
      const { stats, at, cpu } = await began;
      const used = process.cpuUsage(cpu);
      const seconds = (systemClock.now() - at) / 1000;
      const measured: T & Used = {
        ...counted(stats, await engine.stats()),
        cpuMicros: used.user + used.system,
        seconds,
      };
      process.send?.(measured);
      await engine.close();
      process.disconnect();
    })();
  });
  process.send?.(ports);
}

/** Starts a process under test (`file --under-test ORDER`), sends it all streams, and gives what it reports of so many seconds. */
export async function measured<T extends Used>(
  file: string,
  order: object,
  o: { readonly io: PacketIO; readonly phones: readonly number[]; readonly seconds: number },
): Promise<T> {
  const child = fork(file, ["--under-test", JSON.stringify(order)]);
  const stop = generate(o.io, o.phones, await answer<number[]>(child));
  await delay(systemClock, 1000);
  child.send("begin");
  await delay(systemClock, o.seconds * 1000);
  child.send("end");
  const found = await answer<T>(child);
  stop();
  o.io.shutdown();
  return found;
}

/** The next message of a process under test. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (value) => resolve(value as T));
    child.once("exit", () => reject(new Error("the process under test has ended")));
  });
}

/** Sends every stream's packet once in 20 ms, spread over them, until told to stop. */
function generate(io: PacketIO, phones: readonly number[], ports: readonly number[]): () => void {
  const dests = ports.map((port) => io.dest(HOST, port));
  const bytes = new Uint8Array(172).fill(0xd5);
  const begin = systemClock.now();
  let sent = 0;
  let stopped = false;
  const step = (): void => {
    if (stopped) return;
    const due = Math.floor(((systemClock.now() - begin) / PACKET_MS) * dests.length);
    for (; sent < due; sent++) {
      const stream = sent % dests.length;
      const n = Math.floor(sent / dests.length);
      writeRtpHeader(bytes, 0, 0, false, n & 0xffff, n * 160, stream + 1);
      io.queue(phones[stream % 2] ?? 0, dests[stream] ?? 0, bytes, 0, bytes.length);
    }
    io.flush();
    void delay(systemClock, 1).then(step);
  };
  step();
  return () => {
    stopped = true;
  };
}
