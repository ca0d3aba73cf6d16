import type { Cancel, Clock } from "@sidetone/foundation";
import type { EventName } from "@sidetone/tlib";
import { responseTimeoutMs } from "./limits.ts";

/** A request that waits for the event that answers it. */
export interface Awaited<Session> {
  readonly session: Session;
  readonly referenceId: number;
  readonly thisDn: string;
  readonly events: readonly EventName[];
  /** How long it may wait, ms. */
  readonly patienceMs?: number;
  /** The event did not come in time; now the request is answered otherwise. */
  onOverdue(): void;
}

/** A request that waits; each of its ends comes once. */
export interface Waiting {
  /** Names the call, where the request made one. */
  about(connId: string): void;
  /** True where nothing has answered the request yet: from now on the caller does. */
  settle(): boolean;
}

interface Entry<Session> extends Awaited<Session> {
  key: string | undefined;
  cancel: Cancel;
}

/**
 * tlib-wire.md, "Session" 7: which event is the direct response of which request, exactly once each. It is the event
 * whose ThisDN and ConnID equal the request's; a request that makes a call learns its ConnID later.
 */
export class Responses<Session> {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Entry<Session>[]>();
  readonly #bySession = new Map<Session, Set<Entry<Session>>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call it before the switch is asked: the event may come first. */
  expect(awaited: Awaited<Session>, connId: string | undefined): Waiting {
    const { session, referenceId, thisDn, events } = awaited;
    const onOverdue = (): void => awaited.onOverdue();
    const entry: Entry<Session> = {
      session,
      referenceId,
      thisDn,
      events,
      onOverdue,
      key: undefined,
      cancel: () => undefined,
    };
    const own = this.#bySession.get(session) ?? new Set();
    this.#bySession.set(session, own.add(entry));
    entry.cancel = this.#clock.after(awaited.patienceMs ?? responseTimeoutMs, () => {
      if (this.#remove(entry)) entry.onOverdue();
    });
    if (connId !== undefined) this.#index(entry, connId);
    return { about: (made) => this.#index(entry, made), settle: () => this.#remove(entry) };
  }

  /** Takes the requests that this event answers: at most one of each session, the oldest. */
  take(event: EventName, thisDn: string, connId: string): ReadonlyMap<Session, number> {
    const waiting = this.#waiting.get(keyOf(thisDn, connId));
    const taken = new Map<Session, number>();
    if (waiting === undefined) return taken;
    for (const entry of Array.from(waiting)) {
      if (!entry.events.includes(event) || taken.has(entry.session)) continue;
      this.#remove(entry);
      taken.set(entry.session, entry.referenceId);
    }
    return taken;
  }

  /** The session has ended: nobody is left to answer. */
  drop(session: Session): void {
    for (const entry of Array.from(this.#bySession.get(session) ?? [])) this.#remove(entry);
  }

  /** Requests that wait. */
  get size(): number {
    let size = 0;
    for (const own of this.#bySession.values()) size += own.size;
    return size;
  }

  #index(entry: Entry<Session>, connId: string): void {
    if (entry.key !== undefined || this.#bySession.get(entry.session)?.has(entry) !== true) return;
    entry.key = keyOf(entry.thisDn, connId);
    const waiting = this.#waiting.get(entry.key);
    if (waiting === undefined) this.#waiting.set(entry.key, [entry]);
    else waiting.push(entry);
  }

  #remove(entry: Entry<Session>): boolean {
    const own = this.#bySession.get(entry.session);
    if (own === undefined || !own.delete(entry)) return false;
    entry.cancel();
    if (own.size === 0) this.#bySession.delete(entry.session);
    if (entry.key === undefined) return true;
    const rest = this.#waiting.get(entry.key)?.filter((one) => one !== entry) ?? [];
    if (rest.length === 0) this.#waiting.delete(entry.key);
    else this.#waiting.set(entry.key, rest);
    return true;
  }
}

function keyOf(thisDn: string, connId: string): string {
  return `${connId}|${thisDn}`;
}
