import { parentPort, workerData } from "node:worker_threads";
import { type LogFields, type Logger, systemClock } from "@sidetone/foundation";
import type { WriterMessage } from "@sidetone/recording-file";
import { createPacketIO, PortPairs } from "@sidetone/rtp";
import { POLL_MS } from "../limits.ts";
import { MediaEngine } from "./media-engine.ts";
import type { MediaCommand, MediaSetup, MediaTelling } from "./media-protocol.ts";

// The media thread: receives all RTP of the recorder. Started by `MediaThread`.
const owner = parentPort;
if (owner === null) throw new Error("this file is started as a worker thread");
const setup = workerData as MediaSetup;
const tell = (telling: MediaTelling): void => owner.postMessage(telling);

function logger(bound: LogFields): Logger {
  const at = (level: "debug" | "info" | "warn" | "error") => (fields: LogFields, msg: string) =>
    tell({ tell: "log", level, fields: { ...bound, ...fields }, msg });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (f) => logger({ ...bound, ...f }),
  };
}

const engine = new MediaEngine({
  io: createPacketIO({ kind: setup.packetIo, log: logger({}), clock: systemClock, pollMs: POLL_MS }),
  ports: new PortPairs({ min: setup.portMin, max: setup.portMax, clock: systemClock }),
  clock: systemClock,
  address: setup.address,
  rtpTimeoutMs: setup.rtpTimeoutMs,
  silenceMs: setup.silenceMs,
  showDigits: setup.showDigits,
  tell,
  write: (message: WriterMessage, transfer) =>
    setup.writer.postMessage(message, transfer === undefined ? [] : [transfer]),
});
// Sockets outlive a thread that dies, and so would their ports.
process.once("uncaughtExceptionMonitor", () => engine.close());
owner.on("message", (command: MediaCommand) => {
  engine.carryOut(command);
  if (command.do === "stop") {
    setup.writer.close();
    owner.close();
  }
});
