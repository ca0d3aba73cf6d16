import { serveObjects } from "@sidetone/worker-calls";
import { ReconciliationStore } from "./reconciliation-store.ts";

// The thread of the reconciliation's store: SQLite blocks, the service must not. Started by `openStoreThread`.
serveObjects((file: string) => ({ store: new ReconciliationStore(file) }), { close: ({ store }) => store.close() });
