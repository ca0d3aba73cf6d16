import type { Clock, Logger, RandomBytes } from "@sidetone/foundation";
import { randomHex } from "@sidetone/foundation";
import {
  BRANCH_COOKIE,
  createResponse,
  formatVia,
  serialize,
  SipRequest,
  validateRequest,
  validateResponse,
} from "../message/index.ts";
import type { Params, SipMessage, SipResponse } from "../message/index.ts";
import { bareHost } from "../transport/resolve.ts";
import type { TransportLayer } from "../transport/transport-layer.ts";
import type { Flow } from "../transport/types.ts";
import { ClientTx } from "./client-transaction.ts";
import type { ClientUser } from "./client-transaction.ts";
import { cancelOf } from "./derived-requests.ts";
import type { FsmSettings } from "./fsm.ts";
import { clientKey, mergeKey, serverKey } from "./keys.ts";
import { OVERLOAD_RETRY_AFTER_S, TOKEN_BYTES } from "./limits.ts";
import { ServerTx } from "./server-transaction.ts";
import type { ServerOwner } from "./server-transaction.ts";

export interface TransactionLayerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  readonly timers: { readonly t1: number; readonly t2: number; readonly t4: number };
  readonly transport: TransportLayer;
  readonly serverName: string;
  readonly maxTransactions: number;
  readonly refuseMerged: boolean;
  readonly forceRport: boolean;
  /** A new, valid request that is neither ACK nor CANCEL. */
  readonly onRequest: (tx: ServerTx) => void;
  /** An ACK that no transaction absorbed. */
  readonly onAck: (ack: SipRequest, flow: Flow) => void;
  /** A response that belongs to no transaction; false: nobody knows it. */
  readonly onStray: (response: SipResponse) => boolean;
}

/** RFC 3261 17: finds the transaction of every message, and makes new ones. */
export class TransactionLayer implements ServerOwner {
  readonly clock: Clock;
  readonly serverName: string;
  readonly #o: TransactionLayerOptions;
  readonly #clients = new Map<string, ClientTx>();
  readonly #servers = new Map<string, ServerTx>();
  readonly #merged = new Map<string, ServerTx>();
  /** Transactions on each connection, so that its loss ends them at once (RFC 3261 17.1.4). */
  readonly #byFlow = new Map<string, Set<ClientTx>>();
  /** To tag of answers that keep no state: the ACK that follows bears it and is dropped. */
  readonly #statelessTag: string;

  constructor(o: TransactionLayerOptions) {
    this.#o = o;
    this.clock = o.clock;
    this.serverName = o.serverName;
    this.#statelessTag = this.newTag();
  }

  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  newTag(): string {
    return randomHex(this.#o.random, TOKEN_BYTES);
  }

  newBranch(): string {
    return BRANCH_COOKIE + randomHex(this.#o.random, TOKEN_BYTES);
  }

  /** Starts a client transaction; the request's top Via must carry a branch of ours. */
  startClient(request: SipRequest, flow: Flow, user: ClientUser): ClientTx {
    const key = clientKey(request, request.method) ?? this.newBranch();
    const sendCancel = (headers: readonly (readonly [string, string])[]): void => {
      if (this.#clients.has(`${key}|cancel`)) return;
      this.startClient(cancelOf(request, headers), flow, { onResponse: () => undefined, onFailure: () => undefined });
    };
    const tx = new ClientTx(
      key,
      request,
      flow,
      this.#settings(flow),
      this,
      user,
      request.method === "INVITE" ? sendCancel : undefined,
    );
    this.#clients.set(key, tx);
    if (flow.transport === "tcp") {
      const set = this.#byFlow.get(flow.id) ?? new Set();
      this.#byFlow.set(flow.id, set.add(tx));
    }
    tx.start();
    return tx;
  }

  receive(message: SipMessage, flow: Flow): void {
    if (message.kind === "response") this.#response(message);
    else this.#request(message, flow);
  }

  /** Answers a request that could be read but not framed, on a stream that is about to be closed. */
  broken(request: SipRequest | undefined, reason: string, flow: Flow): void {
    if (request !== undefined && request.method !== "ACK") this.#stateless(request, flow, 400, reason);
  }

  flowClosed(flow: Flow): void {
    for (const tx of Array.from(this.#byFlow.get(flow.id) ?? [])) tx.transportError();
    this.#byFlow.delete(flow.id);
  }

  close(): void {
    for (const tx of Array.from(this.#clients.values())) tx.close();
    for (const tx of Array.from(this.#servers.values())) tx.close();
  }

  send(bytes: Buffer, message: SipMessage, flow: Flow, failed: () => void): boolean {
    return this.#o.transport.send(bytes, message, flow, failed);
  }

  ended(key: string): void {
    const tx = this.#clients.get(key);
    this.#clients.delete(key);
    this.#servers.delete(key);
    if (tx === undefined) return;
    const set = this.#byFlow.get(tx.flow.id);
    set?.delete(tx);
    if (set?.size === 0) this.#byFlow.delete(tx.flow.id);
  }

  forgetMerged(tx: ServerTx): void {
    const key = mergeKey(tx.request);
    if (this.#merged.get(key) === tx) this.#merged.delete(key);
  }

  responseFlow(request: SipRequest, flow: Flow): Flow | undefined {
    const via = request.topVia;
    if (flow.transport === "udp") {
      if (this.#o.forceRport || via === undefined || via.params.has("rport")) return flow;
      return this.#o.transport.flowTo({ transport: "udp", host: flow.remote.host, port: via.port ?? 5060 });
    }
    if (this.#o.transport.isOpen(flow)) return flow;
    // 18.2.2: "the server SHOULD open a connection to the IP address in the "received" parameter, if present, using the port in the "sent-by" value".
    return this.#o.transport.flowTo({ transport: "tcp", host: bareHost(flow.remote.host), port: via?.port ?? 5060 });
  }

  #settings(flow: Flow): FsmSettings {
    return { ...this.#o.timers, reliable: flow.transport === "tcp" };
  }

  #response(response: SipResponse): void {
    const problem = validateResponse(response);
    const key = problem === undefined ? clientKey(response) : undefined;
    const tx = key === undefined ? undefined : this.#clients.get(key);
    if (tx === undefined) {
      if (problem === undefined && this.#o.onStray(response)) return;
      // RFC 6026 7.3 and RFC 3261 18.1.2: a response that belongs to nothing goes no further.
      this.#o.log.debug({ callId: response.callId, status: response.status, reason: problem }, "stray response");
      return;
    }
    tx.receive(response);
  }

  #request(request: SipRequest, flow: Flow): void {
    stampVia(request, flow);
    const isAck = request.method === "ACK";
    const refusal = validateRequest(request);
    if (refusal !== undefined) {
      this.#o.log.debug({ callId: request.callId, reason: refusal.detail }, "request refused");
      if (!isAck) this.#stateless(request, flow, refusal.status, refusal.reason, refusal.headers);
      return;
    }
    if (isAck) return this.#ack(request, flow);
    const key = serverKey(request, request.method);
    const known = this.#servers.get(key);
    if (known !== undefined) return known.retransmission();
    if (this.size >= this.#o.maxTransactions)
      return this.#stateless(request, flow, 503, undefined, [["Retry-After", String(OVERLOAD_RETRY_AFTER_S)]]);
    const tx = new ServerTx(key, request, flow, this.#settings(flow), this);
    this.#servers.set(key, tx);
    if (request.method === "CANCEL") tx.onStart = (cancel) => this.#cancel(cancel);
    else tx.onStart = this.#isMerged(tx) ? (merged) => merged.respond(482) : this.#o.onRequest;
    tx.start();
  }

  #ack(ack: SipRequest, flow: Flow): void {
    const tx = this.#servers.get(serverKey(ack, "INVITE"));
    if (tx !== undefined && !tx.ack()) return;
    if (ack.toTag !== this.#statelessTag) this.#o.onAck(ack, flow);
  }

  /** RFC 3261 9.2. */
  #cancel(cancel: ServerTx): void {
    const tx = this.#servers.get(serverKey(cancel.request, "INVITE"));
    if (tx === undefined) return cancel.respond(481);
    // A phone may take the tag of any response for the dialog's: it is the same one.
    cancel.respond(200, tx.responseTag === undefined ? {} : { toTag: tx.responseTag });
    if (tx.state === "proceeding") tx.onCancel?.(cancel.request);
  }

  #isMerged(tx: ServerTx): boolean {
    if (!this.#o.refuseMerged || tx.request.toTag !== undefined) return false;
    const key = mergeKey(tx.request);
    if (this.#merged.has(key)) return true;
    this.#merged.set(key, tx);
    return false;
  }

  #stateless(
    request: SipRequest,
    flow: Flow,
    status: number,
    reason?: string,
    headers: readonly (readonly [string, string])[] = [],
  ): void {
    if (request.method === "ACK") return;
    const response = createResponse(request, status, reason, { toTag: this.#statelessTag, headers });
    response.headers.append("Server", this.serverName);
    const back = this.responseFlow(request, flow);
    if (back !== undefined) this.send(serialize(response), response, back, () => undefined);
  }
}

/** RFC 3261 18.2.1 and RFC 3581 4: notes in the top Via where the request came from. */
function stampVia(request: SipRequest, flow: Flow): void {
  const via = request.topVia;
  if (via === undefined) return;
  const params: Params = via.params.clone();
  params.set("received", flow.remote.host);
  if (params.has("rport")) params.set("rport", String(flow.remote.port));
  request.headers.replaceFirst("Via", formatVia({ ...via, params }));
}
