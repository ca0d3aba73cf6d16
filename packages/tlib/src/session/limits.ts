/** What a session may cost (tlib-wire.md, "Session"). Bounds are inclusive. */
export interface SessionLimits {
  /** A client's message, in bytes of UTF-8; beyond it close 1009. */
  readonly maxMessageBytes: number;
  /** Unanswered requests of one session; beyond it TooManyRequests. */
  readonly maxInFlight: number;
  /** Requests that a session may send in a second, on average; beyond it TooManyRequests. */
  readonly requestsPerSecond: number;
  /** Requests that a session may send at once after a rest. */
  readonly requestBurst: number;
  /** Messages kept until they are acknowledged; beyond it close 4008. */
  readonly replayMessages: number;
  /** Bytes kept until they are acknowledged; beyond it close 4008. */
  readonly replayBytes: number;
  /** How long a message may wait for its acknowledgement while the client is connected, in ms; beyond it close 4008. */
  readonly unacknowledgedMs: number;
  /** Bytes that the transport has not sent; at this many writing stops until it drains. */
  readonly unsentBytes: number;
  /** How long a session outlives its connection, in seconds. */
  readonly resumeSeconds: number;
  /** Ping interval, in seconds; two unanswered pings close with 4004. */
  readonly heartbeatSeconds: number;
  /** From the connection to SessionOpen, in ms; later it is closed with 4002. Not in the contract: our choice. */
  readonly openTimeoutMs: number;
  /** Ended sessions that are remembered, so that a late resume hears WindowExceeded and not UnknownSession. */
  readonly endedSessions: number;
}

/** The limits of tlib-wire.md. */
export const defaultSessionLimits: SessionLimits = {
  maxMessageBytes: 65_536,
  maxInFlight: 64,
  requestsPerSecond: 50,
  requestBurst: 100,
  replayMessages: 10_000,
  replayBytes: 8_388_608,
  unacknowledgedMs: 120_000,
  unsentBytes: 262_144,
  resumeSeconds: 120,
  heartbeatSeconds: 15,
  openTimeoutMs: 10_000,
  endedSessions: 10_000,
};

/** Pings without an answer after which a connection is given up (tlib-wire.md, "Transport"). */
export const MISSED_BEATS = 2;
/** Random bytes of a SessionID. */
export const SESSION_ID_BYTES = 12;
/** Random bytes of a ResumeToken: it is a bearer secret. */
export const RESUME_TOKEN_BYTES = 24;
/** RFC 6455 5.5: a control frame holds 125 bytes, two of which are the code. */
export const MAX_CLOSE_REASON_BYTES = 123;
/** A client acknowledges at least after this many processed messages (tlib-wire.md, "Session" 3). */
export const ACK_MESSAGES = 100;
/** A client acknowledges at least after this time, ms (tlib-wire.md, "Session" 3). */
export const ACK_MS = 5_000;
