import assert from "node:assert/strict";
import { test } from "node:test";
import type { Call, Party } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import { testCall, testParty } from "./calls.fixture.ts";
import { eventsOfEffects } from "./events-of-effects.ts";

function changed(party: Party, from: Party["state"], cause = "x"): CallEffect {
  return { kind: "party-changed", party, from, cause };
}

/** `Ringing(7002)`, with the CallState where there is one. */
function told(before: Call | undefined, call: Call, ...effects: readonly CallEffect[]): string {
  return eventsOfEffects(before, call, effects)
    .map(({ message, attributes }) => {
      const state = "CallState" in attributes ? `; ${String(attributes.CallState)}` : "";
      return `${message.slice(5)}(${String(attributes.ThisDN)}${state})`;
    })
    .join(", ");
}

const caller = (state: Party["state"]): Party => testParty("a", "7001", { state });
const called = (state: Party["state"]): Party => testParty("b", "7002", { state });
const call = (a: Party["state"], b: Party["state"], over: Partial<Call> = {}): Call =>
  testCall("7001", "7002", { answeredMicros: undefined, parties: [caller(a), called(b)], ...over });
const ended = { endedMicros: 9 };

/** tlib-wire.md, "Which events, to whom, in which order". */
const rows: readonly [
  situation: string,
  before: Call | undefined,
  after: Call,
  effects: CallEffect[],
  events: string,
][] = [
  [
    "A calls",
    undefined,
    call("dialing", "dialing"),
    [{ kind: "party-added", party: caller("dialing") }],
    "Dialing(7001)",
  ],
  [
    "the called party is known",
    call("dialing", "dialing"),
    call("dialing", "dialing"),
    [{ kind: "party-added", party: called("dialing") }],
    "",
  ],
  [
    "B rings",
    call("dialing", "dialing"),
    call("dialing", "ringing"),
    [changed(called("ringing"), "dialing")],
    "Ringing(7002)",
  ],
  [
    "A's own phone rings for MakeCall",
    call("dialing", "dialing"),
    call("ringing", "dialing"),
    [changed(caller("ringing"), "dialing")],
    "",
  ],
  [
    "B answers",
    call("dialing", "ringing"),
    call("connected", "connected", { answeredMicros: 2 }),
    [changed(called("connected"), "ringing"), changed(caller("connected"), "dialing"), { kind: "call-answered" }],
    "Established(7002), Established(7001)",
  ],
  [
    "B answers without ringing",
    call("dialing", "dialing"),
    call("connected", "connected", { answeredMicros: 2 }),
    [changed(called("connected"), "dialing"), changed(caller("connected"), "dialing"), { kind: "call-answered" }],
    "Ringing(7002), Established(7002), Established(7001)",
  ],
  ...(
    [
      ["busy", "Busy"],
      ["unknown-number", "SitInvalidNum"],
      ["failed-488", "GeneralError"],
    ] as const
  ).map(([cause, state]): (typeof rows)[number] => [
    `B is ${cause}, not rung`,
    call("dialing", "dialing"),
    call("released", "released", ended),
    [changed(called("released"), "dialing", cause), changed(caller("released"), "dialing", cause)],
    `DestinationBusy(7001; ${state}), Released(7001; ${state})`,
  ]),
  [
    "B refuses while ringing",
    call("dialing", "ringing"),
    call("released", "released", ended),
    [changed(called("released"), "ringing", "busy"), changed(caller("released"), "dialing", "busy")],
    "Released(7002; Busy), DestinationBusy(7001; Busy), Released(7001; Busy)",
  ],
  [
    "B does not answer",
    call("dialing", "ringing"),
    call("released", "released", ended),
    [changed(called("released"), "ringing", "no-answer"), changed(caller("released"), "dialing", "no-answer")],
    "Abandoned(7002), DestinationBusy(7001; NoAnswer), Released(7001; NoAnswer)",
  ],
  [
    "A gives up while B rings",
    call("dialing", "ringing"),
    call("released", "released", ended),
    [changed(caller("released"), "dialing", "caller-remote"), changed(called("released"), "ringing", "caller-remote")],
    "Released(7001), Abandoned(7002)",
  ],
  [
    "A gives up before B rings",
    call("dialing", "dialing"),
    call("released", "released", ended),
    [changed(caller("released"), "dialing", "caller-remote"), changed(called("released"), "dialing", "caller-remote")],
    "Released(7001)",
  ],
  [
    "A's own phone is busy for MakeCall",
    testCall("7001", "7002", { answeredMicros: undefined, parties: [caller("dialing")] }),
    testCall("7001", "7002", { answeredMicros: undefined, parties: [caller("released")], ...ended }),
    [changed(caller("released"), "dialing", "busy")],
    "Released(7001)",
  ],
  [
    "hold by B",
    call("connected", "connected"),
    call("connected", "held"),
    [changed(called("held"), "connected")],
    "Held(7002)",
  ],
  [
    "retrieve by B",
    call("connected", "held"),
    call("connected", "connected"),
    [changed(called("connected"), "held")],
    "Retrieved(7002)",
  ],
  [
    "B hangs up, recorded: Off comes before (R21)",
    call("connected", "connected", { answeredMicros: 2 }),
    call("released", "released", { answeredMicros: 2, ...ended }),
    [
      { kind: "user-data-changed", userData: { GSIP_RECORD: "Off" }, keys: ["GSIP_RECORD"], by: undefined },
      changed(called("released"), "connected", "called-remote"),
      changed(caller("released"), "connected", "called-remote"),
      { kind: "call-ended", cause: "called-remote" },
    ],
    "AttachedDataChanged(7001), AttachedDataChanged(7002), Released(7002), Released(7001; RemoteRelease)",
  ],
  [
    "user data before B has rung",
    call("dialing", "dialing"),
    call("dialing", "dialing"),
    [{ kind: "user-data-changed", userData: { a: "b" }, keys: ["a"], by: undefined }],
    "AttachedDataChanged(7001)",
  ],
  [
    "a recording failed",
    call("connected", "connected"),
    call("connected", "connected"),
    [{ kind: "recording-failed", reason: "no-recorder", recordDn: "7001" }],
    "PrivateInfo(7001), PrivateInfo(7002)",
  ],
];

for (const [situation, before, after, effects, events] of rows) {
  test(`events: ${situation}`, () => assert.equal(told(before, after, ...effects), events));
}

test("events carry the call attributes as their party sees them", () => {
  const customer = testParty("a", "+15550100", { dn: "pstn", kind: "external" });
  const agent = testParty("b", "7001", { state: "ringing", agentId: "1001" });
  const inbound = testCall("+15550100", "8000", {
    callType: "Inbound",
    answeredMicros: undefined,
    parties: [customer, agent],
    userData: { Segment: "Gold" },
  });
  const [event] = eventsOfEffects(undefined, inbound, [changed(agent, "dialing")]);
  assert.deepEqual(event, {
    message: "EventRinging",
    attributes: {
      ConnID: "0110031f8ab2c001",
      CallUUID: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
      CallID: 0x0ab2c001,
      CallType: "Inbound",
      ANI: "+15550100",
      DNIS: "8000",
      ThisDN: "7001",
      ThisDNRole: "RoleDestination",
      OtherDN: "+15550100",
      OtherDNRole: "RoleOrigination",
      AgentID: "1001",
      UserData: { Segment: "Gold" },
    },
  });
});

test("R21: the event that tells GSIP_RECORD says why it changed; other data events do not", () => {
  const up = call("connected", "connected", { answeredMicros: 2 });
  const paused: Call = { ...up, recording: { state: "Paused", id: "r", fileName: "r", cause: "paused" } };
  const told = (key: string): unknown[] => {
    const effect = { kind: "user-data-changed", userData: { [key]: "x" }, keys: [key], by: undefined } as const;
    return eventsOfEffects(up, paused, [effect]).map(({ attributes }) => attributes.Extensions);
  };
  assert.deepEqual(told("GSIP_RECORD"), [{ RecordingCause: "paused" }, { RecordingCause: "paused" }]);
  assert.deepEqual(told("Case"), [undefined, undefined]);
});
