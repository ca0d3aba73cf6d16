import type { PartyEvent } from "../../t-library/events-of-effects.ts";
import { type Violation, violation } from "./model.ts";

/** What a DN knows of its part in a call from the events that it got; one that knows nothing has no entry. */
export type HeardState =
  | "dialing"
  /** Its destination is busy or unknown: Released comes next. */
  | "busy"
  | "ringing"
  | "talking"
  | "held"
  /** Of a routing point: the call waits; a route is asked for; it goes to a target. */
  | "queued"
  | "asked"
  | "routed";

/** By `ConnID DN`. */
export type Heard = ReadonlyMap<string, HeardState>;

/** Where a DN hears of a call. */
export function heardKey(connId: string, dn: string): string {
  return `${connId} ${dn}`;
}

type Message = PartyEvent["message"];
type Moves = Readonly<Partial<Record<Message, HeardState | "over">>>;

const inCall = { EventAttachedDataChanged: "same", EventPrivateInfo: "same" } as const;
const talking = { EventPartyAdded: "same", EventPartyChanged: "same", EventPartyDeleted: "same" } as const;

/**
 * tlib-wire.md, "Which events, to whom, in which order", as one DN hears them. `same`: tells something and moves nothing;
 * `over`: the last event of this call for this DN.
 */
const table: Readonly<
  Record<HeardState | "nothing", Readonly<Partial<Record<Message, HeardState | "over" | "same">>>>
> = {
  nothing: { EventDialing: "dialing", EventRinging: "ringing", EventQueued: "queued" } satisfies Moves,
  dialing: { ...inCall, EventEstablished: "talking", EventDestinationBusy: "busy", EventReleased: "over" },
  busy: { EventReleased: "over" },
  ringing: { ...inCall, EventEstablished: "talking", EventAbandoned: "over", EventReleased: "over" },
  talking: { ...inCall, ...talking, EventHeld: "held", EventReleased: "over" },
  held: { ...inCall, ...talking, EventRetrieved: "talking", EventReleased: "over" },
  queued: { EventRouteRequest: "asked" },
  asked: { ...inCall, EventRouteUsed: "routed", EventAbandoned: "over" },
  routed: { EventDiverted: "over" },
};

/**
 * One event. A DN whose party moved to another call hears of it there first, by PartyChanged whose PreviousConnID is the
 * call that it knew: it hears nothing of that one any more, and is what it was.
 */
export function hear(heard: Heard, { message, attributes }: PartyEvent): Heard | Violation {
  const key = heardKey(attributes.ConnID, attributes.ThisDN);
  const before = heard.get(key) ?? "nothing";
  const after = new Map(heard);
  if (message === "EventPartyChanged" && before === "nothing") {
    const previous = attributes.PreviousConnID ?? "";
    const moved = heard.get(heardKey(previous, attributes.ThisDN));
    if (moved !== "ringing" && moved !== "talking" && moved !== "held") {
      return violation("automaton", `${message} to ${key}, which is ${moved ?? "nothing"} in call ${previous}`);
    }
    after.delete(heardKey(previous, attributes.ThisDN));
    return after.set(key, moved);
  }
  const next = table[before][message];
  if (next === undefined) return violation("automaton", `${message} to ${key}, which is ${before}`);
  if (next === "over") after.delete(key);
  else if (next !== "same") after.set(key, next);
  return after;
}
