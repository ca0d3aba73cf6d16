import type { Cancel, Clock, RandomBytes } from "@sidetone/foundation";
import type { SessionOpenedAttributes } from "../schema/controls.ts";
import type { ClosingReason } from "./closings.ts";
import type { SessionLimits } from "./limits.ts";
import type { PreparedMessage } from "./prepared-message.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import { RequestGate } from "./request-gate.ts";
import { ResumeTokens } from "./resume-tokens.ts";
import type { ServerSession } from "./server-session.ts";

/** The connection that a session writes to. */
export interface Link {
  send(text: string): void;
  readonly unsentBytes: number;
  /** Says SessionClosing and closes. Idempotent. */
  finish(reason: ClosingReason, detail?: string): void;
}

/** What a session needs of the server that keeps it. */
export interface SessionHost<Owner> {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly limits: SessionLimits;
  readonly remembersReferences: boolean;
  ended(session: Session<Owner>, reason: ClosingReason): void;
}

/** What of SessionOpened the session knows. */
export type OpenedState = Pick<SessionOpenedAttributes, "SessionID" | "ResumeToken" | "NextSeq" | "LastReferenceID">;

/** tlib-wire.md "Session": what the server keeps of one client, over any number of connections. */
export class Session<Owner> implements ServerSession<Owner> {
  readonly id: string;
  readonly applicationName: string;
  readonly gate: RequestGate;
  readonly replay = new ReplayBuffer();
  readonly #host: SessionHost<Owner>;
  readonly #tokens: ResumeTokens;
  #owner: Owner;
  #link: Link | undefined;
  #closed = false;
  #linkedAt = 0;
  /** The next seq to write on this connection. */
  #cursor = 1;
  #cancelAge: Cancel | undefined;
  #cancelExpiry: Cancel | undefined;

  constructor(host: SessionHost<Owner>, id: string, owner: Owner, applicationName: string) {
    this.#host = host;
    this.id = id;
    this.#owner = owner;
    this.applicationName = applicationName;
    this.#tokens = new ResumeTokens(host.random);
    this.gate = new RequestGate(host.limits, host.clock.now(), host.remembersReferences);
  }

  get owner(): Owner {
    return this.#owner;
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** True where the token allows to resume. */
  mayResume(token: string): boolean {
    return this.#tokens.matches(token);
  }

  /** "Session" 4: everything after `lastSeq` is still kept, and `lastSeq` is not beyond what was produced. */
  canReplayAfter(lastSeq: number): boolean {
    return lastSeq + 1 >= this.replay.firstSeq && lastSeq <= this.replay.lastSeq;
  }

  /** Takes a connection ("Session" 7: and closes the one before). SessionOpened goes out next, then `start`. */
  attach(link: Link, owner: Owner, lastSeq: number, shownToken?: string): OpenedState {
    const before = this.#link;
    this.#link = undefined;
    before?.finish("Replaced");
    this.#cancelExpiry?.();
    this.#owner = owner;
    this.#link = link;
    this.#linkedAt = this.#host.clock.now();
    this.#cursor = lastSeq + 1;
    this.gate.newConnection();
    return {
      SessionID: this.id,
      ResumeToken: this.#tokens.issue(shownToken),
      NextSeq: this.#cursor,
      LastReferenceID: this.gate.lastReferenceId,
    };
  }

  /** SessionOpened has gone out: replay and new messages follow. */
  start(): void {
    this.#watchAge();
    this.pump();
  }

  /** The client's first message on a connection proves that it has the new token. */
  heard(): void {
    this.#tokens.confirm();
  }

  /** A connection is gone; the session waits for the next. */
  detach(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#cancelAge?.();
    this.#cancelAge = undefined;
    this.#cancelExpiry = this.#host.clock.after(this.#host.limits.resumeSeconds * 1000, () =>
      this.end("ResumeExpired"),
    );
  }

  publish(message: PreparedMessage): void {
    if (this.#closed) return;
    const { limits, clock } = this.#host;
    this.replay.push(message, clock.now());
    if (this.replay.count > limits.replayMessages || this.replay.bytes > limits.replayBytes) {
      this.end(this.#link === undefined ? "WindowExceeded" : "SlowConsumer");
      return;
    }
    this.#watchAge();
    this.pump();
  }

  respond(referenceId: number, message: PreparedMessage): boolean {
    if (this.#closed || !this.gate.answered(referenceId)) return false;
    this.publish(message);
    return true;
  }

  /** "Session" 3. False: the client acknowledges what was never sent to it. */
  acknowledge(seq: number): boolean {
    if (seq >= this.#cursor) return false;
    this.replay.acknowledge(seq);
    return true;
  }

  /** "Session" 9: writes what is kept while the transport takes it. */
  pump(): void {
    const link = this.#link;
    const { unsentBytes } = this.#host.limits;
    // A transport that fails while it writes detaches the link within the loop.
    while (link !== undefined && link === this.#link && link.unsentBytes < unsentBytes) {
      const message = this.replay.at(this.#cursor);
      if (message === undefined) return;
      this.#cursor += 1;
      link.send(message.text(this.#cursor - 1));
    }
  }

  end(reason: ClosingReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelAge?.();
    this.#cancelExpiry?.();
    const link = this.#link;
    this.#link = undefined;
    link?.finish(reason);
    this.#host.ended(this, reason);
  }

  /** One timer for the oldest message: it is not moved at every acknowledgement but looks again when it fires. */
  #watchAge(): void {
    if (this.#cancelAge !== undefined || this.#link === undefined) return;
    const oldest = this.replay.oldestAt;
    if (oldest === undefined) return;
    const { clock, limits } = this.#host;
    // What waited while the client was away has its time from the new connection on.
    const due = Math.max(oldest, this.#linkedAt) + limits.unacknowledgedMs;
    this.#cancelAge = clock.after(Math.max(0, due - clock.now()), () => {
      this.#cancelAge = undefined;
      const now = this.replay.oldestAt;
      if (now !== undefined && clock.now() - Math.max(now, this.#linkedAt) >= limits.unacknowledgedMs)
        this.end("SlowConsumer");
      else this.#watchAge();
    });
  }
}
