import { messageSchemas } from "./message-schemas.ts";

/** A valid value of each attribute, for tests that break one of them. */
const values: Readonly<Record<string, unknown>> = {
  ReferenceID: 7,
  EventSequenceNumber: 904412,
  ThisDN: "7001",
  ConnID: "0110031f8ab2c001",
  PreviousConnID: "0110031f8ab2c002",
  TransferConnID: "0110031f8ab2c003",
  CallUUID: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
  CallID: 17,
  CallType: "Inbound",
  ThisDNRole: "RoleDestination",
  OtherDNRole: "RoleOrigination",
  ThirdPartyDNRole: "RoleTransferredBy",
  RegisterMode: "ModeShare",
  ControlMode: "RegisterDefault",
  AddressType: "DN",
  AddressInfoType: "CallsQuery",
  CallInfoType: "PartiesQuery",
  RouteType: "Default",
  AgentWorkMode: "ManualIn",
  ServerRole: "Primary",
  PrivateMsgID: 3013,
  ErrorCode: 41,
  MoreCalls: 0,
  UserData: { Segment: "Gold", CustomerId: 48213, Photo: { $binary: "AAEC" }, Address: { City: "Bern" } },
  Extensions: { record: "source" },
  Reasons: { why: "complaint" },
  Calls: [],
  Parties: [{ DN: "7001", Role: "RoleDestination", PartyState: "Connected" }],
  ChangedKeys: ["Segment"],
};

/** A request or event with all its attributes. Made anew by each call. */
export function validMessage(name: string): { message: string; attributes: Record<string, unknown> } {
  const schema = messageSchemas.get(name);
  if (schema === undefined) throw new Error(`no message ${name}`);
  const attributes = Object.fromEntries([...schema.properties.keys()].map((key) => [key, values[key] ?? "text"]));
  const envelope = schema.kind === "event" ? { seq: 1, time: "2026-11-20T09:15:01.250000Z" } : {};
  return structuredClone({ message: name, ...envelope, attributes });
}
