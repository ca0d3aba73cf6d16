import type { AttributeName } from "./attributes.ts";

/** An event of the contract. EventSequenceNumber is required, ReferenceID possible in all and not repeated here. */
interface EventRow {
  readonly required: readonly AttributeName[];
  readonly optional: readonly AttributeName[];
}

/** tlib-wire.md, "Events": what an event about a call carries as it applies. */
const callAttributes = [
  "CallID",
  "CallState",
  "ThisDNRole",
  "OtherDN",
  "OtherDNRole",
  "ThirdPartyDN",
  "ThirdPartyDNRole",
  "ThisQueue",
  "ANI",
  "DNIS",
  "AgentID",
  "PreviousConnID",
  "TransferConnID",
  "UserData",
  "Extensions",
  "Reasons",
] as const;

const callEvent = { required: ["ThisDN", "ConnID", "CallUUID", "CallType"], optional: callAttributes } as const;
const agentEvent = {
  required: ["ThisDN", "AgentID"],
  optional: ["ThisQueue", "AgentWorkMode", "Reasons", "Extensions"],
} as const;

/** tlib-wire.md, "Events". MoreCalls: "Session" 5. */
export const eventTable = {
  EventServerConnected: { required: [], optional: ["ServerVersion", "ServerRole"] },
  EventLinkConnected: { required: [], optional: ["Extensions"] },
  EventLinkDisconnected: { required: [], optional: ["Extensions"] },
  EventServerInfo: { required: ["ReferenceID", "ServerVersion", "ServerRole"], optional: ["Extensions"] },
  EventRegistered: {
    required: ["ReferenceID", "ThisDN", "AddressType", "Calls"],
    optional: ["RegisterMode", "MoreCalls", "Extensions"],
  },
  EventUnregistered: { required: ["ThisDN"], optional: ["Extensions"] },
  // Without ReferenceID it continues a snapshot: the direct response was EventRegistered, and there is only one.
  EventAddressInfo: {
    required: ["ThisDN", "AddressInfoType"],
    optional: ["Calls", "MoreCalls", "Extensions"],
  },
  EventPartyInfo: {
    required: ["ReferenceID", "ConnID"],
    optional: ["CallUUID", "CallType", "Parties", "UserData", "Extensions"],
  },
  EventACK: {
    required: ["ReferenceID", "UserEvent"],
    optional: ["ThisDN", "ConnID", "PrivateMsgID", "Extensions"],
  },
  EventError: {
    required: ["ErrorCode", "ErrorName", "ErrorMessage"],
    optional: ["UserEvent", "ThisDN", "ConnID", "PrivateMsgID", "Extensions"],
  },
  EventPrivateInfo: {
    required: ["PrivateMsgID"],
    optional: ["ThisDN", "ConnID", "CallUUID", "UserData", "Extensions", "Reasons"],
  },
  EventDNOutOfService: { required: ["ThisDN"], optional: ["Extensions"] },
  EventDNBackInService: { required: ["ThisDN"], optional: ["Extensions"] },
  EventAttachedDataChanged: {
    required: ["ThisDN", "ConnID", "CallUUID", "CallType", "UserData"],
    optional: [...callAttributes, "ChangedKeys"],
  },
  EventRouteRequest: {
    required: ["ThisDN", "ConnID", "CallUUID", "CallType", "ThisQueue"],
    optional: callAttributes,
  },
  EventRouteUsed: callEvent,
  EventQueued: callEvent,
  EventDiverted: callEvent,
  EventDialing: callEvent,
  EventRinging: callEvent,
  EventNetworkReached: callEvent,
  EventDestinationBusy: callEvent,
  EventEstablished: callEvent,
  EventHeld: callEvent,
  EventRetrieved: callEvent,
  EventReleased: callEvent,
  EventAbandoned: callEvent,
  EventPartyAdded: callEvent,
  EventPartyChanged: callEvent,
  EventPartyDeleted: callEvent,
  EventAgentLogin: agentEvent,
  EventAgentLogout: agentEvent,
  EventAgentReady: agentEvent,
  EventAgentNotReady: agentEvent,
} as const satisfies Readonly<Record<`Event${string}`, EventRow>>;

export type EventName = keyof typeof eventTable;

/** Every event of the contract, in its order. */
export const eventNames = Object.keys(eventTable) as readonly EventName[];
