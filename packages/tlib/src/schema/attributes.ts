import Type from "typebox";
import type { Static } from "typebox";
import { enumerations } from "./enumerations.ts";
import { errorCodes } from "./errors.ts";
import type { ErrorName } from "./errors.ts";
import { callUuid, calls, closed, connId, counter, dn, int32, kvList, open, parties, text } from "./shapes.ts";

/** tlib-wire.md, "Attributes". Enumerations that clients choose from are closed here; events open them. */
export const attributeSchemas = {
  ReferenceID: counter("Chosen by the client, strictly increasing per session; echoed on the direct response", 1),
  ThisDN: dn("DN the message is about"),
  OtherDN: text("Other party / destination DN"),
  ThirdPartyDN: text("Third party DN"),
  ThisQueue: text("Route point or queue DN"),
  ConnID: connId("64-bit connection id, 16 lower-case hex digits"),
  PreviousConnID: connId("64-bit connection id, 16 lower-case hex digits"),
  TransferConnID: connId("64-bit connection id, 16 lower-case hex digits"),
  CallUUID: callUuid("32-character call UUID"),
  CallID: counter("Switch call id", 0),
  CallType: closed(enumerations.CallType, "Call type"),
  CallState: open(enumerations.CallState, "Call state / cause of the event"),
  ANI: text("Calling number"),
  DNIS: text("Called number"),
  ThisDNRole: closed(enumerations.Role, "Role of ThisDN"),
  OtherDNRole: closed(enumerations.Role, "Role of OtherDN"),
  ThirdPartyDNRole: closed(enumerations.Role, "Role of ThirdPartyDN"),
  AgentID: text("Agent login id"),
  AgentPassword: text("Agent's password; never logged"),
  RegisterMode: closed(enumerations.RegisterMode, "Sharing mode"),
  ControlMode: closed(enumerations.ControlMode, "Registration control"),
  AddressType: closed(enumerations.AddressType, "Type of DN"),
  AddressInfoType: closed(enumerations.AddressInfoType, "What is asked"),
  CallInfoType: closed(enumerations.CallInfoType, "What is asked"),
  RouteType: closed(enumerations.RouteType, "Routing type"),
  Location: text("Remote switch"),
  PrivateMsgID: int32("3013 start, 3014 stop, 3015 pause, 3016 resume"),
  DataKey: text("UserData key"),
  UserEvent: text("Name of the request this EventACK/EventError answers"),
  ErrorCode: int32("Numeric error, for logs"),
  ErrorName: open(Object.keys(errorCodes) as ErrorName[], "Stable symbolic error"),
  ErrorMessage: text("Human text, not for matching"),
  EventSequenceNumber: counter("Server-wide identity of the event", 1),
  UserData: kvList("Business data of the call; in events always the complete list"),
  Extensions: kvList("Switch-specific data"),
  Reasons: kvList("Reasons given by the requester"),
  Calls: calls,
  MoreCalls: counter("Calls of the DN's snapshot that are still to come in EventAddressInfo messages", 0),
  Parties: parties,
  ChangedKeys: Type.Unsafe<readonly string[]>(
    Type.Array(Type.String(), { description: "Keys changed by this event (convenience)" }),
  ),
  ServerVersion: text("Server version"),
  ServerRole: closed(enumerations.ServerRole, "Role of the server"),
  AgentWorkMode: closed(enumerations.AgentWorkMode, "Agent's work mode"),
};

export type AttributeName = keyof typeof attributeSchemas;

/** Type of each attribute in a request. */
export type AttributeTypes = { readonly [A in AttributeName]: Static<(typeof attributeSchemas)[A]> };
