import { parentPort, workerData } from "node:worker_threads";
import { SidetoneError, errorText, systemClock } from "@sidetone/foundation";
import { systemFiles } from "./file-ops.ts";
import { FileWriter } from "./file-writer.ts";
import { createGroupSync } from "./group-sync.ts";
import type { PlainError, WriterControl, WriterMessage, WriterReport, WriterSetup } from "./writer-protocol.ts";

// The writer thread: the only place that writes recordings. Started by `WriterThread`.
const owner = parentPort;
if (owner === null) throw new Error("this file is started as a worker thread");
const setup = workerData as WriterSetup;
const tell = (report: WriterReport): void => owner.postMessage(report);
const plain = (error: unknown): PlainError =>
  error instanceof SidetoneError
    ? { code: error.code, message: error.message, remedy: error.remedy }
    : { code: "writer-failed", message: errorText(error), remedy: undefined };

const writer = new FileWriter({
  root: setup.root,
  files: systemFiles,
  sync: createGroupSync(setup.root),
  clock: systemClock,
  giveUpMs: setup.giveUpMs,
  keepMarkers: setup.keepMarkers,
  events: {
    onTrouble: (handle, error) => tell({ tell: "trouble", handle, error: plain(error) }),
    onRelief: (handle) => tell({ tell: "relief", handle }),
    onLost: (handle, error) => tell({ tell: "lost", handle, error: plain(error) }),
    onEnded: (handle, frames, error) =>
      tell({ tell: "ended", handle, frames, error: error === undefined ? undefined : plain(error) }),
  },
});

const round = (): void => {
  const from = systemClock.now();
  if (writer.round()) tell({ tell: "round", ms: systemClock.now() - from });
};
const cancel = systemClock.every(setup.roundMs, round);

function carryOut(message: WriterMessage): void {
  switch (message.do) {
    case "audio":
      writer.audio(message.handle, message.bytes);
      break;
    case "silence":
      writer.silence(message.handle, message.frames);
      break;
    case "line":
      writer.line(message.handle, message.line);
      break;
    case "zero":
      writer.zero(message.handle, message.wallMicros, message.codec);
      break;
    case "end":
      writer.end(message.handle, message.state, message.reason);
      break;
    case "discard":
      writer.discard(message.handle);
      break;
  }
}

owner.on("message", (message: WriterControl | WriterMessage) => {
  switch (message.do) {
    case "port":
      message.port.on("message", carryOut);
      break;
    case "open":
      try {
        tell({ tell: "answer", ask: message.ask, opened: writer.open(message.handle, message.request) });
      } catch (error) {
        tell({ tell: "answer", ask: message.ask, error: plain(error) });
      }
      break;
    case "round":
      round();
      tell({ tell: "answer", ask: message.ask });
      break;
    case "ping":
      tell({ tell: "answer", ask: message.ask });
      break;
    case "noted":
      writer.noted(message.relative);
      break;
    case "close":
      cancel();
      writer.close(message.reason);
      tell({ tell: "answer", ask: message.ask });
      break;
    case "audio":
    case "silence":
    case "line":
    case "zero":
    case "end":
    case "discard":
      carryOut(message);
      break;
  }
});
