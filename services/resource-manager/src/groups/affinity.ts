import { Remembered } from "./remembered.ts";

/** Where a conf-id, or a copy of a recording, lives. */
export interface Binding {
  readonly group: string;
  /** Address of the resource. */
  readonly address: string;
  /** A 2xx has confirmed it; until then it holds for requests that come meanwhile. */
  readonly confirmed: boolean;
}

/** Names of what is bound → resource, for clients that do not repeat the affinity token. */
export class Affinity {
  readonly #bindings: Remembered<Binding>;

  constructor(limit?: number) {
    this.#bindings = new Remembered(limit);
  }

  get size(): number {
    return this.#bindings.size;
  }

  get(name: string, now: number): Binding | undefined {
    return this.#bindings.get(name, now);
  }

  bind(name: string, binding: Binding, now: number): void {
    this.#bindings.set(name, binding, now);
  }

  /** Takes back a binding to `address` that was never confirmed. */
  release(name: string, address: string): void {
    const binding = this.#bindings.peek(name);
    if (binding?.address === address && !binding.confirmed) this.#bindings.delete(name);
  }

  /** The client has shown that it carries the name of the resource itself: nothing need be kept for it. */
  drop(name: string): void {
    this.#bindings.delete(name);
  }
}
