import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "@sidetone/foundation";
import { ReconciliationStore } from "./reconciliation-store.ts";
import type { StoreAnswer, StoreCall } from "./store-thread.ts";

// The thread of the reconciliation's store: SQLite blocks, the service must not. Started by `openStoreThread`.
const owner = parentPort;
if (owner === null) throw new Error("this file is started as a worker thread");
let store: ReconciliationStore | undefined;

owner.on("message", ({ n, method, args }: StoreCall) => {
  const answer = (rest: Omit<StoreAnswer, "n">): void => owner.postMessage({ n, ...rest } satisfies StoreAnswer);
  try {
    if (method === "open") {
      store = new ReconciliationStore(workerData as string);
      answer({});
    } else {
      const run = store?.[method] as ((...args: readonly unknown[]) => unknown) | undefined;
      answer({ value: run?.apply(store, Array.from(args)) });
    }
  } catch (error) {
    answer({ error: errorText(error) });
  }
});
