import type { CallUuid, ConnId } from "@sidetone/foundation";
import type { KVList } from "@sidetone/tlib";

/** Where a party stands in its call; `queued` is a routing point's, where the call waits. */
export type PartyState = "dialing" | "ringing" | "queued" | "connected" | "held" | "released";

/** By whose word, and how, a party came into a call that was up. */
export interface Introduction {
  /** `route`: from a routing point where a treatment had answered the caller. */
  readonly how: "transfer" | "conference" | "route";
  /** Id and number of who brought it in, or of the routing point. */
  readonly party: string;
  readonly number: string;
}

/** Inside the contact centre, or beyond a trunk. */
export type PartyKind = "internal" | "external";

/** A participant of a call: a DN, or an external number behind a trunk. */
export interface Party {
  readonly id: string;
  /** The party's DN; of an external party its trunk's. */
  readonly dn: string;
  /** What people call it: the DN, or the external number. */
  readonly number: string;
  readonly kind: PartyKind;
  readonly role: "origination" | "destination";
  /** A routing point has no phone: a call waits there until it is routed. */
  readonly device: "phone" | "routing-point";
  readonly state: PartyState;
  /** Address of record, e.g. `sip:7001@sidetone.local`. */
  readonly aor: string;
  /** Agent logged in on the DN, where there is one. */
  readonly agentId: string | undefined;
  /** R1: set for full-time recording, by its DN or the agent on it; what counts is its answer (R6). */
  readonly recorded: boolean;
  /** Undefined for who was there from the beginning. */
  readonly introduction: Introduction | undefined;
}

/** Attached data of a call. */
export type UserData = KVList;

/** How a call came about. */
export type CallType = "Internal" | "Inbound" | "Outbound" | "Consult";

/** A call as the model sees it: immutable; every change is a new value. */
export interface Call {
  readonly connId: ConnId;
  readonly callUuid: CallUuid;
  readonly callType: CallType;
  /** R27: of a consultation, the call from which it was begun; of a merged call, the consultation (PreviousConnID). */
  readonly previousConnId: ConnId | undefined;
  /** The caller's number. */
  readonly ani: string;
  /** The number dialled. */
  readonly dnis: string;
  readonly createdMicros: number;
  readonly answeredMicros: number | undefined;
  readonly endedMicros: number | undefined;
  readonly parties: readonly Party[];
  readonly userData: UserData;
  readonly recording: RecordingIndication;
}

/** R21: what `GSIP_RECORD` says; `absent` before the first start. */
export type RecordingState = "absent" | "On" | "Off" | "Paused";

/** R20, R21: recording as data on the call. */
export interface RecordingIndication {
  readonly state: RecordingState;
  readonly id: string | undefined;
  readonly fileName: string | undefined;
  /** Why the last change happened, e.g. `full-time`, `recorder-failed`, `end-of-call`. */
  readonly cause: string | undefined;
}

/** A call that has just been made. */
export function newCall(facts: {
  connId: ConnId;
  callUuid: CallUuid;
  callType: CallType;
  ani: string;
  dnis: string;
  createdMicros: number;
  /** What the call begins with; default nothing. */
  userData?: UserData;
  previousConnId?: ConnId | undefined;
}): Call {
  return {
    userData: {},
    previousConnId: undefined,
    ...facts,
    answeredMicros: undefined,
    endedMicros: undefined,
    parties: [],
    recording: { state: "absent", id: undefined, fileName: undefined, cause: undefined },
  };
}

/** Parties that have not left. */
export function presentParties(call: Call): readonly Party[] {
  return call.parties.filter((party) => party.state !== "released");
}

/** Parties that talk, or would if nobody held: their phones are up. */
export function answeredParties(call: Call): readonly Party[] {
  return call.parties.filter(({ state }) => state === "connected" || state === "held");
}

/** Three or more that have answered. */
export function isConference(call: Call): boolean {
  return answeredParties(call).length > 2;
}

/** An id that no party of the call has had: `a`, `b` ... `z`, `p26` ... */
export function nextPartyId(call: Call): string {
  const letters = 26;
  for (let n = call.parties.length; ; n += 1) {
    const id = n < letters ? String.fromCharCode("a".charCodeAt(0) + n) : `p${n}`;
    if (!call.parties.some((party) => party.id === id)) return id;
  }
}

/** Internal parties make an internal call; an external caller an inbound one; an external called party an outbound one. */
export function callTypeOf(caller: PartyKind, called: PartyKind): CallType {
  if (caller === "external") return "Inbound";
  return called === "external" ? "Outbound" : "Internal";
}
