/** The values this version knows. Whoever reads events must expect others: enumerations are open. */
export const enumerations = {
  CallType: ["Unknown", "Internal", "Inbound", "Outbound", "Consult"],
  CallState: [
    "Ok",
    "Transferred",
    "Conferenced",
    "Busy",
    "NoAnswer",
    "Abandoned",
    "Redirected",
    "RemoteRelease",
    "Dropped",
    "GeneralError",
    "SitInvalidNum",
    "Held",
    "Unknown",
  ],
  PartyState: ["Dialing", "Alerting", "Queued", "Connected", "Held", "Routing", "Busy", "Failed"],
  Role: [
    "RoleOrigination",
    "RoleDestination",
    "RoleConferenceMember",
    "RoleNewParty",
    "RoleAddedBy",
    "RoleDeletedBy",
    "RoleTransferredBy",
    "RoleDeletedParty",
    "RoleConferencedBy",
    "RoleObserver",
  ],
  RegisterMode: ["ModeShare", "ModePrivate", "ModeMonitor"],
  ControlMode: ["RegisterDefault", "RegisterForce", "RegisterLocal"],
  AddressType: ["DN", "Position", "Queue", "RouteDN", "Trunk", "RouteQueue"],
  AddressInfoType: ["AddressStatus", "DNStatus", "AgentStatus", "CallsQuery", "AddressType", "QueueStatus"],
  CallInfoType: ["PartiesQuery", "StatusQuery"],
  RouteType: ["Default", "Direct", "Reject", "AgentID"],
  AgentWorkMode: ["Unknown", "ManualIn", "AutoIn", "AfterCallWork", "AuxWork"],
  AgentStatus: ["LoggedOut", "LoggedIn", "Ready", "NotReady", "AfterCallWork"],
  ServerRole: ["Primary", "Backup"],
  Capability: ["call-control", "recording", "routing"],
  ResumeFailure: ["UnknownSession", "WindowExceeded", "ServerRestarted", "NotOwner"],
} as const;

type Enumerations = typeof enumerations;
/** A value of the enumeration `N` that this version knows. */
export type Known<N extends keyof Enumerations> = Enumerations[N][number];
/** A string whose known values an editor offers; every other string fits too. */
export type Open<T extends string> = T | (string & {});

export type CallType = Known<"CallType">;
export type CallState = Known<"CallState">;
export type PartyState = Known<"PartyState">;
export type Role = Known<"Role">;
export type RegisterMode = Known<"RegisterMode">;
export type ControlMode = Known<"ControlMode">;
export type AddressType = Known<"AddressType">;
export type AddressInfoType = Known<"AddressInfoType">;
export type CallInfoType = Known<"CallInfoType">;
export type RouteType = Known<"RouteType">;
export type AgentWorkMode = Known<"AgentWorkMode">;
export type AgentStatus = Known<"AgentStatus">;
export type ServerRole = Known<"ServerRole">;
export type Capability = Known<"Capability">;
export type ResumeFailure = Known<"ResumeFailure">;

/** PrivateMsgID of RequestPrivateService (recording-rules.md, "Control while it runs"). Another number is UnsupportedOperation. */
export const privateMsgIds = { start: 3013, stop: 3014, pause: 3015, resume: 3016 } as const;
