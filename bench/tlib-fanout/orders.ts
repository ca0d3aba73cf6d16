import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Spread } from "./figures.ts";

/** Who writes: the T-Library server; a loop over `ws` that makes the JSON once; a loop that makes the whole frame once. */
export type Kind = "tlib" | "ws" | "frame";

/** The DN that every client registers. */
export const queueDn = "8000";
/** The DN of one desktop. */
export const desktopDn = (index: number): string => String(10_000 + index);
/** Own DNs of the clients that do not read as they should. */
export const stuckDns = ["9001", "9002"] as const;
export const application = { name: "desk", password: "bench" };

/** Effects to be produced at a rate; a queue's go to every client, a desktop's to one. */
export interface Run {
  readonly kind: Kind;
  /** The call journal is written to the disk, as in production. */
  readonly journal: boolean;
  readonly queueEffects: number;
  readonly queuePerSecond: number;
  readonly desktops: number;
  readonly desktopEffects: number;
  /** Waiting times begin when the effect was due, not when it was produced. */
  readonly fromDue: boolean;
}

export interface RunResult {
  readonly cpuMicros: number;
  readonly deliveries: number;
  /** Messages that the kernel did not take at once. */
  readonly late: number;
  readonly queue: Spread;
  readonly desktop: Spread;
}

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** What the process under test does. */
export type ServerOrder =
  | { readonly do: "listen" }
  | ({ readonly do: "run" } & Run)
  | { readonly do: "jam" }
  | { readonly do: "state" }
  | { readonly do: "end" };

/** What the process with the clients does. */
export type ClientOrder =
  | {
      readonly do: "connect";
      readonly port: number;
      readonly kind: Kind;
      readonly count: number;
      readonly desktops: boolean;
    }
  | { readonly do: "stuck"; readonly port: number }
  | { readonly do: "drop-stuck" }
  | { readonly do: "drop" }
  | { readonly do: "heard"; readonly expected: number }
  | { readonly do: "end" };

export interface ServerState {
  readonly memory: Memory;
  readonly cpuMicros: number;
  readonly sessions: number;
  readonly connections: number;
  readonly keptBytes: number;
  readonly slowConsumers: number;
  /** Bytes that wait in this process for the clients that do not read. */
  readonly stuckUnsent: readonly number[];
}

export interface Heard {
  /** Events that arrived since the last order, without those of the stuck. */
  readonly events: number;
  readonly queue: Spread;
  readonly desktop: Spread;
  readonly stuckEvents: readonly number[];
  readonly cpuMicros: number;
}

const pins = process.platform === "linux" && spawnSync("taskset", ["-V"]).status === 0 && cpus().length > 1;
/** How the processes are kept apart, for the report. */
export const pinning = pins ? "server on CPU 0, clients on CPU 1" : "not pinned: no taskset here, or one CPU only";

/** A process of the benchmark, on a CPU of its own. */
export class Worker<Order> {
  readonly #process: ChildProcess;
  #ended = false;

  constructor(file: "server.ts" | "clients.ts", cpu: number) {
    const node = [process.execPath, "--expose-gc", "--disable-warning=ExperimentalWarning"];
    node.push(fileURLToPath(new URL(file, import.meta.url)));
    const [program = "", ...args] = pins ? ["taskset", "-c", String(cpu), ...node] : node;
    this.#process = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#process.on("exit", () => {
      this.#ended = true;
    });
  }

  /** Gives an order and resolves with what came of it. One at a time. */
  ask<T>(order: Order): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error(`the process ended at ${JSON.stringify(order)}`));
      if (this.#ended) return ended();
      this.#process.once("exit", ended);
      this.#process.once("message", (answer: { readonly value?: T; readonly error?: string }) => {
        this.#process.off("exit", ended);
        if (answer.error === undefined) resolve(answer.value as T);
        else reject(new Error(answer.error));
      });
      this.#process.send(order as object);
    });
  }

  end(): void {
    if (!this.#ended) this.#process.send({ do: "end" });
  }
}

/** Answers orders, the other side of `Worker`. */
export function serveOrders<Order extends { readonly do: string }>(work: (order: Order) => Promise<unknown>): void {
  process.on("message", (order: Order) => {
    work(order).then(
      (value) => order.do !== "end" && process.send?.({ value }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : "failed" }),
    );
  });
  process.on("disconnect", () => process.exit(0));
}
