import type { Cancel } from "@sidetone/foundation";
import type { ReinviteOptions, RequestOptions } from "../endpoint/types.ts";
import type { SipResponse } from "../message/index.ts";
import { acknowledge } from "./ack.ts";
import { MAX_GLARE_RETRIES } from "./limits.ts";
import { descriptionIn, sdpOf } from "./sdp-body.ts";
import type { SessionCore } from "./session-core.ts";
import { agreedTimer, minSe, timerHeaders } from "./session-timer.ts";
import type { SessionTimer } from "./session-timer.ts";
import type { SessionTimerWish } from "../endpoint/types.ts";

interface Job {
  readonly method: "INVITE" | "UPDATE";
  readonly o: ReinviteOptions;
  readonly done: (response: SipResponse) => void;
  tries: number;
}

/** Our re-INVITEs and UPDATEs with offers (RFC 3261 14.1, RFC 3311): one at a time, again after 491. */
export class OutgoingOffers {
  readonly #core: SessionCore;
  readonly #timer: SessionTimer;
  readonly #blocked: (method: Job["method"]) => boolean;
  readonly #queue: Job[] = [];
  readonly #waiting = new Set<Cancel>();
  #running: Job | undefined;
  #ackWanted: ((o: RequestOptions) => void) | undefined;
  #wish: SessionTimerWish;

  /** @param blocked whether an INVITE of the peer, or our first one, is in progress. */
  constructor(core: SessionCore, timer: SessionTimer, blocked: (method: Job["method"]) => boolean) {
    this.#core = core;
    this.#timer = timer;
    this.#blocked = blocked;
    const configured = core.host.sessionTimer;
    this.#wish = configured === false ? { expires: 1800, minSe: 90 } : configured;
  }

  /** An offer or re-INVITE of ours awaits its answer: the peer's gets 491. */
  get pending(): boolean {
    return this.#running !== undefined || this.#ackWanted !== undefined;
  }

  run(method: "INVITE" | "UPDATE", o: ReinviteOptions): Promise<SipResponse> {
    return new Promise((done) => {
      if (this.#core.ended) return done(this.#gone());
      const job: Job = { method, o, done, tries: 0 };
      // An UPDATE without a description offers nothing, so nothing has to wait for it, nor it for anything.
      if (method === "UPDATE" && !describes(o)) return this.#send(job);
      this.#queue.push(job);
      this.next();
    });
  }

  /** ACK of an offerless re-INVITE. True where one was wanted. */
  ack(o: RequestOptions): boolean {
    const ack = this.#ackWanted;
    if (ack === undefined) return false;
    this.#ackWanted = undefined;
    ack(o);
    this.next();
    return true;
  }

  /** Sends what waited, where nothing is in the way. */
  next(): void {
    const job = this.#queue[0];
    if (job === undefined || this.pending || this.#core.ended || this.#blocked(job.method)) return;
    this.#queue.shift();
    this.#running = job;
    this.#send(job);
  }

  /** The session ended: what waits resolves with 481. */
  close(): void {
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
    for (const job of this.#queue.splice(0)) job.done(this.#gone());
  }

  #gone(): SipResponse {
    const response = this.#core.synthesised(this.#core.invite, "transport");
    response.status = 481;
    response.reason = "Session Ended";
    return response;
  }

  #send(job: Job): void {
    if (this.#core.ended || this.#core.dialog === undefined) {
      this.#finish(job);
      return job.done(this.#gone());
    }
    const interval = this.#timer.interval;
    const timer =
      interval === undefined
        ? []
        : timerHeaders({ ...this.#wish, expires: interval.seconds }, interval.weRefresh ? "uac" : "uas");
    const body = job.o.body;
    if (body !== undefined && body.length > 0 && describes(job.o))
      this.#offered = descriptionIn(body, job.o.contentType);
    let again: (() => void) | undefined;
    let answered = false;
    const tx = this.#core.send(
      job.method,
      { ...job.o, headers: [...timer, ...(job.o.headers ?? [])] },
      {
        onFinal: (response) => {
          if (answered) return again?.();
          answered = true;
          if (job.method === "INVITE" && response.status < 300) {
            again = this.#acknowledge(
              job,
              response,
              () => tx.request,
              (resend) => {
                again = resend;
              },
            );
          }
          this.#final(job, response);
        },
        onFailure: (why) => {
          if (answered) return;
          answered = true;
          this.#final(job, this.#core.synthesised(tx.request, why));
        },
      },
    );
  }

  #offered: Buffer | undefined;

  #acknowledge(
    job: Job,
    response: SipResponse,
    request: () => Parameters<typeof acknowledge>[2],
    later: (resend: () => void) => void,
  ): (() => void) | undefined {
    const dialog = this.#core.dialog;
    if (dialog === undefined) return undefined;
    if (response.contact !== undefined) this.#core.retarget(response.contact);
    const target = this.#core.dialog ?? dialog;
    if (job.o.autoAck === false && !this.#core.ended) {
      this.#ackWanted = (o) => {
        if (o.body !== undefined) this.#core.localSdp = Buffer.from(o.body);
        this.#core.events.emit("refreshed");
        later(acknowledge(this.#core, this.#core.dialog ?? target, request(), o));
      };
      return undefined;
    }
    return acknowledge(this.#core, target, request(), {});
  }

  #final(job: Job, response: SipResponse): void {
    if (response.status === 491 && job.o.retry491 !== false && job.tries < MAX_GLARE_RETRIES && !this.#core.ended) {
      this.#finish(job);
      return this.#later(job);
    }
    const smallest = response.status === 422 ? minSe(response) : undefined;
    if (smallest !== undefined && job.tries < MAX_GLARE_RETRIES && this.#timer.interval !== undefined) {
      job.tries += 1;
      this.#wish = { ...this.#wish, minSe: smallest };
      return this.#send(job);
    }
    if (response.status < 300) {
      this.#core.learn(response);
      if (job.method === "UPDATE" && response.contact !== undefined) this.#core.retarget(response.contact);
      this.#settle(job, response);
    }
    this.#finish(job);
    if (response.status === 481 && !this.#core.ended) {
      this.#core.end({ by: "remote", response });
      this.#core.release();
    }
    job.done(response);
    this.next();
  }

  #settle(job: Job, response: SipResponse): void {
    const answer = sdpOf(response);
    if (answer !== undefined) this.#core.remoteSdp = answer;
    if (answer !== undefined && describes(job.o) && this.#offered !== undefined) this.#core.localSdp = this.#offered;
    this.#offered = undefined;
    if (this.#timer.interval !== undefined && !this.#core.ended) this.#timer.start(agreedTimer(response));
    this.#core.events.emit("refreshed");
  }

  #finish(job: Job): void {
    if (this.#running === job) this.#running = undefined;
  }

  /** RFC 3261 14.1: the owner of the Call-ID waits 2.1 to 4 s, the other side 0 to 2 s, in steps of 10 ms. */
  #later(job: Job): void {
    job.tries += 1;
    const { host, role } = this.#core;
    const random = Buffer.from(host.random(4)).readUInt32BE();
    const ms = role === "uac" ? 2100 + (random % 191) * 10 : (random % 201) * 10;
    const cancel = host.clock.after(ms, () => {
      this.#waiting.delete(stop);
      this.#queue.unshift(job);
      this.next();
    });
    const stop: Cancel = () => {
      cancel();
      this.#queue.push(job);
    };
    this.#waiting.add(stop);
    this.next();
  }
}

/** Whether a body is, or contains, a session description; the default type is SDP. */
function describes({ body, contentType }: RequestOptions): boolean {
  if (body === undefined) return false;
  return contentType === undefined || /^\s*(application\/sdp|multipart\/)/i.test(contentType);
}
