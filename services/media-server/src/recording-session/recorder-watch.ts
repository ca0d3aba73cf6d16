import type { Cancel, Clock } from "@sidetone/foundation";
import { parseUri } from "@sidetone/sip";
import { Isolation } from "./isolation.ts";
import { LOST_TOLD_MS, WATCH_INTERVAL_MS, WATCH_TIMEOUT_MS } from "../limits.ts";

/** Asks once by OPTIONS. True where any answer came in time. */
export type AskAlive = (timeoutMs: number) => Promise<boolean>;

/** Who wants to know that a recorder is gone. */
export interface WatchUser {
  /** Called once. */
  gone(): void;
  /** A connection to the recorder closed, and yet somebody answers: the dialog may be lost all the same. */
  doubt(): void;
}

/** A user's place in a watch. */
export interface WatchPlace {
  /** Since the recorder is known to have lived last, ms. */
  unprovenMs(): number;
  /** Idempotent. */
  stop(): void;
}

interface Watched {
  readonly users: Set<WatchUser>;
  readonly ask: AskAlive;
  stop: Cancel;
  asking: boolean;
  /** A connection closed since the last answer. */
  doubted: boolean;
  /** It has answered OPTIONS before: from then on silence means something. */
  answers: boolean;
  provenAt: number;
}

/**
 * R31: notices that a recorder is gone between INVITE and BYE, when nothing else is said to it: OPTIONS every second as long
 * as it has sessions, and at once when a connection to it closes. One question per recorder, however many sessions it has.
 * SIP Server watches its Media Servers in the same way (`signalling/media-server-watch.ts`); services share no code.
 */
export class RecorderWatch {
  readonly #clock: Clock;
  readonly #isolation: Pick<Isolation, "holds">;
  readonly #watched = new Map<string, Watched>();

  constructor(clock: Clock, isolation: Pick<Isolation, "holds"> = new Isolation(clock)) {
    this.#clock = clock;
    this.#isolation = isolation;
  }

  /** Recorders that are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** @param place what `placeOf` says of the recorder's remote target, or any other key where it is reached in another way */
  add(place: string, ask: AskAlive, user: WatchUser): WatchPlace {
    const watched = this.#watched.get(place) ?? this.#begin(place, ask);
    const { users } = watched;
    users.add(user);
    watched.provenAt = this.#clock.now();
    return {
      unprovenMs: () => this.#clock.now() - watched.provenAt,
      stop: () => {
        users.delete(user);
        if (users.size > 0 || this.#watched.get(place) !== watched) return;
        watched.stop();
        this.#watched.delete(place);
      },
    };
  }

  /** A connection to an address closed: who records there is asked now. */
  connectionClosed(transport: string, host: string, port: number): void {
    const place = `${transport} ${host}:${port}`;
    const watched = this.#watched.get(place);
    if (watched === undefined) return;
    watched.doubted = true;
    void this.#check(watched);
  }

  /** A Resource Manager says that what lives there is lost: it has `LOST_TOLD_MS` to answer. @param uri as the Resource Manager names it */
  toldLost(uri: string): void {
    const watched = this.#watched.get(placeOf(uri) ?? "");
    if (watched !== undefined) void this.#check(watched, LOST_TOLD_MS);
  }

  #begin(place: string, ask: AskAlive): Watched {
    const watched: Watched = {
      users: new Set(),
      ask,
      stop: () => undefined,
      asking: false,
      doubted: false,
      answers: false,
      provenAt: this.#clock.now(),
    };
    this.#watched.set(place, watched);
    watched.stop = this.#clock.every(WATCH_INTERVAL_MS, () => void this.#check(watched));
    void this.#check(watched);
    return watched;
  }

  async #check(watched: Watched, timeoutMs = WATCH_TIMEOUT_MS): Promise<void> {
    // A question of our own may have begun long ago: that somebody else misses it, too, does not wait for it.
    if (watched.asking && timeoutMs === WATCH_TIMEOUT_MS) return;
    watched.asking = true;
    let outcome = await this.#ask(watched, timeoutMs);
    if (outcome === "refused") {
      // The question may have died with the old connection.
      watched.doubted = true;
      outcome = await this.#ask(watched, timeoutMs);
    }
    watched.asking = false;
    if (outcome !== "alive" && this.#isolation.holds) return;
    const { doubted } = watched;
    watched.doubted = false;
    if (outcome === "silent" && !watched.answers && timeoutMs === WATCH_TIMEOUT_MS) return;
    for (const user of Array.from(watched.users)) {
      if (outcome !== "alive") user.gone();
      else if (doubted) user.doubt();
    }
  }

  async #ask(watched: Watched, timeoutMs: number): Promise<"alive" | "silent" | "refused"> {
    const asked = this.#clock.now();
    if (await watched.ask(timeoutMs)) {
      watched.answers = true;
      watched.provenAt = asked;
      return "alive";
    }
    return this.#clock.now() - asked < timeoutMs ? "refused" : "silent";
  }
}

/** The place that a SIP URI leads to without looking up names, `tcp 10.0.0.1:5090`; undefined for what is no SIP URI. */
export function placeOf(uri: string): string | undefined {
  const parsed = parseUri(uri);
  if (!parsed.ok) return undefined;
  const { host, port, params, scheme } = parsed.value;
  const transport = params.get("transport");
  return `${typeof transport === "string" ? transport.toLowerCase() : "udp"} ${host}:${port ?? (scheme === "sips" ? 5061 : 5060)}`;
}
