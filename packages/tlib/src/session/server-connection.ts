import type { Cancel, Clock } from "@sidetone/foundation";
import { readClientMessage } from "../schema/index.ts";
import type { ClientControl, ClientMessageFailure, SessionOpenAttributes, TlibRequest } from "../schema/index.ts";
import { type ClosingReason, closeReason, closings } from "./closings.ts";
import { MISSED_BEATS, type SessionLimits } from "./limits.ts";
import type { SessionConnection, SessionInput } from "./server-session.ts";
import type { Link, Session } from "./session.ts";

/** What a connection needs of the server that accepted it. */
export interface ConnectionHost<Owner> {
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** Looks the client up; `opened` or `finish` of the connection follows, perhaps later. */
  open(connection: ServerConnection<Owner>, attributes: SessionOpenAttributes): void;
  request(session: Session<Owner>, request: TlibRequest): void;
  refused(session: Session<Owner>, failure: ClientMessageFailure): void;
  gone(connection: ServerConnection<Owner>): void;
}

/**
 * One connection of a client: opening (SessionOpen must come) → authenticating (nothing may come) → open → closed.
 * tlib-wire.md "Transport", "Session" 1 and 10.
 */
export class ServerConnection<Owner> implements SessionInput, Link {
  /** What the transport gave to `accept`. */
  readonly socket: SessionConnection;
  readonly #host: ConnectionHost<Owner>;
  #state: "opening" | "authenticating" | "open" | "closed" = "opening";
  #session: Session<Owner> | undefined;
  #cancelTimer: Cancel;
  #heard = true;
  #missed = 0;

  constructor(host: ConnectionHost<Owner>, socket: SessionConnection) {
    this.#host = host;
    this.socket = socket;
    this.#cancelTimer = host.clock.after(host.limits.openTimeoutMs, () => this.finish("OpenTimeout"));
  }

  get unsentBytes(): number {
    return this.socket.unsentBytes;
  }

  get closedAlready(): boolean {
    return this.#state === "closed";
  }

  text(frame: string): void {
    if (this.#state === "closed") return;
    this.#heard = true;
    if (isLonger(frame, this.#host.limits.maxMessageBytes)) {
      this.tooLarge();
      return;
    }
    const read = readClientMessage(frame);
    if (this.#state === "open" && this.#session !== undefined) this.#onOpen(this.#session, read);
    else if (!read.ok) this.finish("ProtocolError", read.error.message);
    else if (this.#state !== "opening" || read.value.message !== "SessionOpen")
      this.finish("ProtocolError", `${read.value.message} came before the session was open`);
    else {
      this.#state = "authenticating";
      this.#cancelTimer();
      this.#host.open(this, read.value.attributes);
    }
  }

  binary(): void {
    this.finish("BinaryMessage", "only text frames");
  }

  tooLarge(): void {
    this.finish("MessageTooLarge", `a message may have ${this.#host.limits.maxMessageBytes} bytes`);
  }

  drained(): void {
    if (this.#state === "open") this.#session?.pump();
  }

  closed(): void {
    if (this.#state !== "closed") this.#leave();
  }

  send(text: string): void {
    if (this.#state === "open") this.socket.send(text);
  }

  /** The session has taken this connection; `opened` is the text of SessionOpened. */
  opened(session: Session<Owner>, opened: string): void {
    if (this.#state !== "authenticating") return;
    this.#state = "open";
    this.#session = session;
    this.#cancelTimer = this.#host.clock.every(this.#host.limits.heartbeatSeconds * 1000, () => this.#beat());
    this.send(opened);
    session.start();
  }

  finish(reason: ClosingReason, detail = ""): void {
    if (this.#state === "closed") return;
    const { code, resumable } = closings[reason];
    const attributes = { Reason: reason, Resumable: resumable && this.#session !== undefined };
    this.socket.send(JSON.stringify({ message: "SessionClosing", attributes }));
    this.#leave();
    this.socket.close(code, closeReason(detail === "" ? reason : `${reason}: ${detail}`));
  }

  #leave(): void {
    this.#state = "closed";
    this.#cancelTimer();
    this.#session?.detach(this);
    this.#host.gone(this);
  }

  #onOpen(session: Session<Owner>, read: ReturnType<typeof readClientMessage>): void {
    if (!read.ok && read.error.kind === "protocol") {
      this.finish("ProtocolError", read.error.message);
      return;
    }
    session.heard();
    const ack = acknowledged(read.ok ? read.value : read.error);
    if (ack !== undefined && !session.acknowledge(ack)) {
      this.finish("ProtocolError", `message ${ack} is acknowledged but was never sent`);
      return;
    }
    session.pump();
    if (read.ok) this.#work(session, read.value);
    else this.#host.refused(session, read.error);
  }

  #work(session: Session<Owner>, message: TlibRequest | ClientControl): void {
    const name = message.message;
    if (name === "SessionOpen") this.finish("ProtocolError", "the session is open already");
    else if (name === "SessionClose") session.end("ClientRequest");
    else if (name === "Ping") {
      // Who does not read gets no answers either.
      if (this.unsentBytes < this.#host.limits.unsentBytes) this.send('{"message":"Pong","attributes":{}}');
    } else if (name !== "SessionAck" && name !== "Pong") this.#host.request(session, message);
  }

  /** "Transport": a client from which nothing came since the last ping has missed a beat. */
  #beat(): void {
    this.#missed = this.#heard ? 0 : this.#missed + 1;
    this.#heard = false;
    if (this.#missed >= MISSED_BEATS) {
      this.finish("HeartbeatLost");
      return;
    }
    if (this.unsentBytes < this.#host.limits.unsentBytes) this.send('{"message":"Ping","attributes":{}}');
    this.#session?.pump();
  }
}

function acknowledged(message: TlibRequest | ClientControl | ClientMessageFailure): number | undefined {
  if ("ack" in message) return message.ack;
  return "message" in message && message.message === "SessionAck" && "attributes" in message
    ? message.attributes.Seq
    : undefined;
}

/** Characters bound the bytes on both sides: only what lies between is counted. */
function isLonger(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
