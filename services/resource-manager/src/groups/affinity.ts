import { bindingLifetimeMs, maxBindings } from "../limits.ts";

/** Where a conf-id, or a copy of a recording, lives. */
export interface Binding {
  readonly group: string;
  /** Address of the resource. */
  readonly address: string;
  /** A 2xx has confirmed it; until then it holds for requests that come meanwhile. */
  readonly confirmed: boolean;
}

/**
 * Names of what is bound → resource, for clients that do not repeat the affinity token. Forgets what nobody has named for
 * long, and the least recently used where there are too many.
 */
export class Affinity {
  /** In the order of last use: Map keeps insertion order. */
  readonly #bindings = new Map<string, Binding & { readonly usedAt: number }>();
  readonly #limit: number;

  constructor(limit = maxBindings) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#bindings.size;
  }

  get(name: string, now: number): Binding | undefined {
    this.#forgetOld(now);
    return this.#bindings.get(name);
  }

  bind(name: string, binding: Binding, now: number): void {
    this.#forgetOld(now);
    this.#bindings.delete(name);
    this.#bindings.set(name, { ...binding, usedAt: now });
    for (const oldest of this.#bindings.keys()) {
      if (this.#bindings.size <= this.#limit) break;
      this.#bindings.delete(oldest);
    }
  }

  /** Takes back a binding to `address` that was never confirmed. */
  release(name: string, address: string): void {
    const binding = this.#bindings.get(name);
    if (binding?.address === address && !binding.confirmed) this.#bindings.delete(name);
  }

  /** The client has shown that it carries the name of the resource itself: nothing need be kept for it. */
  drop(name: string): void {
    this.#bindings.delete(name);
  }

  #forgetOld(now: number): void {
    for (const [name, binding] of this.#bindings) {
      if (now - binding.usedAt < bindingLifetimeMs) return;
      this.#bindings.delete(name);
    }
  }
}
