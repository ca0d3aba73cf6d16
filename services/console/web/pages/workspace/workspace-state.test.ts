import assert from "node:assert/strict";
import { test } from "node:test";
import { agentText } from "./agent-state.ts";
import { announcement } from "./announce.ts";
import { blank, next, type WorkspaceInput, type WorkspaceState } from "./workspace-state.ts";
import { callId, event, registered, reset, snapshot } from "./workspace.fixture.ts";

const person = { user: "al", grants: [{ dns: "7001", rights: ["monitor", "control"] }], pauseReminderMs: 60_000 };
const told = (one: ReturnType<typeof event>, at = 5): WorkspaceInput => ({ kind: "event", event: one, at });

function after(inputs: readonly WorkspaceInput[], from: WorkspaceState = blank): WorkspaceState {
  return inputs.reduce(next, from);
}

const open = after([{ kind: "person", person }, { kind: "chosen", dn: "7001" }, { kind: "connected" }]);
const talking = after(
  [told(event("EventRinging", { OtherDN: "7002" })), told(event("EventEstablished", { OtherDN: "7002" }))],
  open,
);

test("from nothing to an open DN", () => {
  assert.equal(after([{ kind: "connected" }]).link.kind, "idle", "without a DN nothing is open");
  assert.deepEqual([open.dn, open.link.kind, open.person?.user], ["7001", "up", "al"]);
  const another = after([{ kind: "chosen", dn: undefined }], talking);
  assert.deepEqual([another.dn, another.link.kind, another.calls.size, another.person], [undefined, "idle", 0, person]);
});

test("a lost connection keeps what is shown, and since when it is old; a resume goes on", () => {
  const lost = after(
    [
      { kind: "lost", reason: "reset", at: 10 },
      { kind: "lost", reason: "refused", at: 20 },
    ],
    talking,
  );
  assert.deepEqual(lost.link, { kind: "lost", reason: "refused", since: 10 });
  assert.equal(lost.calls, talking.calls);
  assert.deepEqual(after([{ kind: "connected" }], lost).link, { kind: "up" });
});

test("a Reset: calls are what the snapshot says, a call that is gone is told, the agent has to be asked for", () => {
  const agent = after([told(event("EventAgentReady", { AgentID: "1001" }))], talking);
  const again = after([told(reset({ "7001": [snapshot(2, "Held")] }))], agent);
  assert.deepEqual(Array.from(again.calls.keys()), [callId(2)]);
  assert.match(again.ended?.text ?? "", /7002 has ended while the connection was lost/);
  assert.equal(again.agent.status, undefined);
  const refused = after([told(reset({}, ["7001"]))], agent);
  assert.equal(refused.link.kind, "refused");
  assert.deepEqual(refused.link.kind === "refused" ? refused.link.error : undefined, {
    title: "You have no right to do this here",
    detail: "no right",
  });
});

test("a request waits until its answer; a refusal shows in words at its call until the next request or the call's end", () => {
  const about = callId(1);
  const asked = after(
    [
      { kind: "asked", about },
      { kind: "asked", about },
    ],
    talking,
  );
  assert.equal(asked.waiting.get(about), 2);
  assert.equal(after([{ kind: "answered", about }], asked).waiting.get(about), 1);
  const failed = after([{ kind: "failed", about, name: "InSameState", message: "it is paused" }], asked);
  assert.deepEqual(failed.errors.get(about), { title: "It is so already", detail: "it is paused" });
  assert.equal(after([{ kind: "asked", about }], failed).errors.size, 0);
  assert.equal(after([{ kind: "dismissed", about }], failed).errors.size, 0);
  const gone = after([told(event("EventReleased"))], failed);
  assert.equal(gone.errors.size, 0);
  const late = after([{ kind: "failed", about, name: "InvalidConnID", message: "gone" }], gone);
  assert.deepEqual(Array.from(late.errors.keys()), ["call"], "a refusal about a call that is gone is not lost");
  const strange = after([{ kind: "failed", about: "agent", name: "NewError", message: "of tomorrow" }], talking);
  assert.deepEqual(strange.errors.get("agent"), { title: "of tomorrow", detail: undefined });
});

test("how a call ended, in words", () => {
  const ends = (message: string, CallState?: string): string | undefined =>
    after([told(event(message, CallState === undefined ? {} : { CallState }))], talking).ended?.text;
  assert.deepEqual(
    [
      ends("EventReleased"),
      ends("EventReleased", "RemoteRelease"),
      ends("EventReleased", "Transferred"),
      ends("EventReleased", "Busy"),
      ends("EventReleased", "SomethingNew"),
      ends("EventAbandoned"),
      ends("EventHeld"),
    ],
    [
      "The call with 7002 has ended.",
      "7002 has hung up.",
      "You have transferred 7002.",
      "7002 is busy.",
      "The call with 7002 has ended.",
      "7002 gave up before you answered.",
      undefined,
    ],
  );
});

test("the agent's state as T-Library has it, with the reason", () => {
  const said = (...events: ReturnType<typeof event>[]): string =>
    agentText(
      after(
        events.map((one) => told(one)),
        open,
      ).agent,
    );
  const status = (AgentStatus: string): ReturnType<typeof event> =>
    event("EventAddressInfo", {
      AddressInfoType: "AgentStatus",
      Extensions: { AgentStatus, AgentID: "1001" },
      ConnID: undefined,
    });
  assert.deepEqual(
    [
      said(),
      said(status("LoggedOut")),
      said(event("EventAgentLogin", { AgentID: "1001" })),
      said(event("EventAgentReady", { AgentID: "1001" })),
      said(event("EventAgentNotReady", { AgentID: "1001", Reasons: { reason: "Lunch" } })),
      said(event("EventAgentNotReady", { AgentID: "1001", AgentWorkMode: "AfterCallWork" })),
      said(event("EventAgentReady", { AgentID: "1001" }), event("EventAgentReady", { AgentID: "9", ThisDN: "7002" })),
      said(event("EventAgentReady", { AgentID: "1001" }), event("EventAgentLogout", { AgentID: "1001" })),
    ],
    ["Unknown", "Logged out", "Logged in", "Ready", "Not ready: Lunch", "After-call work", "Ready", "Logged out"],
  );
});

test("what is said aloud: a ringing call and the recording at once, the rest when there is a pause", () => {
  const say = (input: WorkspaceInput, from: WorkspaceState): unknown => {
    const said = announcement(from, next(from, input));
    return said === undefined ? undefined : [said.text, said.urgent];
  };
  const data = (GSIP_RECORD: string): WorkspaceInput =>
    told(event("EventAttachedDataChanged", { UserData: { GSIP_RECORD } }));
  assert.deepEqual(say(told(event("EventRinging", { OtherDN: "7002" })), open), ["Incoming call from 7002.", true]);
  assert.deepEqual(say(data("Paused"), talking), ["Recording paused.", true]);
  assert.deepEqual(say(told(event("EventHeld")), talking), ["7002 is on hold.", false]);
  assert.deepEqual(say({ kind: "lost", reason: "", at: 1 }, talking), ["The connection is lost. Trying again.", true]);
  assert.deepEqual(say(told(event("EventReleased")), talking), ["The call with 7002 has ended.", false]);
  assert.equal(
    say(told(registered("7001", [snapshot(1, "Connected")])), talking),
    undefined,
    "nothing new, nothing said",
  );
  assert.equal(say({ kind: "asked", about: "call" }, talking), undefined);
});
