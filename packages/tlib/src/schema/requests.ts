import type { AttributeName } from "./attributes.ts";
import type { EventName } from "./events.ts";

/** A request of the contract. ReferenceID is required in all and not repeated here. */
interface RequestRow {
  readonly required: readonly AttributeName[];
  readonly optional: readonly AttributeName[];
  /** Its direct responses, beside EventError. */
  readonly answeredBy: readonly EventName[];
}

/** tlib-wire.md, "Requests and their direct responses". */
export const requestTable = {
  RequestQueryServer: { required: [], optional: ["Extensions"], answeredBy: ["EventServerInfo"] },
  RequestRegisterAddress: {
    required: ["ThisDN"],
    optional: ["RegisterMode", "ControlMode", "AddressType", "Extensions"],
    answeredBy: ["EventRegistered"],
  },
  RequestUnregisterAddress: {
    required: ["ThisDN"],
    optional: ["ControlMode", "Extensions"],
    answeredBy: ["EventUnregistered"],
  },
  RequestQueryAddress: {
    required: ["ThisDN", "AddressInfoType"],
    optional: ["AddressType", "Extensions"],
    answeredBy: ["EventAddressInfo"],
  },
  RequestQueryCall: {
    required: ["ConnID"],
    optional: ["ThisDN", "CallInfoType", "Extensions"],
    answeredBy: ["EventPartyInfo"],
  },
  RequestAgentLogin: {
    required: ["ThisDN", "AgentID"],
    optional: ["ThisQueue", "AgentPassword", "AgentWorkMode", "Reasons", "Extensions"],
    answeredBy: ["EventAgentLogin"],
  },
  RequestAgentLogout: {
    required: ["ThisDN"],
    optional: ["ThisQueue", "Reasons", "Extensions"],
    answeredBy: ["EventAgentLogout"],
  },
  RequestAgentReady: {
    required: ["ThisDN"],
    optional: ["ThisQueue", "AgentWorkMode", "Reasons", "Extensions"],
    answeredBy: ["EventAgentReady"],
  },
  RequestAgentNotReady: {
    required: ["ThisDN"],
    optional: ["ThisQueue", "AgentWorkMode", "Reasons", "Extensions"],
    answeredBy: ["EventAgentNotReady"],
  },
  RequestMakeCall: {
    required: ["ThisDN", "OtherDN"],
    optional: ["Location", "UserData", "Reasons", "Extensions"],
    answeredBy: ["EventDialing"],
  },
  RequestAnswerCall: {
    required: ["ThisDN", "ConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventEstablished"],
  },
  RequestReleaseCall: {
    required: ["ThisDN", "ConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventReleased"],
  },
  RequestHoldCall: {
    required: ["ThisDN", "ConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventHeld"],
  },
  RequestRetrieveCall: {
    required: ["ThisDN", "ConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventRetrieved"],
  },
  RequestInitiateTransfer: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["Location", "UserData", "Reasons", "Extensions"],
    answeredBy: ["EventDialing"],
  },
  RequestInitiateConference: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["Location", "UserData", "Reasons", "Extensions"],
    answeredBy: ["EventDialing"],
  },
  RequestCompleteTransfer: {
    required: ["ThisDN", "ConnID", "TransferConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventReleased"],
  },
  RequestCompleteConference: {
    required: ["ThisDN", "ConnID", "TransferConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventPartyAdded"],
  },
  RequestMuteTransfer: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["Location", "UserData", "Reasons", "Extensions"],
    answeredBy: ["EventReleased"],
  },
  RequestSingleStepTransfer: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["Location", "UserData", "Reasons", "Extensions"],
    answeredBy: ["EventReleased"],
  },
  RequestSingleStepConference: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["Location", "UserData", "Reasons", "Extensions"],
    answeredBy: ["EventPartyAdded"],
  },
  RequestDeleteFromConference: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventPartyDeleted"],
  },
  RequestReconnectCall: {
    required: ["ThisDN", "ConnID", "PreviousConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventRetrieved"],
  },
  RequestAlternateCall: {
    required: ["ThisDN", "ConnID", "PreviousConnID"],
    optional: ["Reasons", "Extensions"],
    answeredBy: ["EventRetrieved"],
  },
  RequestRouteCall: {
    required: ["ThisDN", "ConnID", "OtherDN"],
    optional: ["RouteType", "Location", "DNIS", "Reasons", "Extensions"],
    answeredBy: ["EventRouteUsed"],
  },
  RequestAttachUserData: {
    required: ["ThisDN", "ConnID", "UserData"],
    optional: [],
    answeredBy: ["EventAttachedDataChanged", "EventACK"],
  },
  RequestUpdateUserData: {
    required: ["ThisDN", "ConnID", "UserData"],
    optional: [],
    answeredBy: ["EventAttachedDataChanged", "EventACK"],
  },
  RequestDeletePair: {
    required: ["ThisDN", "ConnID", "DataKey"],
    optional: [],
    answeredBy: ["EventAttachedDataChanged", "EventACK"],
  },
  RequestDeleteUserData: {
    required: ["ThisDN", "ConnID"],
    optional: [],
    answeredBy: ["EventAttachedDataChanged", "EventACK"],
  },
  RequestPrivateService: {
    required: ["PrivateMsgID", "ThisDN", "ConnID"],
    optional: ["OtherDN", "UserData", "Extensions", "Reasons"],
    answeredBy: ["EventACK"],
  },
} as const satisfies Readonly<Record<`Request${string}`, RequestRow>>;

export type RequestName = keyof typeof requestTable;

/** Every request of the contract, in its order. */
export const requestNames = Object.keys(requestTable) as readonly RequestName[];

/** Direct responses of each request, beside EventError. */
export const responsesOf: ReadonlyMap<RequestName, readonly EventName[]> = new Map(
  requestNames.map((name): [RequestName, readonly EventName[]] => [name, requestTable[name].answeredBy]),
);
