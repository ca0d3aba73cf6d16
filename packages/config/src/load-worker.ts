// Reads and checks a configuration where that may take its time: nothing else waits for this thread.
import { parentPort, workerData } from "node:worker_threads";
import { SidetoneError } from "@sidetone/foundation";
import { loadConfig } from "./load.ts";
import { type FromLoader, sliceSize, takenApart } from "./slices.ts";

const port = parentPort;
if (port === null) throw new SidetoneError("not-a-worker", "load-worker.ts runs in a worker thread only");

const send = (message: FromLoader): void => port.postMessage(message);

const result = loadConfig((workerData as { readonly file: string }).file);
if (result.ok) {
  const { head, entries } = takenApart(result.value);
  send({ kind: "head", config: head });
  let at = 0;
  // Whatever comes means `next`.
  port.on("message", () => {
    const slice = entries.slice(at, at + sliceSize);
    at += sliceSize;
    send({ kind: "slice", entries: slice });
    // The empty one is the last.
    if (slice.length === 0) port.close();
  });
} else {
  send({ kind: "refused", mistakes: result.error });
  port.close();
}
