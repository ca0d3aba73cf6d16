import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientEvent } from "@sidetone/tlib/client";
import { afterEvent, commandsFor, type LiveCall, type LiveCalls, partiesText, recordingText } from "./live-calls.ts";

const ConnID = "0110031f8ab2c001";
const about = { EventSequenceNumber: 1, ConnID, CallUUID: "0".repeat(32), CallType: "Internal" } as const;

function event(message: string, ThisDN: string, more: Readonly<Record<string, unknown>> = {}): ClientEvent {
  return { message, seq: 1, time: "", attributes: { ...about, ThisDN, ...more } } as unknown as ClientEvent;
}

function snapshot(ThisDN: string, PartyState: string, more: Readonly<Record<string, unknown>> = {}): object {
  return { ThisDN, Calls: [{ ...about, PartyState, UserData: {}, Parties: [], ...more }] };
}

function after(events: readonly ClientEvent[], from: LiveCalls = new Map()): LiveCalls {
  return events.reduce(afterEvent, from);
}

function only(calls: LiveCalls): LiveCall {
  const [call] = calls.values();
  assert(call !== undefined && calls.size === 1, `${calls.size} calls`);
  return call;
}

const up = [
  event("EventDialing", "7002", { OtherDN: "7001" }),
  event("EventRinging", "7001", { OtherDN: "7002" }),
  event("EventEstablished", "7001", { OtherDN: "7002" }),
  event("EventEstablished", "7002", { OtherDN: "7001" }),
];
const data = (state: string): ClientEvent =>
  event("EventAttachedDataChanged", "7001", { UserData: { GSIP_RECORD: state, GSIP_REC_FN: "file" } });

test("a call appears with its parties, changes, and is gone with its last watched party", () => {
  const texts = up.map((_, at) => partiesText(only(after(up.slice(0, at + 1)))));
  assert.deepEqual(texts, [
    "7002 dials ↔ 7001",
    "7002 dials ↔ 7001 rings",
    "7002 dials ↔ 7001 talks",
    "7002 talks ↔ 7001 talks",
  ]);
  const held = after([event("EventHeld", "7001")], after(up));
  assert.equal(partiesText(only(held)), "7002 talks ↔ 7001 is on hold");
  const left = after([event("EventReleased", "7002")], held);
  assert.equal(partiesText(only(left)), "7001 is on hold ↔ 7002", "the other side is still named, without a state");
  assert.equal(after([event("EventReleased", "7001")], left).size, 0);
  assert.equal(after([event("EventReleased", "7001")]).size, 0, "a call that nobody knows leaves nothing behind");
});

test("R20, R21: GSIP_RECORD says what can be asked next; an event without user data changes nothing", () => {
  const steps = [undefined, "On", "Paused", "Off"].map((state) =>
    only(after(state === undefined ? up : [...up, data(state), event("EventHeld", "7001")])),
  );
  assert.deepEqual(steps.map(commandsFor), [["start"], ["pause", "stop"], ["resume", "stop"], ["start"]]);
  assert.deepEqual(steps.map(recordingText), ["not recorded", "recording", "paused", "not recorded any more"]);
  assert.deepEqual(
    steps.map(({ fileName }) => fileName),
    [undefined, "file", "file", "file"],
  );
  assert.equal(recordingText(only(after([...up, data("Dreaming")]))), "Dreaming", "enumerations are open");
});

test("user data told to a DN that is no party makes no party of it", () => {
  assert.deepEqual(after([data("On")]), new Map());
  const told = after([...up, event("EventAttachedDataChanged", "7009", { UserData: { GSIP_RECORD: "On" } })]);
  assert.equal(partiesText(only(told)), "7002 talks ↔ 7001 talks");
  assert.equal(only(told).record, "On");
});

test("Session 5: a snapshot is what is true now of its DN; what does not fit follows", () => {
  const registered = (dn: string, attributes: object): ClientEvent => event("EventRegistered", dn, attributes as never);
  const before = after(up);
  const other = { ConnID: "0110031f8ab2c002" };
  const now = after([registered("7001", snapshot("7001", "Held", other))], before);
  assert.deepEqual(
    Array.from(now.values(), partiesText),
    ["7002 talks ↔ 7001", "7001 is on hold"],
    "7001 has left the call that its snapshot does not name",
  );
  const more = after(
    [event("EventAddressInfo", "7001", snapshot("7001", "Connected", { OtherDN: "9123" }) as never)],
    now,
  );
  assert.deepEqual(Array.from(more.values(), partiesText), ["7002 talks ↔ 7001 talks ↔ 9123", "7001 is on hold"]);
});

test("a Reset: what was known is void, the registrations say what there is", () => {
  const registrations = new Map([
    ["7001", snapshot("7001", "Connected", { OtherDN: "7002", UserData: { GSIP_RECORD: "Paused" } })],
    ["7002", snapshot("7002", "Held", { OtherDN: "7001" })],
  ]);
  const old = after([event("EventDialing", "7003", { ConnID: "0110031f8ab2c009" })]);
  const reset = { message: "Reset", reason: "ServerRestarted", registrations, failed: new Map() };
  const call = only(after([reset as unknown as ClientEvent], old));
  assert.equal(partiesText(call), "7001 talks ↔ 7002 is on hold");
});

test("a transfer's party takes the surviving ConnID and leaves the other", () => {
  const consult = { ConnID: "0110031f8ab2c002" };
  const calls = after([...up, event("EventEstablished", "7003", { ...consult, OtherDN: "7001" })]);
  const changed = [
    event("EventPartyChanged", "7003", { PreviousConnID: consult.ConnID, OtherDN: "7002" }),
    event("EventPartyChanged", "7002", { OtherDN: "7003" }),
  ];
  const merged = after([event("EventReleased", "7001"), ...changed], calls);
  assert.equal(partiesText(only(merged)), "7002 talks ↔ 7003 talks");
});

test("what is not about a call changes nothing", () => {
  const calls = after(up);
  const control = { message: "EventLinkConnected", seq: 1, time: "", attributes: { EventSequenceNumber: 1 } };
  const unknown = { message: "unknown", name: "EventNews", seq: 1, time: "", attributes: {} };
  for (const one of [control, unknown]) assert.equal(afterEvent(calls, one as unknown as ClientEvent), calls);
});
