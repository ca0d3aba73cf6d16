import type { ChildProcess } from "node:child_process";
import { delay, systemClock } from "@sidetone/foundation";
import { type PacketIO, writeRtpHeader } from "@sidetone/rtp";

/** Where everything listens. */
export const HOST = "127.0.0.1";
const PACKET_MS = 20;

/** The next message of a process under test. */
export function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (value) => resolve(value as T));
    child.once("exit", () => reject(new Error("the process under test has ended")));
  });
}

/** Sends every stream's packet once in 20 ms, spread over them, until told to stop. */
export function generate(io: PacketIO, phones: readonly number[], ports: readonly number[]): () => void {
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
