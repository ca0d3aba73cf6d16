import type { Clock, Logger, Result } from "@sidetone/foundation";
import { afterSilence, errorText, fail, ok } from "@sidetone/foundation";
import { type ConnRef, connRef } from "@sidetone/msml";
import type { IncomingRequest, InviteSession, NameAddr, SipEndpoint, SipResponse } from "@sidetone/sip";
import type { MediaServerWatch } from "./media-server-watch.ts";
import { OriginStamp } from "./origin-stamp.ts";
import { type AnchorSnapshot, bytesOf, textOf } from "../restore/call-snapshot.ts";
import { takesNothing, withDirection } from "./sdp-direction.ts";

/** R17: a Resource Manager says 100 at once; one that says nothing for this long is left for the next one, in the same attempt; ms. */
export const MANAGER_SILENCE_MS = 250;

/** Why the Media Server could not do what was asked; `reason` goes into the ledger. */
export interface AnchorFailure {
  readonly reason: string;
  /** SIP status that was the cause, where there was one. */
  readonly status: number | undefined;
}

export interface MediaAnchorOptions {
  readonly endpoint: Pick<SipEndpoint, "invite" | "restoreSession">;
  readonly clock: Clock;
  readonly log: Logger;
  /** SIP URIs of the Resource Managers, in the order of trial. */
  readonly resourceManagers: () => readonly string[];
  /** R32: this one did not answer. */
  onSilent(resourceManager: string): void;
  readonly confId: string;
  readonly callUuid: string;
  readonly geoLocation: string | undefined;
  readonly from: NameAddr;
  readonly localAddress: string;
  readonly watch: MediaServerWatch;
  /** R30: resources to avoid, as the Resource Manager knows them: tokens or SIP URIs. */
  readonly avoid?: readonly string[];
  /** MSML events, bodies of the Media Server's INFO. */
  onMsml(body: Buffer): void;
  /** The Media Server is gone, or ended a leg that we did not end. */
  onLost(loss: AnchorLoss): void;
  /** R33: what a restarted server has to know has changed. */
  onChanged?(): void;
}

/** How a Media Server was lost. */
export interface AnchorLoss {
  readonly reason: string;
  /** Wall clock when it was known to live for the last time. */
  readonly sinceMicros: number;
}

interface AnchorLeg {
  readonly name: string;
  readonly dn: string;
  readonly session: InviteSession;
  readonly stamp: OriginStamp;
  /** What the Media Server answered to the phone's SDP, as it is. */
  answer: Buffer;
  /** The same turned to `sendrecv`. */
  offer: Buffer;
  /** The SDP of the phone that the Media Server has. */
  offered: Buffer;
  /** Offers on one dialog go one after another. */
  queue: Promise<unknown>;
}

/**
 * A call's legs at one Media Server: one INVITE per party with the same conf-id (R11), the affinity token repeated,
 * and MSML in INFO, one outstanding per conference (media-control.md).
 */
export class MediaAnchor {
  readonly confId: string;
  readonly #options: MediaAnchorOptions;
  readonly #madeAt: number;
  readonly #legs = new Map<string, AnchorLeg>();
  #token: string | undefined;
  /** Where it is: the first leg's Contact. */
  #place: string | undefined;
  #msmlQueue: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** The Media Server was reported as lost. */
  #gone = false;
  /** Resolves then: whoever waits for its answer need not wait for a transaction's end. */
  readonly #isLost = Promise.withResolvers<Result<never, AnchorFailure>>();

  constructor(options: MediaAnchorOptions) {
    this.#madeAt = options.clock.now();
    this.#options = options;
    this.confId = options.confId;
  }

  /** How long it has been there, ms. */
  get ageMs(): number {
    return this.#options.clock.now() - this.#madeAt;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The Media Server was lost. */
  get gone(): boolean {
    return this.#gone;
  }

  /** How another Resource Manager, or this one, is told which resource it was. */
  get resource(): string | undefined {
    return this.#token ?? this.#place;
  }

  /** The legs as another Media Server has to be told of them, each with the SDP that this one has. */
  get legs(): readonly { readonly name: string; readonly dn: string; readonly offer: Buffer }[] {
    return Array.from(this.#legs.values(), ({ name, dn, offered }) => ({ name, dn, offer: offered }));
  }

  /** MSML identifier of a leg: `conn:` and the Media Server's To tag (RFC 5707 6.2). */
  connection(name: string): ConnRef | undefined {
    const tag = this.#legs.get(name)?.session.remoteTag;
    return tag === undefined ? undefined : connRef(tag);
  }

  /** The Media Server's answer to the offer of this leg's phone (RFC 3264 6.1: whom it hears, it does not turn). */
  answerFor(name: string): Buffer | undefined {
    return this.#legs.get(name)?.answer;
  }

  /** The Media Server's SDP as an offer to this leg's phone, `sendrecv`. */
  offerFor(name: string): Buffer | undefined {
    return this.#legs.get(name)?.offer;
  }

  /**
   * Brings a leg to the Media Server.
   * @param record the leg may be recorded (`;record` in the Request-URI)
   */
  async addLeg(name: string, dn: string, sdp: Buffer, record: boolean): Promise<Result<undefined, AnchorFailure>> {
    const managers = this.#options.resourceManagers();
    let outcome: Result<undefined, AnchorFailure> = fail({ reason: "no-resource-manager", status: undefined });
    // R32: any of them reaches the same Media Server, by the token.
    for (const [i, manager] of managers.entries()) {
      const patienceMs = i + 1 < managers.length ? MANAGER_SILENCE_MS : undefined;
      const answer = await this.#offerLeg(manager, { name, dn, sdp, record }, patienceMs);
      if (answer !== "silent") return answer;
      this.#options.onSilent(manager);
      outcome = fail({ reason: "no-media-server (no Resource Manager answers)", status: 503 });
      if (this.#closed) break;
    }
    return outcome;
  }

  #offerLeg(
    manager: string,
    { name, dn, sdp, record }: { name: string; dn: string; sdp: Buffer; record: boolean },
    patienceMs: number | undefined,
  ): Promise<Result<undefined, AnchorFailure> | "silent"> {
    const { endpoint, clock, callUuid, geoLocation, from, avoid = [] } = this.#options;
    const headers: [string, string][] = [["X-Genesys-CallUUID", callUuid]];
    if (geoLocation !== undefined) headers.push(["X-Genesys-geo-location", geoLocation]);
    if (this.#token !== undefined) headers.push(["X-Resource-Token", this.#token]);
    if (avoid.length > 0) headers.push(["X-Resource-Avoid", avoid.join(", ")]);
    const stamp = new OriginStamp(
      `${this.#legs.size + 1}${Math.floor(clock.wallMicros() / 1000)}`,
      this.#options.localAddress,
    );
    return new Promise((resolve) => {
      const session = endpoint.invite({
        uri: requestUri(manager, this.confId, dn, record),
        to: { uri: manager },
        from,
        headers,
        body: stamp.stamp(sdp),
        contentType: "application/sdp",
      });
      let silent = false;
      const leave = (): void => {
        silent = true;
        session.cancel();
        resolve("silent");
      };
      const heard = patienceMs === undefined ? (): void => undefined : afterSilence(clock, patienceMs, leave);
      session.on("trying", heard);
      session.on("progress", heard);
      session.on("accepted", (response) => {
        heard();
        if (this.#closed || silent) {
          session.terminate();
          return;
        }
        this.#token ??= response.headers.get("X-Resource-Token");
        this.#place ??= session.remoteTarget;
        const offer = withDirection(response.body, "sendrecv");
        if (offer === undefined) {
          session.terminate();
          resolve(fail({ reason: "media-server-sent-no-sdp", status: response.status }));
          return;
        }
        this.#legs.set(name, {
          name,
          dn,
          session,
          stamp,
          answer: response.body,
          offer,
          offered: sdp,
          queue: Promise.resolve(),
        });
        this.#listen(name, session);
        this.#options.onChanged?.();
        resolve(ok(undefined));
      });
      session.on("rejected", (response) => {
        heard();
        resolve(response.headers.has("X-Synthesised") ? "silent" : fail(failureOf(response)));
      });
      this.#pending.add(session);
      session.on("ended", () => {
        heard();
        this.#pending.delete(session);
      });
    });
  }

  readonly #pending = new Set<InviteSession>();

  /**
   * Tells the Media Server the phone's SDP; resolves with its answer as it is (a hold is answered as such). A phone that
   * takes its streams away is answered in kind: its leg stays, and waits.
   */
  updateLeg(name: string, sdp: Buffer): Promise<Result<Buffer, AnchorFailure>> {
    const leg = this.#legs.get(name);
    if (leg === undefined || this.#closed)
      return Promise.resolve(fail({ reason: "media-server-lost", status: undefined }));
    const next = leg.queue.then(async (): Promise<Result<Buffer, AnchorFailure>> => {
      if (leg.session.state !== "confirmed") return fail({ reason: "media-server-lost", status: undefined });
      const away = takesNothing(sdp);
      const told = away ? (withDirection(leg.offered, "inactive") ?? leg.offered) : sdp;
      const response = await leg.session.reinvite({ body: leg.stamp.stamp(told), contentType: "application/sdp" });
      if (response.status >= 300) return this.#failed(response);
      leg.offered = told;
      if (response.body.length > 0) leg.answer = response.body;
      leg.offer = withDirection(response.body, "sendrecv") ?? leg.offer;
      return ok(away ? sdp : leg.answer);
    });
    leg.queue = next.catch(() => undefined);
    return Promise.race([next, this.#isLost.promise]);
  }

  /** R33: goes on with the legs of before the restart. */
  restore({ token, legs }: AnchorSnapshot): void {
    this.#token = token;
    for (const { name, dn, session: snapshot, stamp, answer, offer, offered } of legs) {
      const session = this.#options.endpoint.restoreSession(snapshot);
      this.#place ??= session.remoteTarget;
      this.#legs.set(name, {
        name,
        dn,
        session,
        stamp: OriginStamp.restored(stamp),
        answer: bytesOf(answer),
        offer: bytesOf(offer),
        offered: bytesOf(offered),
        queue: Promise.resolve(),
      });
      this.#listen(name, session);
    }
  }

  snapshot(): AnchorSnapshot {
    const legs = Array.from(this.#legs.values()).flatMap(({ name, dn, session, stamp, answer, offer, offered }) => {
      const dialog = session.snapshot();
      if (dialog === undefined) return [];
      const said = { answer: textOf(answer), offer: textOf(offer), offered: textOf(offered) };
      return [{ name, dn, session: dialog, stamp: stamp.snapshot(), ...said }];
    });
    return { confId: this.confId, token: this.#token, legs };
  }

  /** Parties that have a leg. */
  get names(): readonly string[] {
    return Array.from(this.#legs.keys());
  }

  /** R33: asks the Media Server, by one leg, whether it still knows the conference. */
  async probe(): Promise<void> {
    const [leg] = this.#legs.values();
    if (leg === undefined) return this.#lost("media-server-lost (no leg is left)");
    const response = await leg.session.refresh();
    if (response.status >= 300) this.#failed(response);
  }

  /** Ends one leg: its party has left the call. */
  removeLeg(name: string): void {
    const leg = this.#legs.get(name);
    this.#legs.delete(name);
    // What is being said about it goes first.
    if (leg !== undefined) void this.#msmlQueue.then(() => leg.session.terminate());
  }

  /** The phone's SDP that the Media Server was last told. */
  offeredBy(name: string): Buffer | undefined {
    return this.#legs.get(name)?.offered;
  }

  /** Sends an MSML document on any live dialog of the conference; resolves with the body of the 200. */
  msml(document: string): Promise<Result<Buffer, AnchorFailure>> {
    const next = this.#msmlQueue.then(async (): Promise<Result<Buffer, AnchorFailure>> => {
      const leg = [...this.#legs.values()].find(({ session }) => session.state === "confirmed");
      if (leg === undefined) return fail({ reason: "media-server-lost", status: undefined });
      const response = await leg.session.request("INFO", { body: document, contentType: "application/msml+xml" });
      return response.status < 300 ? ok(response.body) : this.#failed(response);
    });
    this.#msmlQueue = next.catch(() => undefined);
    return Promise.race([next, this.#isLost.promise]);
  }

  /** Ends every leg. The MSML that is under way is waited for, so that a `stop` reaches the Media Server first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Nobody is there any more to hear it.
    if (!this.#gone) await this.#msmlQueue;
    const legs = [...this.#legs.values()];
    this.#legs.clear();
    for (const session of this.#pending) if (session.state !== "confirmed") session.terminate();
    await Promise.all(legs.map(({ session }) => session.bye().catch((error: unknown) => this.#log(error))));
  }

  /** A 408 or 481, and what we made up because no answer came, means that the Media Server is gone (media-control.md). */
  #failed(response: SipResponse): Result<never, AnchorFailure> {
    const gone = response.headers.has("X-Synthesised") || response.status === 408 || response.status === 481;
    if (gone) this.#lost(`media-server-lost (${response.status} ${response.reason})`);
    return fail(gone ? { reason: "media-server-lost", status: response.status } : failureOf(response));
  }

  #listen(name: string, session: InviteSession): void {
    const { remoteTarget } = session;
    const unwatch =
      remoteTarget === undefined
        ? (): void => undefined
        : this.#options.watch.add(remoteTarget, {
            onGone: (lastHeardMs) => {
              const { clock } = this.#options;
              const agoMicros = Math.max(0, Math.round((clock.now() - lastHeardMs) * 1000));
              this.#lost("media-server-lost (no answer)", clock.wallMicros() - agoMicros);
            },
            onDoubt: () => void this.#ask(session),
          });
    session.on("refreshed", () => this.#options.onChanged?.());
    session.on("request", (incoming) => this.#request(incoming));
    // The Media Server has no reason to offer; what it offers is what it has (its session timer's refresh).
    session.on("reinvite", (incoming) => this.#refresh(name, incoming));
    session.on("update", (incoming) => this.#refresh(name, incoming));
    session.on("ended", ({ by }) => {
      unwatch();
      // Lost first: what it was is to be known to who takes the call elsewhere.
      if (by !== "local") this.#lost(`media-server-leg-ended-${by}`);
      if (this.#legs.get(name)?.session === session) this.#legs.delete(name);
    });
  }

  /** A connection to the server closed, and somebody answers there: only the one that we know has this dialog. */
  async #ask(session: InviteSession): Promise<void> {
    if (this.#closed || this.#gone || session.state !== "confirmed") return;
    const response = await session.request("OPTIONS");
    if (response.status === 481) this.#failed(response);
  }

  #request(incoming: IncomingRequest): void {
    // R30: what a server that was given up has to say when it wakes up counts nothing.
    if (this.#gone || this.#closed) return incoming.respond(481);
    if (incoming.request.method !== "INFO") {
      incoming.respond(501);
      return;
    }
    incoming.respond(200);
    this.#options.onMsml(incoming.request.body);
  }

  #refresh(name: string, incoming: IncomingRequest): void {
    const leg = this.#legs.get(name);
    if (leg === undefined || incoming.request.body.length === 0) incoming.respond(200);
    else incoming.respond(200, { body: leg.stamp.stamp(leg.offered), contentType: "application/sdp" });
  }

  #lost(reason: string, sinceMicros = this.#options.clock.wallMicros()): void {
    if (this.#closed || this.#gone) return;
    this.#gone = true;
    this.#isLost.resolve(fail({ reason: "media-server-lost", status: undefined }));
    this.#options.onLost({ reason, sinceMicros });
  }

  #log(error: unknown): void {
    this.#options.log.warn({ confId: this.confId, error: errorText(error) }, "a Media Server leg did not end cleanly");
  }
}

/** R11: `sip:msml=<conf-id>@<resource-manager>;dn=<DN>[;record]`, the Resource Manager's own parameters kept out. */
function requestUri(resourceManager: string, confId: string, dn: string, record: boolean): string {
  const scheme = resourceManager.startsWith("sips:") ? "sips" : "sip";
  const rest = resourceManager.slice(scheme.length + 1);
  const hostport = rest.slice(rest.indexOf("@") + 1).split(";")[0] ?? rest;
  return `${scheme}:msml=${confId}@${hostport};dn=${encodeURIComponent(dn)}${record ? ";record" : ""}`;
}

function failureOf(response: SipResponse): AnchorFailure {
  const { status } = response;
  if (status === 488 || status === 415) return { reason: "codec", status };
  if (status === 480 || status === 486) return { reason: "media-server-busy", status };
  return { reason: `no-media-server (${status} ${response.reason})`, status };
}
