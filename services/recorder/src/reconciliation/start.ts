import { join } from "node:path";
import type { RecorderConfig } from "@sidetone/config";
import { type Clock, errorText, type Logger } from "@sidetone/foundation";
import type { RecordingIndex } from "../index/recording-row.ts";
import { httpGetJson } from "./get-json.ts";
import { Holders } from "./holdings.ts";
import { LedgerFollower } from "./ledger-follower.ts";
import { Reconciler } from "./reconciler.ts";
import type { ReconciliationParts } from "./reconciliation-api.ts";
import { type AsyncStore, openStoreThread } from "./store-thread.ts";
import { StreamAlarms } from "./stream-alarms.ts";

/** The reconciliation of a recorder that runs. */
export interface RunningReconciliation extends ReconciliationParts {
  readonly streams: StreamAlarms;
  readonly reconciler: Reconciler | undefined;
  close(): Promise<void>;
}

/** File below the storage that keeps what was read and found. */
const FILE = ".reconciliation.sqlite";

/** Starts to follow the ledgers that the configuration names, or that of its T-Library; recording does not depend on it in anything. */
export async function startReconciliation(o: {
  readonly config: RecorderConfig;
  readonly index: RecordingIndex;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<RunningReconciliation> {
  const { config, index, clock, log } = o;
  const streams = new StreamAlarms(clock, log);
  const alarms = (): ReturnType<ReconciliationParts["alarms"]> => streams.now;
  const { reconciliation } = config;
  if (reconciliation === undefined) {
    const close = (): Promise<void> => Promise.resolve();
    return { streams, alarms, store: undefined, ledgers: () => [], reconciler: undefined, close };
  }
  const { sipServers, recorders, silenceMs, intervalMs, keepMs } = reconciliation;
  const store = await openStore(join(config.storage.directory, FILE), log);
  const closing = new AbortController();
  const get = httpGetJson(config.apiToken, closing.signal);
  const reconciler = new Reconciler({
    followers: sipServers.map((sipServer) => new LedgerFollower({ sipServer, get, store, clock, log })),
    store,
    holders: new Holders({ index, root: config.storage.directory, recorders, get }),
    clock,
    log,
    silenceMs,
    intervalMs,
    keepMs,
  });
  void reconciler.round();
  const close = (): Promise<void> => {
    closing.abort();
    return reconciler.close();
  };
  return { streams, alarms, store, ledgers: () => reconciler.ledgers, reconciler, close };
}

/** A file that cannot be used is no reason not to reconcile: everything is read again then. */
async function openStore(file: string, log: Logger): Promise<AsyncStore> {
  try {
    return await openStoreThread(file);
  } catch (error) {
    log.warn(
      { file, error: errorText(error) },
      "what was reconciled before cannot be read; it is made anew, in memory",
    );
    return openStoreThread(":memory:");
  }
}
