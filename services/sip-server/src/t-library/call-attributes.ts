import type { CallSnapshot, PartyState, Role, Party as WireParty } from "@sidetone/tlib";
import type { Call, Party } from "../call-model/call.ts";
import { presentParties } from "../call-model/call.ts";

type CallFacts = Omit<CallSnapshot, "CallState" | "PartyState" | "Parties">;

/** Low bits of a ConnID that make the CallID: a positive 32-bit integer that the same call keeps over a restart. */
const callIdMask = 0x7fffffff;

/** The switch's number of a call; unique among 2^31 calls in a row. */
function callIdOf(connId: string): number {
  return Number.parseInt(connId.slice(-8), 16) & callIdMask;
}

function roleOf(party: Party): Role {
  return party.role === "origination" ? "RoleOrigination" : "RoleDestination";
}

/** The party that a party talks to; undefined where there is none, or several. */
function otherParty(call: Call, party: Party): Party | undefined {
  const others = call.parties.filter((one) => one.id !== party.id);
  return others.length === 1 ? others[0] : undefined;
}

/** What a party sees as OtherDN. A caller whose call has not reached anyone sees what was dialled. */
function otherNumber(call: Call, party: Party): string | undefined {
  const other = otherParty(call, party);
  if (other !== undefined) return other.number;
  return party.role === "origination" && call.parties.length < 2 ? call.dnis : undefined;
}

/** PartyState of the contract; a party that has left has none. */
function stateOf(party: Party): PartyState {
  switch (party.state) {
    case "dialing":
      return "Dialing";
    case "ringing":
      return "Alerting";
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
    Role: roleOf(party),
    PartyState: stateOf(party),
    ...(party.agentId === undefined ? {} : { AgentID: party.agentId }),
  }));
}

/** What every event and snapshot says of a call as one of its parties sees it; the user data are complete. */
export function callFacts(call: Call, party: Party): CallFacts {
  const other = otherParty(call, party);
  const otherDn = otherNumber(call, party);
  return {
    ConnID: call.connId,
    CallUUID: call.callUuid,
    CallID: callIdOf(call.connId),
    CallType: call.callType,
    ANI: call.ani,
    DNIS: call.dnis,
    ThisDNRole: roleOf(party),
    ...(otherDn === undefined ? {} : { OtherDN: otherDn }),
    ...(other === undefined ? {} : { OtherDNRole: roleOf(other) }),
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
