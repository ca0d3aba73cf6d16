export { closings } from "./closings.ts";
export type { Closing, ClosingReason } from "./closings.ts";
export { defaultSessionLimits } from "./limits.ts";
export type { SessionLimits } from "./limits.ts";
export { prepareEvent } from "./prepared-message.ts";
export type { PreparedMessage } from "./prepared-message.ts";
export type { ServerSession, SessionConnection, SessionInput } from "./server-session.ts";
export { SessionServer } from "./session-server.ts";
export type { SessionServerOptions, SessionStats } from "./session-server.ts";
export { ClientSession } from "./client-session.ts";
export type {
  ClientConnection,
  ClientCredentials,
  ClientInput,
  ClientSessionOptions,
  Receipt,
} from "./client-session.ts";
export type { ClientPace, RequestLoss } from "./client-requests.ts";
