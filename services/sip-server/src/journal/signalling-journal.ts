import { Worker } from "node:worker_threads";
import type { CallJournalConfig } from "@sidetone/config";
import { type Cancel, type Clock, type Logger, SidetoneError } from "@sidetone/foundation";
import type { JournalEntry } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import { rowOf } from "./call-facts.ts";
import { FrameBatch } from "./frame-batch.ts";
import { BATCHES_AHEAD, DIALOGS_AHEAD, FLUSH_MS, FOLLOWED_DIALOGS, SWEEP_MS } from "./limits.ts";
import type { CallName, DialogRow, Found, FromWriter, GapRow, JournalStart, ToWriter } from "./wire.ts";

/** Counts since the start. */
export interface SignallingJournalStats {
  readonly frames: number;
  /** Frames that were not kept, since the writer was behind or its disk refused them. */
  readonly dropped: number;
  /** Batches that wait for the disk. */
  readonly waiting: number;
}

/** What is kept where nothing is configured. */
export const defaultKeeping: CallJournalConfig = { days: 30, size: 4e9, messages: true };

/**
 * The SIP messages of every call, and which call they are of, in a file of its own, for who looks into a call days later. Nothing of a call waits for it:
 * frames are copied and go to a thread in batches; when that is behind they are dropped, counted, and the gap is told in the journal itself.
 */
export class SignallingJournal {
  readonly id: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** SIP messages are kept. */
  readonly messages: boolean;
  readonly #worker: Worker;
  readonly #opened = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  /** Call-IDs of INVITEs, those that were used last at the end. */
  readonly #followed = new Set<string>();
  readonly #asked = new Map<number, (found: Found | Error | undefined) => void>();
  readonly #changed = new Map<string, Call>();
  readonly #stopSweep: Cancel;
  #batch = new FrameBatch();
  #gap: GapRow | undefined;
  #flushing = false;
  #waiting = 0;
  #frames = 0;
  #dropped = 0;
  #n = 0;
  #closing: Promise<void> | undefined;
  #dead: string | undefined;

  private constructor(o: { file: string; keeping: CallJournalConfig; clock: Clock; log: Logger }) {
    this.id = `journal:${o.file}`;
    this.#clock = o.clock;
    this.#log = o.log;
    this.messages = o.keeping.messages;
    const { days, size } = o.keeping;
    this.#worker = new Worker(new URL("./writer.ts", import.meta.url), {
      workerData: { file: o.file, days, size } satisfies JournalStart,
      name: "sip-server-journal",
    });
    this.#worker.on("message", (message: FromWriter) => this.#heard(message));
    this.#worker.on("error", (error) => this.#died(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", () => {
      if (this.#closing === undefined) this.#died("the journal's thread has ended");
      this.#exited.resolve();
    });
    const sweep = (): void => this.#post({ kind: "sweep", now: o.clock.wallMicros() });
    this.#stopSweep = o.clock.every(SWEEP_MS, sweep);
    sweep();
  }

  /** Opens the file, which is made when missing. Rejects where it cannot be used. */
  static async open(o: {
    readonly file: string;
    readonly keeping: CallJournalConfig;
    readonly clock: Clock;
    readonly log: Logger;
  }): Promise<SignallingJournal> {
    const journal = new SignallingJournal(o);
    try {
      await journal.#opened.promise;
    } catch (error) {
      journal.#stopSweep();
      await journal.#worker.terminate();
      throw error;
    }
    return journal;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  stats(): SignallingJournalStats {
    return { frames: this.#frames, dropped: this.#dropped, waiting: this.#waiting };
  }

  /** A frame was sent or received; those that are of no INVITE's dialog are left out. */
  frame(entry: JournalEntry): void {
    const { message } = entry;
    const callId = message?.callId;
    if (!this.messages || message === undefined || callId === undefined) return;
    if (!this.#follows(callId, message.cseq?.method === "INVITE")) return;
    if (message.kind === "request" && message.method === "INVITE" && entry.direction === "out") {
      const callUuid = message.headers.get("X-Genesys-CallUUID");
      if (callUuid !== undefined) this.link({ callId, callUuid, kind: "media", dn: "" });
    }
    if (!this.#batch.add(entry, callId)) {
      this.#flush();
      if (!this.#batch.add(entry, callId)) this.#drop(1, entry.wallMicros);
    }
    this.#flushSoon();
  }

  /** A dialog, or an INVITE that may become one, is one of a call's. */
  link(dialog: Omit<DialogRow, "at">): void {
    this.#follows(dialog.callId, true);
    this.#batch.link({ ...dialog, at: this.#clock.wallMicros() });
    this.#flushSoon();
  }

  /** A call has changed. */
  call(call: Call): void {
    this.#changed.set(call.callUuid, call);
    this.#flushSoon();
  }

  /** What is kept of a call; undefined: there is none. Rejects with SidetoneError `journal-unavailable`. */
  async find(name: CallName): Promise<Found | undefined> {
    this.#flush();
    const found = await new Promise<Found | Error | undefined>((resolve) => {
      if (this.#dead !== undefined || this.#closing !== undefined)
        return resolve(new Error(this.#dead ?? "it is closed"));
      this.#n += 1;
      this.#asked.set(this.#n, resolve);
      this.#post({ kind: "find", n: this.#n, name });
    });
    if (found instanceof Error) throw journalUnavailable(found.message);
    return found;
  }

  /** Waits until everything is in the file. Idempotent. */
  close(): Promise<void> {
    this.#stopSweep();
    if (this.#closing === undefined) {
      this.#flush();
      this.#post({ kind: "close" });
      this.#closing = this.#exited.promise;
    }
    return this.#closing;
  }

  #follows(callId: string, begin: boolean): boolean {
    if (!this.#followed.delete(callId) && !begin) return false;
    this.#followed.add(callId);
    if (this.#followed.size > FOLLOWED_DIALOGS) {
      const [oldest] = this.#followed;
      if (oldest !== undefined) this.#followed.delete(oldest);
    }
    return true;
  }

  #flushSoon(): void {
    if (this.#flushing || this.#closing !== undefined) return;
    this.#flushing = true;
    this.#clock.after(FLUSH_MS, () => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closing !== undefined || (this.#batch.empty && this.#changed.size === 0)) return;
    if (this.#waiting >= BATCHES_AHEAD || this.#dead !== undefined) {
      // What calls there are is kept for later: only messages are many.
      this.#drop(this.#batch.frames, this.#clock.wallMicros());
      this.#batch = this.#dead === undefined ? this.#batch.withoutFrames() : new FrameBatch();
      if (this.#dead !== undefined || this.#changed.size > DIALOGS_AHEAD) this.#changed.clear();
      return;
    }
    const { batch, next } = this.#batch.sealed(Array.from(this.#changed.values(), rowOf), this.#gap);
    this.#batch = next;
    this.#changed.clear();
    this.#gap = undefined;
    this.#waiting += 1;
    this.#worker.postMessage({ kind: "batch", batch } satisfies ToWriter, [batch.bytes.buffer]);
  }

  #drop(frames: number, at: number): void {
    if (frames === 0) return;
    if (this.#gap === undefined && this.#dead === undefined)
      this.#log.warn(
        { frames },
        "the call journal is behind: SIP messages are left out of it; look at the disk of sip-server.storage",
      );
    this.#dropped += frames;
    this.#gap = { from: this.#gap?.from ?? at, to: at, dropped: (this.#gap?.dropped ?? 0) + frames };
  }

  #heard(message: FromWriter): void {
    switch (message.kind) {
      case "open":
        return this.#opened.resolve();
      case "refused":
        return this.#opened.reject(journalUnavailable(message.message));
      case "written":
        this.#waiting -= 1;
        if (message.error === undefined) this.#frames += message.frames;
        else {
          this.#log.error({ error: message.error }, "the call journal could not be written; calls go on without it");
          this.#drop(message.frames, this.#clock.wallMicros());
        }
        return;
      case "found": {
        const answer = this.#asked.get(message.n);
        this.#asked.delete(message.n);
        return answer?.(message.error === undefined ? message.found : new Error(message.error));
      }
      case "swept":
        if (message.removed > 0)
          this.#log.info({ rows: message.removed, bytes: message.bytes }, "old call journals were removed");
    }
  }

  #died(why: string): void {
    if (this.#dead !== undefined) return;
    this.#dead = why;
    this.#opened.reject(journalUnavailable(why));
    for (const answer of this.#asked.values()) answer(new Error(why));
    this.#asked.clear();
    this.#log.error({ error: why }, "the call journal has ended; calls go on without it");
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }
}

/** 503 of who asks for a journal. */
export function journalUnavailable(why: string): SidetoneError {
  return new SidetoneError("journal-unavailable", `The journal of calls cannot be read: ${why}.`, {
    http: 503,
    remedy: "Look at the log of SIP Server and at the disk of sip-server.storage; calls go on without a journal.",
  });
}
