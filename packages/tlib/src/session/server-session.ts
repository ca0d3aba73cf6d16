import type { ClosingReason } from "./closings.ts";
import type { PreparedMessage } from "./prepared-message.ts";

/** A client's session, as the server's other parts see it. It outlives connections. */
export interface ServerSession<Owner> {
  readonly id: string;
  /** Whom `authenticate` found, at the newest connection: rights may have changed since the first. */
  readonly owner: Owner;
  readonly applicationName: string;
  /** False while the client is away; what is published then is kept. */
  readonly connected: boolean;
  /** After it, nothing that is published arrives anywhere. */
  readonly closed: boolean;
  /** Queues an event for this client; never waits, never throws. */
  publish(message: PreparedMessage): void;
  /** The one direct response of a request. False, and nothing is sent: the request has its response, or there is none such. */
  respond(referenceId: number, message: PreparedMessage): boolean;
  /** Ends the session and its connection, as when its rights are taken away. Idempotent. */
  end(reason: ClosingReason): void;
}

/** A WebSocket as the engine sees it. */
export interface SessionConnection {
  /** Queues one text frame. Must not throw on a connection that is closing. */
  send(text: string): void;
  /** Bytes queued and not yet given to the network. */
  readonly unsentBytes: number;
  /** Starts the closing handshake; the transport must cut off a peer that does not answer it. */
  close(code: number, reason: string): void;
}

/** What the transport tells the engine. After `closed` nothing more has an effect. */
export interface SessionInput {
  /** One whole text frame. */
  text(frame: string): void;
  /** A binary frame came: close 1003. */
  binary(): void;
  /** A frame above `maxMessageBytes` came: close 1009. */
  tooLarge(): void;
  /** `unsentBytes` has fallen: writing goes on. */
  drained(): void;
  /** The connection is gone, whatever the reason. */
  closed(): void;
}
