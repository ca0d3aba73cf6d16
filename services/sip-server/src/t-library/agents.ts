import { type Result, fail, ok } from "@sidetone/foundation";
import type { AgentStatus, AgentWorkMode } from "@sidetone/tlib";
import type { SwitchFailure } from "./switch.ts";

/** An agent at a DN. */
export interface Agent {
  readonly agentId: string;
  readonly dn: string;
  readonly queue: string | undefined;
  readonly workMode: AgentWorkMode | undefined;
  readonly status: Exclude<AgentStatus, "LoggedOut">;
}

/** What a client asks for an agent. */
export interface AgentRequest {
  readonly dn: string;
  readonly queue?: string | undefined;
  readonly workMode?: AgentWorkMode | undefined;
}

/** Who is logged in where: one agent a DN, one DN an agent. Passwords have been checked before. */
export class Agents {
  readonly #byDn = new Map<string, Agent>();
  readonly #byId = new Map<string, Agent>();

  /** The agent at a DN. */
  at(dn: string): Agent | undefined {
    return this.#byDn.get(dn);
  }

  /** Everybody who is logged in. */
  all(): readonly Agent[] {
    return Array.from(this.#byId.values());
  }

  /** Where an agent is logged in. */
  dnOf(agentId: string): string | undefined {
    return this.#byId.get(agentId)?.dn;
  }

  /** Again at the same DN changes the work mode. */
  login(agentId: string, request: AgentRequest): Result<Agent, SwitchFailure> {
    const { dn } = request;
    const there = this.#byDn.get(dn);
    if (there !== undefined && there.agentId !== agentId)
      return refused(`agent ${there.agentId} is logged in at DN ${dn}; log that agent out first`);
    const elsewhere = this.#byId.get(agentId);
    if (elsewhere !== undefined && elsewhere.dn !== dn)
      return refused(`agent ${agentId} is logged in at DN ${elsewhere.dn}; log out there first`);
    return ok(this.#keep({ agentId, dn, queue: request.queue, workMode: request.workMode, status: "LoggedIn" }));
  }

  /** Gives the agent that was there. */
  logout(dn: string): Result<Agent, SwitchFailure> {
    const agent = this.#byDn.get(dn);
    if (agent === undefined) return nobody(dn);
    this.#byDn.delete(dn);
    this.#byId.delete(agent.agentId);
    return ok(agent);
  }

  ready(request: AgentRequest): Result<Agent, SwitchFailure> {
    return this.#move(request, "Ready");
  }

  /** Work mode AfterCallWork is a status of its own. */
  notReady(request: AgentRequest): Result<Agent, SwitchFailure> {
    return this.#move(request, request.workMode === "AfterCallWork" ? "AfterCallWork" : "NotReady");
  }

  #move(request: AgentRequest, status: Agent["status"]): Result<Agent, SwitchFailure> {
    const agent = this.#byDn.get(request.dn);
    if (agent === undefined) return nobody(request.dn);
    const { queue, workMode } = request;
    return ok(this.#keep({ ...agent, status, workMode, queue: queue ?? agent.queue }));
  }

  #keep(agent: Agent): Agent {
    this.#byDn.set(agent.dn, agent);
    this.#byId.set(agent.agentId, agent);
    return agent;
  }
}

function nobody(dn: string): { readonly ok: false; readonly error: SwitchFailure } {
  return refused(`no agent is logged in at DN ${dn}`);
}

function refused(message: string): { readonly ok: false; readonly error: SwitchFailure } {
  return fail({ error: "InvalidState", message });
}
