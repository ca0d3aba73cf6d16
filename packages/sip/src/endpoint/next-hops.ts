import type { Cancel, Clock } from "@sidetone/foundation";
import type { SipResponse } from "../message/index.ts";

/** A next hop that failed is asked by OPTIONS this often until it answers, ms. */
const ASK_INTERVAL_MS = 1_000;
/** How long it may take to answer, ms. */
const ASK_TIMEOUT_MS = 1_000;

export interface NextHopsOptions {
  /** SIP URIs of elements of which any will do, the first one first. */
  readonly uris: readonly string[];
  readonly clock: Clock;
  /** `SipEndpoint.options`. */
  readonly ask: (uri: string, timeoutMs: number) => Promise<SipResponse | undefined>;
  /** One failed, or answers again. */
  readonly onChange?: (uri: string, alive: boolean) => void;
}

/**
 * Equal next hops, e.g. several Resource Managers (R32): one that failed is the last choice until it answers OPTIONS again, so
 * that not every request pays for its silence.
 */
export class NextHops {
  readonly uris: readonly string[];
  readonly #o: NextHopsOptions;
  /** Those that failed, with what stops the next question. */
  readonly #failed = new Map<string, Cancel>();
  #closed = false;

  constructor(o: NextHopsOptions) {
    this.#o = o;
    this.uris = o.uris;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** All of them in the order of trial. @param attempt how many were tried before: the next of those that live comes first */
  order(attempt = 0): readonly string[] {
    const alive = this.uris.filter((uri) => !this.#failed.has(uri));
    const dead = this.uris.filter((uri) => this.#failed.has(uri));
    const start = alive.length === 0 ? 0 : attempt % alive.length;
    return [...alive.slice(start), ...alive.slice(0, start), ...dead];
  }

  /** No answer came from `uri`, or no connection. */
  failed(uri: string): void {
    // One that is the only one is tried whatever happened.
    if (this.#closed || this.uris.length < 2 || !this.uris.includes(uri) || this.#failed.has(uri)) return;
    this.#o.onChange?.(uri, false);
    this.#askLater(uri);
  }

  /** The next one to try. @param tried those that one and the same request went to in vain; when all were, it begins anew */
  pick(tried: ReadonlySet<string> = new Set()): string {
    const order = this.order();
    return order.find((uri) => !tried.has(uri)) ?? order[0] ?? "";
  }

  /** True while one is left that this request did not go to. */
  another(tried: ReadonlySet<string>): boolean {
    return this.uris.some((uri) => !tried.has(uri));
  }

  /** An answer came from `uri`, whatever it said. */
  answered(uri: string): void {
    const cancel = this.#failed.get(uri);
    if (cancel === undefined) return;
    cancel();
    this.#failed.delete(uri);
    this.#o.onChange?.(uri, true);
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#failed.values()) cancel();
    this.#failed.clear();
  }

  #askLater(uri: string): void {
    const stop = this.#o.clock.after(ASK_INTERVAL_MS, () => {
      void this.#o.ask(uri, ASK_TIMEOUT_MS).then((answer) => {
        // It may have answered, and even failed again, meanwhile.
        if (this.#closed || this.#failed.get(uri) !== stop) return;
        if (answer === undefined) return this.#askLater(uri);
        this.answered(uri);
      });
    });
    this.#failed.set(uri, stop);
  }
}
