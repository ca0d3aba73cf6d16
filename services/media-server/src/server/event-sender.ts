import type { Logger } from "@sidetone/foundation";
import { confNoMedia, msmlContentType, type MsmlEvent, writeMsml } from "@sidetone/msml";
import type { InviteSession } from "@sidetone/sip";
import { MAX_HELD_EVENTS } from "../limits.ts";

/** The live dialogs that may take an event, the best first; asked when its turn has come. */
export type EventRoute = () => readonly InviteSession[];

/** Names of the call and the recording that an event is about, for the log. */
export type EventIds = Readonly<Record<string, string>>;

interface Pending {
  readonly event: MsmlEvent;
  readonly route: EventRoute;
  readonly ids: EventIds;
  readonly sent: () => void;
}

/**
 * Sends MSML events in INFO, those of one object one after another, and those of one SIP dialog. Who takes them is the route's matter; without
 * anybody an event is dropped (RFC 5707 3.1). While a request about the object is being executed, events wait until its result is out.
 */
export class EventSender {
  readonly #log: Logger;
  readonly #queues = new Map<string, Promise<void>>();
  readonly #sessions = new WeakMap<InviteSession, Promise<unknown>>();
  readonly #held = new Map<string, { depth: number; readonly events: Pending[] }>();
  #sent = 0;
  #dropped = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  get counts(): { readonly sent: number; readonly dropped: number } {
    return { sent: this.#sent, dropped: this.#dropped };
  }

  /** Events of these objects wait until the returned function is called. */
  hold(objects: Iterable<string>): () => void {
    const names = Array.from(new Set(objects));
    for (const name of names) {
      const held = this.#held.get(name) ?? { depth: 0, events: [] };
      held.depth += 1;
      this.#held.set(name, held);
    }
    return () => {
      for (const name of names) this.#release(name);
    };
  }

  /** Resolves when it was answered, or dropped. */
  send(object: string, event: MsmlEvent, route: EventRoute, ids: EventIds = {}): Promise<void> {
    return new Promise((sent) => this.#send(object, { event, route, ids, sent }));
  }

  #send(object: string, pending: Pending): void {
    const held = this.#held.get(object);
    if (held !== undefined) {
      if (held.events.length < MAX_HELD_EVENTS) held.events.push(pending);
      else {
        this.#dropped += 1;
        pending.sent();
      }
      return;
    }
    const queue = (this.#queues.get(object) ?? Promise.resolve()).then(() => this.#deliver(object, pending));
    this.#queues.set(object, queue);
    void queue.finally(() => {
      if (this.#queues.get(object) === queue) this.#queues.delete(object);
      pending.sent();
    });
  }

  #release(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    held.depth -= 1;
    if (held.depth > 0) return;
    this.#held.delete(name);
    for (const pending of held.events) this.#send(name, pending);
  }

  async #deliver(object: string, { event, route, ids }: Pending): Promise<void> {
    const tried = new Set<InviteSession>();
    const body = writeMsml({ kind: "event", event });
    for (;;) {
      const session = route().find((one) => one.state === "confirmed" && !tried.has(one));
      if (session === undefined) {
        this.#dropped += 1;
        // The last party's leaving is what raises it: as a rule nobody is left to hear it.
        const level = event.name === confNoMedia ? "debug" : "warn";
        this.#log[level]({ ...ids, object, event: event.name }, "no dialog left for an event");
        return;
      }
      tried.add(session);
      const before = this.#sessions.get(session) ?? Promise.resolve();
      const answered = before.then(() => session.request("INFO", { body, contentType: msmlContentType }));
      this.#sessions.set(
        session,
        answered.catch(() => undefined),
      );
      const { status } = await answered;
      if (status < 300) {
        this.#sent += 1;
        return;
      }
    }
  }
}
