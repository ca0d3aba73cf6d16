import type { Result } from "@sidetone/foundation";
import { secretEqual } from "@sidetone/http";
import type { TlibRequest } from "@sidetone/tlib";
import type { Agent } from "../agents.ts";
import type { Session, TlibContext } from "../context.ts";
import { maxRefusalDelayMs } from "../limits.ts";
import type { SwitchFailure } from "../switch.ts";
import { dnRefusal } from "./admit.ts";

type AgentRequestMessage = TlibRequest<
  "RequestAgentLogin" | "RequestAgentLogout" | "RequestAgentReady" | "RequestAgentNotReady"
>;

/** Login, logout, ready, not ready. A login counts for recording from the DN's next answer (R1, R6). */
export function changeAgent(context: TlibContext, session: Session, request: AgentRequestMessage): void {
  const { agents, publisher } = context;
  const { ThisDN, ThisQueue, ...attributes } = request.attributes;
  const refusal = dnRefusal(context, session, request.message, ThisDN);
  if (refusal !== undefined) return publisher.refuse(session, request, refusal);
  const workMode = "AgentWorkMode" in attributes ? attributes.AgentWorkMode : undefined;
  const asked = { dn: ThisDN, queue: ThisQueue, workMode };
  switch (request.message) {
    case "RequestAgentLogin":
      void login(context, session, request, (agentId) => {
        conclude(context, session, request, "EventAgentLogin", agents.login(agentId, asked));
      });
      return;
    case "RequestAgentLogout":
      return conclude(context, session, request, "EventAgentLogout", agents.logout(ThisDN));
    case "RequestAgentReady":
      return conclude(context, session, request, "EventAgentReady", agents.ready(asked));
    case "RequestAgentNotReady":
      return conclude(context, session, request, "EventAgentNotReady", agents.notReady(asked));
  }
}

/** Who does not exist is refused like who gave a wrong password; who guesses waits. */
async function login(
  context: TlibContext,
  session: Session,
  request: TlibRequest<"RequestAgentLogin">,
  admitted: (agentId: string) => void,
): Promise<void> {
  const { refusals, guard, publisher } = context;
  const { ThisDN, AgentID, AgentPassword } = request.attributes;
  const type = context.dns().get(ThisDN)?.type;
  if (type !== "extension" && type !== "acd-position") {
    publisher.refuse(session, request, { error: "InvalidState", message: `no agent can log in at DN ${ThisDN}` });
    return;
  }
  const key = `${AgentID}|${session.owner.name}`;
  const allowed = guard.allow(key);
  const configured = context.agentLogins().get(AgentID);
  const right =
    configured !== undefined &&
    (configured.password === undefined || secretEqual(configured.password, AgentPassword ?? ""));
  if (allowed === true && right) {
    guard.succeeded(key);
    admitted(AgentID);
    return;
  }
  if (allowed === true) guard.failed(key);
  else await refusals.wait(Math.min(allowed.retryAfterS * 1000, maxRefusalDelayMs));
  publisher.refuse(session, request, {
    error: "PermissionDenied",
    message: "AgentID or AgentPassword is wrong, or there were too many tries",
  });
}

function conclude(
  context: TlibContext,
  session: Session,
  request: AgentRequestMessage,
  message: "EventAgentLogin" | "EventAgentLogout" | "EventAgentReady" | "EventAgentNotReady",
  outcome: Result<Agent, SwitchFailure>,
): void {
  if (!outcome.ok) return context.publisher.refuse(session, request, outcome.error);
  const { ReferenceID, Reasons, Extensions } = request.attributes;
  const { agentId, dn, queue, workMode } = outcome.value;
  context.publisher.agentEvent(
    message,
    {
      ThisDN: dn,
      AgentID: agentId,
      ...(queue === undefined ? {} : { ThisQueue: queue }),
      ...(workMode === undefined ? {} : { AgentWorkMode: workMode }),
      ...(Reasons === undefined ? {} : { Reasons }),
      ...(Extensions === undefined ? {} : { Extensions }),
    },
    session,
    ReferenceID,
  );
}
