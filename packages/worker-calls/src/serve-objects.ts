import { parentPort, workerData } from "node:worker_threads";
import { SidetoneError } from "@sidetone/foundation";
import { packed } from "./carried-error.ts";
import type { AnswerMessage, CallMessage } from "./messages.ts";

/** What `serveObjects` is told besides how to make the objects. */
export interface ServeOptions<O> {
  /** Called once, at the end. */
  readonly close?: (objects: O) => void | Promise<void>;
  /** What an error is called outside; default: itself. */
  readonly explain?: (thrown: unknown) => unknown;
}

/**
 * To be called once in a worker thread: makes the objects and answers the calls of `openObjects`, one after the other.
 * @param make gets `data` of `openObjects`; what it throws is what `openObjects` rejects with
 * @throws SidetoneError `not-a-worker`
 */
export function serveObjects<O extends object, D>(
  make: (data: D) => O | Promise<O>,
  options: ServeOptions<O> = {},
): void {
  const owner = parentPort;
  if (owner === null) throw new SidetoneError("not-a-worker", "objects are served in a worker thread only");
  const { close, explain = (thrown: unknown) => thrown } = options;
  let objects: O | undefined;
  let last: Promise<void> = Promise.resolve();

  const carryOut = async ({ to, args }: CallMessage): Promise<unknown> => {
    if (to === "open") {
      objects = await make(workerData as D);
      return undefined;
    }
    if (objects === undefined) throw new Error("the objects have not been made");
    if (to === "close") return close?.(objects);
    const object = ownValue(objects, to.object);
    const method: unknown = typeof object === "object" && object !== null ? Reflect.get(object, to.method) : undefined;
    if (typeof method !== "function") throw new Error(`there is no method ${to.object}.${to.method}`);
    return Reflect.apply(method, object, args) as unknown;
  };

  const answer = async (message: CallMessage): Promise<void> => {
    try {
      const value = await carryOut(message);
      owner.postMessage({ n: message.n, value } satisfies AnswerMessage);
    } catch (error) {
      owner.postMessage({ n: message.n, error: packed(explain(error)) } satisfies AnswerMessage);
    }
  };

  owner.on("message", (message: CallMessage) => {
    last = last.then(() => answer(message));
  });
}

function ownValue(objects: object, name: string): unknown {
  return Object.hasOwn(objects, name) ? Reflect.get(objects, name) : undefined;
}
