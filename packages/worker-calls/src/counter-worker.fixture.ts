import { appendFileSync } from "node:fs";
import { SidetoneError } from "@sidetone/foundation";
import { serveObjects } from "./serve-objects.ts";

/** What the tests' thread is given. */
export interface CounterStart {
  readonly from: number;
  /** Written to when the thread is closed. */
  readonly file: string;
}

/** An object of the tests' thread. */
export class Counter {
  #value: number;

  constructor(from: number) {
    if (from < 0) throw new SidetoneError("storage-unusable", "counts from 0", { exit: 1, remedy: "Begin at 0." });
    this.#value = from;
  }

  add(n: number): number {
    this.#value += n;
    return this.#value;
  }

  async addLater(n: number): Promise<number> {
    await new Promise(setImmediate);
    return this.add(n);
  }

  refuse(): void {
    throw new SidetoneError("refused", "not this one", { http: 409, remedy: "Take another." });
  }

  fail(): void {
    throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
  }

  notClonable(): unknown {
    return () => this.#value;
  }

  die(): void {
    process.exit(3);
  }
}

/** What the tests' thread serves. */
export interface CounterObjects {
  readonly counter: Counter;
  readonly other: { readonly name: () => string };
}

serveObjects(({ from, file }: CounterStart) => ({ counter: new Counter(from), other: { name: () => "other" }, file }), {
  close: ({ counter, file }) => appendFileSync(file, `closed at ${counter.add(0)}`),
});
