import { received } from "../dialog/dialog.ts";
import { adjacentFlow } from "./adjacent-flow.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { IncomingRequest, RespondOptions, ServerTransaction } from "../endpoint/types.ts";
import { checkExtensions } from "../message/index.ts";
import type { SipRequest } from "../message/index.ts";
import { AcceptedResponse } from "./accepted-response.ts";
import { descriptionIn, sdpOf } from "./sdp-body.ts";
import type { SessionCore } from "./session-core.ts";
import { answerTimer } from "./session-timer.ts";
import type { SessionTimer } from "./session-timer.ts";
import type { UasInvite } from "./uas-invite.ts";

/** What incoming requests have to know of the rest of the session. */
export interface IncomingContext {
  /** An offer of ours is out. */
  readonly offering: () => boolean;
  /** The first INVITE is not done: its offer and answer are not complete. */
  readonly settling: () => boolean;
  readonly uas: () => UasInvite | undefined;
  /** An INVITE of the peer is done: what waited may go. */
  readonly idle: () => void;
  /** No ACK came for a 2xx of ours. */
  readonly noAck: () => void;
  readonly dialogOf: (request: SipRequest) => Dialog | undefined;
}

/** Requests of the peer inside the dialog (RFC 3261 12.2.2, 14.2, 15.1.2; RFC 3262, 3311). */
export class IncomingRequests {
  readonly #core: SessionCore;
  readonly #timer: SessionTimer;
  readonly #context: IncomingContext;
  readonly #supported: ReadonlySet<string>;
  /** Not yet answered finally: they get 487 when the dialog ends. */
  readonly #open = new Set<ServerTransaction>();
  /** Sequence number of a re-INVITE → its 2xx that waits for ACK. */
  readonly #unacked = new Map<number, { response: AcceptedResponse; onAck: (ack: SipRequest) => void }>();
  #offers = 0;

  constructor(core: SessionCore, timer: SessionTimer, context: IncomingContext) {
    this.#core = core;
    this.#timer = timer;
    this.#context = context;
    this.#supported = new Set(core.host.supported.map((tag) => tag.toLowerCase()));
    core.atEnd(() => this.#close());
  }

  /** An offer of the peer waits for our answer, or a 2xx of ours for its ACK. */
  get pending(): boolean {
    return this.#offers > 0 || this.#unacked.size > 0;
  }

  receive(tx: ServerTransaction): void {
    const { request } = tx;
    const dialog = this.#context.dialogOf(request);
    const next = dialog === undefined ? undefined : received(dialog, request);
    if (this.#core.ended) return tx.respond(request.method === "BYE" ? 200 : 481);
    if (dialog === undefined) return tx.respond(481);
    // 12.2.2: "If the remote sequence number is not empty, but the sequence number of the request is lower ... 500".
    if (next === undefined) return tx.respond(500, { reason: "CSeq Out Of Order" });
    this.#core.replace(dialog, next);
    this.#core.cameOver(adjacentFlow(tx));
    const refusal = checkExtensions(request, this.#supported);
    if (refusal !== undefined) return tx.respond(refusal.status, { headers: refusal.headers ?? [] });
    switch (request.method) {
      case "BYE":
        return this.#bye(tx);
      case "INVITE":
        return this.#reinvite(tx);
      case "UPDATE":
        return this.#update(tx);
      case "PRACK":
        return this.#prack(tx);
      case "OPTIONS":
        return tx.respond(200, {
          headers: [...this.#core.capabilities(), ["Accept", this.#core.host.bodyTypes.join(", ")]],
        });
      default:
        return this.#other(tx);
    }
  }

  /** True where the ACK was awaited by a re-INVITE. */
  receiveAck(ack: SipRequest): boolean {
    const sequence = ack.cseq?.sequence ?? -1;
    const waiting = this.#unacked.get(sequence);
    if (waiting === undefined) return false;
    this.#unacked.delete(sequence);
    waiting.response.stop();
    waiting.onAck(ack);
    this.#context.idle();
    return true;
  }

  #bye(tx: ServerTransaction): void {
    tx.respond(200);
    // 15.1.2: "MUST still respond to any pending requests received for that dialog ... a 487".
    this.#context.uas()?.byeReceived();
    this.#core.end({ by: "remote", request: tx.request });
    this.#core.release();
  }

  #reinvite(tx: ServerTransaction): void {
    // 14.2: an INVITE before the final response to the last one: 500; while one of ours is out: 491.
    if (this.#offers > 0 || this.#unacked.size > 0)
      return tx.respond(500, { headers: [["Retry-After", this.#seconds()]] });
    if (this.#context.offering() || this.#context.settling()) return tx.respond(491);
    const offer = sdpOf(tx.request);
    const incoming = this.#offer(tx, offer);
    if (this.#core.events.emit("reinvite", incoming)) return;
    const unchanged = offer !== undefined && this.#core.remoteSdp?.equals(offer) === true;
    if (unchanged && this.#core.localSdp !== undefined) incoming.respond(200, { body: this.#core.localSdp });
    else incoming.respond(488);
  }

  #update(tx: ServerTransaction): void {
    const offer = sdpOf(tx.request);
    if (offer === undefined) {
      // Target and timer are refreshed whatever else it says.
      this.#core.retarget(tx.request.contact);
      if (tx.request.body.length > 0 && this.#core.events.emit("bodyUpdate", this.#information(tx))) return;
      this.#ok(tx, {});
      this.#core.events.emit("refreshed");
      return;
    }
    // RFC 3311 5.2.
    if (this.#context.offering()) return tx.respond(491);
    if (this.#offers > 0) return tx.respond(500, { headers: [["Retry-After", this.#seconds()]] });
    const incoming = this.#offer(tx, offer);
    if (!this.#core.events.emit("update", incoming)) incoming.respond(488);
  }

  #prack(tx: ServerTransaction): void {
    const uas = this.#context.uas();
    if (uas === undefined) tx.respond(481);
    else uas.receivePrack(tx);
  }

  #other(tx: ServerTransaction): void {
    this.#open.add(tx);
    const incoming: IncomingRequest = {
      request: tx.request,
      flow: tx.flow,
      respond: (status, o = {}) => {
        if (status >= 200) this.#open.delete(tx);
        tx.respond(status, o);
      },
    };
    if (this.#core.events.emit("request", incoming)) return;
    const known = this.#core.host.allow.includes(tx.request.method);
    incoming.respond(known ? 405 : 501, { headers: [["Allow", this.#core.host.allow.join(", ")]] });
  }

  /** An UPDATE that offers nothing and carries something else. */
  #information(tx: ServerTransaction): IncomingRequest {
    this.#open.add(tx);
    return {
      request: tx.request,
      flow: tx.flow,
      respond: (status, o = {}) => {
        if (status >= 200) this.#open.delete(tx);
        if (status < 200 || status >= 300 || this.#core.ended) return tx.respond(status, o);
        this.#ok(tx, o);
        this.#core.events.emit("refreshed");
      },
    };
  }

  #offer(tx: ServerTransaction, offer: Buffer | undefined): IncomingRequest {
    this.#offers += 1;
    this.#open.add(tx);
    let done = false;
    const incoming: IncomingRequest = {
      request: tx.request,
      flow: tx.flow,
      respond: (status, o = {}) => {
        if (done) return;
        if (status < 200) return tx.respond(status, o);
        done = true;
        this.#offers -= 1;
        this.#open.delete(tx);
        if (status < 300 && !this.#core.ended) this.#accept(tx, offer, o, incoming);
        else tx.respond(status, o);
        this.#context.idle();
      },
    };
    if (tx.request.method === "INVITE") {
      tx.onCancel = () => {
        if (done) return;
        incoming.respond(487);
      };
    }
    return incoming;
  }

  #accept(tx: ServerTransaction, offer: Buffer | undefined, o: RespondOptions, incoming: IncomingRequest): void {
    this.#core.retarget(tx.request.contact);
    this.#core.learn(tx.request);
    const body = o.body === undefined || o.body.length === 0 ? undefined : descriptionIn(o.body, o.contentType);
    if (offer !== undefined) this.#core.remoteSdp = offer;
    if (body !== undefined) this.#core.localSdp = body;
    const send = this.#ok(tx, o);
    this.#core.events.emit("refreshed");
    if (tx.request.method !== "INVITE" || send === undefined) return;
    const { host } = this.#core;
    const sequence = tx.request.cseq?.sequence ?? 0;
    const response = new AcceptedResponse(host.clock, host.timers, send, () => {
      this.#unacked.delete(sequence);
      this.#context.noAck();
    });
    this.#unacked.set(sequence, {
      response,
      onAck: (ack) => {
        if (offer === undefined) {
          this.#core.remoteSdp = sdpOf(ack) ?? this.#core.remoteSdp;
          this.#core.events.emit("refreshed");
        }
        incoming.onAck?.(ack);
      },
    });
  }

  /** 200 with what refreshes target and timer; gives what sends it again, undefined where 422 went out instead. */
  #ok(tx: ServerTransaction, o: RespondOptions): (() => void) | undefined {
    const wish = this.#core.host.sessionTimer;
    const timer = this.#timer.interval === undefined ? undefined : answerTimer(tx.request, wish);
    if (timer?.kind === "tooSmall") {
      tx.respond(422, { headers: [["Min-SE", String(timer.minSe)]] });
      return undefined;
    }
    if (timer?.kind === "on") this.#timer.start(timer.interval);
    const headers = [
      ["Contact", this.#core.contact({ flow: tx.flow })] as const,
      ...this.#core.capabilities(),
      ...(timer?.kind === "on" ? timer.headers : []),
      ...(o.headers ?? []),
    ];
    const { body, ...rest } = o;
    const full = body === undefined || body.length === 0 ? { ...rest, headers } : { ...rest, body, headers };
    const send = (): void => tx.respond(200, full);
    send();
    return send;
  }

  #seconds(): string {
    return String((this.#core.host.random(1)[0] ?? 0) % 11);
  }

  #close(): void {
    for (const { response } of this.#unacked.values()) response.stop();
    this.#unacked.clear();
    for (const tx of Array.from(this.#open)) tx.respond(487);
    this.#open.clear();
  }
}
