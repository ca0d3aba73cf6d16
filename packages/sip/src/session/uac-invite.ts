import { dialogOfResponse, requestInside } from "../dialog/dialog.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { ClientTransaction, InviteOptions, RequestOptions, SessionTimerWish } from "../endpoint/types.ts";
import type { SipResponse } from "../message/index.ts";
import type { Flow } from "../transport/types.ts";
import { acknowledge } from "./ack.ts";
import { ELSEWHERE, REQUEST_TERMINATED } from "./dismissal.ts";
import { MAX_422_RETRIES, MAX_EARLY_DIALOGS } from "./limits.ts";
import { descriptionIn, sdpOf } from "./sdp-body.ts";
import { fill } from "./session-core.ts";
import type { SessionCore } from "./session-core.ts";
import { agreedTimer, minSe, timerHeaders } from "./session-timer.ts";
import type { SessionTimer } from "./session-timer.ts";

interface PendingPrack {
  readonly dialog: string;
  readonly rseq: number;
}

/** The UAC's side of the first INVITE (RFC 3261 13.2): early dialogs, forks, reliable responses, the 2xx and its ACK, CANCEL. */
export class UacInvite {
  readonly #core: SessionCore;
  readonly #o: InviteOptions;
  readonly #timer: SessionTimer;
  /** Remote tag → dialog, of every fork. */
  readonly #dialogs = new Map<string, Dialog>();
  /** Remote tag → highest RSeq that was processed. */
  readonly #rseq = new Map<string, number>();
  readonly #waitingPracks: PendingPrack[] = [];
  /** Remote tag of a confirmed dialog → sends its ACK again. */
  readonly #acks = new Map<string, () => void>();
  readonly #offered: boolean;
  #wish: SessionTimerWish | false;
  #tx: ClientTransaction | undefined;
  #retries = 0;
  #chosen: string | undefined;
  #cancelled = false;
  #awaitsAck = false;

  constructor(core: SessionCore, o: InviteOptions, timer: SessionTimer) {
    this.#core = core;
    this.#o = o;
    this.#timer = timer;
    this.#wish = o.sessionTimer ?? core.host.sessionTimer;
    this.#offered = sdpOf(core.invite) !== undefined;
    core.onDialog = (dialog) => this.#dialogs.set(dialog.remoteTag, dialog);
  }

  /** True until the application gave the ACK of the 2xx. */
  get awaitsAck(): boolean {
    return this.#awaitsAck;
  }

  /** Where the INVITE went; undefined before it was sent. */
  get flow(): Flow | undefined {
    return this.#tx?.flow;
  }

  /** The early dialog with this remote tag. */
  dialogWith(remoteTag: string): Dialog | undefined {
    return this.#dialogs.get(remoteTag);
  }

  start(): void {
    const request = this.#core.invite.clone();
    if (this.#wish !== false) for (const [name, value] of timerHeaders(this.#wish)) request.headers.set(name, value);
    this.#core.invite = request;
    this.#tx = this.#core.host.request(request, this.#o.to, {
      onProvisional: (response) => this.#provisional(response),
      onFinal: (response) => this.#final(response),
      onFailure: (why) => this.#failed(why),
      ...(this.#o.credentials === undefined ? {} : { credentials: this.#o.credentials }),
    });
    this.#sync();
  }

  cancel(o: RequestOptions): void {
    if (this.#cancelled || this.#chosen !== undefined || this.#core.ended) return;
    this.#cancelled = true;
    this.#tx?.cancel(o.headers ?? []);
  }

  /** RFC 3261 13.2.2.4. */
  ack(o: RequestOptions): void {
    const dialog = this.#core.dialog;
    if (!this.#awaitsAck || dialog === undefined) return;
    this.#awaitsAck = false;
    if (o.body !== undefined && !this.#offered) this.#core.localSdp = bufferOf(o.body);
    this.#acks.set(dialog.remoteTag, acknowledge(this.#core, dialog, this.#core.invite, o));
    this.onAcked?.();
  }

  /** Set by the session: the ACK was sent, re-INVITEs may follow. */
  onAcked: (() => void) | undefined;

  /** RFC 3262 4: PRACK of the oldest reliable response that waits for one. */
  prack(o: RequestOptions): void {
    const waiting = this.#waitingPracks.shift();
    if (waiting === undefined) return;
    const dialog = this.#dialogs.get(waiting.dialog);
    if (dialog === undefined) return;
    if (o.body !== undefined && !this.#offered) this.#core.localSdp = bufferOf(o.body);
    const rack = `${waiting.rseq} ${this.#core.invite.cseq?.sequence ?? 1} INVITE`;
    this.#core.send(
      "PRACK",
      { ...o, headers: [["RAck", rack], ...(o.headers ?? [])] },
      { onFinal: () => undefined },
      dialog,
    );
  }

  #sync(): void {
    if (this.#tx !== undefined) this.#core.invite = this.#tx.request;
  }

  #provisional(response: SipResponse): void {
    this.#sync();
    if (this.#core.ended) return;
    if (response.status === 100) {
      this.#core.events.emit("trying", response);
      return;
    }
    const tag = response.toTag;
    if (tag === undefined) {
      this.#core.events.emit("progress", { response, reliable: false });
      return;
    }
    if (!this.#early(tag, response)) return;
    const reliable = response.headers.list("Require").some((t) => t.toLowerCase() === "100rel");
    if (reliable && !this.#inOrder(tag, response)) return;
    const sdp = sdpOf(response);
    if (sdp !== undefined) this.#core.remoteSdp = sdp;
    const wantsAnswer = reliable && !this.#offered && sdp !== undefined;
    if (reliable && !wantsAnswer && this.#o.autoPrack !== false) this.prack({});
    this.#core.events.emit("progress", { response, reliable });
  }

  /** Makes or refreshes the early dialog; false where there are too many. */
  #early(tag: string, response: SipResponse): boolean {
    const known = this.#dialogs.get(tag);
    const made = dialogOfResponse(this.#core.invite, response);
    if (made === undefined) return false;
    if (known === undefined && this.#dialogs.size >= MAX_EARLY_DIALOGS) return false;
    const dialog =
      known === undefined
        ? made
        : { ...known, remoteTarget: response.contact === undefined ? known.remoteTarget : made.remoteTarget };
    this.#dialogs.set(tag, dialog);
    this.#core.dialog = dialog;
    this.#core.state = "early";
    this.#core.bind(tag);
    this.#core.learn(response);
    return true;
  }

  /** RFC 3262 4: "the UAC ... processes strictly in RSeq order": repetitions and what came too early are dropped. */
  #inOrder(tag: string, response: SipResponse): boolean {
    const rseq = Number(response.headers.get("RSeq"));
    if (!Number.isSafeInteger(rseq) || rseq < 1) return false;
    const last = this.#rseq.get(tag);
    if (last !== undefined && rseq !== last + 1) return false;
    this.#rseq.set(tag, rseq);
    this.#waitingPracks.push({ dialog: tag, rseq });
    return true;
  }

  #final(response: SipResponse): void {
    this.#sync();
    if (response.status < 300) return this.#accepted(response);
    if (this.#core.ended) return;
    if (response.status === 422 && this.#retryLonger(response)) return;
    this.#core.events.emit("rejected", response);
    this.#core.end({ by: this.#cancelled ? "local" : "remote", response });
    this.#core.release();
  }

  #failed(why: "timeout" | "transport"): void {
    this.#sync();
    if (this.#chosen !== undefined || this.#core.ended) return;
    const response = this.#core.synthesised(this.#core.invite, why);
    this.#core.events.emit("rejected", response);
    this.#core.end({ by: why, response });
    this.#core.release();
  }

  /** RFC 4028 7.4: the same INVITE with a longer interval. */
  #retryLonger(response: SipResponse): boolean {
    const smallest = minSe(response);
    if (this.#wish === false || smallest === undefined || this.#retries >= MAX_422_RETRIES || this.#cancelled)
      return false;
    this.#retries += 1;
    this.#wish = { expires: Math.max(this.#wish.expires, smallest), minSe: smallest };
    const again = this.#core.invite.clone();
    again.headers.removeFirst("Via");
    again.headers.set("CSeq", `${(again.cseq?.sequence ?? 1) + 1} INVITE`);
    this.#core.invite = again;
    this.start();
    return true;
  }

  #accepted(response: SipResponse): void {
    const tag = response.toTag ?? "";
    const repeat = this.#acks.get(tag);
    if (repeat !== undefined) return repeat();
    if (this.#chosen === tag) return;
    const made = dialogOfResponse(this.#core.invite, response);
    if (made === undefined) return;
    const known = this.#dialogs.get(tag);
    const dialog: Dialog =
      known === undefined
        ? made
        : {
            ...made,
            localSequence: Math.max(made.localSequence, known.localSequence),
            remoteSequence: known.remoteSequence,
          };
    if (this.#chosen !== undefined || this.#core.ended || this.#cancelled) return this.#unwanted(tag, dialog, response);
    this.#chosen = tag;
    this.#core.dialog = dialog;
    this.#core.state = "confirmed";
    this.#core.bind(tag);
    this.#core.release(tag);
    this.#dialogs.clear();
    this.#waitingPracks.length = 0;
    this.#core.learn(response);
    this.#core.remoteSdp = sdpOf(response) ?? this.#core.remoteSdp;
    const { invite } = this.#core;
    if (this.#offered) this.#core.localSdp = descriptionIn(invite.body, invite.headers.get("Content-Type"));
    this.#timer.start(agreedTimer(response));
    this.#awaitsAck = true;
    if (this.#offered && this.#o.autoAck !== false) this.ack({});
    this.#core.events.emit("accepted", response);
  }

  /** RFC 3261 13.2.2.4, 15: a second fork, or a 2xx that crossed our CANCEL: ACK, then BYE. */
  #unwanted(tag: string, dialog: Dialog, response: SipResponse): void {
    this.#acks.set(tag, acknowledge(this.#core, dialog, this.#core.invite, {}));
    const { request } = requestInside(dialog, "BYE");
    const reason = this.#chosen === undefined ? REQUEST_TERMINATED : ELSEWHERE;
    const headers = [["User-Agent", this.#core.host.userAgent] as const, ["Reason", reason] as const];
    fill(request, { headers }, undefined);
    this.#core.host.request(request, this.#core.destination(dialog), {
      onFinal: () => undefined,
      ...(this.#o.credentials === undefined ? {} : { credentials: this.#o.credentials }),
    });
    if (this.#chosen !== undefined || this.#core.ended) return;
    this.#core.end({ by: "local", response });
    this.#core.release();
  }
}

function bufferOf(body: Buffer | string): Buffer {
  return typeof body === "string" ? Buffer.from(body, "utf8") : body;
}
