import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallUuid, ConnId } from "@sidetone/foundation";
import { type Call, newCall, type Party } from "../call-model/call.ts";
import { type DynamicWish, wishedParty } from "./dynamic.ts";

function party(id: string, dn: string, kind: Party["kind"], role: Party["role"]): Party {
  return {
    id,
    dn,
    number: kind === "external" ? `+1555${id}` : dn,
    kind,
    role,
    state: "connected",
    aor: `sip:${dn}@sidetone.local`,
    agentId: undefined,
    recorded: false,
    device: "phone",
    introduction: undefined,
  };
}

function callOf(...parties: readonly Party[]): Call {
  const call = newCall({
    connId: "0110031f8ab2c001" as ConnId,
    callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001" as CallUuid,
    callType: "Internal",
    ani: "",
    dnis: "",
    createdMicros: 0,
  });
  return { ...call, parties };
}

const internal = callOf(party("a", "7001", "internal", "origination"), party("b", "7002", "internal", "destination"));
const inbound = callOf(party("a", "trunk", "external", "origination"), party("b", "7002", "internal", "destination"));
const three = callOf(...internal.parties, party("c", "7003", "internal", "destination"));

const table: readonly [string, Call, DynamicWish, string][] = [
  ["source is ThisDN", internal, { thisDn: "7001", side: "source" }, "7001 customer"],
  ["destination is the other party", internal, { thisDn: "7001", side: "destination" }, "7002 agent"],
  ["no party, internal call: source is the called", internal, { thisDn: "7900", side: "source" }, "7002 agent"],
  [
    "no party, internal call: destination is the caller",
    internal,
    { thisDn: "7900", side: "destination" },
    "7001 customer",
  ],
  ["no party, inbound: source is the agent", inbound, { thisDn: "7900", side: "source" }, "7002 agent"],
  [
    "no party, inbound: destination is the customer",
    inbound,
    { thisDn: "7900", side: "destination" },
    "trunk customer",
  ],
  ["conference: OtherDN decides", three, { thisDn: "7001", side: "destination", otherDn: "7003" }, "7003 agent"],
  ["conference: OtherDN is needed", three, { thisDn: "7001", side: "destination" }, "OtherDN is needed"],
  ["OtherDN is not in the call", internal, { thisDn: "7001", side: "destination", otherDn: "7009" }, "not in the call"],
];

for (const [name, call, wish, expected] of table) {
  test(`R3: ${name}`, () => {
    const wished = wishedParty(call, wish);
    if (wished.ok) assert.equal(`${wished.value.party.dn} ${wished.value.side}`, expected);
    else assert.ok(wished.error.includes(expected), wished.error);
  });
}
