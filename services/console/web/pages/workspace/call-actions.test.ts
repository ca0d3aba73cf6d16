import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlibClient } from "@sidetone/tlib/client";
import { callOffers, type Powers, recordingOffers, whyNot } from "./call-actions.ts";
import { type Command, send } from "./commands.ts";
import { isPauseKey, pauseTarget } from "./pause-key.ts";
import { pauseClock, remindAgainMs } from "./reminder.ts";
import { dnChoices, rightsOn } from "./rights.ts";
import { type AgentCalls, afterEvent } from "./workspace-calls.ts";
import { callId, event } from "./workspace.fixture.ts";

const [one, two] = [callId(1), callId(2)];
const powers: Powers = { dn: "7001", rights: new Set(["control", "record"]), online: true, waiting: false };

function after(...events: readonly ReturnType<typeof event>[]): AgentCalls {
  return events.reduce((calls: AgentCalls, told, n) => afterEvent(calls, told, "7001", 1000 * (n + 1)), new Map());
}

const up = [event("EventRinging", { OtherDN: "7002" }), event("EventEstablished", { OtherDN: "7002" })];
const consult = { ConnID: two, CallType: "Consult", PreviousConnID: one, OtherDN: "7003" };
const asking = [...up, event("EventHeld"), event("EventDialing", consult)];
const consulting = [...asking, event("EventEstablished", consult)];
const alternated = [...consulting, event("EventHeld", consult), event("EventRetrieved", { OtherDN: "7002" })];
const data = (GSIP_RECORD: string, ConnID = one) =>
  event("EventAttachedDataChanged", { ConnID, UserData: { GSIP_RECORD } });

test("only what makes sense now is offered", () => {
  const offered = (...events: ReturnType<typeof event>[]): string[] => {
    const calls = after(...events);
    return Array.from(calls.values(), (call) =>
      callOffers(calls, call, powers)
        .map(({ label }) => label)
        .join(", "),
    );
  };
  const rows: readonly (readonly [string, ReturnType<typeof event>[], string[]])[] = [
    ["it rings", up.slice(0, 1), ["Answer, Decline"]],
    ["an own call", [event("EventDialing", { OtherDN: "7002" })], ["Cancel"]],
    ["talking", up, ["Hold, Transfer, Consult, Conference, Hang up"]],
    ["on hold", [...up, event("EventHeld")], ["Retrieve, Hang up"]],
    ["the consulted one rings", asking, ["", "Transfer now, End, back to 7002"]],
    ["consulting", consulting, ["", "Connect 7002 with 7003, Conference all, Talk to 7002, End, back to 7002"]],
    ["with the first one again", alternated, ["Connect 7002 with 7003, Conference all, Talk to 7003, Hang up", ""]],
    ["the consultation has ended", [...consulting, event("EventReleased", consult)], ["Retrieve, Hang up"]],
    ["both are on hold", [...consulting, event("EventHeld", consult)], ["Retrieve, Hang up", "Retrieve, Hang up"]],
    [
      "a conference",
      [...up, event("EventPartyAdded", { OtherDN: "7003", ThisDNRole: "RoleConferenceMember" })],
      ["Hold, Transfer, Consult, Add another, Leave"],
    ],
    [
      "a second, foreign call rings",
      [...up, event("EventRinging", { ConnID: two, OtherDN: "9555" })],
      ["Hold, Transfer, Consult, Conference, Hang up", "Answer, Decline"],
    ],
  ];
  for (const [what, events, labels] of rows) assert.deepEqual(offered(...events), labels, what);
});

test("the recording's buttons follow GSIP_RECORD; a ringing call has none", () => {
  const offered = (...events: ReturnType<typeof event>[]): string[] => {
    const [call] = after(...events).values();
    return call === undefined ? [] : recordingOffers(call, powers).map(({ action }) => action);
  };
  assert.deepEqual(offered(...up.slice(0, 1)), []);
  assert.deepEqual(offered(...up), ["record"]);
  assert.deepEqual(offered(...up, data("On")), ["pause", "stop"]);
  assert.deepEqual(offered(...up, data("Paused")), ["resume", "stop"]);
  assert.deepEqual(offered(...up, data("Off")), ["record"]);
});

test("a button that cannot be used says why", () => {
  assert.equal(whyNot("control", powers), undefined);
  assert.match(whyNot("userdata", powers) ?? "", /lack the right “userdata” on DN 7001/);
  assert.match(whyNot("control", { ...powers, online: false }) ?? "", /connection is lost/);
  assert.match(whyNot("control", { ...powers, waiting: true }) ?? "", /no answer yet/);
});

test("each command is the request of T-Library that it should be", async () => {
  const calls = after(...consulting);
  const swapped = after(...alternated);
  const sent = async (command: Command, on: AgentCalls = calls): Promise<unknown> => {
    let request: unknown;
    const client = new Proxy({} as TlibClient, {
      get: (_, name) => (attributes: unknown) => Promise.resolve((request = [name, attributes])),
    });
    await send(client, "7001", on, command);
    return request;
  };
  const call = (action: Extract<Command, { kind: "call" }>["action"], connId = two, to?: string): Command =>
    to === undefined ? { kind: "call", action, connId } : { kind: "call", action, connId, to };
  const ThisDN = "7001";
  const both = { ThisDN, ConnID: one, TransferConnID: two };
  assert.deepEqual(await sent(call("answer", one)), ["answerCall", { ThisDN, ConnID: one }]);
  assert.deepEqual(await sent(call("consult", one, "7003")), [
    "initiateTransfer",
    { ThisDN, ConnID: one, OtherDN: "7003" },
  ]);
  assert.deepEqual(await sent(call("transfer", one, "7003")), [
    "singleStepTransfer",
    { ThisDN, ConnID: one, OtherDN: "7003" },
  ]);
  assert.deepEqual(await sent(call("complete-transfer")), ["completeTransfer", both]);
  assert.deepEqual(await sent(call("complete-transfer", one), swapped), ["completeTransfer", both]);
  assert.deepEqual(await sent(call("complete-conference")), ["completeConference", both]);
  assert.deepEqual(await sent(call("alternate")), ["alternateCall", { ThisDN, ConnID: two, PreviousConnID: one }]);
  assert.deepEqual(await sent(call("alternate", one), swapped), [
    "alternateCall",
    { ThisDN, ConnID: one, PreviousConnID: two },
  ]);
  assert.deepEqual(await sent(call("reconnect")), ["reconnectCall", { ThisDN, ConnID: two, PreviousConnID: one }]);
  const why = { Reasons: { why: "workspace" } };
  assert.deepEqual(await sent(call("pause", one)), ["recordPause", { ThisDN, ConnID: one, ...why }]);
  assert.deepEqual(await sent({ kind: "log-in", agentId: "1001", password: "" }), [
    "agentLogin",
    { ThisDN, AgentID: "1001" },
  ]);
  assert.deepEqual(await sent({ kind: "not-ready", reason: "Lunch" }), [
    "agentNotReady",
    { ThisDN, AgentWorkMode: "AuxWork", Reasons: { reason: "Lunch" } },
  ]);
});

test("the pause key: a function key everywhere, a letter not where people type, no repeat, no modifier", () => {
  const plain = { key: "F8", repeat: false, modified: false, inField: false };
  assert.deepEqual(
    [
      isPauseKey("F8", plain),
      isPauseKey("F8", { ...plain, inField: true }),
      isPauseKey("F8", { ...plain, repeat: true }),
      isPauseKey("F8", { ...plain, modified: true }),
      isPauseKey("F9", plain),
      isPauseKey("P", { ...plain, key: "p" }),
      isPauseKey("P", { ...plain, key: "p", inField: true }),
      isPauseKey("none", { ...plain, key: "none" }),
    ],
    [true, true, false, false, false, true, false, false],
  );
});

test("the pause key acts on the call that the agent talks in, else on the only paused one", () => {
  const target = (...events: ReturnType<typeof event>[]): unknown => {
    const found = pauseTarget(after(...events));
    return found === undefined ? undefined : [found.command, found.call.connId];
  };
  assert.equal(target(...up), undefined, "nothing is recorded");
  assert.deepEqual(target(...up, data("On")), ["pause", one]);
  assert.deepEqual(target(...up, data("Paused")), ["resume", one]);
  assert.equal(target(...up, data("On"), event("EventHeld")), undefined, "a card number is not read to nobody");
  assert.deepEqual(target(...up, data("Paused"), event("EventHeld")), ["resume", one]);
  assert.deepEqual(target(...consulting, data("Paused"), data("On", two)), ["pause", two]);
  assert.deepEqual(target(...consulting, data("Paused")), ["resume", one]);
});

test("a pause that is too long reminds, and again; it ends with the pause and with the call, not with a hold", () => {
  const paused = after(...up, data("Paused")); // at 3000
  const clock = (calls: AgentCalls, now: number): unknown => {
    const found = pauseClock(calls, now, 60_000);
    return found === undefined ? undefined : [found.pausedMs, found.reminder];
  };
  assert.equal(clock(after(...up, data("On")), 1e9), undefined);
  assert.deepEqual(clock(paused, 3000), [0, 0]);
  assert.deepEqual(clock(paused, 62_999), [59_999, 0]);
  assert.deepEqual(clock(paused, 63_000), [60_000, 1]);
  assert.deepEqual(clock(paused, 63_000 + remindAgainMs), [60_000 + remindAgainMs, 2]);
  assert.deepEqual(
    clock(after(...up, data("Paused"), event("EventHeld")), 63_000),
    [60_000, 1],
    "on hold it counts on",
  );
  assert.equal(clock(after(...up, data("Paused"), data("On")), 63_000), undefined);
  assert.equal(clock(after(...up, data("Paused"), event("EventReleased")), 63_000), undefined);
  assert.deepEqual(clock(paused, 0), [0, 0], "a clock that was set back does no harm");
  const two_ = after(...consulting, data("Paused", two), data("Paused"));
  assert.equal(pauseClock(two_, 1e9, 60_000)?.call.connId, two, "of two the longer one");
});

test("rights add up over grants; DNs that grants name in full can be chosen, others typed where a pattern allows it", () => {
  const grants = [
    { dns: "7001", rights: ["monitor", "control"] },
    { dns: "70*", rights: ["record"] },
  ];
  assert.deepEqual(Array.from(rightsOn(grants, "7001")), ["monitor", "control", "record"]);
  assert.deepEqual(Array.from(rightsOn(grants, "8001")), []);
  assert.deepEqual(dnChoices(grants), { dns: ["7001"], open: false }, "a DN that cannot be seen is no choice");
  assert.deepEqual(dnChoices([...grants, { dns: "8*", rights: ["monitor"] }]), { dns: ["7001"], open: true });
});
