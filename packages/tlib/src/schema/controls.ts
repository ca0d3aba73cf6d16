import Type from "typebox";
import type { Static } from "typebox";
import { enumerations } from "./enumerations.ts";
import { counter, dn, open, text } from "./shapes.ts";

const version = (description: string) => Type.String({ description, pattern: "^[0-9]{1,4}\\.[0-9]{1,4}$" });

const limits = Type.Object(
  {
    MaxMessageBytes: counter("A client's message, in bytes", 1),
    MaxInFlight: counter("Unanswered requests", 1),
    ReplayMessages: counter("Messages kept until they are acknowledged", 1),
    ReplayBytes: counter("Bytes kept until they are acknowledged", 1),
    ResumeSeconds: counter("How long a session outlives its connection, in seconds", 0),
  },
  { description: "What the server allows this session" },
);

/** tlib-wire.md, "Session". Unlike requests, controls may carry attributes that this version does not know. */
export const controlSchemas = {
  SessionOpen: Type.Object({
    ProtocolVersion: version('"major.minor"'),
    ApplicationName: dn("Client application"),
    ApplicationPassword: Type.Optional(text("The application's password; never logged")),
    AccessToken: Type.Optional(text("A person's short-lived token, instead of a password; never logged")),
    SessionID: Type.Optional(text("To resume: the session")),
    ResumeToken: Type.Optional(text("To resume: its newest token; never logged")),
    LastSeq: Type.Optional(counter("To resume: the last message of the server that was processed", 0)),
  }),
  SessionOpened: Type.Object({
    ProtocolVersion: version('"major.minor"'),
    SessionID: text("The session"),
    ResumeToken: text("Resumes the session once; valid until the first message of the next connection"),
    Resumed: Type.Boolean({ description: "The session goes on; false: a new one, register again" }),
    ServerStartTime: text("RFC 3339: a client that sees it change knows that the server restarted"),
    NextSeq: counter("The first message that follows", 1),
    LastReferenceID: counter("Requests up to here have been accepted; 0: none", 0),
    HeartbeatSeconds: counter("The server's ping interval, in seconds", 1),
    Capabilities: Type.Optional(
      Type.Unsafe<readonly string[]>(
        Type.Array(open(enumerations.Capability, "A part of the contract"), { description: "What the server serves" }),
      ),
    ),
    Limits: limits,
    ResumeFailure: Type.Optional(open(enumerations.ResumeFailure, "Why a wanted resume was not possible")),
  }),
  SessionAck: Type.Object({ Seq: counter("Every message up to this seq has been processed", 0) }),
  SessionClose: Type.Object({}),
  SessionClosing: Type.Object({
    Reason: text("Why: ClientRequest, SlowConsumer ..."),
    Resumable: Type.Boolean({ description: "The session may be resumed on a new connection" }),
  }),
  Ping: Type.Object({}),
  Pong: Type.Object({}),
};

export type ControlName = keyof typeof controlSchemas;

/** Attributes of each control message. */
export type ControlAttributes = {
  readonly [N in ControlName]: Readonly<Static<(typeof controlSchemas)[N]>>;
};
export type SessionOpenAttributes = ControlAttributes["SessionOpen"];
export type SessionOpenedAttributes = ControlAttributes["SessionOpened"];
