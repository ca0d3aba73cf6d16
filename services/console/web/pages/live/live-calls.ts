import type { ClientEvent, Registered } from "@sidetone/tlib/client";

type Snapshot = Registered["attributes"]["Calls"][number];

/** A watched DN in a call. */
export interface LiveParty {
  /** PartyState. */
  readonly state: string;
  /** OtherDN. */
  readonly other: string | undefined;
}

/** A call as the watched DNs see it. */
export interface LiveCall {
  readonly connId: string;
  readonly callType: string;
  /** By watched DN. */
  readonly own: ReadonlyMap<string, LiveParty>;
  /** R21, `GSIP_RECORD`: On, Paused, Off; undefined before the first start. */
  readonly record: string | undefined;
  /** R20, `GSIP_REC_FN`. */
  readonly fileName: string | undefined;
}

/** Calls by ConnID, the oldest first. */
export type LiveCalls = ReadonlyMap<string, LiveCall>;

/** The PartyState of ThisDN after an event; undefined: it is no party any more. Events that are not here change none. */
const stateAfter: ReadonlyMap<string, string | undefined> = new Map([
  ["EventDialing", "Dialing"],
  ["EventRinging", "Alerting"],
  ["EventQueued", "Queued"],
  ["EventRouteRequest", "Routing"],
  ["EventDestinationBusy", "Busy"],
  ["EventEstablished", "Connected"],
  ["EventPartyAdded", "Connected"],
  ["EventPartyChanged", "Connected"],
  ["EventHeld", "Held"],
  ["EventRetrieved", "Connected"],
  ["EventReleased", undefined],
  ["EventAbandoned", undefined],
  ["EventDiverted", undefined],
]);

/** The calls after an event of the T-Library client. */
export function afterEvent(calls: LiveCalls, event: ClientEvent): LiveCalls {
  if (event.message === "Reset") {
    return Array.from(event.registrations.values()).reduce(
      (known: LiveCalls, { ThisDN, Calls }) => withSnapshot(known, ThisDN, Calls),
      new Map(),
    );
  }
  if (event.message === "EventRegistered") {
    const { ThisDN, Calls } = event.attributes;
    return withSnapshot(withoutDn(calls, ThisDN), ThisDN, Calls);
  }
  if (event.message === "EventAddressInfo") {
    return withSnapshot(calls, event.attributes.ThisDN, event.attributes.Calls ?? []);
  }
  if (event.message === "EventUnregistered") return withoutDn(calls, event.attributes.ThisDN);
  const aboutCall = "attributes" in event && "ConnID" in event.attributes;
  return aboutCall ? afterCallEvent(calls, event.message, event.attributes) : calls;
}

/** Attributes that the panel reads of an event about a call. */
interface CallAttributes {
  readonly ThisDN?: string;
  readonly ConnID?: string;
  readonly PreviousConnID?: string;
  readonly CallType?: string;
  readonly OtherDN?: string;
  readonly UserData?: Readonly<Record<string, unknown>>;
}

function afterCallEvent(calls: LiveCalls, message: string, attributes: CallAttributes): LiveCalls {
  const { ThisDN: dn, ConnID: connId, PreviousConnID: previous, CallType, OtherDN, UserData } = attributes;
  if (dn === undefined || connId === undefined) return calls;
  const known = calls.get(connId);
  const moves = stateAfter.has(message);
  const party = known?.own.get(dn);
  const state = moves ? stateAfter.get(message) : party?.state;
  // A DN that is no party may still be told of the call's user data.
  if (known === undefined && state === undefined) return calls;
  const own = new Map(known?.own);
  if (state !== undefined) own.set(dn, { state, other: OtherDN ?? party?.other });
  else own.delete(dn);
  const base = message === "EventPartyChanged" && previous !== undefined ? withoutParty(calls, previous, dn) : calls;
  return withCall(base, {
    connId,
    callType: CallType ?? known?.callType ?? "Unknown",
    own,
    ...recordingOf(UserData, known),
  });
}

function withSnapshot(calls: LiveCalls, dn: string, snapshot: readonly Snapshot[]): LiveCalls {
  return snapshot.reduce((known, { ConnID, CallType, PartyState, OtherDN, UserData }) => {
    const before = known.get(ConnID);
    return withCall(known, {
      connId: ConnID,
      callType: CallType,
      own: new Map(before?.own).set(dn, { state: PartyState, other: OtherDN }),
      ...recordingOf(UserData, before),
    });
  }, calls);
}

/** A call without watched parties is over, as far as we can tell. */
function withCall(calls: LiveCalls, call: LiveCall): LiveCalls {
  const after = new Map(calls);
  if (call.own.size > 0) after.set(call.connId, call);
  else after.delete(call.connId);
  return after;
}

function withoutParty(calls: LiveCalls, connId: string, dn: string): LiveCalls {
  const call = calls.get(connId);
  if (call === undefined || !call.own.has(dn)) return calls;
  const own = new Map(call.own);
  own.delete(dn);
  return withCall(calls, { ...call, own });
}

function withoutDn(calls: LiveCalls, dn: string): LiveCalls {
  return Array.from(calls.keys()).reduce((known, connId) => withoutParty(known, connId, dn), calls);
}

/** UserData of an event is always complete; an event without it says nothing. */
function recordingOf(
  userData: Readonly<Record<string, unknown>> | undefined,
  before: LiveCall | undefined,
): Pick<LiveCall, "record" | "fileName"> {
  const text = (key: string): string | undefined => {
    const value = userData?.[key];
    return typeof value === "string" ? value : undefined;
  };
  if (userData === undefined) return { record: before?.record, fileName: before?.fileName };
  return { record: text("GSIP_RECORD"), fileName: text("GSIP_REC_FN") };
}

/** Parties for people: watched ones with their state, and those that they talk to. */
export function partiesText(call: LiveCall): string {
  const own = Array.from(call.own, ([dn, { state }]) => `${dn} ${stateWords.get(state) ?? state}`);
  const others = new Set(Array.from(call.own.values(), ({ other }) => other).filter((dn) => dn !== undefined));
  return own.concat(Array.from(others).filter((dn) => !call.own.has(dn))).join(" ↔ ");
}

const stateWords: ReadonlyMap<string, string> = new Map([
  ["Dialing", "dials"],
  ["Alerting", "rings"],
  ["Queued", "is queued"],
  ["Connected", "talks"],
  ["Held", "is on hold"],
  ["Routing", "is routed"],
  ["Busy", "hears busy"],
  ["Failed", "has failed"],
]);

/** What can be asked of a recording. */
export type RecordingCommand = "start" | "pause" | "resume" | "stop";

/** What makes sense now, from what `GSIP_RECORD` says. */
export function commandsFor(call: LiveCall): readonly RecordingCommand[] {
  if (call.record === "On") return ["pause", "stop"];
  if (call.record === "Paused") return ["resume", "stop"];
  return ["start"];
}

/** What `GSIP_RECORD` means for people. */
export function recordingText(call: LiveCall): string {
  switch (call.record) {
    case "On":
      return "recording";
    case "Paused":
      return "paused";
    case "Off":
      return "not recorded any more";
    case undefined:
      return "not recorded";
    default:
      return call.record;
  }
}
