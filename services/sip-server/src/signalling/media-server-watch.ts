import type { Cancel, Clock } from "@sidetone/foundation";
import { parseUri } from "@sidetone/sip";

/** How often a Media Server that carries calls is asked, ms. */
export const WATCH_INTERVAL_MS = 250;
/** How long it may take to answer, ms. R30: a stall below 2 s is no death; one above it is recovered within 4 s of its beginning. */
export const WATCH_TIMEOUT_MS = 2200;
/** An answer that comes sooner than this without being one is a connection that failed. */
const AT_ONCE_MS = 100;

/** A leg of a call that is at a Media Server. */
export interface MediaServerUser {
  /** The server is gone; `lastHeardMs` is the clock when it was known to live for the last time. */
  onGone(lastHeardMs: number): void;
  /** It answers, but a connection to it has closed: another process may have taken its place. */
  onDoubt?(): void;
}

/** Legs that hear of a loss in one turn of the event loop. */
const LEGS_AT_ONCE = 8;

interface Watched {
  /** SIP URI with its address. */
  readonly uri: string;
  readonly users: Set<MediaServerUser>;
  stop: Cancel;
  lastHeardMs: number;
  /** When a connection to it closed that has not been looked into yet: whoever was there lived until then. */
  closedMs: number | undefined;
}

/**
 * Notices that a Media Server is gone while nothing is said to it: OPTIONS four times a second as long as calls are
 * there, at once when a connection to it closes, and when a Resource Manager says so (R30). It is gone when none of these
 * was answered for 2.2 s. They are asked for a server, however many calls it carries.
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
  add(uri: string, user: MediaServerUser): Cancel {
    const place = placeOf(uri);
    let watched = this.#watched.get(place);
    if (watched === undefined) {
      watched = { uri, users: new Set(), stop: () => undefined, lastHeardMs: this.#clock.now(), closedMs: undefined };
      this.#watched.set(place, watched);
      watched.stop = this.#clock.every(WATCH_INTERVAL_MS, () => void this.#check(place, WATCH_TIMEOUT_MS));
    }
    const { users, stop } = watched;
    // An object of its own: two legs of one call may give the same.
    const own: MediaServerUser = { onGone: (at) => user.onGone(at), onDoubt: () => user.onDoubt?.() };
    users.add(own);
    return () => {
      users.delete(own);
      if (users.size > 0 || this.#watched.get(place)?.users !== users) return;
      stop();
      this.#watched.delete(place);
    };
  }

  /** A connection to `hostport` (`host:port`) closed: whoever is there is asked now, and its calls look after themselves. */
  connectionClosed(hostport: string): void {
    this.#lookInto(hostport);
  }

  /**
   * A Resource Manager says that what was at `uri` is gone. It may be it that is cut off, so the server is asked; where it
   * answers, another process may have taken its place.
   */
  reportedGone(uri: string): void {
    this.#lookInto(placeOf(uri));
  }

  #lookInto(place: string): void {
    const watched = this.#watched.get(place);
    // The question itself may make a connection that fails.
    if (watched === undefined || watched.closedMs !== undefined) return;
    watched.closedMs = this.#clock.now();
    void this.#check(place, WATCH_TIMEOUT_MS).then((alive) => {
      watched.closedMs = undefined;
      if (alive) for (const user of Array.from(watched.users)) user.onDoubt?.();
    });
  }

  async #check(place: string, patienceMs: number): Promise<boolean> {
    const watched = this.#watched.get(place);
    if (watched === undefined) return false;
    const askedAt = this.#clock.now();
    let alive = await this.#ask(watched.uri, patienceMs);
    // A question on a connection that is closing fails with it: the next one makes a new connection.
    if (!alive && this.#clock.now() - askedAt < AT_ONCE_MS) alive = await this.#ask(watched.uri, patienceMs);
    if (alive) {
      watched.lastHeardMs = this.#clock.now();
      return true;
    }
    // Heard meanwhile, in answer to a later question: this one got lost.
    if (watched.lastHeardMs > askedAt) return false;
    const since = watched.closedMs ?? watched.lastHeardMs;
    // The first calls are on their way while the others hear of it.
    for (const [n, user] of Array.from(watched.users).entries()) {
      if (n > 0 && n % LEGS_AT_ONCE === 0) await new Promise<void>((resolve) => this.#clock.after(0, resolve));
      if (watched.users.has(user)) user.onGone(since);
    }
    return false;
  }
}

/** `host:port` of a SIP URI, which names a Media Server whatever else its legs' Contacts say. */
function placeOf(uri: string): string {
  const read = parseUri(uri.replace(/^<|>$/g, ""));
  if (!read.ok) return uri;
  const { host, port, scheme } = read.value;
  return `${host}:${port ?? (scheme === "sips" ? 5061 : 5060)}`;
}
