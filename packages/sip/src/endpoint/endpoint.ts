import type { Clock, Logger, RandomBytes } from "@sidetone/foundation";
import { afterSilence, randomHex, systemRandom } from "@sidetone/foundation";
import { addressValue, dialogKey, keyOfRequest } from "../dialog/dialog.ts";
import { OutgoingSubscription } from "../event/outgoing-subscription.ts";
import type { EventHost, SubscribeOptions, Subscription } from "../event/types.ts";
import { formatUri, formatVia, Headers, Params, parseUri, serialize, SipRequest } from "../message/index.ts";
import type { SipMessage, SipResponse, SipUri } from "../message/index.ts";
import { dismiss } from "../session/dismissal.ts";
import type { DialogUser } from "../session/host.ts";
import { Session } from "../session/invite-session.ts";
import { MAX_DIALOGS, MIN_SE_S, SESSION_EXPIRES_S } from "../session/limits.ts";
import { fill } from "../session/session-core.ts";
import { T1_MS, T2_MS, T4_MS } from "../transaction/fsm.ts";
import { MAX_TRANSACTIONS, OVERLOAD_RETRY_AFTER_S } from "../transaction/limits.ts";
import { TransactionLayer } from "../transaction/transaction-layer.ts";
import { nodeNetwork } from "../transport/node-network.ts";
import { resolveUri, uriTransport } from "../transport/resolve.ts";
import { addressKey, TransportLayer } from "../transport/transport-layer.ts";
import type { Frame } from "../transport/transport-layer.ts";
import type { Flow, Network, SipTransport } from "../transport/types.ts";
import { OutgoingRequest } from "./outgoing-request.ts";
import type { RequestContext } from "./outgoing-request.ts";
import type {
  ClientTransaction,
  Destination,
  EndpointStats,
  InviteOptions,
  InviteSession,
  ListenAddress,
  NewRequestOptions,
  RequestHandlers,
  ServerTransaction,
  SessionTimerWish,
  SipEndpointOptions,
  UasOptions,
} from "./types.ts";

/** Methods that Sidetone's user agents know. */
const ALLOW = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "PRACK"];

/** A SIP element: sockets, transactions, dialogs and sessions behind one door. */
export class SipEndpoint implements EventHost {
  readonly id: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly userAgent: string;
  readonly timers: { readonly t1: number; readonly t2: number; readonly t4: number };
  readonly supported: readonly string[];
  readonly allow: readonly string[];
  readonly bodyTypes: readonly string[];
  readonly sessionTimer: SessionTimerWish | false;
  /** Every new, valid request outside a dialog. Default: 200 to OPTIONS, 405 or 501 to the rest. */
  onRequest: (tx: ServerTransaction) => void = (tx) => this.#unserved(tx);
  /** An ACK that belongs to no session of ours. */
  onAck: ((ack: SipRequest, flow: Flow) => void) | undefined;
  /** A request with a To tag that belongs to no session of ours, before it gets 481: true where it was taken. */
  onDialogRequest: ((tx: ServerTransaction) => boolean) | undefined;
  /** A connection is gone. */
  onFlowClosed: ((flow: Flow) => void) | undefined;
  readonly #o: SipEndpointOptions;
  readonly #network: Network;
  readonly #transport: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #context: RequestContext;
  readonly #dialogs = new Map<string, DialogUser>();
  readonly #subscriptions = new Set<OutgoingSubscription>();
  readonly #flowListeners = new Set<(flow: Flow) => void>();
  #sessions = 0;
  #sent = 0;
  #received = 0;
  #malformed = 0;
  #closed = false;

  constructor(o: SipEndpointOptions) {
    this.#o = o;
    this.clock = o.clock;
    this.random = o.random ?? systemRandom;
    this.log = o.log;
    this.userAgent = o.userAgent;
    this.timers = { t1: o.timers?.t1 ?? T1_MS, t2: o.timers?.t2 ?? T2_MS, t4: o.timers?.t4 ?? T4_MS };
    this.supported = o.supported ?? ["100rel", "timer"];
    this.allow = o.allow ?? ALLOW;
    this.bodyTypes = o.accept ?? ["application/sdp"];
    this.sessionTimer = o.sessionTimer ?? { expires: SESSION_EXPIRES_S, minSe: MIN_SE_S };
    this.id = randomHex(this.random, 4);
    this.#network = o.network ?? nodeNetwork;
    this.#transport = new TransportLayer({
      clock: o.clock,
      log: o.log,
      network: this.#network,
      acceptPeer: o.acceptPeer,
      contactHost: o.contactHost,
      onMessage: (message, flow) => this.#transactions.receive(message, flow),
      onBroken: (request, reason, flow) => this.#transactions.broken(request, reason, flow),
      onClosed: (flow) => {
        this.#transactions.flowClosed(flow);
        this.onFlowClosed?.(flow);
        for (const listener of Array.from(this.#flowListeners)) listener(flow);
      },
      onFrame: (frame) => this.#frame(frame),
    });
    this.#transactions = new TransactionLayer({
      clock: o.clock,
      log: o.log,
      random: this.random,
      timers: this.timers,
      transport: this.#transport,
      serverName: o.userAgent,
      maxTransactions: o.maxTransactions ?? MAX_TRANSACTIONS,
      refuseMerged: o.refuseMerged ?? true,
      forceRport: o.forceRport ?? true,
      onRequest: (tx) => this.#request(tx),
      onAck: (ack, flow) => this.#ack(ack, flow),
    });
    this.#context = {
      clock: o.clock,
      random: this.random,
      network: this.#network,
      transport: this.#transport,
      transactions: this.#transactions,
      largeRequests: o.largeRequests ?? "tcp-then-udp",
      tcpRefused: new Map(),
    };
  }

  /** Addresses that listen, with their real ports. */
  get bound(): readonly ListenAddress[] {
    return this.#transport.bound;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Listens; port 0 takes a free one. @throws SidetoneError "port-in-use" (exit 2), "address-unavailable" */
  listen(a: ListenAddress): Promise<ListenAddress> {
    return this.#transport.listen(a);
  }

  /** The address of ours that the far side should use. */
  contactUri(user: string | undefined, towards: Destination): SipUri {
    const { transport, host } = this.#whither(towards);
    const listening = this.#transport.listens(transport) || !this.#transport.listens("udp") ? transport : "udp";
    const place = this.#transport.sentBy(listening, host);
    const params = new Params();
    if (listening !== "udp") params.set("transport", listening);
    return { scheme: "sip", user, password: undefined, host: place.host, port: place.port, params, headers: undefined };
  }

  contact(user: string | undefined, towards: Destination): string {
    return formatUri(this.contactUri(user, towards));
  }

  /** Sends a request; its top Via is added here. The handlers are called after this returns. */
  request(request: SipRequest, to: Destination, handlers: RequestHandlers): ClientTransaction {
    const outgoing = new OutgoingRequest(this.#context, request, to, handlers);
    outgoing.start();
    return outgoing;
  }

  /** Sends an ACK for a 2xx: a Via of ours, no transaction. */
  sendAck(ack: SipRequest, to: Destination): void {
    this.#reach(to, (flow) => {
      const request = ack.clone();
      const branch = this.#transactions.newBranch();
      const { host, port } = this.#transport.sentBy(flow.transport, flow.remote.host);
      const params = new Params().set("branch", branch).set("rport", true);
      const transport = flow.transport.toUpperCase();
      request.headers.prepend("Via", formatVia({ transport, host, port, params, branch }));
      if (!request.headers.has("Max-Forwards")) request.headers.append("Max-Forwards", "70");
      this.#transport.send(serialize(request), request, flow, () => undefined);
    });
  }

  /** ACK and BYE for a 2xx that nobody wants; gives the function that repeats the ACK. @param invite as it was sent */
  dismiss(invite: SipRequest, response: SipResponse): () => void {
    return dismiss(this, invite, response);
  }

  /** Sends a message as it is. */
  sendStateless(message: SipMessage, to: Destination): void {
    this.#reach(to, (flow) => this.#transport.send(serialize(message), message, flow, () => undefined));
  }

  /** A request outside a dialog with the headers that RFC 3261 8.1.1 wants but for Via. */
  newRequest(method: string, o: NewRequestOptions): SipRequest {
    const headers = new Headers();
    headers.append("Max-Forwards", "70");
    headers.append("From", addressValue(o.from, this.newTag()));
    headers.append("To", addressValue(o.to));
    headers.append("Call-ID", o.callId ?? this.newCallId());
    headers.append("CSeq", `${o.cseq ?? 1} ${method}`);
    headers.append("User-Agent", this.userAgent);
    const request = new SipRequest(method, o.uri, headers);
    fill(
      request,
      {
        ...(o.headers === undefined ? {} : { headers: o.headers }),
        ...(o.body === undefined ? {} : { body: o.body }),
        ...(o.contentType === undefined ? {} : { contentType: o.contentType }),
      },
      "application/sdp",
    );
    return request;
  }

  newTag(): string {
    return this.#transactions.newTag();
  }

  newCallId(): string {
    return randomHex(this.random, 16);
  }

  /** Calls somebody. */
  invite(o: InviteOptions): InviteSession {
    const invite = this.newRequest("INVITE", {
      uri: o.uri,
      to: o.toHeader ?? o.uri,
      from: o.from,
      ...(o.callId === undefined ? {} : { callId: o.callId }),
    });
    for (const route of o.routeSet ?? []) invite.headers.append("Route", route);
    let contact = `<${this.contact(o.contactUser ?? o.from.uri.user, o.to)}>`;
    for (const [name, text] of o.contactParams ?? []) contact += text === true ? `;${name}` : `;${name}=${text}`;
    invite.headers.append("Contact", contact);
    invite.headers.append("Allow", this.allow.join(", "));
    invite.headers.append("Supported", this.supported.join(", "));
    fill(
      invite,
      {
        ...(o.headers === undefined ? {} : { headers: o.headers }),
        ...(o.body === undefined ? {} : { body: o.body }),
        ...(o.contentType === undefined ? {} : { contentType: o.contentType }),
      },
      "application/sdp",
    );
    this.#sessions += 1;
    return Session.uac(this, `${this.id}-${this.#sessions}`, invite, o);
  }

  /** Takes an INVITE over. */
  accept(tx: ServerTransaction, o: UasOptions = {}): InviteSession {
    this.#sessions += 1;
    return Session.uas(this, `${this.id}-${this.#sessions}`, tx, o);
  }

  /** RFC 6665: subscribes, and keeps the subscription up until it is closed. The first event comes after this returns. */
  subscribe(o: SubscribeOptions): Subscription {
    this.#sessions += 1;
    const subscription = new OutgoingSubscription(this, `${this.id}-${this.#sessions}`, o);
    this.#subscriptions.add(subscription);
    subscription.on("terminated", ({ retryMs }) => {
      if (retryMs === undefined) this.#subscriptions.delete(subscription);
    });
    subscription.start();
    return subscription;
  }

  onFlowGone(listener: (flow: Flow) => void): () => void {
    this.#flowListeners.add(listener);
    return () => this.#flowListeners.delete(listener);
  }

  /** Asks `uri` for its options; undefined where no answer comes in time. */
  async options(uri: string, timeoutMs: number): Promise<SipResponse | undefined> {
    const answer = await this.ask(uri, timeoutMs);
    return typeof answer === "string" ? undefined : answer;
  }

  /** As `options`, but says why there is no answer: `transport` where nobody is there, `timeout` where somebody is silent. */
  ask(uri: string, timeoutMs: number): Promise<SipResponse | "timeout" | "transport"> {
    return new Promise((resolve) => {
      const cancel = afterSilence(this.clock, timeoutMs, () => resolve("timeout"));
      const done = (answer: SipResponse | "timeout" | "transport"): void => {
        cancel();
        resolve(answer);
      };
      const from = `<${this.contact(undefined, { uri })}>`;
      const request = this.newRequest("OPTIONS", { uri, to: uri, from, headers: [["Accept", "application/sdp"]] });
      this.request(request, { uri }, { onFinal: done, onFailure: done });
    });
  }

  bind(key: string, user: DialogUser): void {
    this.#dialogs.set(key, user);
  }

  unbind(key: string): void {
    this.#dialogs.delete(key);
  }

  isOpen(flow: Flow): boolean {
    return this.#transport.isOpen(flow);
  }

  stats(): EndpointStats {
    return {
      transactions: this.#transactions.size,
      dialogs: this.#dialogs.size,
      connections: this.#transport.connections,
      sentMessages: this.#sent,
      receivedMessages: this.#received,
      malformed: this.#malformed,
    };
  }

  /** Ends transactions and closes sockets; sessions end without a BYE. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const user of new Set(this.#dialogs.values())) user.abandon();
    for (const subscription of this.#subscriptions) subscription.abandon();
    this.#transactions.close();
    await this.#transport.close();
  }

  #request(tx: ServerTransaction): void {
    const { request } = tx;
    if (request.toTag !== undefined) {
      const user = this.#dialogs.get(keyOfRequest(request)) ?? this.#awaitingNotify(request);
      if (user !== undefined) return this.#safely(tx, () => user.receive(tx));
      if (this.onDialogRequest?.(tx) === true) return;
      return tx.respond(481);
    }
    const full = request.method === "INVITE" && this.#dialogs.size >= (this.#o.maxDialogs ?? MAX_DIALOGS);
    if (full) return tx.respond(503, { headers: [["Retry-After", String(OVERLOAD_RETRY_AFTER_S)]] });
    this.#safely(tx, () => this.onRequest(tx));
  }

  /** RFC 6665 4.1.2.4: a NOTIFY may come before the 2xx of its SUBSCRIBE, so a subscription is known by our half alone. */
  #awaitingNotify(request: SipRequest): DialogUser | undefined {
    if (request.method !== "NOTIFY") return undefined;
    return this.#dialogs.get(dialogKey(request.callId ?? "", request.toTag ?? "", ""));
  }

  #ack(ack: SipRequest, flow: Flow): void {
    const user = this.#dialogs.get(keyOfRequest(ack));
    if (user !== undefined) user.receiveAck(ack);
    else this.onAck?.(ack, flow);
  }

  /** An exception of the application must not take the element down. */
  #safely(tx: ServerTransaction, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.log.error(
        { callId: tx.request.callId, method: tx.request.method, error: String(error) },
        "request handler threw",
      );
      tx.respond(500);
    }
  }

  #unserved(tx: ServerTransaction): void {
    const headers: (readonly [string, string])[] = [
      ["Allow", this.allow.join(", ")],
      ["Supported", this.supported.join(", ")],
    ];
    if (tx.request.method === "OPTIONS")
      return tx.respond(200, { headers: [...headers, ["Accept", this.bodyTypes.join(", ")]] });
    tx.respond(this.allow.includes(tx.request.method) ? 405 : 501, { headers });
  }

  /** Transport and host that a destination leads to, as far as is known without look-ups. */
  #whither(d: Destination): { transport: SipTransport; host: string } {
    if ("flow" in d) return { transport: d.flow.transport, host: d.flow.remote.host };
    if (!("uri" in d)) return d;
    const parsed = typeof d.uri === "string" ? parseUri(d.uri) : undefined;
    const uri = typeof d.uri === "string" ? (parsed?.ok === true ? parsed.value : undefined) : d.uri;
    if (uri === undefined) return { transport: "udp", host: "127.0.0.1" };
    return { transport: uriTransport(uri) ?? "udp", host: uri.host === "localhost" ? "127.0.0.1" : uri.host };
  }

  #reach(d: Destination, use: (flow: Flow) => void): void {
    if ("flow" in d) {
      if (this.#transport.isOpen(d.flow)) return use(d.flow);
      if (d.fallback !== undefined) this.#reach({ uri: d.fallback }, use);
      return;
    }
    if ("uri" in d)
      return resolveUri(d.uri, this.#network, (target) => {
        if (target !== undefined) this.#reach(target, use);
      });
    const flow = this.#transport.flowTo(d);
    if (flow !== undefined) use(flow);
  }

  #frame(frame: Frame): void {
    if (frame.direction === "out") this.#sent += 1;
    else if (frame.message === undefined) this.#malformed += 1;
    else this.#received += 1;
    if (this.#o.onJournal === undefined) return;
    const { flow, message, direction } = frame;
    this.#o.onJournal({
      direction,
      wallMicros: this.clock.wallMicros(),
      transport: flow.transport,
      local: addressKey(flow.local),
      remote: addressKey(flow.remote),
      bytes: frame.bytes ?? (message === undefined ? Buffer.alloc(0) : serialize(message)),
      ...(message === undefined ? {} : { message }),
    });
  }
}
