import type { CallSnapshot, PartyState, Role, Party as WireParty } from "@sidetone/tlib";
import type { Call, Party } from "../call-model/call.ts";
import { isConference, presentParties } from "../call-model/call.ts";

type CallFacts = Omit<CallSnapshot, "CallState" | "PartyState" | "Parties">;

/** Low bits of a ConnID that make the CallID: a positive 32-bit integer that the same call keeps over a restart. */
const callIdMask = 0x7fffffff;

/** The switch's number of a call; unique among 2^31 calls in a row. */
function callIdOf(connId: string): number {
  return Number.parseInt(connId.slice(-8), 16) & callIdMask;
}

function roleOf(call: Call, party: Party): Role {
  if (isConference(call) && (party.state === "connected" || party.state === "held")) return "RoleConferenceMember";
  return party.role === "origination" ? "RoleOrigination" : "RoleDestination";
}

/**
 * The party that a party talks to; undefined where there is none, or several. Who has left, or is alone, sees whom it
 * talked to before.
 */
function otherParty(call: Call, party: Party, before: Call): Party | undefined {
  const othersIn = (one: Call): Party[] => presentParties(one).filter(({ id }) => id !== party.id);
  const now = party.state === "released" ? [] : othersIn(call);
  const others = now.length > 0 ? now : othersIn(before);
  if (others.length === 1) return others[0];
  return others.length === 0 && call.parties.length === 2 ? call.parties.find(({ id }) => id !== party.id) : undefined;
}

/** What a party sees as OtherDN. A caller whose call has not reached anyone sees what was dialled. */
function otherNumber(call: Call, party: Party, other: Party | undefined): string | undefined {
  if (other !== undefined) return other.number;
  return party.role === "origination" && call.parties.length < 2 ? call.dnis : undefined;
}

/** Routing point where the call waits, or waited before it was routed. */
function queueOf(call: Call): string | undefined {
  return call.parties.findLast(({ device }) => device === "routing-point")?.dn;
}

/** PartyState of the contract; a party that has left has none. */
function stateOf(party: Party): PartyState {
  switch (party.state) {
    case "dialing":
      return "Dialing";
    case "ringing":
      return "Alerting";
    case "queued":
      return "Queued";
    case "held":
      return "Held";
    case "connected":
    case "released":
      return "Connected";
  }
}

/** `Parties[]` of a call: who has not left. */
export function partiesOf(call: Call): readonly WireParty[] {
  return presentParties(call).map((party) => ({
    DN: party.number,
    Role: roleOf(call, party),
    PartyState: stateOf(party),
    ...(party.agentId === undefined ? {} : { AgentID: party.agentId }),
  }));
}

/**
 * What every event and snapshot says of a call as one of its parties sees it; the user data are complete.
 *
 * @param before the call before what is told of; who has left saw the others then
 */
export function callFacts(call: Call, party: Party, before: Call = call): CallFacts {
  const other = otherParty(call, party, before);
  const otherDn = otherNumber(call, party, other);
  const queue = queueOf(call);
  return {
    ConnID: call.connId,
    CallUUID: call.callUuid,
    CallID: callIdOf(call.connId),
    CallType: call.callType,
    ANI: call.ani,
    DNIS: call.dnis,
    ...(call.previousConnId === undefined ? {} : { PreviousConnID: call.previousConnId }),
    ...(queue === undefined ? {} : { ThisQueue: queue }),
    ThisDNRole: roleOf(party.state === "released" ? before : call, party),
    ...(otherDn === undefined ? {} : { OtherDN: otherDn }),
    ...(other === undefined ? {} : { OtherDNRole: roleOf(call, other) }),
    UserData: call.userData,
  };
}

/** `Calls[]` of a DN: a call as each of its parties with that DN sees it. */
export function snapshotOf(call: Call, dn: string): readonly CallSnapshot[] {
  return presentParties(call)
    .filter((party) => party.dn === dn)
    .map((party) => ({
      ...callFacts(call, party),
      CallState: "Ok",
      PartyState: stateOf(party),
      Parties: partiesOf(call),
    }));
}
