import type { Cancel, Clock } from "@sidetone/foundation";
import { StreamFramer } from "../message/index.ts";
import type { FramedItem } from "../message/index.ts";
import { CONNECT_TIMEOUT_MS, FIRST_MESSAGE_TIMEOUT_MS, IDLE_TIMEOUT_MS, MAX_QUEUED_BYTES } from "./limits.ts";
import type { Flow, HostPort, StreamConnection } from "./types.ts";

/** What a connection tells its transport layer. */
export interface ConnectionOwner {
  readonly clock: Clock;
  received(item: FramedItem, connection: Connection): void;
  /** The bytes left, or were handed to the kernel. */
  written(bytes: Buffer, connection: Connection): void;
  closed(connection: Connection, error: Error | undefined): void;
}

const PONG = Buffer.from("\r\n");

/** One TCP connection: framing, keep-alive answers (RFC 5626 3.5.1), connect and idle timeouts. */
export class Connection implements Flow {
  readonly id: string;
  readonly transport = "tcp" as const;
  readonly remote: HostPort;
  /** Addresses under which requests may be sent over this connection. */
  readonly aliases = new Set<string>();
  readonly #stream: StreamConnection;
  readonly #owner: ConnectionOwner;
  readonly #framer = new StreamFramer();
  #queue: Buffer[] | undefined;
  #queued = 0;
  #closed = false;
  #lastActivity: number;
  #cancelTimer: Cancel | undefined;

  /** @param opening true for a connection of ours that is not yet established. */
  constructor(id: string, stream: StreamConnection, owner: ConnectionOwner, opening: boolean) {
    this.id = id;
    this.#stream = stream;
    this.#owner = owner;
    this.remote = stream.remote;
    this.#lastActivity = owner.clock.now();
    stream.onData = (bytes) => this.#data(bytes);
    stream.onClose = (error) => this.#onClosed(error);
    if (opening) {
      this.#queue = [];
      stream.onOpen = () => this.#opened();
      this.#timer(CONNECT_TIMEOUT_MS, () => this.#give("connect timeout"));
    } else {
      this.#timer(FIRST_MESSAGE_TIMEOUT_MS, () => this.#give("no message"));
    }
  }

  get local(): HostPort {
    return this.#stream.local;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Sends, or keeps until the connection is open. */
  send(bytes: Buffer): void {
    if (this.#closed) return;
    if (this.#queue === undefined) {
      this.#lastActivity = this.#owner.clock.now();
      this.#stream.write(bytes);
      this.#owner.written(bytes, this);
      return;
    }
    this.#queued += bytes.length;
    if (this.#queued > MAX_QUEUED_BYTES) return this.#give("too much queued");
    this.#queue.push(bytes);
  }

  /** Sends what is queued, then closes. */
  close(): void {
    if (this.#closed) return;
    if (this.#queue !== undefined) this.#stream.destroy();
    else this.#stream.close();
    this.#onClosed(undefined);
  }

  #opened(): void {
    if (this.#closed) return;
    const queue = this.#queue ?? [];
    this.#queue = undefined;
    this.#queued = 0;
    this.#idleTimer();
    for (const bytes of queue) this.send(bytes);
  }

  #data(bytes: Buffer): void {
    if (this.#closed) return;
    this.#lastActivity = this.#owner.clock.now();
    for (const item of this.#framer.push(bytes)) {
      if (this.#closed) return;
      if (item.kind === "ping") {
        this.#stream.write(PONG);
        continue;
      }
      if (item.kind === "pong") continue;
      if (item.kind === "message") this.#idleTimer();
      this.#owner.received(item, this);
    }
  }

  /** One timer per connection, moved only when it fires: traffic costs a clock reading. */
  #idleTimer(): void {
    if (this.#idling) return;
    this.#idling = true;
    this.#timer(IDLE_TIMEOUT_MS, () => this.#idleCheck());
  }

  #idling = false;

  #idleCheck(): void {
    const left = this.#lastActivity + IDLE_TIMEOUT_MS - this.#owner.clock.now();
    if (left > 0) this.#timer(left, () => this.#idleCheck());
    else this.close();
  }

  #timer(ms: number, run: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#owner.clock.after(ms, run);
  }

  #give(reason: string): void {
    this.#stream.destroy();
    this.#onClosed(new Error(reason));
  }

  #onClosed(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#queue = undefined;
    this.#owner.closed(this, error);
  }
}
