import { Bench } from "../session/engine.fixture.ts";
import { type PreparedMessage, prepareEvent } from "../session/index.ts";
import type { ServerSession, SessionInput, SessionLimits } from "../session/index.ts";
import type { TlibRequest } from "../schema/index.ts";
import type { ConnectOptions } from "./client.ts";
import { type TlibClient, connect } from "./connect.ts";
import type { WebSocketConstructor, WebSocketLike } from "./web-socket.ts";

type Listener = (event: { readonly data?: unknown; readonly code?: number }) => void;

/** A WebSocket whose server is the engine of this process; frames arrive later, in order. */
class FakeSocket implements WebSocketLike {
  readonly #listeners = new Map<string, Listener>();
  readonly #network: FakeNetwork;
  #input: SessionInput | undefined;
  #up = false;

  constructor(network: FakeNetwork) {
    this.#network = network;
    queueMicrotask(() => this.#connect());
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener as Listener);
  }

  send(data: string): void {
    this.#network.said.push(data);
    queueMicrotask(() => {
      if (this.#up && !this.#network.mute) this.#input?.text(data);
    });
  }

  close(code = 1000): void {
    this.down(code);
  }

  /** The connection is gone; both sides hear it. */
  down(code: number): void {
    if (!this.#up) return;
    this.#up = false;
    this.#input?.closed();
    queueMicrotask(() => this.#emit("close", { code }));
  }

  #connect(): void {
    if (this.#network.refusing) {
      this.#emit("close", { code: 1006 });
      return;
    }
    this.#up = true;
    this.#input = this.#network.bench.server.accept({
      send: (text) => {
        queueMicrotask(() => {
          if (this.#up && !this.#network.mute) this.#emit("message", { data: text });
        });
      },
      unsentBytes: 0,
      // What was written before still arrives.
      close: (code) => queueMicrotask(() => this.down(code)),
    });
    this.#emit("open", {});
  }

  #emit(type: string, event: Parameters<Listener>[0]): void {
    this.#listeners.get(type)?.(event);
  }
}

/** A server and the sockets to it. Its application answers by `onRequest`; without it requests stay unanswered. */
export class FakeNetwork {
  bench: Bench;
  refusing = false;
  /** Half-open: nothing arrives on either side, and neither hears of an end. */
  mute = false;
  /** The SIP side is up: new sessions get EventLinkConnected. */
  linked = true;
  /** What clients have said. */
  readonly said: string[] = [];
  readonly sockets: FakeSocket[] = [];
  onRequest: (session: ServerSession<string>, request: TlibRequest) => void = () => undefined;
  readonly #limits: Partial<SessionLimits>;
  #starts = 1;

  constructor(limits: Partial<SessionLimits> = {}) {
    this.#limits = limits;
    this.bench = this.#makeBench();
  }

  connect(o: Partial<ConnectOptions> = {}): Promise<TlibClient> {
    return connect({
      url: "ws://sip-server/tlib/v1",
      applicationName: "desk",
      applicationPassword: "s3cret",
      webSocket: this.webSocket,
      clock: this.bench.clock,
      random: () => 0,
      ...o,
    });
  }

  get webSocket(): WebSocketConstructor {
    const opened = (socket: FakeSocket): unknown => this.sockets.push(socket);
    const network: FakeNetwork = this as FakeNetwork;
    return class extends FakeSocket {
      constructor() {
        super(network);
        opened(this);
      }
    };
  }

  /** Breaks the newest connection. */
  cut(code = 1006): void {
    this.sockets.at(-1)?.down(code);
  }

  /** Another server at the same place; it knows nothing. */
  restart(): void {
    this.cut();
    this.#starts += 1;
    const { clock } = this.bench;
    this.bench = this.#makeBench(clock);
  }

  /** Lets time pass and everything that is under way arrive. */
  async pass(ms = 0): Promise<void> {
    await this.bench.clock.advanceAsync(ms);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  registered(referenceId: number, dn: string, calls: readonly object[] = [], more?: number): PreparedMessage {
    return prepareEvent("EventRegistered", this.bench.clock.wallMicros(), {
      EventSequenceNumber: this.bench.next(),
      ReferenceID: referenceId,
      ThisDN: dn,
      AddressType: "DN",
      Calls: calls as never,
      ...(more === undefined ? {} : { MoreCalls: more }),
    });
  }

  #makeBench(clock?: Bench["clock"]): Bench {
    const bench: Bench = new Bench(this.#limits, {
      ...(clock === undefined ? {} : { clock }),
      serverStartMicros: this.#starts,
      onRequest: (session, request) => this.onRequest(session, request),
      onOpened: (session) => {
        bench.opened.push(session);
        const numbered = () => ({ EventSequenceNumber: bench.next() });
        session.publish(prepareEvent("EventServerConnected", 0, numbered()));
        if (this.linked) session.publish(prepareEvent("EventLinkConnected", 0, numbered()));
      },
    });
    return bench;
  }
}
