import type { AgentLoginConfig, DnConfig } from "@sidetone/config";
import type { Clock, Logger } from "@sidetone/foundation";
import type { GuessGuard } from "@sidetone/sip";
import type { ServerSession } from "@sidetone/tlib";
import type { AuditEntry } from "../storage/index.ts";
import type { Agents } from "./agents.ts";
import type { Publisher } from "./publisher.ts";
import type { RefusalDelay } from "./refusal-delay.ts";
import type { Registrations } from "./registrations.ts";
import type { Responses } from "./responses.ts";
import type { Rights } from "./rights.ts";
import type { Switch } from "./switch.ts";
import type { Trace } from "./trace.ts";

/** Who has a session. */
export interface Application {
  readonly name: string;
  readonly rights: Rights;
  /** R10: recorders that it may name. */
  readonly destinations: readonly string[];
}

export type Session = ServerSession<Application>;

/** What the requests of every session share. */
export interface TlibContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly calls: Switch;
  readonly registrations: Registrations<Session>;
  readonly responses: Responses<Session>;
  readonly agents: Agents;
  /** Slows the guessing of agents' passwords. */
  readonly guard: GuessGuard;
  readonly refusals: RefusalDelay;
  readonly publisher: Publisher;
  readonly trace: Trace;
  readonly serverVersion: string;
  readonly audit: { append(entry: AuditEntry): Promise<void> };
  /** Read at each request: the configuration may be read again. */
  dns(): ReadonlyMap<string, DnConfig>;
  agentLogins(): ReadonlyMap<string, AgentLoginConfig>;
  /** Whether the SIP side is up. */
  linkUp(): boolean;
}
