import Type from "typebox";
import type { Static, TSchema, TUnsafe } from "typebox";
import { enumerations } from "./enumerations.ts";
import type { Open } from "./enumerations.ts";
import type { KVList } from "./kv-list.ts";

/** Marks a KVList in a schema; the value is checked by `kvListViolation`, the JSON Schema gets its definition. */
export const KV_LIST_MARK = "x-kv-list";
/** Marks the known values of an open enumeration in a schema. */
export const KNOWN_VALUES_MARK = "x-known-values";

const CONN_ID_PATTERN = "^[0-9a-f]{16}$";
const CALL_UUID_PATTERN = "^[0-9A-V]{32}$";

export const text = (description: string) => Type.String({ description });
export const dn = (description: string) => Type.String({ description, minLength: 1 });
export const connId = (description: string) => Type.String({ description, pattern: CONN_ID_PATTERN });
export const callUuid = (description: string) => Type.String({ description, pattern: CALL_UUID_PATTERN });
export const kvList = (description: string): TUnsafe<KVList> =>
  Type.Unsafe<KVList>({ type: "object", description, [KV_LIST_MARK]: true } as TSchema);

/** Only the known values. */
export const closed = <V extends string>(values: readonly V[], description: string): TUnsafe<V> =>
  Type.Unsafe<V>({ type: "string", description, enum: values } as TSchema);

/** Known values that an editor can offer, and every other string. */
export const open = <V extends string>(values: readonly V[], description: string): TUnsafe<Open<V>> =>
  Type.Unsafe<Open<V>>({ type: "string", description, [KNOWN_VALUES_MARK]: values } as TSchema);

/** Beyond 2^53 a JSON number is no longer the integer that was written. */
export const counter = (description: string, minimum: number) =>
  Type.Integer({ description, minimum, maximum: Number.MAX_SAFE_INTEGER });
export const int32 = (description: string) => Type.Integer({ description, minimum: -(2 ** 31), maximum: 2 ** 31 - 1 });

export const partyShape = Type.Object(
  {
    DN: text("The party's DN, or its number where it is external"),
    Role: open(enumerations.Role, "The party's role"),
    PartyState: open(enumerations.PartyState, "What the party is doing"),
    AgentID: Type.Optional(text("Agent logged in there")),
  },
  { description: "A party of a call" },
);

/** One of `Parties[]`. */
export type Party = Readonly<Static<typeof partyShape>>;
const parties = Type.Unsafe<readonly Party[]>(Type.Array(partyShape, { description: "Parties of the call" }));

export const callShape = Type.Object(
  {
    ConnID: connId("The call"),
    CallUUID: callUuid("The call, across systems"),
    CallID: counter("Switch call id", 0),
    CallType: open(enumerations.CallType, "Call type"),
    CallState: open(enumerations.CallState, "Call state"),
    ANI: text("Calling number"),
    DNIS: text("Called number"),
    PreviousConnID: Type.Optional(connId("The call that this one came from")),
    ThisDNRole: open(enumerations.Role, "Role of the DN that was asked for"),
    PartyState: open(enumerations.PartyState, "What the DN is doing in the call"),
    ThisQueue: Type.Optional(text("Route point or queue DN")),
    OtherDN: Type.Optional(text("Other party")),
    OtherDNRole: Type.Optional(open(enumerations.Role, "Role of the other party")),
    UserData: kvList("Complete user data of the call"),
    Parties: parties,
  },
  { description: "A call on a DN" },
);

/** One of `Calls[]`: a call as one of its DNs sees it. */
export type CallSnapshot = Readonly<Static<typeof callShape>>;
export const calls = Type.Unsafe<readonly CallSnapshot[]>(
  Type.Array(callShape, { description: "Snapshot of the calls on the DN" }),
);
export { parties };
