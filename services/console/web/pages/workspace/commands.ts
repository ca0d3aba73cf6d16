import type { TlibClient } from "@sidetone/tlib/client";
import type { CallAction } from "./call-actions.ts";
import { type AgentCalls, pairOf } from "./workspace-calls.ts";

/** What an agent asks for. */
export type Command =
  | { readonly kind: "call"; readonly action: CallAction; readonly connId: string; readonly to?: string }
  | { readonly kind: "make-call"; readonly to: string }
  | { readonly kind: "put-out"; readonly connId: string; readonly other: string }
  | { readonly kind: "set-data"; readonly connId: string; readonly key: string; readonly value: string }
  | { readonly kind: "drop-data"; readonly connId: string; readonly key: string }
  | { readonly kind: "log-in"; readonly agentId: string; readonly password: string }
  | { readonly kind: "log-out" }
  | { readonly kind: "ready" }
  | { readonly kind: "not-ready"; readonly reason: string }
  | { readonly kind: "after-call-work" };

/** What it is about: a name of `WorkspaceState.waiting`. */
export function aboutOf(command: Command): string {
  if ("connId" in command) return command.connId;
  return command.kind === "make-call" ? "call" : "agent";
}

/** Sends a command as the request of T-Library that it is. Rejects with TlibError. */
export function send(client: TlibClient, dn: string, calls: AgentCalls, command: Command): Promise<unknown> {
  const ThisDN = dn;
  switch (command.kind) {
    case "call":
      return sendCall(client, dn, calls, command);
    case "make-call":
      return client.makeCall({ ThisDN, OtherDN: command.to });
    case "put-out":
      return client.deleteFromConference({ ThisDN, ConnID: command.connId, OtherDN: command.other });
    case "set-data":
      return client.updateUserData({ ThisDN, ConnID: command.connId, UserData: { [command.key]: command.value } });
    case "drop-data":
      return client.deletePair({ ThisDN, ConnID: command.connId, DataKey: command.key });
    case "log-in":
      return client.agentLogin({
        ThisDN,
        AgentID: command.agentId,
        ...(command.password === "" ? {} : { AgentPassword: command.password }),
      });
    case "log-out":
      return client.agentLogout({ ThisDN });
    case "ready":
      return client.agentReady({ ThisDN, AgentWorkMode: "ManualIn" });
    case "not-ready":
      return client.agentNotReady({
        ThisDN,
        AgentWorkMode: "AuxWork",
        ...(command.reason === "" ? {} : { Reasons: { reason: command.reason } }),
      });
    case "after-call-work":
      return client.agentNotReady({ ThisDN, AgentWorkMode: "AfterCallWork" });
  }
}

function sendCall(
  client: TlibClient,
  dn: string,
  calls: AgentCalls,
  { action, connId, to = "" }: Extract<Command, { kind: "call" }>,
): Promise<unknown> {
  const about = { ThisDN: dn, ConnID: connId };
  const call = calls.get(connId);
  const pair = call === undefined ? undefined : pairOf(calls, call);
  // In Complete... ConnID is the first call, whichever of the two is active; else ConnID is the active one (tlib-wire.md).
  const completed = {
    ThisDN: dn,
    ConnID: pair?.first.connId ?? connId,
    TransferConnID: pair?.consult.connId ?? connId,
  };
  const held = pair?.consult.connId === connId ? pair.first.connId : (pair?.consult.connId ?? connId);
  switch (action) {
    case "answer":
      return client.answerCall(about);
    case "hang-up":
      return client.releaseCall(about);
    case "hold":
      return client.holdCall(about);
    case "retrieve":
      return client.retrieveCall(about);
    case "consult":
      return client.initiateTransfer({ ...about, OtherDN: to });
    case "transfer":
      return client.singleStepTransfer({ ...about, OtherDN: to });
    case "add":
      return client.singleStepConference({ ...about, OtherDN: to });
    case "complete-transfer":
      return client.completeTransfer(completed);
    case "complete-conference":
      return client.completeConference(completed);
    case "alternate":
      return client.alternateCall({ ...about, PreviousConnID: held });
    case "reconnect":
      return client.reconnectCall({ ...about, PreviousConnID: held });
    case "record":
      return client.recordStart({ ...about, Extensions: { record: "source" } });
    case "pause":
      return client.recordPause({ ...about, Reasons: { why: "workspace" } });
    case "resume":
      return client.recordResume({ ...about, Reasons: { why: "workspace" } });
    case "stop":
      return client.recordStop({ ...about, Reasons: { why: "workspace" } });
  }
}
