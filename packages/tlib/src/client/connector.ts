import { type Cancel, type Clock, errorText } from "@sidetone/foundation";
import type { ClientCredentials, ClientSession } from "../session/client-session.ts";
import { Backoff } from "./backoff.ts";
import { CONNECT_TIMEOUT_MS, GOOD_CONNECTION_MS } from "./limits.ts";
import { SUB_PROTOCOL, type WebSocketConstructor } from "./web-socket.ts";

/** What a connector is made of. */
export interface ConnectorOptions {
  readonly url: string;
  readonly webSocket: WebSocketConstructor;
  readonly clock: Clock;
  /** From 0 up to, without, 1. */
  readonly random: () => number;
  readonly session: ClientSession;
  /** Asked before every attempt: a token may have run out. */
  credentials(): ClientCredentials | Promise<ClientCredentials>;
  /** An attempt ended before the session had the connection. */
  onFailed(reason: string): void;
}

/** Makes the session's WebSockets, one after the other. */
export class Connector {
  readonly #o: ConnectorOptions;
  readonly #backoff: Backoff;
  /** Counts attempts; what an older one does has no effect any more. */
  #turn = 0;
  #cancel: Cancel | undefined;
  #openSince: number | undefined;
  #closeCode: number | undefined;
  #close: (code: number, reason: string) => void = () => undefined;

  constructor(o: ConnectorOptions) {
    this.#o = o;
    this.#backoff = new Backoff(o.random);
  }

  /** Code of the last close frame or failure of the connection that was there last. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  /** An attempt or the pause before it is under way. */
  get busy(): boolean {
    return this.#cancel !== undefined;
  }

  /** Connects after a pause. */
  connectSoon(): void {
    if (this.#openSince !== undefined && this.#o.clock.now() - this.#openSince >= GOOD_CONNECTION_MS)
      this.#backoff.reset();
    this.#openSince = undefined;
    this.#cancel?.();
    this.#cancel = this.#o.clock.after(this.#backoff.next(), () => this.connect());
  }

  /** Connects now. */
  connect(): void {
    this.#cancel?.();
    this.#closeCode = undefined;
    this.#turn += 1;
    void this.#attempt(this.#turn);
  }

  /** SessionOpened has come. */
  opened(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#openSince = this.#o.clock.now();
  }

  /** Nothing is made or heard any more. */
  stop(): void {
    this.#turn += 1;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#close(1000, "");
  }

  async #attempt(turn: number): Promise<void> {
    this.#cancel = this.#o.clock.after(CONNECT_TIMEOUT_MS, () => this.#giveUp("no session within the time"));
    try {
      const credentials = await this.#o.credentials();
      if (turn === this.#turn) this.#socket(turn, credentials);
    } catch (error) {
      if (turn === this.#turn) this.#giveUp(errorText(error));
    }
  }

  #socket(turn: number, credentials: ClientCredentials): void {
    const { session } = this.#o;
    const socket = new this.#o.webSocket(this.#o.url, SUB_PROTOCOL);
    let input: ReturnType<ClientSession["attach"]> | undefined;
    const close = (code: number, reason: string): void => socket.close(code, reason);
    this.#close = close;
    socket.addEventListener("open", () => {
      if (turn !== this.#turn) close(1000, "");
      else input = session.attach({ send: (text) => socket.send(text), close }, credentials);
    });
    socket.addEventListener("message", ({ data }) => {
      // A binary frame is none that the session can read.
      input?.text(typeof data === "string" ? data : "");
    });
    socket.addEventListener("close", ({ code }) => {
      if (turn !== this.#turn) return;
      this.#closeCode = code;
      if (input === undefined) this.#giveUp("the server cannot be reached or refuses the connection");
      else input.closed();
    });
    // `close` follows; without a listener some implementations throw.
    socket.addEventListener("error", () => undefined);
  }

  /** Ends an attempt that may or may not have reached the session. */
  #giveUp(reason: string): void {
    this.#turn += 1;
    this.#cancel?.();
    this.#cancel = undefined;
    const attached = this.#o.session.attached;
    this.#close(1000, "");
    if (attached) this.#o.session.drop(reason);
    else this.#o.onFailed(reason);
  }
}
