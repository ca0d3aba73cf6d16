import type { Cancel, Clock } from "@sidetone/foundation";

/** How often a Media Server that carries calls is asked, ms. */
export const WATCH_INTERVAL_MS = 1000;
/** How long it may take to answer, ms: a shorter stall is no death. */
export const WATCH_TIMEOUT_MS = 2000;

interface Watched {
  /** Calls that are there. */
  readonly users: Set<() => void>;
  stop: Cancel;
  asking: boolean;
}

/**
 * Notices that a Media Server is gone while nothing is said to it: OPTIONS every second as long as calls are there, and
 * at once when a connection to it closes. One question per server, however many calls it carries.
 */
export class MediaServerWatch {
  readonly #clock: Clock;
  readonly #ask: (uri: string, timeoutMs: number) => Promise<boolean>;
  readonly #watched = new Map<string, Watched>();

  /** @param ask sends OPTIONS; true where any answer came in time */
  constructor(clock: Clock, ask: (uri: string, timeoutMs: number) => Promise<boolean>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Media Servers that carry calls. */
  get size(): number {
    return this.#watched.size;
  }

  /** Watches the server at `uri` (a leg's remote target) until the returned function is called. */
  add(uri: string, onGone: () => void): Cancel {
    let watched = this.#watched.get(uri);
    if (watched === undefined) {
      watched = { users: new Set(), stop: () => undefined, asking: false };
      this.#watched.set(uri, watched);
      watched.stop = this.#clock.every(WATCH_INTERVAL_MS, () => void this.#check(uri));
    }
    const { users, stop } = watched;
    // A function of its own: two legs of one call may give the same.
    const user = (): void => onGone();
    users.add(user);
    return () => {
      users.delete(user);
      if (users.size > 0 || this.#watched.get(uri)?.users !== users) return;
      stop();
      this.#watched.delete(uri);
    };
  }

  /** A connection to `hostport` (`host:port`) closed: whoever is there is asked now. */
  connectionClosed(hostport: string): void {
    for (const uri of Array.from(this.#watched.keys())) if (uri.includes(hostport)) void this.#check(uri);
  }

  async #check(uri: string): Promise<void> {
    const watched = this.#watched.get(uri);
    if (watched === undefined || watched.asking) return;
    watched.asking = true;
    const alive = await this.#ask(uri, WATCH_TIMEOUT_MS);
    watched.asking = false;
    if (alive) return;
    for (const user of Array.from(watched.users)) user();
  }
}
