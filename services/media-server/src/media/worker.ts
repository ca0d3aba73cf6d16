import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { type Logger, systemClock, systemRandom } from "@sidetone/foundation";
import { createPacketIO } from "@sidetone/rtp";
import { MediaCore } from "./core.ts";
import { CORE_EVENTS } from "./core-events.ts";
import { type Call, type CoreMethod, type FromWorker, toWire, type WireEvent, type WorkerInput } from "./rpc.ts";

const port = parentPort;
if (port === null) throw new Error("worker.ts runs in a worker thread only");

const post = (message: FromWorker): void => port.postMessage(message);

const log: Logger = {
  debug: (fields, msg) => post({ kind: "log", level: "debug", fields, msg }),
  info: (fields, msg) => post({ kind: "log", level: "info", fields, msg }),
  warn: (fields, msg) => post({ kind: "log", level: "warn", fields, msg }),
  error: (fields, msg) => post({ kind: "log", level: "error", fields, msg }),
  child: () => log,
};

function start(input: WorkerInput, port: MessagePort): void {
  const io = createPacketIO({ kind: input.rtp.packetIo, log, clock: systemClock });
  const core = new MediaCore({
    io,
    clock: systemClock,
    random: systemRandom,
    rtp: input.rtp,
    log,
    ...(input.inactiveAfterMs === undefined ? {} : { inactiveAfterMs: input.inactiveAfterMs }),
  });
  for (const event of CORE_EVENTS) {
    core.events.on(event, (...args) => post({ kind: "event", event, args } as WireEvent));
  }
  const take = (call: Call): void => {
    try {
      const method = core[call.method] as (...args: readonly unknown[]) => unknown;
      post({ kind: "reply", id: call.id, value: method.apply(core, [...call.args]) });
    } catch (error) {
      post({ kind: "refusal", id: call.id, error: toWire(error) });
    }
    if (call.method === ("close" satisfies CoreMethod)) port.close();
  };
  port.on("message", take);
  io.onWake = () => {
    // Here, before the packets that came meanwhile are read: a pause holds from now on.
    for (let m = next(port); m !== undefined; m = io.closed ? undefined : next(port)) take(m.message as Call);
  };
  post({ kind: "ready", packetIo: io.kind, wakeFd: io.wakeFd });
}

function next(from: MessagePort): { message: unknown } | undefined {
  return receiveMessageOnPort(from);
}

try {
  start(workerData as WorkerInput, port);
} catch (error) {
  post({ kind: "unable", error: toWire(error) });
  port.close();
}
