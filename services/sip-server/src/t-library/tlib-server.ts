import { AccessTokenVerifier } from "@sidetone/access-token";
import type { AgentLoginConfig, ApplicationConfig, DnConfig } from "@sidetone/config";
import type { Clock, Logger, RandomBytes } from "@sidetone/foundation";
import { GuessGuard } from "@sidetone/sip";
import { type SessionConnection, type SessionInput, type SessionLimits, SessionServer } from "@sidetone/tlib";
import type { Call } from "../call-model/call.ts";
import type { CallEffect } from "../call-model/machine.ts";
import type { AuditEntry, CallJournalEntry } from "../storage/index.ts";
import { type Agent, Agents } from "./agents.ts";
import { ApplicationDoor } from "./authentication.ts";
import type { Application, Session, TlibContext } from "./context.ts";
import { eventsOfEffects } from "./events-of-effects.ts";
import { Publisher } from "./publisher.ts";
import { RefusalDelay } from "./refusal-delay.ts";
import { Registrations } from "./registrations.ts";
import { runRequest } from "./requests/index.ts";
import { Responses } from "./responses.ts";
import type { Switch } from "./switch.ts";
import { Trace } from "./trace.ts";

/** What T-Library needs of SIP Server. */
export interface TlibServerOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly calls: Switch;
  readonly serverVersion: string;
  readonly journal: { append(entry: CallJournalEntry): Promise<void> };
  readonly audit: { append(entry: AuditEntry): Promise<void> };
  readonly limits?: Partial<SessionLimits>;
  /** Key of people's access tokens; undefined: these are refused. */
  readonly tokenSecret?: string | undefined;
  applications(): ReadonlyMap<string, ApplicationConfig>;
  agentLogins(): ReadonlyMap<string, AgentLoginConfig>;
  dns(): ReadonlyMap<string, DnConfig>;
}

/** A connection of which the client's address is known. */
export interface AddressedConnection extends SessionConnection {
  readonly source: string;
}

/** Counts for the metrics. */
export interface TlibStats {
  readonly sessions: number;
  readonly connections: number;
  readonly keptBytes: number;
  readonly registrations: number;
  readonly messages: number;
  readonly failedLogins: number;
  readonly slowConsumers: number;
}

/** T-Library: sessions of clients over whatever transport, their registrations and requests, and the events of all calls. */
export class TlibServer {
  readonly #sessions: SessionServer<Application>;
  readonly #context: TlibContext;
  readonly #door: ApplicationDoor;
  readonly #refusals: RefusalDelay;
  readonly #registrations = new Registrations<Session>();
  readonly #agents = new Agents();
  readonly #publisher: Publisher;
  readonly #trace: Trace;
  /** Calls as they were last told of. */
  readonly #calls = new Map<string, Call>();
  #linkUp = false;
  #closed = false;

  constructor(o: TlibServerOptions) {
    const { clock, random, log } = o;
    const registrations = this.#registrations;
    const refusals = new RefusalDelay(clock);
    this.#refusals = refusals;
    this.#door = new ApplicationDoor({
      refusals,
      guard: new GuessGuard({ clock }),
      log,
      applications: () => o.applications(),
      tokens: o.tokenSecret === undefined ? undefined : new AccessTokenVerifier({ secret: o.tokenSecret, clock }),
    });
    const door = this.#door;
    const responses = new Responses<Session>(clock);
    this.#trace = new Trace({
      append: (entry) => o.journal.append(entry),
      callUuidOf: (connId) => this.#calls.get(connId)?.callUuid,
      log,
    });
    const trace = this.#trace;
    const publisher = new Publisher({ clock, registrations, responses, trace });
    this.#publisher = publisher;
    this.#context = {
      clock,
      log,
      calls: o.calls,
      registrations,
      responses,
      agents: this.#agents,
      guard: new GuessGuard({ clock }),
      refusals,
      publisher,
      trace,
      serverVersion: o.serverVersion,
      audit: o.audit,
      dns: () => o.dns(),
      agentLogins: () => o.agentLogins(),
      linkUp: () => this.#linkUp,
    };
    this.#sessions = new SessionServer<Application>({
      clock,
      random,
      serverStartMicros: clock.wallMicros(),
      ...(o.limits === undefined ? {} : { limits: o.limits }),
      capabilities: ["call-control", "recording", "routing"],
      nextEventSequenceNumber: () => publisher.nextNumber(),
      authenticate: (open, connection) => door.authenticate(open, sourceOf(connection)),
      sameOwner: (a, b) => a.name === b.name,
      onOpened: (session) => this.#welcome(session, o.serverVersion),
      onRequest: (session, request) => runRequest(this.#context, session, request),
      onEnded: (session, reason) => {
        log.info({ session: session.id, application: session.owner.name, reason }, "T-Library session ended");
        registrations.drop(session);
        responses.drop(session);
      },
    });
  }

  /** A client has connected. */
  accept(connection: AddressedConnection): SessionInput {
    return this.#sessions.accept(connection);
  }

  /** The agent at a DN, for `Party.agentId` and R1. */
  agentAt(dn: string): string | undefined {
    return this.#agents.at(dn)?.agentId;
  }

  /** Where an agent is logged in. */
  dnOfAgent(agentId: string): string | undefined {
    return this.#agents.dnOf(agentId);
  }

  /** Who is logged in where. */
  agents(): readonly Agent[] {
    return this.#agents.all();
  }

  /** Whether a client that may route has registered a DN. */
  watches(dn: string): boolean {
    for (const session of this.#registrations.of(dn)) {
      const mode = this.#registrations.modeOf(session, dn);
      if (mode !== "ModeMonitor" && session.owner.rights.may("route", dn)) return true;
    }
    return false;
  }

  /** Tells everyone who registered a party of the call. In the order of the call's changes. */
  onCall(call: Call, effects: readonly CallEffect[]): void {
    if (this.#closed) return;
    const before = this.#calls.get(call.connId);
    this.#calls.set(call.connId, call);
    for (const event of eventsOfEffects(before, call, effects)) this.#publisher.event(event);
    if (call.endedMicros !== undefined) this.#calls.delete(call.connId);
  }

  /** DNs have left the configuration, or are in it again: who registered them is told. */
  dnsChanged(o: { readonly removed: readonly string[]; readonly added: readonly string[] }): void {
    for (const [message, dns] of [
      ["EventDNOutOfService", o.removed],
      ["EventDNBackInService", o.added],
    ] as const) {
      for (const dn of dns)
        for (const session of this.#registrations.of(dn)) this.#publisher.notify(session, message, { ThisDN: dn });
    }
  }

  /** The SIP side is up, or not: without it no DN is registered. */
  setLink(up: boolean): void {
    if (this.#linkUp === up) return;
    this.#linkUp = up;
    const message = up ? "EventLinkConnected" : "EventLinkDisconnected";
    for (const session of this.#sessions.sessions) this.#publisher.notify(session, message, {});
  }

  stats(): TlibStats {
    const { sessions, connections, keptBytes, slowConsumers } = this.#sessions.stats();
    return {
      sessions,
      connections,
      keptBytes,
      slowConsumers,
      registrations: this.#registrations.counts().registrations,
      messages: this.#publisher.published,
      failedLogins: this.#door.failed,
    };
  }

  /** Ends every session: `SessionClosing`, close 1012. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#sessions.close();
    this.#refusals.close();
  }

  #welcome(session: Session, serverVersion: string): void {
    this.#context.log.info({ session: session.id, application: session.owner.name }, "T-Library session opened");
    this.#publisher.notify(session, "EventServerConnected", { ServerVersion: serverVersion, ServerRole: "Primary" });
    if (this.#linkUp) this.#publisher.notify(session, "EventLinkConnected", {});
  }
}

function sourceOf(connection: SessionConnection): string {
  return "source" in connection && typeof connection.source === "string" ? connection.source : "unknown";
}
