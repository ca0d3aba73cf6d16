import { isDeepStrictEqual } from "node:util";
import { Worker } from "node:worker_threads";
import { errorText, fail, ok, type Result } from "@sidetone/foundation";
import type { ConfigMistake } from "./mistake.ts";
import type { Entry, FromLoader, ToLoader } from "./slices.ts";
import type { AgentLoginConfig, ApplicationConfig, DnConfig, SidetoneConfig, SipServerConfig } from "./types.ts";

/** Maps of SIP Server whose entries are taken over where a file says the same. */
export type KeptEntries = Pick<SipServerConfig, "dns" | "agentLogins" | "applications">;

/** A file that is being read elsewhere. */
export interface Loading {
  /** Like what `loadConfig` gives; a thread that fails is a mistake of the file as a whole. */
  readonly result: Promise<Result<SidetoneConfig, readonly ConfigMistake[]>>;
  /** Gives it up; the result says so. */
  cancel(): void;
}

/**
 * `loadConfig` in a thread of its own, for a process that serves calls meanwhile: a large file takes seconds. What it
 * found comes over in slices, one a turn of the event loop; entries equal to those of `kept` are the same objects.
 */
export function loadConfigInThread(file: string, kept?: KeptEntries): Loading {
  const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData: { file }, name: "config" });
  const { promise, resolve } = Promise.withResolvers<Result<SidetoneConfig, readonly ConfigMistake[]>>();
  const failed = (why: string): void => {
    resolve(fail([{ file, line: 1, column: 1, path: "", message: `could not be read: ${why}.` }]));
  };
  let parts: Parts | undefined;
  worker.on("message", (message: FromLoader) => {
    if (message.kind === "refused") return resolve(fail(message.mistakes));
    if (message.kind === "head") parts = new Parts(message.config, kept);
    else if (parts?.add(message.entries) === false) return resolve(ok(parts.whole()));
    worker.postMessage("next" satisfies ToLoader);
  });
  worker.on("error", (error) => failed(errorText(error)));
  worker.on("exit", () => failed("its thread has ended"));
  return {
    result: promise,
    cancel: () => {
      failed("it was given up");
      void worker.terminate();
    },
  };
}

/** Puts the slices together. */
class Parts {
  readonly #head: SidetoneConfig;
  readonly #kept: KeptEntries | undefined;
  readonly #dns = new Map<string, DnConfig>();
  readonly #agentLogins = new Map<string, AgentLoginConfig>();
  readonly #applications = new Map<string, ApplicationConfig>();

  constructor(head: SidetoneConfig, kept: KeptEntries | undefined) {
    this.#head = head;
    this.#kept = kept;
  }

  /** False: that was the last slice. */
  add(entries: readonly Entry[]): boolean {
    for (const { kind, name, value } of entries) {
      if (kind === "dn") this.#dns.set(name, sameOr(this.#kept?.dns.get(name), value));
      else if (kind === "agent-login") this.#agentLogins.set(name, sameOr(this.#kept?.agentLogins?.get(name), value));
      else this.#applications.set(name, sameOr(this.#kept?.applications?.get(name), value));
    }
    return entries.length > 0;
  }

  whole(): SidetoneConfig {
    const { sipServer } = this.#head;
    if (sipServer === undefined) return this.#head;
    const maps = { dns: this.#dns, agentLogins: this.#agentLogins, applications: this.#applications };
    return { ...this.#head, sipServer: { ...sipServer, ...maps } };
  }
}

function sameOr<T>(before: T | undefined, now: T): T {
  return before !== undefined && isDeepStrictEqual(before, now) ? before : now;
}
