import { type MessagePort, Worker } from "node:worker_threads";
import { type Logger, SidetoneError } from "@sidetone/foundation";
import type { LaneStats } from "./lane.ts";
import type { LaneSpec, MediaCommand, MediaSetup, MediaTelling } from "./media-protocol.ts";

/** What the service hears of its sessions. */
export interface MediaThreadEvents {
  /** Nobody has sent anything to a session for the RTP timeout. */
  onSilent(session: number): void;
  onClosed(session: number, lanes: readonly LaneStats[]): void;
  onDeath(error: Error): void;
}

/** The last counters of the media thread. */
export type MediaCounters = Omit<Extract<MediaTelling, { tell: "counters" }>, "tell">;

type Plain = Exclude<MediaCommand, { ask: number }>;

interface Waiting {
  resolve(ports: readonly number[]): void;
  reject(error: Error): void;
}

/** The thread that receives RTP, as the service sees it. */
export class MediaThread {
  counters: MediaCounters = { received: 0, lanes: 0, portsUsed: 0, portsTotal: 0 };
  readonly #worker: Worker;
  readonly #asks = new Map<number, Waiting>();
  #nextAsk = 1;
  #nextSession = 1;
  #closing: Promise<void> | undefined;

  constructor(setup: Omit<MediaSetup, "writer">, writer: MessagePort, log: Logger, events: MediaThreadEvents) {
    const workerData: MediaSetup = { ...setup, writer };
    this.#worker = new Worker(new URL("./media-worker.ts", import.meta.url), {
      workerData,
      transferList: [writer],
      name: "recorder-media",
    });
    this.#worker.on("message", (telling: MediaTelling) => this.#hear(telling, log, events));
    this.#worker.on("error", (error) => {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      events.onDeath(error instanceof Error ? error : new Error(String(error)));
    });
    this.#worker.on("exit", () =>
      this.#fail(new SidetoneError("media-ended", "the media thread has ended", { sip: 503 })),
    );
  }

  newSession(): number {
    return this.#nextSession++;
  }

  send(command: Plain): void {
    this.#worker.postMessage(command);
  }

  /** Opens a session's streams; resolves with their RTP ports. Rejects with "rtp-ports-exhausted" (SIP 503). */
  openSession(session: number, handle: number, lanes: readonly LaneSpec[]): Promise<readonly number[]> {
    return this.#ask((ask) => ({ do: "open-session", ask, session, handle, lanes }));
  }

  addLanes(session: number, lanes: readonly LaneSpec[]): Promise<readonly number[]> {
    return this.#ask((ask) => ({ do: "add-lanes", ask, session, lanes }));
  }

  /** Finishes sessions that linger, closes the sockets and the thread. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#ask((ask) => ({ do: "stop", ask })).then(
      () => undefined,
      () => undefined,
    );
    return this.#closing.then(async () => {
      await this.#worker.terminate();
    });
  }

  #ask(make: (ask: number) => MediaCommand): Promise<readonly number[]> {
    const ask = this.#nextAsk++;
    return new Promise((resolve, reject) => {
      this.#asks.set(ask, { resolve, reject });
      this.#worker.postMessage(make(ask));
    });
  }

  #hear(telling: MediaTelling, log: Logger, events: MediaThreadEvents): void {
    switch (telling.tell) {
      case "answer": {
        const waiting = this.#asks.get(telling.ask);
        this.#asks.delete(telling.ask);
        if (telling.error === undefined) waiting?.resolve(telling.ports ?? []);
        else waiting?.reject(new SidetoneError(telling.error.code, telling.error.message, { sip: 503 }));
        break;
      }
      case "silent":
        events.onSilent(telling.session);
        break;
      case "closed":
        events.onClosed(telling.session, telling.lanes);
        break;
      case "counters":
        this.counters = telling;
        break;
      case "log":
        log[telling.level](telling.fields, telling.msg);
        break;
    }
  }

  #fail(error: Error): void {
    for (const waiting of this.#asks.values()) waiting.reject(error);
    this.#asks.clear();
  }
}
