import type { ClientEvent, Registered } from "@sidetone/tlib/client";

type Snapshot = Registered["attributes"]["Calls"][number];
type Values = Readonly<Record<string, unknown>>;

/** What `GSIP_RECORD` says of a call (R20, R21), and why where T-Library tells it. */
export interface RecordingShown {
  /** On, Paused, Off; undefined before the first start. */
  readonly state: string | undefined;
  /** Since when the page knows of this state, ms since 1970. */
  readonly since: number;
  /** The page saw the change; false: it was so when the page came. */
  readonly seen: boolean;
  /** Cause of the change, such as `started`, `paused`, `stopped`, or why it broke. */
  readonly cause: string | undefined;
  /** R23: what broke and has not recovered since. */
  readonly failure: string | undefined;
}

/** A call as the agent's DN is in it. */
export interface AgentCall {
  readonly connId: string;
  readonly callType: string;
  /** PartyState of the DN. */
  readonly state: string;
  /** Since when the page knows of this state, ms since 1970. */
  readonly since: number;
  /** Since when the page knows of the call, ms since 1970. */
  readonly known: number;
  /** Who else is in the call. */
  readonly others: readonly string[];
  readonly conference: boolean;
  /** Number that was dialled; of a call that came over a routing point not the DN. */
  readonly dnis: string | undefined;
  readonly queue: string | undefined;
  /** Of a consultation: the call that it was begun from. */
  readonly previous: string | undefined;
  readonly recording: RecordingShown;
  /** Complete, without the system's own keys. */
  readonly userData: Values;
}

/** Calls of the DN by ConnID, the oldest first. */
export type AgentCalls = ReadonlyMap<string, AgentCall>;

/** PartyState after an event; undefined: the DN is no party any more. Events that are not here change none. */
const stateAfter: ReadonlyMap<string, string | undefined> = new Map([
  ["EventDialing", "Dialing"],
  ["EventRinging", "Alerting"],
  ["EventDestinationBusy", "Busy"],
  ["EventEstablished", "Connected"],
  ["EventHeld", "Held"],
  ["EventRetrieved", "Connected"],
  ["EventReleased", undefined],
  ["EventAbandoned", undefined],
]);

const systemPrefix = "GSIP_";

/** The calls of `dn` after an event, which came at `at` (ms since 1970). */
export function afterEvent(calls: AgentCalls, event: ClientEvent, dn: string, at: number): AgentCalls {
  if (event.message === "unknown") return calls;
  if (event.message === "Reset") return fromSnapshot(event.registrations.get(dn)?.Calls ?? [], dn, at, calls);
  const attributes = event.attributes as Values;
  if (event.message === "EventPartyInfo") return withParties(calls, event.attributes, dn);
  if (attributes["ThisDN"] !== dn) return calls;
  if (event.message === "EventRegistered") return fromSnapshot(event.attributes.Calls, dn, at, calls);
  if (event.message === "EventUnregistered") return new Map();
  if (event.message === "EventAddressInfo") {
    const more = fromSnapshot(event.attributes.Calls ?? [], dn, at, calls);
    return more.size === 0 ? calls : new Map([...calls, ...more]);
  }
  if (event.message === "EventPrivateInfo") return withFailure(calls, event.attributes);
  const connId = text(attributes["ConnID"]);
  return connId === undefined ? calls : afterCallEvent(calls, event.message, connId, attributes, at);
}

function afterCallEvent(calls: AgentCalls, message: string, connId: string, a: Values, at: number): AgentCalls {
  const before = calls.get(connId);
  // A party that came in by a transfer or conference goes on in the call that survives.
  const previous = text(a["PreviousConnID"]);
  const moved = message === "EventPartyChanged" && previous !== undefined ? calls.get(previous) : undefined;
  const known = before ?? moved;
  const moves = stateAfter.has(message);
  const state = moves ? stateAfter.get(message) : known?.state;
  const after = new Map(calls);
  if (moved !== undefined && previous !== undefined) after.delete(previous);
  if (state === undefined) {
    after.delete(connId);
    return after;
  }
  const role = text(a["ThisDNRole"]);
  const conference = role === undefined ? (known?.conference ?? false) : role === "RoleConferenceMember";
  after.set(connId, {
    connId,
    callType: text(a["CallType"]) ?? known?.callType ?? "Unknown",
    state,
    since: state === known?.state ? known.since : at,
    known: known?.known ?? at,
    others: othersAfter(message, known?.others ?? [], a, conference),
    conference,
    dnis: text(a["DNIS"]) ?? known?.dnis,
    queue: text(a["ThisQueue"]) ?? known?.queue,
    previous: message === "EventPartyChanged" ? undefined : (previous ?? known?.previous),
    recording: recordingAfter(known?.recording, a, at, before !== undefined || moves),
    userData: a["UserData"] === undefined ? (known?.userData ?? {}) : shown(a["UserData"] as Values),
  });
  return after;
}

/** OtherDN is told where there is one other; in a conference who came or left is. */
function othersAfter(message: string, known: readonly string[], a: Values, conference: boolean): readonly string[] {
  const other = text(a["OtherDN"]);
  const third = text(a["ThirdPartyDN"]);
  const without = (gone: string | undefined): readonly string[] => known.filter((one) => one !== gone);
  const together = (list: readonly string[], one: string | undefined): readonly string[] =>
    one === undefined || list.includes(one) ? list : [...list, one];
  if (message === "EventPartyAdded") return together(known, other);
  if (message === "EventPartyDeleted") return without(other);
  if (conference && message === "EventPartyChanged")
    return other === undefined ? together(known, third) : together(without(third), other);
  return conference || other === undefined ? known : [other];
}

function recordingAfter(known: RecordingShown | undefined, a: Values, at: number, seen: boolean): RecordingShown {
  const before = known ?? { state: undefined, since: at, seen, cause: undefined, failure: undefined };
  if (a["UserData"] === undefined) return before;
  const state = text((a["UserData"] as Values)["GSIP_RECORD"]);
  const changed = state !== before.state;
  const told = text(((a["Extensions"] ?? {}) as Values)["RecordingCause"]);
  const cause = told ?? (changed ? undefined : before.cause);
  if (!changed) return cause === before.cause ? before : { ...before, cause };
  return { state, since: at, seen, cause, failure: state === "On" ? undefined : before.failure };
}

/** R23: a recording broke, or goes on. */
function withFailure(calls: AgentCalls, a: { readonly ConnID?: string; readonly Extensions?: Values }): AgentCalls {
  const call = a.ConnID === undefined ? undefined : calls.get(a.ConnID);
  if (call === undefined) return calls;
  const result = text(a.Extensions?.["result"]);
  const failure = result === "recovered" ? undefined : (text(a.Extensions?.["reason"]) ?? result ?? "unknown");
  return new Map(calls).set(call.connId, { ...call, recording: { ...call.recording, failure } });
}

/** The answer to RequestQueryCall: everybody who is in the call. */
function withParties(
  calls: AgentCalls,
  a: { readonly ConnID: string; readonly Parties?: Snapshot["Parties"] },
  dn: string,
): AgentCalls {
  const call = calls.get(a.ConnID);
  if (call === undefined || a.Parties === undefined) return calls;
  return new Map(calls).set(call.connId, { ...call, ...partiesShown(a.Parties, dn) });
}

function partiesShown(parties: Snapshot["Parties"], dn: string): Pick<AgentCall, "others" | "conference"> {
  const conference = parties.some((party) => party.DN === dn && party.Role === "RoleConferenceMember");
  return { others: parties.filter((party) => party.DN !== dn).map((party) => party.DN), conference };
}

/** What is true now. Times of a call that was known before stay, where its state is the same. */
function fromSnapshot(snapshot: readonly Snapshot[], dn: string, at: number, known: AgentCalls): AgentCalls {
  return new Map(
    snapshot.map((one): [string, AgentCall] => {
      const before = known.get(one.ConnID);
      const parties = partiesShown(one.Parties, dn);
      return [
        one.ConnID,
        {
          connId: one.ConnID,
          callType: one.CallType,
          state: one.PartyState,
          since: before?.state === one.PartyState ? before.since : at,
          known: before?.known ?? at,
          others: parties.others.length > 0 || one.OtherDN === undefined ? parties.others : [one.OtherDN],
          conference: parties.conference || one.ThisDNRole === "RoleConferenceMember",
          dnis: one.DNIS,
          queue: one.ThisQueue,
          previous: one.PreviousConnID,
          recording: recordingAfter(before?.recording, { UserData: one.UserData }, at, false),
          userData: shown(one.UserData),
        },
      ];
    }),
  );
}

function shown(userData: Values): Values {
  return Object.fromEntries(Object.entries(userData).filter(([key]) => !key.startsWith(systemPrefix)));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A consultation of ours and the call that it was begun from. */
export interface Pair {
  readonly first: AgentCall;
  readonly consult: AgentCall;
}

/** The consultation that a call belongs to, as either of its two calls. */
export function pairOf(calls: AgentCalls, call: AgentCall): Pair | undefined {
  const first = call.callType === "Consult" && call.previous !== undefined ? calls.get(call.previous) : undefined;
  if (first !== undefined) return { first, consult: call };
  for (const one of calls.values()) {
    if (one.callType === "Consult" && one.previous === call.connId) return { first: call, consult: one };
  }
  return undefined;
}

/** The call that the agent talks in. */
export function activeCall(calls: AgentCalls): AgentCall | undefined {
  return Array.from(calls.values()).find(({ state }) => state === "Connected");
}

/** Who is on the other side, for people. */
export function othersText(call: AgentCall): string {
  return call.others.length === 0 ? "unknown number" : call.others.join(", ");
}
