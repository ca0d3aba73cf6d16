/** Event names with the tuple of their listeners' arguments. */
export type EventMap = Record<string, unknown[]>;

/** Where a listener's exception goes. */
export type ListenerErrorSink = (error: unknown, event: string) => void;

/** Typed events. A listener that throws never reaches the code that emitted: its error goes to the sink. */
export class Events<M extends EventMap> {
  readonly #listeners = new Map<keyof M, Set<(...args: never[]) => void>>();
  readonly #onError: ListenerErrorSink;

  constructor(onError: ListenerErrorSink) {
    this.#onError = onError;
  }

  /** Adds a listener; returns the function that takes it away again. */
  on<K extends keyof M>(event: K, listener: (...args: M[K]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  /** Calls every listener of `event`. True where there was one. */
  emit<K extends keyof M>(event: K, ...args: M[K]): boolean {
    const set = this.#listeners.get(event);
    if (set === undefined || set.size === 0) return false;
    for (const listener of [...set]) {
      try {
        (listener as (...args: M[K]) => void)(...args);
      } catch (error) {
        this.#onError(error, String(event));
      }
    }
    return true;
  }

  /** Forgets every listener. */
  clear(): void {
    this.#listeners.clear();
  }
}
