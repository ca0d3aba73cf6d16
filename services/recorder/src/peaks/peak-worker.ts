import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "@sidetone/foundation";
import type { PeakAnswer, PeakAsk } from "./peak-thread.ts";
import { PeakStore } from "./peak-store.ts";
import { peakView } from "./peak-view.ts";

// The peaks' thread: two hours of audio are half a second of work, and the service must not wait for it. Started by `PeakThread`.
const owner = parentPort;
if (owner === null) throw new Error("this file is started as a worker thread");
const store = new PeakStore(workerData as string);
let last: Promise<unknown> = Promise.resolve();

async function answer({ n, folder, live, question }: PeakAsk): Promise<PeakAnswer> {
  try {
    return { n, view: peakView(await store.blocksOf(folder, !live), question, live) };
  } catch (error) {
    return { n, error: errorText(error) };
  }
}

owner.on("message", (ask: PeakAsk) => {
  last = last.then(async () => owner.postMessage(await answer(ask)));
});
