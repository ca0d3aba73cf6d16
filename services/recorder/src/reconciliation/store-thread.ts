import { Worker } from "node:worker_threads";
import type { ReconciliationStore } from "./reconciliation-store.ts";

type Methods = Pick<ReconciliationStore, "placeOf" | "take" | "due" | "next" | "judged" | "list" | "counts" | "groups">;

/** The store as others see it: each call is answered later, in the order of the calls. */
export type AsyncStore = {
  readonly [M in keyof Methods]: (...args: Parameters<Methods[M]>) => Promise<ReturnType<Methods[M]>>;
} & { close(): Promise<void> };

/** A call of a method of the store. */
export interface StoreCall {
  readonly n: number;
  readonly method: keyof Methods | "open" | "close";
  readonly args: readonly unknown[];
}

export interface StoreAnswer {
  readonly n: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Opens the store in a thread. Rejects where the file cannot be opened. */
export async function openStoreThread(file: string): Promise<AsyncStore> {
  const worker = new Worker(new URL("./store-worker.ts", import.meta.url), {
    workerData: file,
    name: "recorder-reconciliation",
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let next = 1;
  let ended: Error | undefined;
  worker.on("message", ({ n, value, error }: StoreAnswer) => {
    const one = waiting.get(n);
    waiting.delete(n);
    if (error === undefined) one?.resolve(value as never);
    else one?.reject(new Error(error));
  });
  const over = (error: Error): void => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("error", (error) => over(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", () => over(new Error("the reconciliation thread has ended")));
  const call =
    (method: StoreCall["method"]) =>
    (...args: readonly unknown[]): Promise<never> =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        const n = next++;
        waiting.set(n, { resolve, reject });
        worker.postMessage({ n, method, args } satisfies StoreCall);
      });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= call("close")()
      .then(
        () => undefined,
        () => undefined,
      )
      .then(async () => {
        await worker.terminate();
      }));
  try {
    await call("open")();
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    placeOf: call("placeOf"),
    take: call("take"),
    due: call("due"),
    next: call("next"),
    judged: call("judged"),
    list: call("list"),
    counts: call("counts"),
    groups: call("groups"),
    close,
  };
}
