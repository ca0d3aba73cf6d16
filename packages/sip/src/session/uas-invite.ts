import type { Cancel } from "@sidetone/foundation";
import type {
  IncomingRequest,
  ProgressOptions,
  RequestOptions,
  RespondOptions,
  ServerTransaction,
  SessionTimerWish,
} from "../endpoint/types.ts";
import type { SipRequest } from "../message/index.ts";
import type { Flow } from "../transport/types.ts";
import { AcceptedResponse } from "./accepted-response.ts";
import { PROVISIONAL_REPEAT_MS } from "./limits.ts";
import { ReliableProvisionals } from "./reliable-provisional.ts";
import { sdpOf } from "./sdp-body.ts";
import type { SessionCore } from "./session-core.ts";
import { answerTimer } from "./session-timer.ts";
import type { SessionTimer } from "./session-timer.ts";

/** The UAS's side of the first INVITE (RFC 3261 13.3): provisional responses, reliable ones, the final one, CANCEL, ACK. */
export class UasInvite {
  readonly #core: SessionCore;
  readonly #tx: ServerTransaction;
  readonly #timer: SessionTimer;
  readonly #wish: SessionTimerWish | false;
  readonly #reliable: ReliableProvisionals;
  readonly #offered: boolean;
  readonly #mustBeReliable: boolean;
  #repeat: Cancel | undefined;
  #accepted: AcceptedResponse | undefined;
  #accepting = false;
  #final = false;
  /** Set by the session: the ACK came, re-INVITEs and BYE may follow. */
  onAcked: (() => void) | undefined;
  /** Set by the session: no ACK in 64*T1. */
  onNoAck: (() => void) | undefined;

  constructor(core: SessionCore, tx: ServerTransaction, timer: SessionTimer, wish: SessionTimerWish | false) {
    this.#core = core;
    this.#tx = tx;
    this.#timer = timer;
    this.#wish = wish;
    const { host } = core;
    const first = 1 + (Buffer.from(host.random(4)).readUInt32BE() % 0x3fff_ffff);
    this.#reliable = new ReliableProvisionals(host.clock, host.timers.t1, first, () => this.#prackMissing());
    this.#offered = sdpOf(tx.request) !== undefined;
    this.#mustBeReliable = hasTag(tx.request, "Require");
    core.remoteSdp = sdpOf(tx.request);
    core.learn(tx.request);
    tx.onCancel = (cancel) => this.#cancelled(cancel);
    core.atEnd(() => this.#stop());
  }

  /** Where the INVITE came from. */
  get flow(): Flow {
    return this.#tx.flow;
  }

  /** True where a 2xx waits for its ACK. */
  get awaitsAck(): boolean {
    return this.#accepted?.running === true;
  }

  /** True where the INVITE carried the offer: then our 2xx completes offer and answer, with or without ACK. */
  get offered(): boolean {
    return this.#offered;
  }

  /** RFC 4028 6: 422 where the interval is too small. True where the INVITE was refused. */
  refuseShortInterval(): boolean {
    if (this.#final || this.#accepting) return false;
    const answer = answerTimer(this.#tx.request, this.#wish);
    if (answer.kind !== "tooSmall") return false;
    this.reject(422, { headers: [["Min-SE", String(answer.minSe)]] });
    return true;
  }

  progress(status: number, o: ProgressOptions): void {
    if (this.#final || this.#accepting || this.#core.ended || status < 100 || status > 199) return;
    if (status === 100) return this.#tx.respond(100);
    this.#core.state = "early";
    const possible = this.#core.remoteSupported.has("100rel") || this.#mustBeReliable;
    const sdp = o.body !== undefined && o.body.length > 0;
    if (sdp && o.body !== undefined) this.#core.localSdp = Buffer.from(o.body);
    if ((o.reliable === true && possible) || this.#mustBeReliable) {
      this.#reliable.add(
        (rseq) =>
          this.#respond(status, o, [
            ["Require", "100rel"],
            ["RSeq", String(rseq)],
          ]),
        sdp,
      );
      return;
    }
    this.#respond(status, o, []);
    this.#repeatLater(status, o);
  }

  accept(o: RequestOptions): void {
    if (this.#final || this.#accepting || this.#core.ended || this.refuseShortInterval()) return;
    this.#accepting = true;
    this.#repeat?.();
    this.#reliable.whenClear(() => this.#acceptNow(o));
  }

  reject(status: number, o: RespondOptions): void {
    if (this.#final || this.#core.ended) return;
    this.#final = true;
    this.#tx.respond(status, { ...o, toTag: this.#core.localTag });
    this.#core.end({ by: "local" });
    this.#core.release();
  }

  /** RFC 3261 15.1.2: BYE came before the final response. */
  byeReceived(): void {
    if (this.#final) return;
    this.#final = true;
    this.#tx.respond(487, { toTag: this.#core.localTag });
  }

  receiveAck(ack: SipRequest): void {
    if (!this.awaitsAck || ack.cseq?.sequence !== this.#tx.request.cseq?.sequence) return;
    this.#accepted?.stop();
    if (!this.#offered) this.#core.remoteSdp = sdpOf(ack) ?? this.#core.remoteSdp;
    this.#core.events.emit("acked", ack);
    this.#core.events.emit("refreshed");
    this.onAcked?.();
  }

  /** RFC 3262 3. */
  receivePrack(tx: ServerTransaction): void {
    if (!this.#reliable.acknowledge(tx.request, this.#tx.request.cseq?.sequence ?? 0)) return tx.respond(481);
    const sdp = sdpOf(tx.request);
    if (sdp !== undefined) this.#core.remoteSdp = sdp;
    if (sdp === undefined || !this.#offered) {
      tx.respond(200);
      this.#core.events.emit("prack", tx.request, undefined);
    } else {
      const incoming: IncomingRequest = {
        request: tx.request,
        flow: tx.flow,
        respond: (status, o = {}) => {
          if (status < 300 && o.body !== undefined) this.#core.localSdp = Buffer.from(o.body);
          tx.respond(status, o);
        },
      };
      if (!this.#core.events.emit("prack", tx.request, incoming)) tx.respond(488);
    }
    this.#reliable.proceed();
  }

  #acceptNow(o: RequestOptions): void {
    if (this.#final || this.#core.ended) return;
    this.#final = true;
    this.#reliable.stop();
    const { host } = this.#core;
    const timer = answerTimer(this.#tx.request, this.#wish);
    if (timer.kind === "on") this.#timer.start(timer.interval);
    if (o.body !== undefined && o.body.length > 0) this.#core.localSdp = Buffer.from(o.body);
    this.#core.state = "confirmed";
    const extra = timer.kind === "on" ? timer.headers : [];
    const send = (): void => this.#respond(200, o, extra);
    this.#accepted = new AcceptedResponse(host.clock, host.timers, send, () => this.onNoAck?.());
    send();
  }

  #respond(status: number, o: ProgressOptions, extra: readonly (readonly [string, string])[]): void {
    const headers: (readonly [string, string])[] = [
      ["Contact", this.#core.contact({ flow: this.#tx.flow })],
      ...this.#core.capabilities(),
      ...extra,
      ...(o.headers ?? []),
    ];
    this.#tx.respond(status, {
      toTag: this.#core.localTag,
      headers,
      ...(o.reason === undefined ? {} : { reason: o.reason }),
      ...(o.body === undefined ? {} : { body: o.body }),
      ...(o.contentType === undefined ? {} : { contentType: o.contentType }),
    });
  }

  #repeatLater(status: number, o: ProgressOptions): void {
    this.#repeat?.();
    this.#repeat = this.#core.host.clock.after(PROVISIONAL_REPEAT_MS, () => {
      this.#respond(status, o, []);
      this.#repeatLater(status, o);
    });
  }

  #cancelled(cancel: SipRequest): void {
    if (this.#final || this.#core.ended) return;
    this.#final = true;
    this.#tx.respond(487, { toTag: this.#core.localTag });
    this.#core.events.emit("cancelled", cancel);
    this.#core.end({ by: "remote", request: cancel });
    this.#core.release();
  }

  /** RFC 3262 3: "the UAS SHOULD reject the original request with a 5xx response". */
  #prackMissing(): void {
    if (this.#final || this.#core.ended) return;
    this.#final = true;
    this.#tx.respond(504, { toTag: this.#core.localTag });
    this.#core.end({ by: "timeout" });
    this.#core.release();
  }

  #stop(): void {
    this.#repeat?.();
    this.#reliable.stop();
    this.#accepted?.stop();
  }
}

function hasTag(request: SipRequest, header: "Require" | "Supported"): boolean {
  return request.headers.list(header).some((tag) => tag.toLowerCase() === "100rel");
}
