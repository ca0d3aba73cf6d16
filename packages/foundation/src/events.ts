/** Event names with the tuple of their listeners' arguments. */
export type EventMap = Record<string, unknown[]>;

/** Where a listener's exception goes. */
export type ListenerErrorSink = (error: unknown, event: string) => void;

type AnyListener = (...args: unknown[]) => void;

/** Typed events. A listener that throws never reaches the code that emitted: its error goes to the sink. */
export class Events<M extends EventMap> {
  readonly #listeners = new Map<keyof M, Set<AnyListener>>();
  readonly #onError: ListenerErrorSink;

  constructor(onError: ListenerErrorSink) {
    this.#onError = onError;
  }

  /** Adds a listener; returns the function that takes it away again. */
  on<K extends keyof M>(event: K, listener: (...args: M[K]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set<AnyListener>();
    this.#listeners.set(event, set);
    const added = listener as unknown as AnyListener;
    set.add(added);
    return () => {
      set.delete(added);
    };
  }

  /** Calls every listener of `event`. True where there was one. */
  emit<K extends keyof M>(event: K, ...args: M[K]): boolean {
    const set = this.#listeners.get(event);
    if (set === undefined || set.size === 0) return false;
    // A copy: a listener may take itself away.
    for (const listener of Array.from(set)) {
      try {
        listener(...args);
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
