import { dialogOfRequest } from "../dialog/dialog.ts";
import { adjacentFlow } from "./adjacent-flow.ts";
import type {
  ByeOptions,
  EndReason,
  InviteOptions,
  InviteSession,
  ProgressOptions,
  ReinviteOptions,
  RequestOptions,
  RespondOptions,
  RestoreOptions,
  ServerTransaction,
  SessionEvents,
  UasOptions,
} from "../endpoint/types.ts";
import type { SipRequest, SipResponse } from "../message/index.ts";
import type { DialogUser, SessionHost } from "./host.ts";
import { IncomingRequests } from "./incoming.ts";
import { OutgoingOffers } from "./offers.ts";
import { pendingOf } from "./pending-invite.ts";
import type { PendingInvite } from "./pending-invite.ts";
import { SessionCore } from "./session-core.ts";
import type { SessionCoreOptions } from "./session-core.ts";
import { dialogAfter, inviteOf } from "./session-snapshot.ts";
import type { SessionSnapshot } from "./session-snapshot.ts";
import { SessionTimer } from "./session-timer.ts";
import { UacInvite } from "./uac-invite.ts";
import { UasInvite } from "./uas-invite.ts";

/** One INVITE dialog: the door in front of its parts, which live in a file each. */
export class Session implements InviteSession, DialogUser {
  readonly id: string;
  readonly #core: SessionCore;
  readonly #timer: SessionTimer;
  readonly #offers: OutgoingOffers;
  readonly #incoming: IncomingRequests;
  #uac: UacInvite | undefined;
  #uas: UasInvite | undefined;
  /** BYE that waits for the ACK of our 2xx (RFC 3261 15). */
  #byeAfterAck: (() => void) | undefined;

  private constructor(host: SessionHost, id: string, o: SessionCoreOptions) {
    this.id = id;
    this.#core = new SessionCore(host, o, this);
    this.#timer = new SessionTimer(
      host.clock,
      () => this.#refresh(),
      () => this.#endBy({ by: "session-timer" }),
    );
    const settling = (): boolean =>
      this.#core.state !== "confirmed" || this.#uac?.awaitsAck === true || this.#uas?.awaitsAck === true;
    const offersOpen = (): boolean =>
      this.#core.state !== "confirmed" ||
      this.#uac?.awaitsAck === true ||
      (this.#uas?.awaitsAck === true && !this.#uas.offered);
    this.#offers = new OutgoingOffers(this.#core, this.#timer, (method) =>
      // RFC 3311 5.1: UPDATE may be sent in an early dialog too.
      method === "UPDATE"
        ? this.#core.dialog === undefined || this.#incoming.pending
        : settling() || this.#incoming.pending,
    );
    this.#incoming = new IncomingRequests(this.#core, this.#timer, {
      offering: () => this.#offers.pending,
      settling: offersOpen,
      uas: () => this.#uas,
      idle: () => this.#offers.next(),
      noAck: () => this.#endBy({ by: "no-ack" }),
      dialogOf: (request) => this.#dialogOf(request),
    });
    this.#core.atEnd(() => {
      this.#timer.stop();
      this.#offers.close();
    });
  }

  /** Starts a call. */
  static uac(host: SessionHost, id: string, invite: SipRequest, o: InviteOptions): Session {
    const flow = "flow" in o.to && (o.routeSet?.length ?? 0) === 0 ? o.to.flow : undefined;
    const session = new Session(host, id, {
      role: "uac",
      callId: invite.callId ?? "",
      localTag: invite.fromTag ?? "",
      invite,
      contactUser: o.contactUser,
      contactParams: o.contactParams,
      credentials: o.credentials,
      flow,
    });
    const uac = new UacInvite(session.#core, o, session.#timer);
    uac.onAcked = () => session.#offers.next();
    session.#uac = uac;
    uac.start();
    return session;
  }

  /** Takes a call over; undefined where its INVITE cannot make a dialog and was answered with 400. */
  static uas(host: SessionHost, id: string, tx: ServerTransaction, o: UasOptions): Session {
    const localTag = o.localTag ?? host.newTag();
    const dialog = dialogOfRequest(tx.request, localTag);
    const session = new Session(host, id, {
      role: "uas",
      callId: tx.request.callId ?? "",
      localTag,
      invite: tx.request,
      contactUser: o.contactUser ?? tx.request.to?.uri.user,
      contactParams: o.contactParams,
      credentials: o.credentials,
      flow: adjacentFlow(tx),
    });
    const uas = new UasInvite(session.#core, tx, session.#timer, o.sessionTimer ?? host.sessionTimer);
    uas.onAcked = () => session.#acked();
    uas.onNoAck = () => session.#endBy({ by: "no-ack" });
    session.#uas = uas;
    session.#core.dialog = dialog;
    if (dialog === undefined) {
      // The listeners come after this call: they must not miss the end.
      queueMicrotask(() => uas.reject(400, { reason: "Missing Contact" }));
      return session;
    }
    session.#core.bind(dialog.remoteTag);
    queueMicrotask(() => uas.refuseShortInterval());
    return session;
  }

  /** Goes on with a session of an element that has died. */
  static restored(host: SessionHost, id: string, snapshot: SessionSnapshot, o: RestoreOptions): Session {
    const { role, contactUser, contactParams, behind, timer } = snapshot;
    const dialog = dialogAfter(snapshot);
    const session = new Session(host, id, {
      role,
      callId: dialog.callId,
      localTag: dialog.localTag,
      invite: inviteOf(snapshot),
      contactUser,
      contactParams,
      credentials: o.credentials,
      flow: undefined,
      behind,
      reach: o.reach,
    });
    const core = session.#core;
    core.dialog = dialog;
    core.state = "confirmed";
    core.remoteAllow = new Set(snapshot.allow);
    core.remoteSupported = new Set(snapshot.supported);
    core.localSdp = bytesOf(snapshot.localSdp);
    core.remoteSdp = bytesOf(snapshot.remoteSdp);
    core.bind(dialog.remoteTag);
    if (timer !== undefined) session.#timer.resume(timer, timer.sinceMicros);
    return session;
  }

  snapshot(): SessionSnapshot | undefined {
    const { interval, sinceMicros } = this.#timer;
    return this.#core.snapshot(interval === undefined ? undefined : { ...interval, sinceMicros });
  }

  pending(): PendingInvite | undefined {
    const { state, role, invite, localTag } = this.#core;
    if (state !== "trying" && state !== "early") return undefined;
    const flow = this.#uac?.flow ?? this.#uas?.flow;
    return pendingOf(role, invite, role === "uas" ? localTag : undefined, flow && targetOf(flow));
  }

  abandon(): void {
    this.#core.end({ by: "transport" });
  }

  get role(): "uac" | "uas" {
    return this.#core.role;
  }
  get callId(): string {
    return this.#core.callId;
  }
  get localTag(): string {
    return this.#core.localTag;
  }
  get remoteTag(): string | undefined {
    return this.#core.dialog?.remoteTag;
  }
  get state(): InviteSession["state"] {
    return this.#core.state;
  }
  get invite(): SipRequest {
    return this.#core.invite;
  }
  get remoteTarget(): string | undefined {
    return this.#core.dialog?.remoteTarget;
  }
  get remoteAllow(): ReadonlySet<string> {
    return this.#core.remoteAllow;
  }
  get remoteSupported(): ReadonlySet<string> {
    return this.#core.remoteSupported;
  }
  get localSdp(): Buffer | undefined {
    return this.#core.localSdp;
  }
  get remoteSdp(): Buffer | undefined {
    return this.#core.remoteSdp;
  }

  on<K extends keyof SessionEvents & string>(event: K, listener: (...args: SessionEvents[K]) => void): () => void {
    return this.#core.events.on(event, listener);
  }

  progress(status: number, o: ProgressOptions = {}): void {
    this.#uas?.progress(status, o);
  }

  accept(o: RequestOptions = {}): void {
    this.#uas?.accept(o);
  }

  reject(status: number, o: RespondOptions = {}): void {
    this.#uas?.reject(status, o);
  }

  cancel(o: RequestOptions = {}): void {
    this.#uac?.cancel(o);
  }

  ack(body?: Buffer | string, contentType?: string): void {
    const o = bodyOf(body, contentType);
    if (!this.#offers.ack(o)) this.#uac?.ack(o);
  }

  prack(body?: Buffer | string, contentType?: string): void {
    this.#uac?.prack(bodyOf(body, contentType));
  }

  reinvite(o: ReinviteOptions = {}): Promise<SipResponse> {
    return this.#offers.run("INVITE", o);
  }

  update(o: RequestOptions = {}): Promise<SipResponse> {
    return this.#offers.run("UPDATE", o);
  }

  request(method: string, o: RequestOptions = {}): Promise<SipResponse> {
    return new Promise((resolve) => {
      if (this.#core.ended || this.#core.dialog === undefined) {
        const gone = this.#core.synthesised(this.#core.invite, "transport");
        gone.status = 481;
        gone.reason = "Session Ended";
        return resolve(gone);
      }
      const tx = this.#core.send(method, o, {
        onFinal: (response) => {
          if (response.status === 481 && !this.#core.ended) {
            this.#core.end({ by: "remote", response });
            this.#core.release();
          }
          resolve(response);
        },
        onFailure: (why) => resolve(this.#core.synthesised(tx.request, why)),
      });
    });
  }

  bye(o: ByeOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      if (this.#core.ended) return resolve();
      if (this.#core.state !== "confirmed") {
        this.#core.atEnd(resolve);
        if (this.#uac !== undefined) this.#uac.cancel(o);
        else this.#uas?.reject(480, o);
        return;
      }
      if (this.#uas?.awaitsAck === true) {
        this.#core.atEnd(resolve);
        this.#byeAfterAck ??= () => this.#bye({ by: "local" }, o, () => undefined);
        return;
      }
      if (this.#uac?.awaitsAck === true) this.#uac.ack({});
      this.#bye({ by: "local" }, o, resolve);
    });
  }

  terminate(o: RequestOptions = {}): void {
    void this.bye(o);
  }

  receive(tx: ServerTransaction): void {
    this.#incoming.receive(tx);
  }

  receiveAck(ack: SipRequest): void {
    if (!this.#incoming.receiveAck(ack)) this.#uas?.receiveAck(ack);
  }

  #acked(): void {
    const bye = this.#byeAfterAck;
    this.#byeAfterAck = undefined;
    if (bye !== undefined) bye();
    else this.#offers.next();
  }

  /** Sends BYE because of something other than the application. */
  #endBy(reason: EndReason): void {
    if (!this.#core.ended) this.#bye(reason, {}, () => undefined);
  }

  #bye(reason: EndReason, o: ByeOptions, done: () => void): void {
    const finished = (response: SipResponse): void => {
      // Until now a BYE of the peer that crossed ours was answered.
      this.#core.release();
      done();
      o.onAnswer?.(response);
    };
    const headers = [...(o.headers ?? [])];
    const tx = this.#core.send(
      "BYE",
      { ...o, headers },
      { onFinal: finished, onFailure: (why) => finished(this.#core.synthesised(tx.request, why)) },
    );
    this.#core.end(reason);
  }

  refresh(): Promise<SipResponse> {
    const body = this.#core.localSdp;
    return this.#core.remoteAllow.has("UPDATE") ? this.update() : this.reinvite(body === undefined ? {} : { body });
  }

  #refresh(): void {
    void this.refresh().then((response) => {
      if (this.#core.ended) return;
      // RFC 4028 10: 408 and 481 end the session; anything else is tried again before it expires.
      if (response.status === 408) this.#endBy({ by: "session-timer", response });
      else if (response.status >= 300) this.#timer.retry();
    });
  }

  #dialogOf(request: SipRequest): ReturnType<typeof dialogOfRequest> {
    const tag = request.fromTag ?? "";
    return this.#core.dialog?.remoteTag === tag ? this.#core.dialog : this.#uac?.dialogWith(tag);
  }
}

function bodyOf(body: Buffer | string | undefined, contentType: string | undefined): RequestOptions {
  return {
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

function bytesOf(body: string | undefined): Buffer | undefined {
  return body === undefined ? undefined : Buffer.from(body, "latin1");
}

function targetOf({ transport, remote }: ServerTransaction["flow"]): PendingInvite["peer"] {
  return { transport, host: remote.host, port: remote.port };
}
