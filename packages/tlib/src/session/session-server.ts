import { type Clock, type RandomBytes, type Result, randomHex, rfc3339 } from "@sidetone/foundation";
import { errorCodes } from "../schema/index.ts";
import type {
  ClientMessageFailure,
  ErrorName,
  ResumeFailure,
  SessionOpenAttributes,
  SessionOpenedAttributes,
  TlibRequest,
} from "../schema/index.ts";
import type { ClosingReason } from "./closings.ts";
import { EndedSessions } from "./ended-sessions.ts";
import { type SessionLimits, SESSION_ID_BYTES, defaultSessionLimits } from "./limits.ts";
import { prepareEvent } from "./prepared-message.ts";
import type { Admission } from "./request-gate.ts";
import { type ConnectionHost, ServerConnection } from "./server-connection.ts";
import type { ServerSession, SessionConnection, SessionInput } from "./server-session.ts";
import { type OpenedState, Session, type SessionHost } from "./session.ts";

/** What the session engine is made of. */
export interface SessionServerOptions<Owner> {
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Wall-clock microseconds; with it a SessionID of an earlier life of the server is told from an unknown one. */
  readonly serverStartMicros: number;
  readonly limits?: Partial<SessionLimits>;
  readonly capabilities: readonly string[];
  /** Server-wide number of the next event, for the EventErrors that the engine makes itself. */
  nextEventSequenceNumber(): number;
  /** Who is this? A refusal closes with 4001; slowing guesses down is up to the callee. `connection` is the one given to `accept`. */
  authenticate(open: SessionOpenAttributes, connection: SessionConnection): Promise<Result<Owner, string>>;
  /** May `b` go on with the session of `a`? */
  sameOwner(a: Owner, b: Owner): boolean;
  /** A new session is open (SessionOpened has gone out): publish EventServerConnected, EventLinkConnected. */
  onOpened(session: ServerSession<Owner>): void;
  /** A request that is valid, new and within the limits. Owed: exactly one `respond`. */
  onRequest(session: ServerSession<Owner>, request: TlibRequest): void;
  /** A session is over and will not come back: its registrations go. */
  onEnded(session: ServerSession<Owner>, reason: ClosingReason): void;
  /** For tests: takes "Session" 6 away, so that requests may run twice. */
  readonly withoutReferenceMemory?: boolean;
}

/** Counters since the start, and what is there now. */
export interface SessionStats {
  readonly sessions: number;
  /** Sessions with a connection. */
  readonly connected: number;
  /** Connections, with those that have not opened a session. */
  readonly connections: number;
  readonly keptMessages: number;
  readonly keptBytes: number;
  readonly opened: number;
  readonly resumed: number;
  /** Resumes that were not possible. */
  readonly resumeFailures: number;
  readonly slowConsumers: number;
  readonly tooManyRequests: number;
  readonly invalidRequests: number;
}

/** tlib-wire.md "Session", server side, without a transport: no event is lost silently, no request runs twice. */
export class SessionServer<Owner> {
  readonly limits: SessionLimits;
  readonly #o: SessionServerOptions<Owner>;
  readonly #instance: string;
  readonly #sessions = new Map<string, Session<Owner>>();
  readonly #connections = new Set<ServerConnection<Owner>>();
  readonly #ended: EndedSessions;
  readonly #counts = {
    opened: 0,
    resumed: 0,
    resumeFailures: 0,
    slowConsumers: 0,
    tooManyRequests: 0,
    invalidRequests: 0,
  };
  readonly #host: ConnectionHost<Owner> & SessionHost<Owner>;
  #closed = false;

  constructor(o: SessionServerOptions<Owner>) {
    this.#o = o;
    this.limits = { ...defaultSessionLimits, ...o.limits };
    this.#instance = o.serverStartMicros.toString(36);
    this.#ended = new EndedSessions(this.limits.endedSessions);
    this.#host = {
      clock: o.clock,
      random: o.random,
      limits: this.limits,
      remembersReferences: o.withoutReferenceMemory !== true,
      open: (connection, attributes) => {
        void this.#open(connection, attributes);
      },
      request: (session, request) => this.#request(session, request),
      refused: (session, failure) => this.#refused(session, failure),
      gone: (connection) => this.#connections.delete(connection),
      ended: (session, reason) => this.#sessionEnded(session, reason),
    };
  }

  /** A client has connected. The transport calls the returned input and stops after its `closed`. */
  accept(connection: SessionConnection): SessionInput {
    const made = new ServerConnection<Owner>(this.#host, connection);
    this.#connections.add(made);
    // Not before the transport has what this returns.
    if (this.#closed) queueMicrotask(() => made.finish("ServerRestart"));
    return made;
  }

  /** Sessions that are open or wait for a resume. */
  get sessions(): Iterable<ServerSession<Owner>> {
    return this.#sessions.values();
  }

  /** The session with this id. */
  session(id: string): ServerSession<Owner> | undefined {
    return this.#sessions.get(id);
  }

  stats(): SessionStats {
    let connected = 0;
    let keptMessages = 0;
    let keptBytes = 0;
    for (const session of this.#sessions.values()) {
      if (session.connected) connected += 1;
      keptMessages += session.replay.count;
      keptBytes += session.replay.bytes;
    }
    const connections = this.#connections.size;
    return { sessions: this.#sessions.size, connected, connections, keptMessages, keptBytes, ...this.#counts };
  }

  /** Ends every session and connection with SessionClosing and 1012. Idempotent; leaves no timer. */
  close(): void {
    this.#closed = true;
    for (const session of Array.from(this.#sessions.values())) session.end("ServerRestart");
    for (const connection of Array.from(this.#connections)) connection.finish("ServerRestart");
  }

  async #open(connection: ServerConnection<Owner>, open: SessionOpenAttributes): Promise<void> {
    if (!open.ProtocolVersion.startsWith("1.")) {
      connection.finish("ProtocolError", "ProtocolVersion must be 1.x");
      return;
    }
    let found: Result<Owner, string>;
    try {
      found = await this.#o.authenticate(open, connection.socket);
    } catch {
      connection.finish("InternalError");
      return;
    }
    // Time has passed.
    if (connection.closedAlready) return;
    if (!found.ok) connection.finish("AuthenticationFailed");
    else this.#takeUp(connection, open, found.value);
  }

  #takeUp(connection: ServerConnection<Owner>, open: SessionOpenAttributes, owner: Owner): void {
    const failure = this.#resumeFailure(open, owner);
    const lastSeq = open.LastSeq ?? 0;
    const known = open.SessionID === undefined ? undefined : this.#sessions.get(open.SessionID);
    if (open.SessionID !== undefined && failure === undefined && known !== undefined) {
      this.#counts.resumed += 1;
      connection.opened(known, this.#opened(known.attach(connection, owner, lastSeq, open.ResumeToken), true));
      return;
    }
    if (failure !== undefined) this.#counts.resumeFailures += 1;
    // Its own client has given it up: registrations must not wait for the end of the window.
    if (failure === "WindowExceeded") known?.end("WindowExceeded");
    const id = `s-${this.#instance}-${randomHex(this.#o.random, SESSION_ID_BYTES)}`;
    const session = new Session<Owner>(this.#host, id, owner, open.ApplicationName);
    this.#sessions.set(id, session);
    this.#counts.opened += 1;
    connection.opened(session, this.#opened(session.attach(connection, owner, 0), false, failure));
    if (!session.closed) this.#o.onOpened(session);
  }

  /** "Session" 5: why the wanted resume is not possible; undefined where it is, or where none is wanted. */
  #resumeFailure(open: SessionOpenAttributes, owner: Owner): ResumeFailure | undefined {
    const { SessionID: id, ResumeToken: token = "", LastSeq: lastSeq = 0 } = open;
    if (id === undefined) return undefined;
    const session = this.#sessions.get(id);
    if (session === undefined) {
      if (this.#ended.has(id)) return "WindowExceeded";
      const parts = id.split("-", 3);
      return parts.length === 3 && parts[1] !== this.#instance ? "ServerRestarted" : "UnknownSession";
    }
    if (!this.#o.sameOwner(session.owner, owner) || !session.mayResume(token)) return "NotOwner";
    return session.canReplayAfter(lastSeq) ? undefined : "WindowExceeded";
  }

  #opened(state: OpenedState, resumed: boolean, failure?: ResumeFailure): string {
    const { limits } = this;
    const attributes: SessionOpenedAttributes = {
      ProtocolVersion: "1.0",
      SessionID: state.SessionID,
      ResumeToken: state.ResumeToken,
      Resumed: resumed,
      ServerStartTime: rfc3339(this.#o.serverStartMicros),
      NextSeq: state.NextSeq,
      LastReferenceID: state.LastReferenceID,
      HeartbeatSeconds: limits.heartbeatSeconds,
      Capabilities: this.#o.capabilities,
      Limits: {
        MaxMessageBytes: limits.maxMessageBytes,
        MaxInFlight: limits.maxInFlight,
        ReplayMessages: limits.replayMessages,
        ReplayBytes: limits.replayBytes,
        ResumeSeconds: limits.resumeSeconds,
      },
      ...(failure === undefined ? {} : { ResumeFailure: failure }),
    };
    return JSON.stringify({ message: "SessionOpened", attributes });
  }

  #request(session: Session<Owner>, request: TlibRequest): void {
    const admission = session.gate.admit(request.attributes.ReferenceID, this.#o.clock.now());
    if (admission === "run") this.#o.onRequest(session, request);
    else this.#refuse(session, admission, failureOf(request));
  }

  #refused(session: Session<Owner>, failure: ClientMessageFailure): void {
    const now = this.#o.clock.now();
    let admission: Admission = "run";
    if (failure.referenceId !== undefined) admission = session.gate.admit(failure.referenceId, now);
    else if (!session.gate.allows(now)) admission = "too-fast";
    if (admission !== "run") {
      this.#refuse(session, admission, failure);
      return;
    }
    if (failure.referenceId !== undefined) session.gate.answered(failure.referenceId);
    this.#counts.invalidRequests += 1;
    this.#error(session, failure, failure.errorName ?? "InvalidAttribute", failure.message);
  }

  #refuse(session: Session<Owner>, admission: Exclude<Admission, "run">, request: ClientMessageFailure): void {
    const { maxInFlight, requestsPerSecond } = this.limits;
    switch (admission) {
      case "known":
        return;
      case "repeated":
        this.#counts.invalidRequests += 1;
        this.#error(session, request, "InvalidAttribute", "ReferenceID must be above that of every request before");
        return;
      case "too-many-unanswered":
        this.#counts.tooManyRequests += 1;
        this.#error(session, request, "TooManyRequests", `${maxInFlight} requests wait for their response`);
        return;
      case "too-fast":
        this.#counts.tooManyRequests += 1;
        this.#error(session, request, "TooManyRequests", `more than ${requestsPerSecond} requests in a second`);
    }
  }

  #error(session: Session<Owner>, request: ClientMessageFailure, error: ErrorName, message: string): void {
    session.publish(
      prepareEvent("EventError", this.#o.clock.wallMicros(), {
        EventSequenceNumber: this.#o.nextEventSequenceNumber(),
        ...(request.referenceId === undefined ? {} : { ReferenceID: request.referenceId }),
        ...(request.requestName === undefined ? {} : { UserEvent: request.requestName }),
        ...(request.privateMsgId === undefined ? {} : { PrivateMsgID: request.privateMsgId }),
        ...(request.thisDn === undefined ? {} : { ThisDN: request.thisDn }),
        ...(request.connId === undefined ? {} : { ConnID: request.connId }),
        ErrorCode: errorCodes[error],
        ErrorName: error,
        ErrorMessage: message,
      }),
    );
  }

  #sessionEnded(session: Session<Owner>, reason: ClosingReason): void {
    this.#sessions.delete(session.id);
    if (reason === "SlowConsumer" || reason === "ResumeExpired" || reason === "WindowExceeded")
      this.#ended.add(session.id);
    if (reason === "SlowConsumer") this.#counts.slowConsumers += 1;
    this.#o.onEnded(session, reason);
  }
}

function failureOf(request: TlibRequest): ClientMessageFailure {
  const attributes: { ReferenceID: number; ThisDN?: string; ConnID?: string; PrivateMsgID?: number } =
    request.attributes;
  return {
    kind: "attribute",
    message: "",
    requestName: request.message,
    referenceId: attributes.ReferenceID,
    ...(attributes.ThisDN === undefined ? {} : { thisDn: attributes.ThisDN }),
    ...(attributes.ConnID === undefined ? {} : { connId: attributes.ConnID }),
    ...(attributes.PrivateMsgID === undefined ? {} : { privateMsgId: attributes.PrivateMsgID }),
  };
}
