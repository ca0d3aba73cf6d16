import type { Cancel, Clock, Logger, Result } from "@sidetone/foundation";
import { fail, ok } from "@sidetone/foundation";
import type { IncomingRequest, SipResponse } from "@sidetone/sip";
import type { LegToAnchor } from "./anchor-attempts.ts";
import { unreadable } from "./incoming-body.ts";
import type { AnchorFailure, MediaAnchor } from "./media-anchor.ts";
import type { OfferOutcome, PhoneLeg } from "./phone-leg.ts";
import { isRecordAware, preferenceIn, type RecordIndication, type RecordPreference } from "./record-attribute.ts";
import { relayRequest } from "./relayed-request.ts";
import { audioDirection, inactiveAnswer, sameButOrigin, withDirection } from "./sdp-direction.ts";

const SDP = "application/sdp";
/** How long a phone may take to answer a move, ms: then the others go back. */
const MOVE_PATIENCE_MS = 5000;

/** A phone's answer to a move; 408 where it gave none in time. */
export type Moved = Pick<SipResponse, "reason" | "body"> & { readonly status: number };
type Way = "inactive" | "sendrecv";

/** What a call's media tell the call. */
export interface CallMediaListener {
  /** A phone put its far end on hold, or took it back. */
  onHold(party: string, held: boolean): void;
  /** A phone waits at the Media Server for one that holds: what it hears meanwhile; gives the way to end it. Absent: nothing. */
  readonly music?: ((anchor: MediaAnchor, party: string) => () => void) | undefined;
  /** RFC 7866 7.1.2: what phones that ask for it are told of the recording now. Absent: nothing. */
  readonly recording?: (() => RecordIndication) | undefined;
  /** RFC 7866 7.1.3: a phone said what it would like of the recording. */
  readonly onRecordPreference?: (party: string, preference: RecordPreference) => void;
  /** A phone refers its call somewhere (RFC 3515); answered by who takes it. */
  onRefer(party: string, incoming: IncomingRequest): void;
}

interface Served {
  readonly leg: PhoneLeg;
  /** Its phone is in another call for now (a consultation): this call leaves it alone. */
  away: boolean;
  /** What the phone was last shown by a hold. */
  way: Way;
  /** Ends the music that it hears. */
  endMusic: (() => void) | undefined;
  stop(): void;
}

/**
 * Where the media of a call go, from the moment a second phone is known: between two phones, or through the Media
 * Server. Offers of the phones in mid-call are answered accordingly; phones come and go, and the call can be moved from
 * the one to the other (R17, R30).
 */
export class CallMedia {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listener: CallMediaListener;
  readonly #served = new Map<string, Served>();
  #anchor: MediaAnchor | undefined;
  #moves = 0;
  /** Parties that a client put on hold. */
  #holders: ReadonlySet<string> = new Set();

  constructor(o: { readonly clock: Clock; readonly log: Logger } & CallMediaListener) {
    this.#clock = o.clock;
    this.#log = o.log;
    this.#listener = o;
  }

  /** The Media Server's side, while the call is anchored. Only to be set before the phones were told anything else. */
  get anchor(): MediaAnchor | undefined {
    return this.#anchor;
  }
  set anchor(anchor: MediaAnchor | undefined) {
    if (anchor === this.#anchor) return;
    this.#anchor = anchor;
    // What the one before played ended with it.
    for (const served of this.#served.values()) served.endMusic = undefined;
    if (anchor !== undefined) this.#turnMusic();
  }

  /** Parties whose phones are served here. */
  get parties(): readonly string[] {
    return Array.from(this.#served.keys());
  }

  /** The party's phone is in another call. */
  isAway(party: string): boolean {
    return this.#served.get(party)?.away === true;
  }

  /** From now on what the phone says in its dialog passes to the others, or is answered here. Again: another dialog. */
  serve(leg: PhoneLeg): void {
    if (this.#served.get(leg.party)?.leg.session === leg.session) return;
    this.drop(leg.party);
    this.#indicateTo(leg);
    this.#served.set(leg.party, { leg, away: false, way: "sendrecv", endMusic: undefined, stop: this.#listenTo(leg) });
  }

  /** The answer to the offer of a phone that is to take the place of a party's; empty: an offer to it. */
  async answerInPlaceOf(party: string, offer: Buffer): Promise<OfferOutcome> {
    const served = this.#served.get(party);
    const peer = served === undefined ? undefined : this.#peerOf(served);
    if (served === undefined || served.away || (peer === undefined && this.#anchor === undefined))
      return { status: 488 };
    // RFC 3261 14.2: an offer of ours to one of the phones is under way.
    if (this.#moves > 0) return { status: 500, reason: "Media Being Moved" };
    if (offer.length > 0) return this.#move(() => this.#answerOffer(served, peer, offer, "INVITE"));
    const body = this.#anchor === undefined ? peer?.leg.session.remoteSdp : this.#shown(this.#anchor, served);
    return body === undefined ? { status: 488 } : { status: 200, body };
  }

  /**
   * A phone takes the place of a party's: of the same party, which goes on as it was, or of another.
   * @param offer what it was answered to; it says whether it holds
   */
  takeOver(party: string, leg: PhoneLeg, offer: Buffer): void {
    const before = this.#served.get(party);
    before?.stop();
    if (leg.party !== party) this.drop(party);
    this.#indicateTo(leg);
    const [way, endMusic] = [before?.way ?? "sendrecv", before?.endMusic];
    this.#served.set(leg.party, { leg, away: false, way, endMusic, stop: this.#listenTo(leg) });
    this.#noteHold(leg, offer);
  }

  /** The party has left, or its phone has not: nothing of it is served any more. */
  drop(party: string): void {
    this.#served.get(party)?.stop();
    this.#served.delete(party);
    this.#holders = new Set(Array.from(this.#holders).filter((one) => one !== party));
  }

  /** Stops serving every phone. */
  close(): void {
    for (const party of this.parties) this.drop(party);
  }

  /** The legs as a Media Server has to be told of them; undefined before every phone has said its SDP. */
  legs(): readonly LegToAnchor[] | undefined {
    const legs: LegToAnchor[] = [];
    for (const { leg, away } of this.#served.values()) {
      const sdp = leg.session.remoteSdp;
      if (sdp === undefined) return undefined;
      legs.push({ name: leg.party, dn: leg.dn, offer: away ? (withDirection(sdp, "inactive") ?? sdp) : sdp });
    }
    return legs;
  }

  /**
   * Moves an established call to the Media Server, where all legs are already: the phones are re-INVITEd together, then
   * the leg of a phone whose SDP changed is corrected. If one refuses, the others go back (media-control.md).
   */
  moveTo(anchor: MediaAnchor): Promise<Result<undefined, AnchorFailure>> {
    return this.#move(async () => {
      const here = this.#present();
      const told = await Promise.all(
        here.map(async (served) => {
          const shown = this.#shown(anchor, served);
          const back = this.#peerOf(served)?.leg.session.remoteSdp;
          return {
            served,
            answer: shown === undefined ? undefined : await this.#offerInTime(served.leg, shown, back),
            back,
          };
        }),
      );
      const refused = told.find(({ answer }) => answer === undefined || answer.status >= 300);
      if (refused !== undefined) {
        await this.#takeBack(told.filter(({ answer }) => answer !== undefined && answer.status < 300));
        if (refused.answer === undefined) return fail({ reason: "no-sdp", status: undefined });
        return fail(refusedMove(refused.answer));
      }
      await Promise.all(
        told.flatMap(({ served, answer }) => (answer === undefined ? [] : [correct(anchor, served.leg, answer)])),
      );
      this.anchor = anchor;
      return ok(undefined);
    });
  }

  /** The media are being moved from now on, until the returned function is called: phones that offer are told to wait. */
  suspend(): () => void {
    this.#moves += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#moves -= 1;
      this.indicate();
    };
  }

  /**
   * RFC 7866 7.1.2: the recording is another than phones that show it were told. What moves the media tells them as well:
   * then nothing is said besides.
   */
  indicate(): void {
    if (this.#moves > 0) return;
    for (const { leg } of this.#present()) {
      const { session, stamp } = leg;
      const body = session.localSdp;
      if (session.state !== "confirmed" || stamp.indication() === stamp.indicated || body === undefined) continue;
      const offer = { body: stamp.stamp(body), contentType: SDP };
      void (session.remoteAllow.has("UPDATE") ? session.update(offer) : session.reinvite(offer)).then(({ status }) => {
        if (status >= 300) this.#log.info({ dn: leg.dn, status }, "a phone was not told of its recording");
      });
    }
  }

  /** From now on the phone is told of this call's recording. */
  #indicateTo({ session, stamp }: PhoneLeg): void {
    const { recording } = this.#listener;
    if (recording !== undefined) stamp.indication = () => (isRecordAware(session) ? recording() : undefined);
  }

  /**
   * R30: tells an established phone where its leg at `anchor` is, which may not be the call's Media Server yet. Resolves
   * with the phone's answer, 408 where it gave none in time; undefined where there is no phone to tell.
   */
  async showAt(anchor: MediaAnchor, party: string): Promise<Moved | undefined> {
    const served = this.#served.get(party);
    if (served === undefined || served.away || served.leg.session.state !== "confirmed") return undefined;
    const shown = this.#shown(anchor, served);
    if (shown === undefined) return undefined;
    const answer = await this.#offerInTime(served.leg, shown, undefined);
    if (answer.status < 300) await correct(anchor, served.leg, answer);
    // Its call is over: nothing that it would have refused.
    return (served.leg.session.state as string) === "ended" ? undefined : answer;
  }

  /** Two phones are joined to each other: the Media Server is gone (R30), or one has come in the place of another. */
  moveToDirect(): Promise<Result<undefined, AnchorFailure>> {
    this.#anchor = undefined;
    return this.#move(async () => {
      const [a, b, ...more] = this.#present();
      if (a === undefined || b === undefined || more.length > 0) {
        return fail({ reason: "no-media-server (a conference needs one)", status: undefined });
      }
      return this.#pair(a, b);
    });
  }

  /** Shows an established phone what it hears here: it has come from another call, or comes back from it. */
  async show(party: string): Promise<Result<undefined, AnchorFailure>> {
    const served = this.#served.get(party);
    const anchor = this.#anchor;
    if (served === undefined) return fail({ reason: "party-gone", status: undefined });
    if (anchor === undefined) return this.moveToDirect();
    return this.#move(async () => {
      const shown = this.#shown(anchor, served);
      if (shown === undefined) return fail({ reason: "media-server-lost", status: undefined });
      const answer = await this.#offerInTime(served.leg, shown, undefined);
      if (answer.status >= 300) return fail(refusedMove(answer));
      await correct(anchor, served.leg, answer);
      return ok(undefined);
    });
  }

  /**
   * RequestHoldCall, RequestRetrieveCall: the phone gets `a=inactive`, or its media back, and so does the other one of
   * two. Resolves with why it could not be done.
   */
  async hold(party: string, held: boolean): Promise<string | undefined> {
    const before = this.#holders;
    if (held) this.#holders = new Set([...before, party]);
    else if (before.has(party)) this.#holders = new Set(Array.from(before).filter((one) => one !== party));
    else return "its own phone holds the call: only that can take it back";
    if (this.#moves > 0) {
      this.#holders = before;
      return "the media of the call are being moved";
    }
    const refusal = await this.#turn();
    if (refusal === undefined) return undefined;
    this.#holders = before;
    await this.#turn();
    return refusal;
  }

  /** The party's phone goes into another call: this one waits for it, and nobody hears anything. */
  async leave(party: string): Promise<string | undefined> {
    const served = this.#served.get(party);
    if (served === undefined) return "the phone is not in the call";
    served.away = true;
    served.stop();
    this.#holders = new Set([...this.#holders, party]);
    return this.#turn();
  }

  /** The party's phone is in this call again. */
  async comeBack(party: string): Promise<string | undefined> {
    const served = this.#served.get(party);
    if (served === undefined) return "the phone is not in the call";
    this.gather(party);
    const shown = await this.show(party);
    if (!shown.ok) return shown.error.reason;
    return this.#turn();
  }

  /** As `comeBack`, but its phone is shown its media by what comes next. */
  gather(party: string): void {
    const served = this.#served.get(party);
    if (served?.away === true) {
      served.stop = this.#listenTo(served.leg);
      this.#indicateTo(served.leg);
      served.away = false;
    }
    this.#holders = new Set(Array.from(this.#holders).filter((one) => one !== party));
  }

  /** Tells every phone that is in the call whether it hears the others now. */
  async settle(): Promise<void> {
    const refused = await this.#turn();
    if (refused !== undefined) this.#log.warn({ reason: refused }, "a phone did not take its media back");
  }

  // Moves

  async #move<T>(work: () => Promise<T>): Promise<T> {
    this.#moves += 1;
    try {
      return await work();
    } finally {
      this.#moves -= 1;
      this.indicate();
    }
  }

  #present(): readonly Served[] {
    return Array.from(this.#served.values()).filter(({ away }) => !away);
  }

  /** The other one of two phones. */
  #peerOf(served: Served): Served | undefined {
    const others = Array.from(this.#served.values()).filter((one) => one !== served);
    return others.length === 1 ? others[0] : undefined;
  }

  async #pair(a: Served, b: Served): Promise<Result<undefined, AnchorFailure>> {
    const sdpB = b.leg.session.remoteSdp;
    if (sdpB === undefined) return fail({ reason: "no-sdp", status: undefined });
    const toA = await this.#offer(a.leg, this.#asShown(sdpB, a));
    // Of a phone that refuses the other one is told all the same: nobody else would send to it.
    const sdpA = toA.status < 300 ? toA.body : a.leg.session.remoteSdp;
    const toB = sdpA === undefined ? toA : await this.#offer(b.leg, this.#asShown(sdpA, b));
    const refused = [toA, toB].find(({ status }) => status >= 300);
    return refused === undefined ? ok(undefined) : fail(refusedMove(refused));
  }

  /** What a phone hears while clients' holds last: of two phones neither, or music who waits; in a conference all but who holds. */
  #wayOf(served: Served): Way {
    if (this.#holders.size === 0) return "sendrecv";
    if (this.#holders.has(served.leg.party)) return "inactive";
    return this.#served.size <= 2 && !this.#waitsWithMusic(served) ? "inactive" : "sendrecv";
  }

  /** One of two phones, of which the other one holds, at a Media Server that plays. */
  #waitsWithMusic({ leg }: Served): boolean {
    const { music } = this.#listener;
    const waits = this.#holders.size > 0 && this.#served.size === 2 && !this.#holders.has(leg.party);
    return waits && music !== undefined && this.#anchor !== undefined;
  }

  #turnMusic(): void {
    const anchor = this.#anchor;
    for (const served of this.#served.values()) {
      const waits = !served.away && this.#waitsWithMusic(served);
      if (waits && anchor !== undefined) served.endMusic ??= this.#listener.music?.(anchor, served.leg.party);
      else if (served.endMusic !== undefined) {
        served.endMusic();
        served.endMusic = undefined;
      }
    }
  }

  #silenced(sdp: Buffer, served: Served): Buffer {
    served.way = this.#wayOf(served);
    return served.way === "sendrecv" ? sdp : (withDirection(sdp, "inactive") ?? sdp);
  }

  /** A phone's SDP as another one is shown it: what that phone was silenced with is not its own will. */
  #asShown(sdp: Buffer, served: Served): Buffer {
    const own = audioDirection(sdp) === "inactive" ? (withDirection(sdp, "sendrecv") ?? sdp) : sdp;
    return this.#silenced(own, served);
  }

  #shown(anchor: MediaAnchor, served: Served): Buffer | undefined {
    const answer = anchor.offerFor(served.leg.party);
    return answer === undefined ? undefined : this.#silenced(answer, served);
  }

  /** Tells every phone whose direction has changed. Resolves with the first refusal. */
  #turn(): Promise<string | undefined> {
    return this.#move(async () => {
      this.#turnMusic();
      const changed = this.#present().filter((served) => served.way !== this.#wayOf(served));
      if (changed.length === 0) return undefined;
      const anchor = this.#anchor;
      if (anchor !== undefined) {
        const told = await Promise.all(changed.map((served) => this.#turnAnchored(served, anchor)));
        return told.find((refusal) => refusal !== undefined);
      }
      return this.#turnDirect(changed);
    });
  }

  async #turnAnchored(served: Served, anchor: MediaAnchor): Promise<string | undefined> {
    const shown = anchor.offerFor(served.leg.party);
    if (shown === undefined) return "the Media Server is gone";
    const way = this.#wayOf(served);
    const response = await this.#offer(served.leg, withDirection(shown, way) ?? shown);
    if (response.status >= 300) return refusal(served.leg, response);
    served.way = way;
    if (response.body.length > 0) await anchor.updateLeg(served.leg.party, response.body);
    return undefined;
  }

  /** The phones of a direct call, one after the other: what the one answers is shown to the other. */
  async #turnDirect(changed: readonly Served[]): Promise<string | undefined> {
    const inOrder = changed.toReversed();
    let answer: Buffer | undefined;
    for (const served of inOrder) {
      const sdp = answer ?? this.#peerOf(served)?.leg.session.remoteSdp;
      const way = this.#wayOf(served);
      const turned = sdp === undefined ? undefined : withDirection(sdp, way);
      if (turned === undefined) return `the phone of ${served.leg.dn} has said no media yet`;
      const response = await this.#offer(served.leg, turned);
      if (response.status >= 300) return refusal(served.leg, response);
      served.way = way;
      answer = response.body;
    }
    return undefined;
  }

  #offer(leg: PhoneLeg, sdp: Buffer): Promise<SipResponse> {
    return leg.session.reinvite({ body: leg.stamp.stamp(sdp), contentType: SDP });
  }

  /** A phone that answers after all, when the move is off, is shown the other phone again (`back`). */
  async #offerInTime(leg: PhoneLeg, sdp: Buffer, back: Buffer | undefined): Promise<Moved> {
    let cancel: Cancel = () => undefined;
    let late = false;
    const patience = new Promise<Moved>((resolve) => {
      cancel = this.#clock.after(MOVE_PATIENCE_MS, () => {
        late = true;
        resolve({ status: 408, reason: "No Answer To The Move", body: Buffer.alloc(0) });
      });
    });
    const answer = this.#offer(leg, sdp).then((response) => {
      if (late && back !== undefined && response.status < 300) void this.#offer(leg, back);
      return response;
    });
    return Promise.race([answer, patience]).finally(cancel);
  }

  async #takeBack(moved: readonly { readonly served: Served; readonly back: Buffer | undefined }[]): Promise<void> {
    const undo = moved.flatMap(({ served, back }) => (back === undefined ? [] : [this.#offer(served.leg, back)]));
    for (const response of await Promise.all(undo)) {
      if (response.status >= 300)
        this.#log.warn({ status: response.status }, "a phone refused to go back to direct media");
    }
  }

  // What the phones say

  #listenTo(leg: PhoneLeg): () => void {
    const off = [
      leg.session.on("reinvite", (incoming) => this.#phoneOffers(leg, incoming)),
      leg.session.on("update", (incoming) => this.#phoneOffers(leg, incoming)),
      leg.session.on("request", (incoming) => this.#phoneSays(leg, incoming)),
    ];
    return () => {
      for (const one of off.splice(0)) one();
    };
  }

  #phoneSays(leg: PhoneLeg, incoming: IncomingRequest): void {
    if (incoming.request.method === "REFER") return this.#listener.onRefer(leg.party, incoming);
    const served = this.#served.get(leg.party);
    const peer = served === undefined ? undefined : this.#peerOf(served);
    if (peer === undefined) incoming.respond(incoming.request.method === "INFO" ? 200 : 501);
    else void relayRequest(peer.leg, incoming);
  }

  #phoneOffers(leg: PhoneLeg, incoming: IncomingRequest): void {
    const served = this.#served.get(leg.party);
    const peer = served === undefined ? undefined : this.#peerOf(served);
    if (this.#moves > 0) {
      // Our own re-INVITE towards this phone is under way or about to go.
      incoming.respond(491);
      return;
    }
    if (served === undefined || (peer === undefined && this.#anchor === undefined)) {
      incoming.respond(488);
      return;
    }
    const { body, method } = incoming.request;
    if (body.length === 0) {
      if (method === "UPDATE") incoming.respond(200);
      else this.#offerless(served, peer, incoming);
      return;
    }
    const bad = unreadable(body);
    if (bad !== undefined) {
      incoming.respond(400, { reason: bad });
      return;
    }
    void this.#answerOffer(served, peer, body, method).then((outcome) => {
      if (outcome.status < 300) this.#noteHold(leg, body);
      respond(leg, incoming, outcome);
      const preference = preferenceIn(body);
      if (preference !== undefined) this.#listener.onRecordPreference?.(leg.party, preference);
    });
  }

  async #answerOffer(served: Served, peer: Served | undefined, offer: Buffer, method: string): Promise<OfferOutcome> {
    const anchor = this.#anchor;
    if (anchor !== undefined) {
      const answer = await anchor.updateLeg(served.leg.party, this.#silenced(offer, served));
      if (answer.ok) return { status: 200, body: answer.value };
      // R30: the call is on its way to another one; the phone asks again (RFC 3261 14.1).
      return anchor.gone ? { status: 491 } : { status: 488, reason: answer.error.reason };
    }
    if (peer === undefined) return { status: 488 };
    if (peer.away) return { status: 200, body: inactiveAnswer(offer) };
    const other = peer.leg;
    const relayed = { body: other.stamp.stamp(this.#silenced(offer, peer)), contentType: SDP };
    const response =
      method === "UPDATE" && other.session.remoteAllow.has("UPDATE")
        ? await other.session.update(relayed)
        : await other.session.reinvite({ ...relayed, retry491: false });
    return { status: response.status, reason: response.reason, body: response.body };
  }

  /** An offerless re-INVITE: we (or the other phone) offer in the 200, the answer comes in the ACK. */
  #offerless(served: Served, peer: Served | undefined, incoming: IncomingRequest): void {
    const { leg } = served;
    const anchor = this.#anchor;
    if (anchor !== undefined) {
      const offer = this.#shown(anchor, served);
      if (offer === undefined) {
        incoming.respond(500);
        return;
      }
      incoming.onAck = (ack) => {
        if (ack.body.length > 0) void anchor.updateLeg(leg.party, ack.body);
      };
      respond(leg, incoming, { status: 200, body: offer });
      return;
    }
    if (peer === undefined || peer.away) return incoming.respond(488);
    const other = peer.leg;
    void other.session.reinvite({ retry491: false, autoAck: false }).then((response) => {
      if (response.status < 300) {
        incoming.onAck = (ack) => other.session.ack(other.stamp.stamp(this.#silenced(ack.body, peer)));
      }
      const body = this.#silenced(response.body, served);
      respond(leg, incoming, { status: response.status, reason: response.reason, body });
    });
  }

  #noteHold(leg: PhoneLeg, offer: Buffer): void {
    if (this.#holders.has(leg.party)) return;
    const way = offer.length === 0 ? "sendrecv" : audioDirection(offer);
    if (way !== undefined) this.#listener.onHold(leg.party, way === "sendonly" || way === "inactive");
  }
}

/** A phone that answered the move with another SDP than the Media Server knows: it is told. */
async function correct(anchor: MediaAnchor, leg: PhoneLeg, answer: Moved): Promise<void> {
  const known = anchor.offeredBy(leg.party);
  if (answer.body.length === 0 || (known !== undefined && sameButOrigin(known, answer.body))) return;
  await anchor.updateLeg(leg.party, answer.body);
}

function respond(leg: PhoneLeg, incoming: IncomingRequest, outcome: OfferOutcome): void {
  const { status, reason, body } = outcome;
  incoming.respond(status, {
    ...(reason === undefined ? {} : { reason }),
    ...(status < 300 && body !== undefined && body.length > 0 ? { body: leg.stamp.stamp(body), contentType: SDP } : {}),
  });
}

function refusedMove({ status, reason }: Moved): AnchorFailure {
  return { reason: `phone-refused-move (${status} ${reason})`, status };
}

function refusal({ dn }: PhoneLeg, response: SipResponse): string {
  return `the phone of ${dn} refused (${response.status} ${response.reason})`;
}
