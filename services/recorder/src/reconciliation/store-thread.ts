import { type Async, openObjects } from "@sidetone/worker-calls";
import type { ReconciliationStore } from "./reconciliation-store.ts";

/** The store as others see it: each call is answered later, in the order of the calls. */
export type AsyncStore = Async<ReconciliationStore>;

/** Opens the store in a thread. Rejects where the file cannot be opened. */
export async function openStoreThread(file: string): Promise<AsyncStore> {
  const worker = new URL("./store-worker.ts", import.meta.url);
  const { objects, close } = await openObjects<{ readonly store: ReconciliationStore }>({
    worker,
    data: file,
    name: "recorder-reconciliation",
  });
  const { placeOf, take, due, next, judged, forget, list, counts, groups } = objects.store;
  return { placeOf, take, due, next, judged, forget, list, counts, groups, close };
}
