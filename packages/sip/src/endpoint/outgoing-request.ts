import type { Clock, RandomBytes } from "@sidetone/foundation";
import { answerChallenge, isStaleChallenge } from "../auth/index.ts";
import { formatVia, Params, serialize } from "../message/index.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import type { ClientTx } from "../transaction/client-transaction.ts";
import type { TransactionLayer } from "../transaction/transaction-layer.ts";
import { LARGE_REQUEST_BYTES, MAX_TCP_REFUSED, TCP_REFUSED_MEMORY_MS } from "../transport/limits.ts";
import { resolveUri } from "../transport/resolve.ts";
import type { Destination, Target } from "../transport/resolve.ts";
import { addressKey } from "../transport/transport-layer.ts";
import type { TransportLayer } from "../transport/transport-layer.ts";
import type { Flow, Network, SipTransport } from "../transport/types.ts";
import type { ClientTransaction, RequestHandlers, SipEndpointOptions } from "./types.ts";

/** What every outgoing request of an endpoint shares. */
export interface RequestContext {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly network: Network;
  readonly transport: TransportLayer;
  readonly transactions: TransactionLayer;
  readonly largeRequests: NonNullable<SipEndpointOptions["largeRequests"]>;
  /** Peers that refused TCP → until when that is believed, clock ms. */
  readonly tcpRefused: Map<string, number>;
}

/**
 * One request of ours from its destination to its final response: resolution, transport choice (RFC 3261 18.1.1), one
 * answer to a digest challenge of the far side, one to that of a proxy (22.2, 22.3). Several transactions may serve it one
 * after the other.
 */
export class OutgoingRequest implements ClientTransaction {
  readonly destination: Destination;
  readonly #context: RequestContext;
  readonly #handlers: RequestHandlers;
  /** As given, with the retry's CSeq and credentials, without a Via of ours. */
  #bare: SipRequest;
  #request: SipRequest;
  #tx: ClientTx | undefined;
  /** Credentials sent: header name → how often. */
  readonly #authorised = new Map<string, number>();
  #over = false;
  #cancelHeaders: readonly (readonly [string, string])[] | undefined;

  constructor(context: RequestContext, request: SipRequest, destination: Destination, handlers: RequestHandlers) {
    this.#context = context;
    this.#handlers = handlers;
    this.destination = destination;
    if (!request.headers.has("Max-Forwards")) request.headers.append("Max-Forwards", "70");
    this.#bare = request;
    this.#request = request;
  }

  get id(): string {
    return this.#tx?.key ?? "";
  }

  get request(): SipRequest {
    return this.#request;
  }

  get state(): ClientTransaction["state"] {
    if (this.#tx !== undefined) return this.#tx.state;
    if (this.#over) return "terminated";
    return this.#bare.method === "INVITE" ? "calling" : "trying";
  }

  /** The flow it left on; undefined before. */
  get flow(): Flow | undefined {
    return this.#tx?.flow;
  }

  start(): void {
    const { destination } = this;
    if ("flow" in destination) {
      if (this.#context.transport.isOpen(destination.flow)) return this.#attempt(destination.flow, undefined);
      if (destination.fallback === undefined) return this.#fail("transport");
      return this.#resolve(destination.fallback);
    }
    if ("uri" in destination) this.#resolve(destination.uri);
    else this.#toward(destination);
  }

  cancel(headers: readonly (readonly [string, string])[] = []): void {
    this.#cancelHeaders = headers;
    this.#tx?.cancel(headers);
  }

  #resolve(uri: Parameters<typeof resolveUri>[0]): void {
    resolveUri(uri, this.#context.network, (target) => {
      if (target === undefined) this.#fail("transport");
      else this.#toward(target);
    });
  }

  #toward(target: Target): void {
    const { largeRequests } = this.#context;
    // 200 bytes for the Via and Content-Length that are still to come.
    const large = target.transport === "udp" && largeRequests !== "as-is" && this.#size() + 200 > LARGE_REQUEST_BYTES;
    if (!large) return this.#connect(target, undefined);
    const fallback = largeRequests === "tcp-then-udp" ? target : undefined;
    if (fallback !== undefined && this.#refusedTcp(target)) return this.#connect(target, undefined);
    this.#connect({ ...target, transport: "tcp" }, fallback);
  }

  #size(): number {
    return serialize(this.#bare).length;
  }

  #connect(target: Target, fallback: Target | undefined): void {
    const flow = this.#context.transport.flowTo(target);
    if (flow === undefined) {
      if (fallback === undefined) return this.#fail("transport");
      return this.#connect(fallback, undefined);
    }
    this.#attempt(flow, fallback);
  }

  /** Starts a transaction over `flow`; with `fallback`, that address is tried where the flow breaks before any response. */
  #attempt(flow: Flow, fallback: Target | undefined): void {
    const { transactions, transport } = this.#context;
    const request = this.#bare.clone();
    const branch = transactions.newBranch();
    const { host, port } = transport.sentBy(flow.transport, flow.remote.host);
    const params = new Params().set("branch", branch).set("rport", true);
    request.headers.prepend("Via", formatVia({ transport: viaName(flow.transport), host, port, params, branch }));
    this.#request = request;
    let answered = false;
    let failedEarly = false;
    const tx = transactions.startClient(request, flow, {
      onResponse: (response) => {
        answered = true;
        this.#response(response);
      },
      onFailure: (why) => {
        if (why === "transport" && fallback !== undefined && !answered) {
          this.#rememberRefusal(fallback);
          this.#connect(fallback, undefined);
          failedEarly = true;
        } else this.#fail(why);
      },
    });
    if (failedEarly) return;
    this.#tx = tx;
    if (this.#cancelHeaders !== undefined) tx.cancel(this.#cancelHeaders);
  }

  #response(response: SipResponse): void {
    if (response.status < 200) return this.#handlers.onProvisional?.(response);
    if ((response.status === 401 || response.status === 407) && this.#answer(response)) return;
    this.#over = true;
    this.#handlers.onFinal(response);
  }

  /**
   * RFC 3261 22.2, 22.3: the same request with credentials and the next CSeq; the same credentials a second time only
   * where nothing but their nonce was too old (RFC 7616 3.3). True where it was sent.
   */
  #answer(response: SipResponse): boolean {
    const { credentials } = this.#handlers;
    if (credentials === undefined || this.#cancelHeaders !== undefined) return false;
    const proxy = response.status === 407;
    const challenge = response.headers.all(proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    const header = proxy ? "Proxy-Authorization" : "Authorization";
    const tries = this.#authorised.get(header) ?? 0;
    if (tries > 1 || (tries === 1 && !isStaleChallenge(challenge))) return false;
    const answer = answerChallenge({
      challenge,
      method: this.#bare.method,
      uri: this.#bare.uri,
      username: credentials.username,
      password: credentials.password,
      cnonce: Buffer.from(this.#context.random(8)).toString("hex"),
    });
    if (!answer.ok) return false;
    this.#authorised.set(header, tries + 1);
    const again = this.#bare.clone();
    const sequence = (again.cseq?.sequence ?? 0) + 1;
    again.headers.set("CSeq", `${sequence} ${again.method}`);
    again.headers.set(header, answer.value);
    this.#bare = again;
    const flow = this.#tx?.flow;
    if (flow !== undefined && this.#context.transport.isOpen(flow)) this.#attempt(flow, undefined);
    else this.start();
    return true;
  }

  #fail(why: "timeout" | "transport"): void {
    if (this.#over) return;
    this.#over = true;
    // Never inside `request()`: the caller does not hold the transaction yet.
    queueMicrotask(() => this.#handlers.onFailure?.(why));
  }

  #refusedTcp(target: Target): boolean {
    const until = this.#context.tcpRefused.get(addressKey(target));
    return until !== undefined && until > this.#context.clock.now();
  }

  #rememberRefusal(target: Target): void {
    const { tcpRefused, clock } = this.#context;
    if (tcpRefused.size >= MAX_TCP_REFUSED) tcpRefused.clear();
    tcpRefused.set(addressKey(target), clock.now() + TCP_REFUSED_MEMORY_MS);
  }
}

function viaName(transport: SipTransport): string {
  return transport.toUpperCase();
}
