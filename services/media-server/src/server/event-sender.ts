import type { Logger } from "@sidetone/foundation";
import { msmlContentType, type MsmlEvent, writeMsml } from "@sidetone/msml";
import type { InviteSession } from "@sidetone/sip";
import { MAX_HELD_EVENTS } from "../limits.ts";

/** The live dialogs that may take a conference's events, the best first. */
export type EventRoute = (conference: string) => readonly InviteSession[];

/** Names of the call and the recording that an event is about, for the log. */
export type EventIds = Readonly<Record<string, string>>;

interface Held {
  readonly event: MsmlEvent;
  readonly ids: EventIds;
}

/** The last party's leaving is what raises it: as a rule nobody is left to hear it. */
const unheardByNature = "msml.conf.nomedia";

/**
 * Sends MSML events in INFO, those of one conference one after another: on the dialog of the last recorder command, else
 * on any live one; without one an event is dropped (RFC 5707 3.1). While a request of the conference is being executed,
 * events wait until its result is out.
 */
export class EventSender {
  readonly #route: EventRoute;
  readonly #log: Logger;
  readonly #queues = new Map<string, Promise<void>>();
  readonly #held = new Map<string, { depth: number; readonly events: Held[] }>();
  #sent = 0;
  #dropped = 0;

  constructor(route: EventRoute, log: Logger) {
    this.#route = route;
    this.#log = log;
  }

  get counts(): { readonly sent: number; readonly dropped: number } {
    return { sent: this.#sent, dropped: this.#dropped };
  }

  /** Events of these conferences wait until the returned function is called. */
  hold(conferences: Iterable<string>): () => void {
    const names = Array.from(new Set(conferences));
    for (const name of names) {
      const held = this.#held.get(name) ?? { depth: 0, events: [] };
      held.depth += 1;
      this.#held.set(name, held);
    }
    return () => {
      for (const name of names) this.#release(name);
    };
  }

  send(conference: string, event: MsmlEvent, ids: EventIds = {}): void {
    const held = this.#held.get(conference);
    if (held !== undefined) {
      if (held.events.length < MAX_HELD_EVENTS) held.events.push({ event, ids });
      else this.#dropped += 1;
      return;
    }
    const queue = (this.#queues.get(conference) ?? Promise.resolve()).then(() => this.#deliver(conference, event, ids));
    this.#queues.set(conference, queue);
    void queue.finally(() => {
      if (this.#queues.get(conference) === queue) this.#queues.delete(conference);
    });
  }

  #release(name: string): void {
    const held = this.#held.get(name);
    if (held === undefined) return;
    held.depth -= 1;
    if (held.depth > 0) return;
    this.#held.delete(name);
    for (const { event, ids } of held.events) this.send(name, event, ids);
  }

  async #deliver(conference: string, event: MsmlEvent, ids: EventIds): Promise<void> {
    const tried = new Set<InviteSession>();
    for (;;) {
      const session = this.#route(conference).find((one) => one.state === "confirmed" && !tried.has(one));
      if (session === undefined) {
        this.#dropped += 1;
        const level = event.name === unheardByNature ? "debug" : "warn";
        this.#log[level]({ ...ids, conference, event: event.name }, "no dialog left for an event");
        return;
      }
      tried.add(session);
      const body = writeMsml({ kind: "event", event });
      const response = await session.request("INFO", { body, contentType: msmlContentType });
      if (response.status < 300) {
        this.#sent += 1;
        return;
      }
    }
  }
}
