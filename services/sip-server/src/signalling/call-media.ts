import type { Cancel, Clock, Logger, Result } from "@sidetone/foundation";
import { fail, ok } from "@sidetone/foundation";
import type { IncomingRequest, SipResponse } from "@sidetone/sip";
import type { LegToAnchor } from "./anchor-attempts.ts";
import { unreadable } from "./incoming-body.ts";
import type { AnchorFailure, MediaAnchor } from "./media-anchor.ts";
import type { OfferOutcome, PhoneLeg } from "./phone-leg.ts";
import { relayRequest } from "./relayed-request.ts";
import { audioDirection, withDirection } from "./sdp-direction.ts";
import { turnMedia } from "./turned-media.ts";

const SDP = "application/sdp";
/** How long a phone may take to answer a move, ms: then the other one goes back. */
const MOVE_PATIENCE_MS = 5000;

/** A phone's answer to a move; without status where it gave none in time. */
type Moved = Pick<SipResponse, "reason" | "body"> & { readonly status: number };

/** What a call's media tell the call. */
export interface CallMediaListener {
  /** A phone put its far end on hold, or took it back. */
  onHold(party: string, held: boolean): void;
}

/**
 * Where the media of a two-party call go, from the moment the called phone is known: between the phones, or through the Media Server. Offers of the
 * phones in mid-call are answered accordingly, and the call can be moved from the one to the other (R17, R30).
 */
export class CallMedia {
  readonly #a: PhoneLeg;
  readonly #b: PhoneLeg;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listener: CallMediaListener;
  readonly #unsubscribe: (() => void)[] = [];
  #anchor: MediaAnchor | undefined;
  #moving = false;
  /** Parties that a client put on hold: while there is one, no phone hears anything. */
  #holders: ReadonlySet<string> = new Set();

  constructor(
    phones: { readonly a: PhoneLeg; readonly b: PhoneLeg },
    anchor: MediaAnchor | undefined,
    o: { readonly clock: Clock; readonly log: Logger } & CallMediaListener,
  ) {
    const { a, b } = phones;
    this.#a = a;
    this.#b = b;
    this.#anchor = anchor;
    this.#clock = o.clock;
    this.#log = o.log;
    this.#listener = o;
    this.#serve(a, b);
    this.#serve(b, a);
  }

  /** Stops serving the phones: another leg takes the called party's place. */
  close(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
  }

  /** The phone whose dialog the called party's leg is. */
  get called(): PhoneLeg {
    return this.#b;
  }

  /** The Media Server's side, while the call is anchored. */
  get anchor(): MediaAnchor | undefined {
    return this.#anchor;
  }

  /** The legs as a Media Server has to be told of them; undefined before both phones have said their SDP. */
  legs(): readonly LegToAnchor[] | undefined {
    const legs: LegToAnchor[] = [];
    for (const { party, dn, session } of [this.#a, this.#b]) {
      if (session.remoteSdp === undefined) return undefined;
      legs.push({ name: party, dn, offer: session.remoteSdp });
    }
    return legs;
  }

  /**
   * Moves an established call to the Media Server, where both legs are already: both phones are re-INVITEd together,
   * then the leg of a phone whose SDP changed is corrected. If one refuses, both go back (media-control.md).
   */
  async moveTo(anchor: MediaAnchor): Promise<Result<undefined, AnchorFailure>> {
    const [shownA, shownB] = [this.#shown(anchor, this.#a), this.#shown(anchor, this.#b)];
    const [sdpA, sdpB] = [this.#a.session.remoteSdp, this.#b.session.remoteSdp];
    if (shownA === undefined || shownB === undefined || sdpA === undefined || sdpB === undefined) {
      return fail({ reason: "no-sdp", status: undefined });
    }
    this.#moving = true;
    try {
      const [toA, toB] = await Promise.all([
        this.#offerInTime(this.#a, shownA, sdpB),
        this.#offerInTime(this.#b, shownB, sdpA),
      ]);
      if (toA.status >= 300 || toB.status >= 300) {
        await this.#backToDirect(toA, sdpA, toB, sdpB);
        const refusal = toA.status >= 300 ? toA : toB;
        return fail({ reason: `phone-refused-move (${refusal.status} ${refusal.reason})`, status: refusal.status });
      }
      await Promise.all([correct(anchor, this.#a, toA), correct(anchor, this.#b, toB)]);
      this.#anchor = anchor;
      return ok(undefined);
    } finally {
      this.#moving = false;
    }
  }

  /** The Media Server is gone: the phones are joined to each other again (R30). */
  async moveToDirect(): Promise<Result<undefined, AnchorFailure>> {
    this.#anchor = undefined;
    this.#moving = true;
    try {
      const sdpB = this.#b.session.remoteSdp;
      if (sdpB === undefined) return fail({ reason: "no-sdp", status: undefined });
      const toA = await this.#offer(this.#a, sdpB);
      if (toA.status >= 300) return fail({ reason: `phone-refused-move (${toA.status})`, status: toA.status });
      const toB = await this.#offer(this.#b, toA.body);
      if (toB.status >= 300) return fail({ reason: `phone-refused-move (${toB.status})`, status: toB.status });
      return ok(undefined);
    } finally {
      this.#moving = false;
    }
  }

  /**
   * RequestHoldCall, RequestRetrieveCall: both phones get `a=inactive`, or their media back. Resolves with why it could
   * not be done.
   */
  async hold(party: string, held: boolean): Promise<string | undefined> {
    const holders = new Set(this.#holders);
    if (held) holders.add(party);
    else if (!holders.delete(party)) return "its own phone holds the call: only that can take it back";
    if (this.#moving) return "the media of the call are being moved";
    if (holders.size > 0 !== this.#holders.size > 0) {
      this.#moving = true;
      try {
        const refusal = await turnMedia({ a: this.#a, b: this.#b }, this.#anchor, held ? "inactive" : "sendrecv");
        if (refusal !== undefined) return refusal;
      } finally {
        this.#moving = false;
      }
    }
    this.#holders = holders;
    return undefined;
  }

  #shown(anchor: MediaAnchor, leg: PhoneLeg): Buffer | undefined {
    const answer = anchor.offerFor(leg.party);
    return answer === undefined ? undefined : this.#silenced(answer);
  }

  /** What a phone is told of the other side while a client's hold lasts. */
  #silenced(sdp: Buffer): Buffer {
    return this.#holders.size === 0 ? sdp : (withDirection(sdp, "inactive") ?? sdp);
  }

  #offer(leg: PhoneLeg, sdp: Buffer): Promise<SipResponse> {
    return leg.session.reinvite({ body: leg.stamp.stamp(sdp), contentType: SDP });
  }

  /** A phone that answers after all, when the move is off, is shown the other phone again (`back`). */
  async #offerInTime(leg: PhoneLeg, sdp: Buffer, back: Buffer): Promise<Moved> {
    let cancel: Cancel = () => undefined;
    let late = false;
    const patience = new Promise<Moved>((resolve) => {
      cancel = this.#clock.after(MOVE_PATIENCE_MS, () => {
        late = true;
        resolve({ status: 408, reason: "No Answer To The Move", body: Buffer.alloc(0) });
      });
    });
    const answer = this.#offer(leg, sdp).then((response) => {
      if (late && response.status < 300) void this.#offer(leg, back);
      return response;
    });
    return Promise.race([answer, patience]).finally(cancel);
  }

  async #backToDirect(toA: Moved, sdpA: Buffer, toB: Moved, sdpB: Buffer): Promise<void> {
    const undo: Promise<SipResponse>[] = [];
    if (toA.status < 300) undo.push(this.#offer(this.#a, sdpB));
    if (toB.status < 300) undo.push(this.#offer(this.#b, sdpA));
    for (const response of await Promise.all(undo)) {
      if (response.status >= 300)
        this.#log.warn({ status: response.status }, "a phone refused to go back to direct media");
    }
  }

  #serve(leg: PhoneLeg, other: PhoneLeg): void {
    this.#unsubscribe.push(
      leg.session.on("reinvite", (incoming) => this.#phoneOffers(leg, other, incoming)),
      leg.session.on("update", (incoming) => this.#phoneOffers(leg, other, incoming)),
      leg.session.on("request", (incoming) => void relayRequest(other, incoming)),
    );
  }

  #phoneOffers(leg: PhoneLeg, other: PhoneLeg, incoming: IncomingRequest): void {
    if (this.#moving) {
      // Our own re-INVITE towards this phone is under way or about to go.
      incoming.respond(491);
      return;
    }
    const { body, method } = incoming.request;
    if (body.length === 0) {
      if (method === "UPDATE") incoming.respond(200);
      else this.#offerless(leg, other, incoming);
      return;
    }
    const bad = unreadable(body);
    if (bad !== undefined) {
      incoming.respond(400, { reason: bad });
      return;
    }
    void this.#answerOffer(leg, other, body, method).then((outcome) => {
      if (outcome.status < 300) this.#noteHold(leg, body);
      respond(leg, incoming, outcome);
    });
  }

  async #answerOffer(leg: PhoneLeg, other: PhoneLeg, offer: Buffer, method: string): Promise<OfferOutcome> {
    if (this.#anchor !== undefined) {
      const answer = await this.#anchor.updateLeg(leg.party, this.#silenced(offer));
      return answer.ok ? { status: 200, body: answer.value } : { status: 488, reason: answer.error.reason };
    }
    const relayed = { body: other.stamp.stamp(this.#silenced(offer)), contentType: SDP };
    const response =
      method === "UPDATE" && other.session.remoteAllow.has("UPDATE")
        ? await other.session.update(relayed)
        : await other.session.reinvite({ ...relayed, retry491: false });
    return { status: response.status, reason: response.reason, body: response.body };
  }

  /** An offerless re-INVITE: we (or the other phone) offer in the 200, the answer comes in the ACK. */
  #offerless(leg: PhoneLeg, other: PhoneLeg, incoming: IncomingRequest): void {
    const anchor = this.#anchor;
    if (anchor !== undefined) {
      const offer = this.#shown(anchor, leg);
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
    void other.session.reinvite({ retry491: false, autoAck: false }).then((response) => {
      if (response.status < 300) {
        incoming.onAck = (ack) => other.session.ack(other.stamp.stamp(this.#silenced(ack.body)));
      }
      const body = this.#silenced(response.body);
      respond(leg, incoming, { status: response.status, reason: response.reason, body });
    });
  }

  #noteHold(leg: PhoneLeg, offer: Buffer): void {
    if (this.#holders.has(leg.party)) return;
    const way = audioDirection(offer);
    if (way !== undefined) this.#listener.onHold(leg.party, way === "sendonly" || way === "inactive");
  }
}

/** A phone that answered the move with another SDP than the Media Server knows: it is told. */
async function correct(anchor: MediaAnchor, leg: PhoneLeg, answer: Moved): Promise<void> {
  const known = anchor.offeredBy(leg.party);
  if (answer.body.length > 0 && known?.equals(answer.body) !== true) await anchor.updateLeg(leg.party, answer.body);
}

function respond(leg: PhoneLeg, incoming: IncomingRequest, outcome: OfferOutcome): void {
  const { status, reason, body } = outcome;
  incoming.respond(status, {
    ...(reason === undefined ? {} : { reason }),
    ...(status < 300 && body !== undefined && body.length > 0 ? { body: leg.stamp.stamp(body), contentType: SDP } : {}),
  });
}
