import type { EventAttributes, RequestAttributes, TlibEvent, UnknownEvent } from "../schema/messages.ts";
import type { CallSnapshot } from "../schema/shapes.ts";

/** How a DN is registered. */
export type RegisterAttributes = Omit<RequestAttributes["RequestRegisterAddress"], "ReferenceID">;
/** EventRegistered with all calls of the DN, those that came in EventAddressInfo included. */
export type Registered = TlibEvent<"EventRegistered">;

interface Collecting {
  readonly event: Registered;
  readonly calls: CallSnapshot[];
  readonly done: (event: Registered) => void;
  readonly lost: () => void;
}

/** Which DNs the client has registered, so that it can do it again, and their snapshots while they come in. */
export class Registrations {
  readonly #dns = new Map<string, RegisterAttributes>();
  readonly #collecting = new Map<string, Collecting>();

  /** The registered DNs, in the order in which they were registered. */
  get all(): readonly RegisterAttributes[] {
    return Array.from(this.#dns.values());
  }

  add(registered: RegisterAttributes): void {
    this.#dns.set(registered.ThisDN, registered);
  }

  delete(dn: string): void {
    this.#dns.delete(dn);
  }

  /** tlib-wire.md "Session" 5: calls `done` once no call of the snapshot is missing, perhaps at once; `lost` where that cannot be. */
  collect(event: Registered, done: (event: Registered) => void, lost: () => void): void {
    if ((event.attributes.MoreCalls ?? 0) === 0) done(event);
    else
      this.#collecting.set(event.attributes.ThisDN, { event, calls: Array.from(event.attributes.Calls), done, lost });
  }

  /** Looks for the rest of a snapshot, and for registrations that end. */
  seen(event: TlibEvent | UnknownEvent): void {
    if (event.message === "EventUnregistered") this.delete(event.attributes.ThisDN);
    if (event.message === "EventAddressInfo") this.#more(event.attributes);
  }

  /** The session is gone: half snapshots are never completed. */
  forgetHalf(): void {
    const half = Array.from(this.#collecting.values());
    this.#collecting.clear();
    for (const { lost } of half) lost();
  }

  #more(info: EventAttributes["EventAddressInfo"]): void {
    const collecting = this.#collecting.get(info.ThisDN);
    if (collecting === undefined || info.MoreCalls === undefined) return;
    collecting.calls.push(...(info.Calls ?? []));
    if (info.MoreCalls > 0) return;
    this.#collecting.delete(info.ThisDN);
    const { event } = collecting;
    collecting.done({ ...event, attributes: { ...event.attributes, Calls: collecting.calls, MoreCalls: 0 } });
  }
}
