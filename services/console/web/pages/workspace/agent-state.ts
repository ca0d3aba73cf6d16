import type { ClientEvent } from "@sidetone/tlib/client";

/** The agent at the DN, as T-Library has it. */
export interface AgentShown {
  /** LoggedOut, LoggedIn, Ready, NotReady, AfterCallWork; undefined until T-Library has said it. */
  readonly status: string | undefined;
  readonly agentId: string | undefined;
  /** Why not ready, where somebody gave a reason. */
  readonly reason: string | undefined;
}

/** Before T-Library has said anything. */
export const unknownAgent: AgentShown = { status: undefined, agentId: undefined, reason: undefined };

const statusAfter = {
  EventAgentLogin: "LoggedIn",
  EventAgentReady: "Ready",
  EventAgentNotReady: "NotReady",
} as const;

/** Reasons that the page offers for not being ready; Reasons `reason` of the request. */
export const notReadyReasons = ["Break", "Lunch", "Training", "Meeting", "Back office"] as const;

/** The agent after an event. After a Reset it has to be asked for again. */
export function agentAfter(agent: AgentShown, event: ClientEvent, dn: string): AgentShown {
  if (event.message === "Reset") return unknownAgent;
  if (event.message === "EventAddressInfo") {
    const { ThisDN, Extensions } = event.attributes;
    const status = Extensions?.["AgentStatus"];
    if (ThisDN !== dn || typeof status !== "string") return agent;
    const id = Extensions?.["AgentID"];
    return { status, agentId: typeof id === "string" ? id : undefined, reason: undefined };
  }
  if (
    event.message !== "EventAgentLogin" &&
    event.message !== "EventAgentLogout" &&
    event.message !== "EventAgentReady" &&
    event.message !== "EventAgentNotReady"
  )
    return agent;
  const { ThisDN, AgentID, AgentWorkMode, Reasons } = event.attributes;
  if (ThisDN !== dn) return agent;
  if (event.message === "EventAgentLogout") return { ...unknownAgent, status: "LoggedOut" };
  const afterCall = event.message === "EventAgentNotReady" && AgentWorkMode === "AfterCallWork";
  const reason = Reasons?.["reason"];
  return {
    status: afterCall ? "AfterCallWork" : statusAfter[event.message],
    agentId: AgentID,
    reason: typeof reason === "string" ? reason : undefined,
  };
}

const words: Readonly<Record<string, string>> = {
  LoggedOut: "Logged out",
  LoggedIn: "Logged in",
  Ready: "Ready",
  NotReady: "Not ready",
  AfterCallWork: "After-call work",
};

/** The agent's state for people. */
export function agentText({ status, reason }: AgentShown): string {
  if (status === undefined) return "Unknown";
  const text = words[status] ?? status;
  return reason === undefined ? text : `${text}: ${reason}`;
}
