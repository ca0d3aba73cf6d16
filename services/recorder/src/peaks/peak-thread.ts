import { Worker } from "node:worker_threads";
import { SidetoneError } from "@sidetone/foundation";
import type { PeakQuestion, PeakView } from "./peak-view.ts";

/** A question to the peaks' thread. */
export interface PeakAsk {
  readonly n: number;
  /** Below the storage. */
  readonly folder: string;
  /** It is still being recorded. */
  readonly live: boolean;
  readonly question: PeakQuestion;
}

/** Its answer. */
export type PeakAnswer =
  | { readonly n: number; readonly view: PeakView }
  | { readonly n: number; readonly error: string };

interface Waiting {
  resolve(view: PeakView): void;
  reject(error: Error): void;
}

/** Peaks of recordings, computed in a thread of its own that begins with the first question. */
export class PeakThread {
  readonly #root: string;
  readonly #asks = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #next = 1;
  #closed = false;

  /** @param root the storage */
  constructor(root: string) {
    this.#root = root;
  }

  /** Rejects with SidetoneError `audio-gone` (404) where the folder cannot be read, `peaks-not-available` (503) where the thread is gone. */
  ask(folder: string, live: boolean, question: PeakQuestion): Promise<PeakView> {
    if (this.#closed) return Promise.reject(gone());
    const worker = (this.#worker ??= this.#start());
    const n = this.#next++;
    return new Promise((resolve, reject) => {
      this.#asks.set(n, { resolve, reject });
      worker.postMessage({ n, folder, live, question } satisfies PeakAsk);
    });
  }

  /** Computes the peaks of a recording that has ended, for whoever asks later. Never rejects: who asks is told. */
  async prepare(folder: string): Promise<void> {
    await this.ask(folder, false, { fromMs: 0, toMs: undefined, points: 1 }).catch(() => undefined);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./peak-worker.ts", import.meta.url), {
      workerData: this.#root,
      name: "recorder-peaks",
    });
    worker.on("message", (answer: PeakAnswer) => {
      const waiting = this.#asks.get(answer.n);
      this.#asks.delete(answer.n);
      if ("view" in answer) waiting?.resolve(answer.view);
      else waiting?.reject(new SidetoneError("audio-gone", "The audio of this recording is not there.", { http: 404 }));
    });
    // The next question starts another one.
    const fail = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const waiting of this.#asks.values()) waiting.reject(gone());
      this.#asks.clear();
    };
    worker.on("error", fail);
    worker.on("exit", fail);
    return worker;
  }
}

function gone(): SidetoneError {
  return new SidetoneError("peaks-not-available", "The waveform cannot be computed now.", {
    http: 503,
    remedy: "Ask again. The audio can be heard without it.",
  });
}
