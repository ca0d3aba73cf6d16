import { isDeepStrictEqual } from "node:util";
import type { PartyEvent } from "../../t-library/events-of-effects.ts";
import { type Call, isConference, type Party, presentParties } from "../call.ts";
import type { Change } from "./act.ts";
import { type Violation, violation } from "./model.ts";

type Attributes = Readonly<Record<string, unknown>>;

/** Events that end what a DN hears of a call. */
const last = new Set<PartyEvent["message"]>([
  "EventReleased",
  "EventAbandoned",
  "EventDiverted",
  "EventDestinationBusy",
]);

/** tlib-wire.md: what each event of a change must say. */
export function attributesViolation(change: Change): Violation | undefined {
  for (const event of change.events) {
    const attributes: Attributes = event.attributes;
    if (!isDeepStrictEqual(attributes["UserData"], change.after.userData)) {
      const found = JSON.stringify(attributes["UserData"]);
      return violation("user-data", `${event.message}: ${found}, not ${JSON.stringify(change.after.userData)}`);
    }
    const wrong = wrongOf(event, change);
    if (wrong !== undefined) return violation("attributes", `${event.message} to ${event.attributes.ThisDN}: ${wrong}`);
  }
  return undefined;
}

/** Attributes that may be said of an event, and must be as they are here; undefined = absent. */
type Expected = Readonly<Record<string, string | undefined>>;

function wrongOf({ message, attributes }: PartyEvent, change: Change): string | undefined {
  const { call, previous } = change.after;
  const party = partyOf(change, attributes.ThisDN);
  if (party === undefined) return "ThisDN is no party of the call";
  if (message === "EventPrivateInfo") return differing(attributes, { ConnID: call.connId, CallUUID: call.callUuid });
  const rule = expectedOf(message, party, change);
  const always: Expected = {
    ConnID: call.connId,
    CallUUID: call.callUuid,
    CallType: call.callType,
    PreviousConnID: previous,
    ThirdPartyDN: undefined,
    ThirdPartyDNRole: undefined,
    ...(last.has(message) ? {} : viewOf(party, call)),
    ...(message === "EventRouteRequest" || message === "EventQueued" ? { ThisQueue: attributes.ThisDN } : {}),
  };
  return differing(attributes, { ...always, ...rule });
}

/** A party of the call with this DN: the one that is there, or the one that has just left. */
function partyOf({ before, after }: Change, dn: string): Party | undefined {
  const was = presentParties(before.call).find((party) => party.dn === dn);
  const is = presentParties(after.call).find((party) => party.dn === dn);
  return is ?? after.call.parties.find(({ id }) => id === was?.id);
}

/** How a party that is in the call sees itself and the other, where there is exactly one. */
function viewOf(party: Party, call: Call): Expected {
  const others = presentParties(call).filter(({ id }) => id !== party.id);
  const [other] = others;
  const answered = party.state === "connected" || party.state === "held";
  const own = party.role === "origination" ? "RoleOrigination" : "RoleDestination";
  return {
    ThisDNRole: isConference(call) && answered ? "RoleConferenceMember" : own,
    ...(others.length === 1 ? { OtherDN: other?.number } : {}),
    ...(others.length > 1 ? { OtherDN: undefined } : {}),
  };
}

function expectedOf(message: PartyEvent["message"], party: Party, change: Change): Expected {
  const { cause } = change;
  switch (message) {
    case "EventPartyChanged":
      return partyChanged(party, change);
    case "EventPartyAdded":
      return {
        ...newcomer(change),
        OtherDNRole: "RoleNewParty",
        ThirdPartyDN: introducer(change),
        ThirdPartyDNRole: "RoleAddedBy",
      };
    case "EventPartyDeleted": {
      if (cause.kind !== "party-released") return {};
      const by = numberOf(change.before.call, cause.by);
      return {
        OtherDN: numberOf(change.before.call, cause.party),
        OtherDNRole: "RoleDeletedParty",
        ThirdPartyDN: by,
        ThirdPartyDNRole: by === undefined ? undefined : "RoleDeletedBy",
      };
    }
    case "EventRouteUsed":
      return cause.kind === "party-routed"
        ? { ThirdPartyDN: cause.target.number, ThirdPartyDNRole: "RoleDestination", OtherDN: "*" }
        : {};
    case "EventAttachedDataChanged":
      return cause.kind === "user-data" ? { ThirdPartyDN: cause.by } : {};
    case "EventReleased":
      return releasedState(party, change);
    case "EventAbandoned":
    case "EventDestinationBusy":
    case "EventDialing":
    case "EventDiverted":
    case "EventEstablished":
    case "EventHeld":
    case "EventPrivateInfo":
    case "EventQueued":
    case "EventRetrieved":
    case "EventRinging":
    case "EventRouteRequest":
      return {};
  }
}

function partyChanged(party: Party, change: Change): Expected {
  const { cause, after } = change;
  if (cause.kind === "joined") {
    const movedIn = Array.from(cause.moved.values()).includes(party.id);
    return {
      ...(movedIn ? viewOf(party, after.call) : newcomer(change)),
      ThirdPartyDN: numberOf(after.call, cause.party),
      ThirdPartyDNRole: cause.how === "transfer" ? "RoleTransferredBy" : "RoleConferencedBy",
    };
  }
  return { ...newcomer(change), ThirdPartyDN: introducer(change), ThirdPartyDNRole: "RoleTransferredBy" };
}

/** Who came in by the change; of several any. */
function newcomer({ cause, after }: Change): Expected {
  if (cause.kind === "joined") {
    const ids = Array.from(cause.moved.values());
    return { OtherDN: ids.length === 1 ? numberOf(after.call, ids[0]) : "*" };
  }
  return cause.kind === "party-answered" ? { OtherDN: numberOf(after.call, cause.party) } : {};
}

function introducer({ cause, after }: Change): string | undefined {
  if (cause.kind === "joined") return numberOf(after.call, cause.party);
  if (cause.kind !== "party-answered") return undefined;
  return after.call.parties.find(({ id }) => id === cause.party)?.introduction?.number;
}

/** CallState of who leaves by a transfer or for a conference. */
function releasedState(party: Party, { cause, after }: Change): Expected {
  const goesOn = after.call.endedMicros === undefined;
  if (cause.kind === "party-transferred" && cause.party === party.id && goesOn) return { CallState: "Transferred" };
  if ((cause.kind === "left" || cause.kind === "joined") && cause.party === party.id) {
    return { CallState: cause.how === "transfer" ? "Transferred" : "Conferenced" };
  }
  return {};
}

function numberOf(call: Call, id: string | undefined): string | undefined {
  return call.parties.find((party) => party.id === id)?.number;
}

function differing(attributes: Attributes, expected: Expected): string | undefined {
  for (const [name, value] of Object.entries(expected)) {
    if (value === "*" || attributes[name] === value) continue;
    return `${name} ${String(attributes[name])}, not ${String(value)}`;
  }
  return undefined;
}
