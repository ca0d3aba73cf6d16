// The thread that owns the SQLite file: SQLite waits for the disk, calls must not.
import { parentPort, workerData } from "node:worker_threads";
import { SidetoneError, errorText } from "@sidetone/foundation";
import { StoreDatabase } from "./database.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./wire.ts";

const port = parentPort;
if (port === null) throw new SidetoneError("not-a-worker", "storage/worker.ts runs in a worker thread only");

const send = (message: FromWorker): void => port.postMessage(message);

const database = open();
if (database !== undefined) {
  port.on("message", (message: ToWorker) => {
    if (message.kind === "close") {
      database.close();
      send({ kind: "closed" });
      port.close();
      return;
    }
    try {
      send({ kind: "batch", units: database.run(message.units) });
    } catch (error) {
      send({ kind: "failed", message: errorText(error) });
    }
  });
  send({ kind: "open" });
}

function open(): StoreDatabase | undefined {
  try {
    return new StoreDatabase((workerData as WorkerStart).file);
  } catch (error) {
    const code = error instanceof SidetoneError ? error.code : "storage-unusable";
    send({ kind: "refused", code, message: errorText(error) });
    return undefined;
  }
}
