import { bindingLifetimeMs, maxBindings } from "../limits.ts";

/** Values by name; forgets what nobody has named for long, and the least recently used where there are too many. */
export class Remembered<V> {
  /** In the order of last use: Map keeps insertion order. */
  readonly #values = new Map<string, { readonly value: V; readonly usedAt: number }>();
  readonly #limit: number;

  constructor(limit = maxBindings) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#values.size;
  }

  get(name: string, now: number): V | undefined {
    this.#forgetOld(now);
    return this.#values.get(name)?.value;
  }

  /** As it stands, forgotten or not. */
  peek(name: string): V | undefined {
    return this.#values.get(name)?.value;
  }

  set(name: string, value: V, now: number): void {
    this.#forgetOld(now);
    this.#values.delete(name);
    this.#values.set(name, { value, usedAt: now });
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#limit) break;
      this.#values.delete(oldest);
    }
  }

  delete(name: string): void {
    this.#values.delete(name);
  }

  #forgetOld(now: number): void {
    for (const [name, { usedAt }] of this.#values) {
      if (now - usedAt < bindingLifetimeMs) return;
      this.#values.delete(name);
    }
  }
}
