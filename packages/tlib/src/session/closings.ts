import { MAX_CLOSE_REASON_BYTES } from "./limits.ts";

/** Why a connection or a session ends; the `Reason` of SessionClosing. */
export type ClosingReason =
  | "ClientRequest"
  | "BinaryMessage"
  | "MessageTooLarge"
  | "InternalError"
  | "ServerRestart"
  | "ProtocolError"
  | "AuthenticationFailed"
  | "OpenTimeout"
  | "Replaced"
  | "HeartbeatLost"
  | "SlowConsumer"
  | "AccessRevoked"
  | "ResumeExpired"
  | "WindowExceeded";

/** What a reason means on the wire. */
export interface Closing {
  /** WebSocket close code: RFC 6455 7.4.1, tlib-wire.md "Session" 10. */
  readonly code: number;
  /** The session outlives the connection. */
  readonly resumable: boolean;
}

/** Close code of each reason. ResumeExpired and WindowExceeded end sessions that have no connection. */
export const closings: Readonly<Record<ClosingReason, Closing>> = {
  ClientRequest: { code: 1000, resumable: false },
  BinaryMessage: { code: 1003, resumable: true },
  MessageTooLarge: { code: 1009, resumable: true },
  InternalError: { code: 1011, resumable: true },
  ServerRestart: { code: 1012, resumable: false },
  ProtocolError: { code: 4000, resumable: true },
  AuthenticationFailed: { code: 4001, resumable: false },
  AccessRevoked: { code: 4001, resumable: false },
  OpenTimeout: { code: 4002, resumable: false },
  Replaced: { code: 4003, resumable: false },
  HeartbeatLost: { code: 4004, resumable: true },
  SlowConsumer: { code: 4008, resumable: false },
  ResumeExpired: { code: 1000, resumable: false },
  WindowExceeded: { code: 1000, resumable: false },
};

/** The text cut to what a close frame holds; foreign characters are replaced, so that bytes are characters. */
export function closeReason(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, MAX_CLOSE_REASON_BYTES);
}
