import { Worker } from "node:worker_threads";
import { SidetoneError } from "@sidetone/foundation";
import { unpacked } from "./carried-error.ts";
import type { AnswerMessage, CallMessage } from "./messages.ts";

type MethodNames<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T];

/** An object as other threads see it: each method answers later. */
export type Async<T> = {
  readonly [K in MethodNames<T>]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

/** The objects that a thread serves, by their names. */
export type AsyncObjects<O> = { readonly [K in keyof O]: Async<O[K]> };

/** Objects in a thread of their own. */
export interface WorkerObjects<O> {
  readonly objects: AsyncObjects<O>;
  /** Waits for the calls made so far, then ends the thread. Idempotent; never rejects. */
  readonly close: () => Promise<void>;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The calls that wait for their answers. */
class Calls {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #over: Error | undefined;

  constructor(worker: Worker, name: string) {
    this.#worker = worker;
    worker.on("message", (answer: AnswerMessage) => this.#answered(answer));
    worker.on("error", (error) => this.#end(name, error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => this.#end(name, "it was ended"));
  }

  make(to: CallMessage["to"], args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over);
      const n = this.#next++;
      // Throws, and so rejects, where an argument cannot be cloned.
      this.#worker.postMessage({ n, to, args } satisfies CallMessage);
      this.#waiting.set(n, { resolve, reject });
    });
  }

  #answered(answer: AnswerMessage): void {
    const one = this.#waiting.get(answer.n);
    this.#waiting.delete(answer.n);
    if ("error" in answer) one?.reject(unpacked(answer.error));
    else one?.resolve(answer.value);
  }

  #end(name: string, why: string): void {
    this.#over ??= new SidetoneError("worker-ended", `The thread ${name} has ended: ${why}.`, {
      http: 503,
      remedy: "Look at the log for the cause, and restart the service.",
    });
    for (const one of this.#waiting.values()) one.reject(this.#over);
    this.#waiting.clear();
  }
}

/**
 * Starts the thread whose file calls `serveObjects`, and resolves when its objects are made.
 * @param o.data given to the maker of the objects, cloned
 * @param o.name of the thread, in messages and debuggers
 * Rejects with what the maker threw.
 */
export async function openObjects<O extends object>(o: {
  readonly worker: URL;
  readonly data: unknown;
  readonly name: string;
}): Promise<WorkerObjects<O>> {
  const worker = new Worker(o.worker, { workerData: o.data, name: o.name });
  const calls = new Calls(worker, o.name);
  try {
    await calls.make("open", []);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await calls.make("close", []).catch(() => undefined);
    await worker.terminate();
  };
  return { objects: proxyOfObjects<O>(calls), close: () => (closing ??= close()) };
}

function proxyOfObjects<O>(calls: Calls): AsyncObjects<O> {
  return named((object) =>
    named(
      (method) =>
        (...args: readonly unknown[]) =>
          calls.make({ object, method }, args),
    ),
  ) as AsyncObjects<O>;
}

/** An object whose every property is made when it is first asked for. `then` is none: it would be taken for a promise. */
function named(make: (name: string) => unknown): object {
  const made = new Map<string, unknown>();
  return new Proxy(Object.freeze({}), {
    get: (_, name) => {
      if (typeof name !== "string" || name === "then") return undefined;
      if (!made.has(name)) made.set(name, make(name));
      return made.get(name);
    },
  });
}
