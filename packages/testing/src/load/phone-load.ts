import { Worker } from "node:worker_threads";
import type { Direction } from "../phone-sdp.ts";
import type { Arrivals } from "./arrivals.ts";
import type { LoadOptions, PhoneState } from "./load-phones.ts";
import type { LoadCommand, LoadReply } from "./load-worker.ts";

/** A load of phones in a thread of its own: what the test does never makes them late. */
export class PhoneLoad {
  readonly id = "phone-load";
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #commands = 0;
  #closed = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", ({ id, value, error }: LoadReply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value as never);
      else waiting?.reject(new Error(error));
    });
    worker.on("error", (error: Error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("the phones' thread has ended")));
  }

  static async open(o: LoadOptions): Promise<PhoneLoad> {
    const load = new PhoneLoad(new Worker(new URL("./load-worker.ts", import.meta.url), { workerData: o }));
    await new Promise<void>((resolve, reject) => load.#waiting.set(0, { resolve, reject }));
    return load;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As `LoadPhones.register`. */
  register(dns?: readonly string[], expires?: number): Promise<string[]> {
    return this.#ask("register", dns, expires);
  }

  /** As `LoadPhones.call`. */
  call(from: string, target: string, patienceMs?: number): Promise<number> {
    return this.#ask("call", from, target, patienceMs);
  }

  /** As `LoadPhones.change`. */
  change(dn: string, direction: Direction): Promise<number> {
    return this.#ask("change", dn, direction);
  }

  /** As `LoadPhones.bye`. */
  bye(dn: string): Promise<number> {
    return this.#ask("bye", dn);
  }

  /** As `LoadPhones.mute`. */
  mute(dn: string, muted: boolean): Promise<void> {
    return this.#ask("mute", dn, muted);
  }

  /** As `LoadPhones.states`. */
  states(): Promise<PhoneState[]> {
    return this.#ask("states");
  }

  /** As `LoadPhones.arrivals`. */
  arrivals(dn: string, sinceMicros?: number): Promise<Arrivals> {
    return this.#ask("arrivals", dn, sinceMicros);
  }

  /** As `LoadPhones.sentAt`. */
  sentAt(): Promise<Float64Array> {
    return this.#ask("sentAt");
  }

  /** Ends without a word: the far sides are not told. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#ask("close").catch(() => undefined);
    await this.#worker.terminate();
  }

  #ask<T>(method: LoadCommand["method"], ...args: readonly unknown[]): Promise<T> {
    this.#commands += 1;
    const command: LoadCommand = { id: this.#commands, method, args };
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(command.id, { resolve: resolve as (value: never) => void, reject });
      this.#worker.postMessage(command);
    });
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
