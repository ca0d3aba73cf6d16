import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { type Cancel, type Clock, SidetoneError, systemClock } from "@sidetone/foundation";
import type { OpenRequest, Opened } from "./file-writer.ts";
import { GIVE_UP_MS, ROUND_MS, STALL_LOOKS, WATCH_MS } from "./limits.ts";
import type { PlainError, WriterControl, WriterMessage, WriterReport, WriterSetup } from "./writer-protocol.ts";

/** What the owner hears of its recordings. See `FileWriterEvents`. */
export interface WriterThreadEvents {
  onTrouble(handle: number, error: PlainError): void;
  onRelief(handle: number): void;
  onLost(handle: number, error: PlainError): void;
  onEnded(handle: number, frames: number, error: PlainError | undefined): void;
  /** A round of writing and syncing took `ms`. */
  onRound?(ms: number): void;
  /** The disk has held the thread for `ms`: at `STALL_LOOKS` looks, and with each look after that. What is sent meanwhile waits in memory. */
  onStall?(ms: number): void;
  /** A stall is over. */
  onStallOver?(): void;
  /** The thread died: nothing is written any more, until `revive`. What was open has no end yet. */
  onDeath(error: Error): void;
}

/** How the thread works; each has its default in `limits.ts`. */
export interface WriterThreadOptions {
  readonly roundMs?: number;
  readonly giveUpMs?: number;
  /** See `FileWriterOptions`; then `noted` is to be called. */
  readonly keepMarkers?: boolean;
  /** For the watch over the thread. */
  readonly clock?: Clock;
}

interface Waiting {
  resolve(opened: Opened | undefined): void;
  reject(error: Error): void;
}

/** The one thread that writes all recordings of a storage. */
export class WriterThread {
  readonly #root: string;
  readonly #events: WriterThreadEvents;
  readonly #setup: Omit<WriterSetup, "root">;
  readonly #stopWatch: Cancel;
  readonly #asks = new Map<number, Waiting>();
  #worker: Worker;
  #dead: Error | undefined;
  #nextAsk = 1;
  #nextHandle = 1;
  #closing: Promise<void> | undefined;
  /** Looks since a question was asked that has no answer yet; undefined where none is open. */
  #unanswered: number | undefined;

  /** @param root the storage; must exist. */
  constructor(root: string, events: WriterThreadEvents, options: WriterThreadOptions = {}) {
    const { roundMs = ROUND_MS, giveUpMs = GIVE_UP_MS, keepMarkers = false, clock = systemClock } = options;
    this.#root = root;
    this.#events = events;
    this.#setup = { roundMs, giveUpMs, keepMarkers };
    this.#worker = this.#start();
    this.#stopWatch = clock.every(WATCH_MS, () => this.#look());
  }

  /** Starts a new thread after a death. Nothing is open in it, and no port leads to it yet. */
  revive(): void {
    if (this.#dead === undefined || this.#closing !== undefined) return;
    this.#dead = undefined;
    this.#worker = this.#start();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./writer-worker.ts", import.meta.url), {
      workerData: { root: this.#root, ...this.#setup } satisfies WriterSetup,
      name: "recording-writer",
    });
    let cause: Error | undefined;
    worker.on("message", (report: WriterReport) => this.#hear(report, this.#events));
    worker.on("error", (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", () => {
      const ended = new SidetoneError("writer-ended", "the writer thread has ended", { sip: 503 });
      this.#dead = cause ?? ended;
      this.#fail(ended);
      if (this.#closing === undefined) this.#events.onDeath(this.#dead);
    });
    return worker;
  }

  /** A new handle: it names one open recording on every port. */
  newHandle(): number {
    return this.#nextHandle++;
  }

  /** Opens a folder. Rejects with a `SidetoneError` of `DiskErrorCode`. */
  async open(handle: number, request: OpenRequest): Promise<Opened> {
    const opened = await this.#ask((ask) => ({ do: "open", ask, handle, request }));
    if (opened === undefined) throw new SidetoneError("writer-ended", "the writer thread has ended");
    return opened;
  }

  /** For messages from the owner's thread. Mind that the order is kept per port only. */
  send(message: WriterMessage): void {
    this.#worker.postMessage(message);
  }

  /** The end of a recording has been taken note of; its marker may go, see `WriterThreadOptions.keepMarkers`. */
  noted(relative: string): void {
    this.#worker.postMessage({ do: "noted", relative } satisfies WriterControl);
  }

  /** A port for another thread that sends `WriterMessage`s. Transfer it there. */
  port(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ do: "port", port: port2 } satisfies WriterControl, [port2]);
    return port1;
  }

  /** Resolves when everything that the owner sent before is written and synced. */
  async round(): Promise<void> {
    await this.#ask((ask) => ({ do: "round", ask }));
  }

  /** Ends what is open as partial, closes all files and the thread. Idempotent. */
  close(reason = "the recorder stopped"): Promise<void> {
    this.#stopWatch();
    this.#closing ??= this.#ask((ask) => ({ do: "close", ask, reason })).then(
      () => undefined,
      () => undefined,
    );
    return this.#closing.then(async () => {
      await this.#worker.terminate();
    });
  }

  /** Counts looks, not time: a stall of our own thread, in which no answer is read, is not the disk's. */
  #look(): void {
    if (this.#dead !== undefined || this.#closing !== undefined) return;
    if (this.#unanswered !== undefined) {
      this.#unanswered += 1;
      if (this.#unanswered >= STALL_LOOKS) this.#events.onStall?.(this.#unanswered * WATCH_MS);
      return;
    }
    this.#unanswered = 0;
    const answered = (): void => {
      const stalled = (this.#unanswered ?? 0) >= STALL_LOOKS;
      this.#unanswered = undefined;
      if (stalled) this.#events.onStallOver?.();
    };
    this.#ask((ask) => ({ do: "ping", ask })).then(answered, answered);
  }

  #ask(make: (ask: number) => WriterControl): Promise<Opened | undefined> {
    const ask = this.#nextAsk++;
    if (this.#dead !== undefined)
      return Promise.reject(new SidetoneError("writer-ended", "the writer thread has ended", { sip: 503 }));
    return new Promise((resolve, reject) => {
      this.#asks.set(ask, { resolve, reject });
      this.#worker.postMessage(make(ask));
    });
  }

  #hear(report: WriterReport, events: WriterThreadEvents): void {
    switch (report.tell) {
      case "answer": {
        const waiting = this.#asks.get(report.ask);
        this.#asks.delete(report.ask);
        if (report.error === undefined) waiting?.resolve(report.opened);
        else {
          const { code, message, remedy } = report.error;
          waiting?.reject(
            new SidetoneError(code, message, { sip: 503, http: 507, ...(remedy === undefined ? {} : { remedy }) }),
          );
        }
        break;
      }
      case "trouble":
        events.onTrouble(report.handle, report.error);
        break;
      case "relief":
        events.onRelief(report.handle);
        break;
      case "lost":
        events.onLost(report.handle, report.error);
        break;
      case "ended":
        events.onEnded(report.handle, report.frames, report.error);
        break;
      case "round":
        events.onRound?.(report.ms);
        break;
    }
  }

  #fail(error: Error): void {
    for (const waiting of this.#asks.values()) waiting.reject(error);
    this.#asks.clear();
  }
}
