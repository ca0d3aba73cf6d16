import { type MessagePort, Worker } from "node:worker_threads";
import { type Logger, SidetoneError } from "@sidetone/foundation";
import type { HeardAudio } from "../listening/heard-line.ts";
import type { LaneStats } from "./lane.ts";
import type { LaneSpec, MediaCommand, MediaSetup, MediaTelling } from "./media-protocol.ts";

/** What the service hears of its sessions. */
export interface MediaThreadEvents {
  /** Nobody has sent anything to a session for the RTP timeout. */
  onSilent(session: number): void;
  /** R34: a stream has brought no RTP for so long; 0: it brings RTP again, or is paused. */
  onStream?(session: number, channel: number, silentMs: number): void;
  onClosed(session: number, lanes: readonly LaneStats[]): void;
  /** Audio of a recording that somebody listens to. */
  onHeard?(handle: number, audio: HeardAudio): void;
  /** The thread died: nothing is received any more, until `revive`. */
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
  readonly #setup: Omit<MediaSetup, "writer">;
  readonly #log: Logger;
  readonly #events: MediaThreadEvents;
  readonly #asks = new Map<number, Waiting>();
  #worker: Worker;
  #dead: Error | undefined;
  #nextAsk = 1;
  #nextSession = 1;
  #closing: Promise<void> | undefined;

  constructor(setup: Omit<MediaSetup, "writer">, writer: MessagePort, log: Logger, events: MediaThreadEvents) {
    this.#setup = setup;
    this.#log = log;
    this.#events = events;
    this.#worker = this.#start(writer);
  }

  /** A new thread in place of a dead one, or of one whose writer died; nothing is open in it. Resolves when the old one is gone. */
  async revive(writer: MessagePort): Promise<void> {
    if (this.#closing !== undefined) return;
    // Its sockets are to be free again.
    await this.#ask((ask) => ({ do: "stop", ask })).catch(() => undefined);
    this.#worker.removeAllListeners();
    this.#fail(ended());
    await this.#worker.terminate();
    this.#dead = undefined;
    this.#worker = this.#start(writer);
  }

  #start(writer: MessagePort): Worker {
    const workerData: MediaSetup = { ...this.#setup, writer };
    const worker = new Worker(new URL("./media-worker.ts", import.meta.url), {
      workerData,
      transferList: [writer],
      name: "recorder-media",
    });
    let cause: Error | undefined;
    worker.on("message", (telling: MediaTelling) => this.#hear(telling, this.#log, this.#events));
    worker.on("error", (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", () => {
      this.#dead = cause ?? ended();
      this.#fail(ended());
      if (this.#closing === undefined) this.#events.onDeath(this.#dead);
    });
    return worker;
  }

  newSession(): number {
    return this.#nextSession++;
  }

  send(command: Plain): void {
    this.#worker.postMessage(command);
  }

  /** Opens a session's streams; resolves with their RTP ports. Rejects with "rtp-ports-exhausted" (SIP 503). */
  openSession(o: {
    readonly session: number;
    readonly handle: number;
    readonly lanes: readonly LaneSpec[];
    readonly takesOver: boolean;
  }): Promise<readonly number[]> {
    return this.#ask((ask) => ({ do: "open-session", ask, ...o }));
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
    if (this.#dead !== undefined) return Promise.reject(ended());
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
      case "stream":
        events.onStream?.(telling.session, telling.channel, telling.silentMs);
        break;
      case "heard":
        events.onHeard?.(telling.handle, telling.audio);
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

function ended(): SidetoneError {
  return new SidetoneError("media-ended", "the media thread has ended", { sip: 503 });
}
