import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientEvent } from "@sidetone/tlib/client";
import { type AgentCall, type AgentCalls, activeCall, afterEvent, othersText, pairOf } from "./workspace-calls.ts";
import { callId, event, registered, reset, snapshot } from "./workspace.fixture.ts";

const dn = "7001";
const [one, two] = [callId(1), callId(2)];

function after(events: readonly ClientEvent[], from: AgentCalls = new Map(), at = 1000): AgentCalls {
  return events.reduce((calls, told, n) => afterEvent(calls, told, dn, at + n), from);
}

/** `ConnID number: state with others`, the oldest first. */
function text(calls: AgentCalls): string {
  return Array.from(calls.values(), (call) => {
    const how = call.conference ? "Conference" : call.state;
    return `${Number.parseInt(call.connId.slice(-3), 10)}: ${how} ${call.others.join("+")}`;
  }).join(" | ");
}

function only(calls: AgentCalls): AgentCall {
  const [call] = calls.values();
  assert(call !== undefined && calls.size === 1, text(calls));
  return call;
}

const incoming = [event("EventRinging", { OtherDN: "7002" }), event("EventEstablished", { OtherDN: "7002" })];
const consulting = [
  ...incoming,
  event("EventHeld", { OtherDN: "7002" }),
  event("EventDialing", { ConnID: two, CallType: "Consult", PreviousConnID: one, OtherDN: "7003" }),
  event("EventEstablished", { ConnID: two, CallType: "Consult", PreviousConnID: one, OtherDN: "7003" }),
];

test("tlib-wire.md, Which events: what the agent sees of each situation, event by event", () => {
  const rows: readonly (readonly [what: string, events: readonly ClientEvent[], seen: readonly string[]])[] = [
    ["an incoming call", incoming, ["1: Alerting 7002", "1: Connected 7002"]],
    [
      "the caller gives up",
      [event("EventRinging", { OtherDN: "7002" }), event("EventAbandoned")],
      ["1: Alerting 7002", ""],
    ],
    [
      "an own call to somebody busy",
      [
        event("EventDialing", { OtherDN: "7002" }),
        event("EventDestinationBusy", { OtherDN: "7002", CallState: "Busy" }),
        event("EventReleased", { CallState: "Busy" }),
      ],
      ["1: Dialing 7002", "1: Busy 7002", ""],
    ],
    [
      "hold and retrieve",
      [...incoming, event("EventHeld"), event("EventRetrieved"), event("EventReleased")],
      ["1: Alerting 7002", "1: Connected 7002", "1: Held 7002", "1: Connected 7002", ""],
    ],
    [
      "a two-step transfer of the agent",
      [
        ...consulting,
        event("EventReleased", { ConnID: two, CallState: "Transferred" }),
        event("EventReleased", { CallState: "Transferred" }),
      ],
      [
        "1: Alerting 7002",
        "1: Connected 7002",
        "1: Held 7002",
        "1: Held 7002 | 2: Dialing 7003",
        "1: Held 7002 | 2: Connected 7003",
        "1: Held 7002",
        "",
      ],
    ],
    [
      "a conference of the agent",
      [
        ...consulting,
        event("EventReleased", { ConnID: two, CallState: "Conferenced" }),
        event("EventRetrieved", { ThisDNRole: "RoleConferenceMember" }),
        event("EventPartyAdded", { OtherDN: "7003", ThirdPartyDN: dn, ThisDNRole: "RoleConferenceMember" }),
        event("EventPartyDeleted", { OtherDN: "7002", ThisDNRole: "RoleDestination" }),
      ],
      [
        "1: Alerting 7002",
        "1: Connected 7002",
        "1: Held 7002",
        "1: Held 7002 | 2: Dialing 7003",
        "1: Held 7002 | 2: Connected 7003",
        "1: Held 7002",
        "1: Conference 7002",
        "1: Conference 7002+7003",
        "1: Connected 7003",
      ],
    ],
    [
      "another agent transfers a caller to this one",
      [
        event("EventRinging", { ConnID: two, CallType: "Consult", OtherDN: "7003" }),
        event("EventEstablished", { ConnID: two, CallType: "Consult", OtherDN: "7003" }),
        event("EventPartyChanged", { PreviousConnID: two, OtherDN: "9123", ThirdPartyDN: "7003" }),
      ],
      ["2: Alerting 7003", "2: Connected 7003", "1: Connected 9123"],
    ],
    [
      "another agent takes this one into a conference",
      [
        event("EventRinging", { ConnID: two, CallType: "Consult", OtherDN: "7003" }),
        event("EventEstablished", { ConnID: two, CallType: "Consult", OtherDN: "7003" }),
        event("EventPartyChanged", {
          PreviousConnID: two,
          ThirdPartyDN: "7003",
          ThirdPartyDNRole: "RoleConferencedBy",
          ThisDNRole: "RoleConferenceMember",
        }),
        event("EventPartyInfo", {
          Parties: ["7001", "7002", "7003"].map((DN) => ({
            DN,
            Role: "RoleConferenceMember",
            PartyState: "Connected",
          })),
        }),
      ],
      ["2: Alerting 7003", "2: Connected 7003", "1: Conference 7003", "1: Conference 7002+7003"],
    ],
    [
      "the other side is transferred to somebody else",
      [...incoming, event("EventPartyChanged", { OtherDN: "7004", ThirdPartyDN: "7002" })],
      ["1: Alerting 7002", "1: Connected 7002", "1: Connected 7004"],
    ],
    [
      "a second call rings meanwhile",
      [...incoming, event("EventRinging", { ConnID: two, OtherDN: "9555" }), event("EventReleased")],
      ["1: Alerting 7002", "1: Connected 7002", "1: Connected 7002 | 2: Alerting 9555", "2: Alerting 9555"],
    ],
  ];
  for (const [what, events, seen] of rows) {
    const told = events.map((_, n) => text(after(events.slice(0, n + 1))));
    assert.deepEqual(told, seen, what);
  }
});

test("a consultation belongs to the call that it was begun from; another agent's does not", () => {
  const calls = after(consulting);
  const [first, consult] = calls.values();
  assert(first !== undefined && consult !== undefined);
  assert.deepEqual([pairOf(calls, first), pairOf(calls, consult)], Array(2).fill({ first, consult }));
  assert.equal(activeCall(calls), consult);
  const asked = only(after([event("EventRinging", { ConnID: two, CallType: "Consult", PreviousConnID: one })]));
  assert.equal(pairOf(new Map([[two, asked]]), asked), undefined);
});

test("R20, R21: the recording is what GSIP_RECORD says, with its cause and since when", () => {
  const data = (state: string, more: object = {}): ClientEvent =>
    event("EventAttachedDataChanged", { UserData: { GSIP_RECORD: state, GSIP_REC_FN: "f", Case: "17" }, ...more });
  const because = (RecordingCause: string): object => ({ Extensions: { RecordingCause } });
  const on = after([data("On", because("full-time"))], after(incoming), 2000);
  assert.deepEqual(only(on).recording, {
    state: "On",
    since: 2000,
    seen: true,
    cause: "full-time",
    failure: undefined,
  });
  assert.deepEqual(only(on).userData, { Case: "17" }, "the system's own keys are no user data");
  const paused = after([data("Paused", because("paused"))], on, 3000);
  assert.deepEqual(only(paused).recording, {
    state: "Paused",
    since: 3000,
    seen: true,
    cause: "paused",
    failure: undefined,
  });
  const later = after([event("EventHeld"), data("Paused"), event("EventRetrieved")], paused, 4000);
  assert.deepEqual(only(later).recording, only(paused).recording, "other changes leave state, time and cause");
  const off = after([data("Off")], later, 5000);
  assert.deepEqual([only(off).recording.state, only(off).recording.cause], ["Off", undefined], "no cause is made up");
  assert.equal(only(after([data("Dreaming")], on)).recording.state, "Dreaming", "enumerations are open");
});

test("R23: a recording that broke says so until it goes on", () => {
  const told = (Extensions: object): ClientEvent => event("EventPrivateInfo", { PrivateMsgID: 3013, Extensions });
  const broken = after([told({ result: "failed", reason: "recorder-lost", recordDN: dn })], after(incoming));
  assert.equal(only(broken).recording.failure, "recorder-lost");
  const well = after([told({ result: "recovered", reason: "recorder-lost", gap: 40 })], broken);
  assert.equal(only(well).recording.failure, undefined);
  const again = after([event("EventAttachedDataChanged", { UserData: { GSIP_RECORD: "On" } })], broken);
  assert.equal(only(again).recording.failure, undefined);
});

test("Session 5: a snapshot is what is true now; times of what has not changed stay, a new one was not seen to begin", () => {
  const before = after(incoming);
  const here = snapshot(1, "Connected", { UserData: { GSIP_RECORD: "Paused" } });
  for (const told of [registered(dn, [here]), reset({ [dn]: [here] })]) {
    const now = only(after([told], before, 9000));
    assert.deepEqual([now.since, now.known, othersText(now)], [1001, 1000, "7002"]);
    assert.deepEqual([now.recording.state, now.recording.seen], ["Paused", false], "when it was paused is not known");
    const fresh = only(after([told], new Map(), 9000));
    assert.deepEqual([fresh.since, fresh.recording.seen], [9000, false]);
  }
  assert.equal(after([reset({ [dn]: [] })], before).size, 0);
  const more = after(
    [event("EventAddressInfo", { AddressInfoType: "CallsQuery", Calls: [snapshot(2, "Held")] })],
    before,
  );
  assert.equal(text(more), "1: Connected 7002 | 2: Held 7002", "the rest of a large snapshot");
});

test("what is about another DN, or about no call, changes nothing", () => {
  const calls = after(incoming);
  const foreign = [
    event("EventReleased", { ThisDN: "7002" }),
    event("EventLinkConnected", { ThisDN: undefined, ConnID: undefined }),
    event("EventAgentReady", { ConnID: undefined }),
    { message: "unknown", name: "EventNews", seq: 1, time: "", attributes: {} } as unknown as ClientEvent,
  ];
  for (const told of foreign) assert.deepEqual(after([told], calls), calls);
  assert.equal(
    after([event("EventAttachedDataChanged", { UserData: {} })]).size,
    0,
    "data of an unknown call make none",
  );
});
