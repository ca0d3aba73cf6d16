import { type Cancel, type Clock, type Result, fail, ok } from "@sidetone/foundation";
import type { SessionOpenAttributes, SessionOpenedAttributes } from "../schema/controls.ts";
import type { RequestAttributes, TlibEvent, UnknownEvent } from "../schema/messages.ts";
import type { RequestName } from "../schema/requests.ts";
import { readServerEnvelope } from "../schema/server-envelope.ts";
import { ClientAcks } from "./client-acks.ts";
import { type ClientPace, ClientRequests, type PendingRequest, type RequestLoss } from "./client-requests.ts";
import { MISSED_BEATS } from "./limits.ts";

/** A WebSocket as the client's engine sees it. */
export interface ClientConnection {
  /** Must not throw on a connection that is closing. */
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** What the transport tells the engine; without effect once another connection has been taken. */
export interface ClientInput {
  text(frame: string): void;
  /** The connection is gone. */
  closed(): void;
}

/** An event with the session that it belongs to: seqs of different sessions do not compare. */
export interface Receipt {
  readonly epoch: number;
  readonly seq: number;
}

/** Who opens the session. */
export type ClientCredentials = Pick<SessionOpenAttributes, "ApplicationName" | "ApplicationPassword" | "AccessToken">;

/** What the engine tells its owner. Order: as on the wire. */
export interface ClientSessionOptions {
  readonly clock: Clock;
  /** Undefined: requests leave as fast as they come. */
  readonly pace?: ClientPace;
  /** A session is open. `reset`: it is not the one before; every request that had no response is lost. */
  onOpened(opened: SessionOpenedAttributes, reset: boolean): void;
  /** Each event exactly once, in the order of `seq`. `answers`: the request whose direct response it is. Owed: `processed(receipt)`. */
  onEvent(event: TlibEvent | UnknownEvent, receipt: Receipt, answers: number | undefined): void;
  /** A request will have no response. */
  onLost(referenceId: number, loss: RequestLoss): void;
  /** The server says why it closes. */
  onClosing(reason: string, resumable: boolean): void;
  /** The connection is gone: by itself, or because the engine gave it up for this reason. */
  onDisconnected(reason: string): void;
}

/** tlib-wire.md "Session", client side, without a transport. The session outlives its connections. */
export class ClientSession {
  readonly #o: ClientSessionOptions;
  readonly #acks: ClientAcks;
  readonly #requests: ClientRequests;
  #connection: ClientConnection | undefined;
  #open = false;
  #session: { readonly id: string; readonly token: string } | undefined;
  #epoch = 0;
  #lastSeq = 0;
  #maxMessageBytes = 65_536;
  #heard = true;
  #missed = 0;
  #cancelBeat: Cancel | undefined;

  constructor(o: ClientSessionOptions) {
    this.#o = o;
    this.#acks = new ClientAcks(o.clock, (seq) => this.#send({ message: "SessionAck", attributes: { Seq: seq } }));
    this.#requests = new ClientRequests(o.clock, o.pace, (request) => this.#write(request));
  }

  /** SessionOpened has come on the connection that is there now. */
  get open(): boolean {
    return this.#open;
  }

  /** There is a connection, on which the session is open or being opened. */
  get attached(): boolean {
    return this.#connection !== undefined;
  }

  /** The session, once one has been opened. */
  get sessionId(): string | undefined {
    return this.#session?.id;
  }

  /** Requests without a response. */
  get unanswered(): number {
    return this.#requests.count;
  }

  /** Takes a connection whose handshake is done, and opens or resumes the session on it. */
  attach(connection: ClientConnection, credentials: ClientCredentials): ClientInput {
    this.drop("another connection");
    this.#connection = connection;
    this.#heard = true;
    this.#missed = 0;
    const session = this.#session;
    const resume =
      session === undefined ? {} : { SessionID: session.id, ResumeToken: session.token, LastSeq: this.#lastSeq };
    this.#send({ message: "SessionOpen", attributes: { ProtocolVersion: "1.0", ...credentials, ...resume } });
    return {
      text: (frame) => {
        if (this.#connection === connection) this.#text(frame);
      },
      closed: () => {
        if (this.#connection === connection) this.#disconnected("the connection was closed");
      },
    };
  }

  /** Sends a request, now or when there is a connection and room. Fails where it is too large to be sent at all. */
  request<N extends RequestName>(
    message: N,
    attributes: Omit<RequestAttributes[N], "ReferenceID">,
  ): Result<number, string> {
    const referenceId = this.#requests.nextReferenceId;
    const json = JSON.stringify({ ReferenceID: referenceId, ...attributes });
    // The envelope around it: names, and an ack of at most 16 digits.
    const bytes = utf8Length(json) + message.length + 64;
    if (bytes > this.#maxMessageBytes) return fail(`${message} has more than ${this.#maxMessageBytes} bytes`);
    this.#requests.add(message, json);
    return ok(referenceId);
  }

  /** The event, and all before it, have been processed: they may be acknowledged. Of a session that is gone: nothing. */
  processed(receipt: Receipt): void {
    if (receipt.epoch === this.#epoch) this.#acks.processed(receipt.seq);
  }

  /** Gives the connection up; the session can be resumed. `onDisconnected` is called where there was one. */
  drop(reason: string, code = 1000): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#disconnected(reason);
    connection.close(code, reason.slice(0, 120));
  }

  /** Ends the session: the server forgets it. The server closes the connection. */
  close(): void {
    this.#acks.flush();
    if (this.#open) this.#send({ message: "SessionClose", attributes: {} });
    this.#session = undefined;
    for (const request of this.#requests.clear()) this.#lost(request);
  }

  #text(frame: string): void {
    this.#heard = true;
    const read = readServerEnvelope(frame);
    if (!read.ok) {
      this.drop(`protocol error: ${read.error}`, 4000);
      return;
    }
    const message = read.value;
    if ("seq" in message) {
      this.#event(message);
      return;
    }
    switch (message.message) {
      case "SessionOpened":
        this.#opened(message.attributes);
        return;
      case "SessionClosing":
        this.#o.onClosing(message.attributes.Reason, message.attributes.Resumable);
        return;
      case "Ping":
        this.#send({ message: "Pong", attributes: {} });
        return;
      case "Pong":
        return;
    }
  }

  #opened(opened: SessionOpenedAttributes): void {
    const had = this.#session !== undefined;
    const expected = opened.Resumed ? this.#lastSeq + 1 : 1;
    if (this.#open || opened.NextSeq !== expected || (opened.Resumed && opened.SessionID !== this.#session?.id)) {
      this.drop("protocol error: SessionOpened does not fit", 4000);
      return;
    }
    this.#open = true;
    this.#session = { id: opened.SessionID, token: opened.ResumeToken };
    this.#maxMessageBytes = opened.Limits.MaxMessageBytes;
    const connection = this.#connection;
    this.#cancelBeat = this.#o.clock.every(opened.HeartbeatSeconds * 1000, () => this.#beat());
    const isNew = !opened.Resumed;
    if (isNew) {
      this.#epoch += 1;
      this.#lastSeq = 0;
    }
    this.#acks.connected(isNew);
    const lost = isNew ? this.#requests.renewed(had, opened.Limits.MaxInFlight) : [];
    this.#o.onOpened(opened, isNew && had);
    for (const request of lost) this.#lost(request);
    if (!isNew && connection === this.#connection)
      this.#requests.resumed(opened.LastReferenceID, opened.Limits.MaxInFlight);
  }

  #event(event: TlibEvent | UnknownEvent): void {
    if (!this.#open) {
      this.drop("protocol error: an event before SessionOpened", 4000);
      return;
    }
    // "Session" 3: a gap is healed by a resume from the last message that did come.
    if (event.seq !== this.#lastSeq + 1) {
      this.drop(`protocol error: seq ${event.seq} after ${this.#lastSeq}`, 4000);
      return;
    }
    this.#lastSeq = event.seq;
    const { ReferenceID: referenceId } = event.attributes as { readonly ReferenceID?: unknown };
    const answers = typeof referenceId === "number" && this.#requests.answered(referenceId) ? referenceId : undefined;
    this.#o.onEvent(event, { epoch: this.#epoch, seq: event.seq }, answers);
  }

  #lost(request: PendingRequest): void {
    this.#o.onLost(request.referenceId, request.sent ? "OutcomeUnknown" : "NotSent");
  }

  #write(request: PendingRequest): void {
    const ack = this.#acks.take();
    const acknowledged = ack === undefined ? "" : `"ack":${ack},`;
    this.#connection?.send(`{"message":"${request.message}",${acknowledged}"attributes":${request.attributes}}`);
  }

  #send(control: { readonly message: string; readonly attributes: object }): void {
    this.#connection?.send(JSON.stringify(control));
  }

  /** "Transport": the server pings; only where it has been silent for a beat the client asks. */
  #beat(): void {
    this.#missed = this.#heard ? 0 : this.#missed + 1;
    if (this.#missed >= MISSED_BEATS) this.drop("heartbeat lost", 4004);
    else if (!this.#heard) this.#send({ message: "Ping", attributes: {} });
    this.#heard = false;
  }

  #disconnected(reason: string): void {
    this.#connection = undefined;
    this.#open = false;
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
    this.#acks.disconnected();
    this.#requests.disconnected();
    this.#o.onDisconnected(reason);
  }
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
