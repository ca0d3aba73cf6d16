import { type Cancel, type Clock, Events, systemClock } from "@sidetone/foundation";
import type { TlibEvent, UnknownEvent } from "../schema/messages.ts";
import type { RequestName } from "../schema/requests.ts";
import type { ClientPace, RequestLoss } from "../session/client-requests.ts";
import { type ClientCredentials, ClientSession, type Receipt } from "../session/client-session.ts";
import type { ClientEvent, ClientListeners } from "./client-events.ts";
import { Connector } from "./connector.ts";
import { Inbox } from "./inbox.ts";
import { BUFFERED_EVENTS, CLOSE_TIMEOUT_MS, PACE } from "./limits.ts";
import { type RegisterAttributes, type Registered, Registrations } from "./registrations.ts";
import type { RequestArguments, RequestInput, ResponseTo } from "./request-methods.ts";
import { ResetRun } from "./reset-run.ts";
import { TlibError, refusal } from "./tlib-error.ts";
import type { WebSocketConstructor } from "./web-socket.ts";

/** Where and as whom to connect. */
export interface ConnectOptions {
  /** `ws(s)://host:port/tlib/v1` */
  readonly url: string;
  readonly applicationName: string;
  readonly applicationPassword?: string;
  /** A person's token; a function is asked before every connection, since tokens run out. */
  readonly accessToken?: string | (() => string | Promise<string>);
  /** Default: the global one. */
  readonly webSocket?: WebSocketConstructor;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** From 0 up to, without, 1; spreads reconnects. Default: `Math.random`. */
  readonly random?: () => number;
  /** Events that may wait for their consumer; above it the connection is given up until half of them are processed. */
  readonly bufferedEvents?: number;
  /** How fast requests leave; `false`: as fast as they come, and TooManyRequests is yours. */
  readonly pace?: ClientPace | false;
  /** Where the error of a listener goes. Default: it is thrown outside of the client. */
  readonly onListenerError?: (error: unknown, event: string) => void;
}

interface Waiting {
  readonly name: RequestName;
  readonly input: RequestInput<RequestName>;
  readonly resolve: (event: never) => void;
  readonly reject: (error: TlibError) => void;
}

/** A T-Library session that heals itself. `connect` makes it; it has a method per request beside these. */
export class Client {
  readonly #o: ConnectOptions;
  readonly #clock: Clock;
  readonly #session: ClientSession;
  readonly #connector: Connector;
  readonly #inbox: Inbox;
  readonly #listeners: Events<ClientListeners>;
  readonly #registrations = new Registrations();
  readonly #waiting = new Map<number, Waiting>();
  /** Registrations that wait for EventLinkConnected ("Session" 2). */
  #forLink: Waiting[] = [];
  #linked = false;
  #reset: ResetRun | undefined;
  #started: { readonly resolve: () => void; readonly reject: (error: TlibError) => void } | undefined;
  #closed = false;
  #leaving: (() => void) | undefined;
  #cancelLeaving: Cancel | undefined;

  constructor(o: ConnectOptions) {
    this.#o = o;
    this.#clock = o.clock ?? systemClock;
    this.#listeners = new Events<ClientListeners>(o.onListenerError ?? throwOutside);
    this.#session = new ClientSession({
      clock: this.#clock,
      ...(o.pace === false ? {} : { pace: o.pace ?? PACE }),
      onOpened: (opened, reset) => this.#onOpened(opened.ResumeFailure ?? "", opened.Resumed, reset),
      onEvent: (event, receipt, answers) => this.#onEvent(event, receipt, answers),
      onLost: (referenceId, loss) => this.#onLost(referenceId, loss),
      onClosing: () => undefined,
      onDisconnected: (reason) => this.#onDisconnected(reason),
    });
    this.#inbox = new Inbox({
      capacity: o.bufferedEvents ?? BUFFERED_EVENTS,
      processed: (receipt) => this.#session.processed(receipt),
      onFull: () => {
        if (!this.#wanted) this.#session.drop("too many events wait for their consumer");
      },
      onRoom: () => this.#connectAgain(),
    });
    this.#connector = new Connector({
      url: o.url,
      webSocket: o.webSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor),
      clock: this.#clock,
      random: o.random ?? Math.random,
      session: this.#session,
      credentials: () => this.#credentials(),
      onFailed: (reason) => this.#onDisconnected(reason),
    });
  }

  /** The session's id, once there is one; another one after a reset. */
  get sessionId(): string | undefined {
    return this.#session.sessionId;
  }

  /** A connection is open and requests leave at once. */
  get connected(): boolean {
    return this.#session.open;
  }

  /** Nothing comes or goes any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Opens the session. Rejects where the first attempt fails; later ones are repeated until `close`. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#connector.connect();
    });
  }

  /**
   * Events in the order of the session, each once, from now on (the first iterator: from the start). An event counts as
   * processed, and is acknowledged, when the next is asked for. Ends after `close`; throws where the session failed for good.
   */
  events(): AsyncIterableIterator<ClientEvent> {
    return this.#inbox.stream();
  }

  /** Adds a listener; returns the function that takes it away. A listener is done with an event when it returns. */
  on<K extends keyof ClientListeners>(event: K, listener: (...args: ClientListeners[K]) => void): () => void {
    if (event === "event" || event === "reset" || event.startsWith("Event")) this.#inbox.release();
    return this.#listeners.on(event, listener);
  }

  /** Registers a DN, once the server has its link. After a reset the client does it again by itself. All calls of the DN are in the response. */
  register(dn: string, o: Omit<RegisterAttributes, "ThisDN"> = {}): Promise<Registered> {
    return this.request("RequestRegisterAddress", { ...o, ThisDN: dn });
  }

  /** Gives a DN up. */
  unregister(dn: string): Promise<TlibEvent<"EventUnregistered">> {
    return this.request("RequestUnregisterAddress", { ThisDN: dn });
  }

  /** Sends a request; resolves with its direct response, rejects with a TlibError. While disconnected it waits for the resume. */
  request<N extends RequestName>(name: N, ...[attributes]: RequestArguments<N>): Promise<ResponseTo<N>> {
    const input = (attributes ?? {}) as RequestInput<RequestName>;
    return new Promise<ResponseTo<N>>((resolve, reject) => {
      const waiting: Waiting = { name, input, resolve, reject };
      if (this.#closed) reject(new TlibError("Closed", "the client is closed"));
      else if (name === "RequestRegisterAddress" && !this.#linked) this.#forLink.push(waiting);
      else this.#send(waiting);
      this.#connectAgain();
    });
  }

  /** Ends the session at the server and resolves when the connection is gone. Idempotent. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const attached = this.#session.attached;
      this.#leaving = resolve;
      if (attached) this.#cancelLeaving = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#session.drop("closed"));
      this.#end(undefined);
      if (!attached) this.#left();
    });
  }

  /** A consumer may wait for a response before it goes on: then the connection stays although too many events wait. */
  get #wanted(): boolean {
    return !this.#inbox.full || this.#waiting.size > 0 || this.#forLink.length > 0;
  }

  /** Ends the rest that a full inbox has brought. */
  #connectAgain(): void {
    if (!this.#closed && this.#wanted && !this.#session.attached && !this.#connector.busy) this.#connector.connect();
  }

  #send(waiting: Waiting): void {
    const sent = this.#session.request(waiting.name, waiting.input);
    if (sent.ok) this.#waiting.set(sent.value, waiting);
    else waiting.reject(new TlibError("TooLarge", sent.error));
  }

  async #credentials(): Promise<ClientCredentials> {
    const { applicationName: ApplicationName, applicationPassword, accessToken } = this.#o;
    if (accessToken === undefined)
      return {
        ApplicationName,
        ...(applicationPassword === undefined ? {} : { ApplicationPassword: applicationPassword }),
      };
    return { ApplicationName, AccessToken: typeof accessToken === "string" ? accessToken : await accessToken() };
  }

  #onOpened(reason: string, resumed: boolean, reset: boolean): void {
    this.#connector.opened();
    if (!resumed) this.#linked = false;
    if (reset) {
      this.#registrations.forgetHalf();
      for (const { reject } of this.#forLink.splice(0)) reject(lossError("NotSent"));
      void this.#runReset(reason);
    }
    this.#started?.resolve();
    this.#started = undefined;
    this.#listeners.emit("connected", { resumed });
  }

  async #runReset(reason: string): Promise<void> {
    const run = new ResetRun(reason);
    this.#reset = run;
    const reset = await run.run(this.#registrations.all, (dn) => this.request("RequestRegisterAddress", dn));
    // Another reset may have come meanwhile; it tells all.
    if (this.#reset !== run || this.#closed) return;
    this.#reset = undefined;
    for (const dn of reset.failed.keys()) this.#registrations.delete(dn);
    this.#listeners.emit("reset", reset);
    this.#inbox.push(reset, undefined);
    for (const { event, receipt } of run.held) this.#deliver(event, receipt);
  }

  #onEvent(event: TlibEvent | UnknownEvent, receipt: Receipt, answers: number | undefined): void {
    if (this.#reset === undefined) this.#deliver(event, receipt);
    else this.#reset.held.push({ event, receipt });
    if (event.message === "EventLinkConnected") {
      this.#linked = true;
      for (const waiting of this.#forLink.splice(0)) this.#send(waiting);
    }
    const waiting = answers === undefined ? undefined : this.#waiting.get(answers);
    if (answers === undefined || waiting === undefined) this.#registrations.seen(event);
    else {
      this.#waiting.delete(answers);
      if (event.message === "EventUnregistered") this.#registrations.seen(event);
      this.#answer(waiting, event);
    }
  }

  #answer(waiting: Waiting, event: TlibEvent | UnknownEvent): void {
    if (event.message === "EventError") waiting.reject(refusal(event));
    else if (event.message === "EventRegistered")
      this.#registrations.collect(
        event,
        (complete) => {
          this.#registrations.add(waiting.input as RegisterAttributes);
          waiting.resolve(complete as never);
        },
        () => waiting.reject(lossError("OutcomeUnknown")),
      );
    else waiting.resolve(event as never);
  }

  #deliver(event: TlibEvent | UnknownEvent, receipt: Receipt): void {
    if (event.message !== "unknown") this.#emit(event);
    this.#listeners.emit("event", event);
    this.#inbox.push(event, receipt);
  }

  #emit(event: TlibEvent): void {
    // The map's keys and tuples belong together, which the compiler does not follow through a union.
    (this.#listeners.emit as (name: string, event: TlibEvent) => boolean).call(this.#listeners, event.message, event);
  }

  #onLost(referenceId: number, loss: RequestLoss): void {
    this.#waiting.get(referenceId)?.reject(lossError(loss));
    this.#waiting.delete(referenceId);
  }

  #onDisconnected(reason: string): void {
    if (this.#closed) {
      this.#left();
      return;
    }
    const code = this.#connector.closeCode;
    if (code === 4001)
      this.#fail(new TlibError("AuthenticationFailed", "the server refuses the application's credentials"));
    else if (code === 4003) this.#fail(new TlibError("Replaced", "another connection has taken the session"));
    else if (this.#started !== undefined) this.#fail(new TlibError("ConnectionFailed", `${this.#o.url}: ${reason}`));
    else {
      this.#listeners.emit("disconnected", { reason });
      if (!this.#closed && this.#wanted) this.#connector.connectSoon();
    }
  }

  #fail(error: TlibError): void {
    this.#started?.reject(error);
    this.#started = undefined;
    this.#end(error);
    this.#left();
  }

  #end(error: TlibError | undefined): void {
    this.#closed = true;
    this.#reset = undefined;
    this.#session.close();
    this.#registrations.forgetHalf();
    for (const { reject } of this.#forLink.splice(0)) reject(lossError("NotSent"));
    this.#inbox.end(error);
    this.#listeners.emit("closed", { error });
  }

  #left(): void {
    this.#cancelLeaving?.();
    this.#connector.stop();
    this.#listeners.clear();
    this.#leaving?.();
    this.#leaving = undefined;
  }
}

function lossError(loss: RequestLoss): TlibError {
  return loss === "NotSent"
    ? new TlibError(loss, "the session was lost before the request was sent; it has not run")
    : new TlibError(loss, "the session was lost before the response came; the request may have run");
}

function throwOutside(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
