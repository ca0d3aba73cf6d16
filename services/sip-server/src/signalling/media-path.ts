import type { Cancel, Result } from "@sidetone/foundation";
import { fail, ok } from "@sidetone/foundation";
import type { SipResponse } from "@sidetone/sip";
import { type MediaState, mediaState } from "../restore/media-state.ts";
import {
  type AnchorRequest,
  anchorCall,
  buildAnchor,
  growAnchor,
  type LegToAnchor,
  newAnchor,
  restoredAnchor,
} from "./anchor-attempts.ts";
import { CallMedia } from "./call-media.ts";
import type { CallerSide } from "./caller-side.ts";
import type { AnchorFailure, AnchorLoss, MediaAnchor } from "./media-anchor.ts";
import { type Recovered, recoverAnchor } from "./media-recovery.ts";
import {
  type Callee,
  CONFERENCE_ATTEMPTS,
  RETRY_MS,
  MOST_LOSSES,
  LOSSES_IN_A_ROW_MS,
  type MediaPathOptions,
} from "./media-path-options.ts";
import { legsFor, musicOf, offerOf, sameMedia } from "./media-shown.ts";
import type { OfferOutcome, PhoneLeg } from "./phone-leg.ts";
import type { AnchorForRecording } from "./recording-control.ts";
import { canAnchor, placeholderOffer } from "./sdp-direction.ts";

const SDP = "application/sdp";
/**
 * Which way the media of one call go, from its set-up to its end: to a Media Server before anyone rings, back between
 * the phones where that fails or is lost, there again in mid-call when a recording or a conference needs it.
 */
export class MediaPath {
  readonly #o: MediaPathOptions;
  readonly #media: CallMedia;
  #anchor: MediaAnchor | undefined;
  /** The Media Server whose address a phone that rings, or rang, was offered. */
  readonly #offeredOf = new Map<string, MediaAnchor>();
  /** R30: a recovery is under way until all phones have been told; resolves then. */
  #recovery: Promise<void> | undefined;
  /** Parties that left while the call was on its way to another Media Server. */
  readonly #left = new Set<string>();
  /** When Media Servers were lost, ms. */
  #losses: readonly number[] = [];
  #retry: Cancel = () => undefined;
  /** The call was anchored for more than this: its legs may be recorded. */
  #recordable = false;
  /** Tries to anchor in mid-call: each takes the next Resource Manager. */
  #attempts = 0;
  #failure: string | undefined;
  /** Anchors that were begun, until they are closed. */
  readonly #made = new Set<MediaAnchor>();
  #moving: Promise<Result<AnchorForRecording, string>> | undefined;

  constructor(o: MediaPathOptions) {
    this.#o = o;
    const { context, log, onHold, onRefer, onChanged, recording, onRecordPreference } = o;
    const told = { onHold, onRefer, onChanged, recording, onRecordPreference, music: musicOf(context, log) };
    this.#media = new CallMedia({ clock: context.clock, log, ...told });
  }

  snapshot(): MediaState {
    const parts = { media: this.#media, anchor: this.#anchor, made: this.#made, failure: this.#failure };
    return mediaState({ ...parts, moving: this.#recovery !== undefined });
  }

  /** R33: goes on with the media of before the restart. */
  restore(snapshot: MediaState, legOf: (party: string) => PhoneLeg | undefined): void {
    const { media, anchor } = snapshot;
    this.#failure = snapshot.mediaFailure;
    this.#recordable = anchor !== undefined;
    if (anchor !== undefined) this.#setAnchor(restoredAnchor(this.#o.context, this.#request(), anchor));
    this.#media.restore(media, legOf);
  }

  /** The Media Server where the call is now. */
  get anchor(): MediaAnchor | undefined {
    return this.#anchor;
  }

  /** Parties whose phones are served here. */
  get parties(): readonly string[] {
    return this.#media.parties;
  }

  /** Why the media of a call that should be anchored go direct; undefined while it is on its way to another Media Server. */
  get failure(): string | undefined {
    return this.#recovery === undefined ? this.#failure : undefined;
  }

  /** RFC 7866 7.1.2: the call's recording changed. */
  recordingChanged(): void {
    this.#media.indicate();
  }

  // Set-up

  /** Brings the legs of caller and called to a Media Server and joins them, before anyone rings. Without `called` the caller's alone. */
  async anchorForSetup(called: Callee | undefined): Promise<Result<MediaAnchor, AnchorFailure>> {
    const { context, caller } = this.#o;
    const offer = this.#o.offer();
    const own = { name: caller.party, dn: caller.dn, offer: offer.length > 0 ? offer : placeholderOffer(offer) };
    const other = called === undefined ? [] : [{ name: called.party, dn: called.dn, offer: placeholderOffer(offer) }];
    const anchored = canAnchor(offer)
      ? await anchorCall(context, this.#request(), [own, ...other])
      : fail<AnchorFailure>({ reason: "codec", status: 488 });
    if (!anchored.ok) {
      this.#failure = anchored.error.reason;
      return anchored;
    }
    if (anchored.value.gone) {
      this.#failure = "media-server-lost";
      void anchored.value.close();
      return fail({ reason: "media-server-lost", status: undefined });
    }
    this.#setAnchor(anchored.value);
    this.#recordable = this.#o.anchorRequest().record;
    if (this.#o.over()) await anchored.value.close();
    return anchored;
  }

  /** The offer to the called phone: the Media Server's with every codec that it was offered, or the caller's own. */
  offerToCalled(party: string): Buffer {
    if (this.#anchor === undefined) {
      this.#offeredOf.delete(party);
      return this.#o.offer();
    }
    this.#offeredOf.set(party, this.#anchor);
    return offerOf(this.#anchor, party);
  }

  /** The called phone has no G.711: the two may still share a codec that the Media Server lacks. */
  leaveForCodec(party: string): void {
    this.#failure = "codec";
    this.startAgain(party);
  }

  /** Nobody was reached: the next one that is rung is a new beginning. */
  startAgain(party: string): void {
    const anchor = this.#anchor;
    this.#setAnchor(undefined);
    this.#dropped(party);
    void anchor?.close();
  }

  /** The called party is not to be had: its place at the Media Server is free for another. */
  leaveUnanswered(party: string): void {
    this.drop(party);
  }

  /** The SDP of the caller's early media: the phone's own, or the Media Server's once it knows the phone's. */
  async earlySdp(party: string, early: Buffer): Promise<Buffer | undefined> {
    const anchor = this.#anchor;
    if (anchor === undefined) return this.#recovery === undefined ? early : undefined;
    const told = await anchor.updateLeg(party, early);
    if (!told.ok || anchor !== this.#anchor) return undefined;
    this.#offeredOf.set(this.#o.caller.party, anchor);
    return anchor.answerFor(this.#o.caller.party);
  }

  /** From now on what the phones say to each other in their dialogs passes, or is answered here. */
  serve(called: PhoneLeg): void {
    this.#media.serve(this.#o.caller);
    this.#media.serve(called);
  }

  // Answer

  /** Answers the caller's phone, which waits, with its leg at the Media Server alone. */
  acceptWaiting(anchor: MediaAnchor): void {
    const { caller, callerSide } = this.#o;
    this.#media.serve(caller);
    this.#acceptAnchored(anchor, callerSide());
  }

  /** Answers the caller's phone and tells each side of the other. `response` is the called phone's 2xx. */
  async join(called: PhoneLeg, response: SipResponse): Promise<void> {
    await this.#recovery;
    if (this.#o.over()) return;
    if (this.#anchor !== undefined) return this.#joinAnchored(called, response, this.#anchor);
    this.#joinDirect(called, response);
    // The Media Server was lost while it rang: the called phone still sends there.
    if (this.#offeredOf.has(called.party)) await this.#goDirect();
  }

  #joinDirect(called: PhoneLeg, response: SipResponse): void {
    const { session } = this.#o.caller;
    const sdp = response.body.length > 0 ? response.body : called.session.remoteSdp;
    if (this.#o.offer().length === 0) {
      session.on("acked", (ack) => {
        if (ack.body.length === 0) return;
        const answer = called.stamp.stamp(ack.body);
        // Where the phone's offer came in a reliable 18x it had a placeholder for an answer: now the real one.
        if (response.body.length > 0) called.session.ack(answer, SDP);
        else void called.session.reinvite({ body: answer, contentType: SDP });
      });
    }
    const offered = this.#o.offer();
    void this.#o
      .callerSide()
      .accept(sdp)
      .then((answer) => {
        // A caller's phone that was up before may have moved its media since its offer was passed on.
        if (answer === undefined || sameMedia(answer, offered)) return;
        void called.session.reinvite({ body: called.stamp.stamp(answer), contentType: SDP });
      });
  }

  async #joinAnchored(called: PhoneLeg, response: SipResponse, anchor: MediaAnchor): Promise<void> {
    this.#acceptAnchored(anchor, this.#o.callerSide());
    await this.#tell(anchor, called, response);
    await this.#showAgain(anchor, this.#o.caller.party);
  }

  /** R30: a phone that was offered the address of a Media Server that died while it rang is told the new one. */
  async #showAgain(anchor: MediaAnchor, party: string): Promise<void> {
    const offered = this.#offeredOf.get(party);
    this.#offeredOf.delete(party);
    if (offered !== undefined && offered !== anchor) await this.#media.showAt(anchor, party);
  }

  #acceptAnchored(anchor: MediaAnchor, callerSide: CallerSide): void {
    const { session, party } = this.#o.caller;
    const shown = this.#o.offer().length > 0 ? anchor.answerFor(party) : anchor.offerFor(party);
    if (this.#o.offer().length === 0) {
      session.on("acked", (ack) => {
        if (ack.body.length > 0) void anchor.updateLeg(party, ack.body);
      });
    }
    void callerSide.accept(shown).then((answer) => {
      if (answer !== undefined) void anchor.updateLeg(party, answer);
    });
  }

  async #tell(anchor: MediaAnchor, called: PhoneLeg, response: SipResponse): Promise<void> {
    const sdp = response.body.length > 0 ? response.body : called.session.remoteSdp;
    if (sdp === undefined) return;
    const told = await anchor.updateLeg(called.party, sdp);
    if (told.ok) return this.#showAgain(anchor, called.party);
    // Of one that died the recovery tells the phone everything.
    if (!anchor.gone) await this.#giveUp(anchor, told.error.reason);
  }

  // Who comes and goes in mid-call

  /**
   * A place for one more phone, and the offer for it: the Media Server's where the call is anchored or `mixed`, else the
   * SDP of the phone that it will talk to, which is that of `peer`.
   */
  async placeFor(
    callee: Callee,
    o: { readonly mixed: boolean; readonly peer: PhoneLeg | undefined },
  ): Promise<Result<Buffer, string>> {
    await this.#recovery;
    if (o.mixed && this.#anchor === undefined) {
      const moved = await this.anchorForRecording(CONFERENCE_ATTEMPTS);
      if (!moved.ok) return moved;
    }
    const anchor = this.#anchor;
    if (anchor === undefined) {
      const sdp = o.peer?.session.remoteSdp;
      return sdp === undefined ? fail("call-not-established") : ok(sdp);
    }
    const leg = { name: callee.party, dn: callee.dn, offer: placeholderOffer(Buffer.alloc(0)) };
    const grown = await growAnchor(this.#o.context, anchor, this.#request(), leg);
    if (!grown.ok) {
      anchor.removeLeg(callee.party);
      return fail(grown.error.reason);
    }
    this.#offeredOf.set(callee.party, anchor);
    return ok(offerOf(anchor, callee.party));
  }

  /** The newcomer has answered the offer of `placeFor`. `response` is its 2xx. */
  async takeIn(newcomer: PhoneLeg, response: SipResponse): Promise<void> {
    this.#media.serve(newcomer);
    await this.#recovery;
    if (this.#o.over()) return;
    if (this.#anchor !== undefined) return this.#tell(this.#anchor, newcomer, response);
    await this.#goDirect();
  }

  /**
   * Who consulted is back for the conference, and the others wait no more.
   * @param party whose phone was away
   */
  gather(party: string): void {
    this.#media.gather(party);
  }

  /**
   * A phone that talks in another call goes on here; the Media Server takes it in where the call is anchored or `mixed`.
   * `onJoined`: it has its place there, and is shown it next.
   */
  async adopt(
    leg: PhoneLeg,
    o: { readonly mixed: boolean; readonly onJoined: () => Promise<void> },
  ): Promise<Result<undefined, string>> {
    await this.#recovery;
    this.#media.serve(leg);
    if (this.#anchor === undefined && !o.mixed) return this.#told(await this.#media.moveToDirect());
    if (this.#anchor === undefined) {
      const moved = await this.anchorForRecording(CONFERENCE_ATTEMPTS);
      return moved.ok ? ok(undefined) : moved;
    }
    const sdp = leg.session.remoteSdp;
    if (sdp === undefined) return fail("no-sdp");
    const grown = await growAnchor(this.#o.context, this.#anchor, this.#request(), {
      name: leg.party,
      dn: leg.dn,
      offer: sdp,
    });
    if (!grown.ok) return fail(grown.error.reason);
    const [shown] = await Promise.all([this.#media.show(leg.party), o.onJoined()]);
    return this.#told(shown);
  }

  /**
   * The answer to a phone that takes the place of a party's (RFC 3891); empty `offer`: an offer to it. Of the same party
   * the leg at the Media Server stays, for another one there comes a leg of its own.
   */
  async answerInPlaceOf(party: string, leg: PhoneLeg, offer: Buffer): Promise<OfferOutcome> {
    await this.#recovery;
    const anchor = this.#anchor;
    if (anchor === undefined || leg.party === party) return this.#media.answerInPlaceOf(party, offer);
    const place = { name: leg.party, dn: leg.dn, offer: offer.length > 0 ? offer : placeholderOffer(offer) };
    const grown = await growAnchor(this.#o.context, anchor, this.#request(), place);
    if (!grown.ok) {
      anchor.removeLeg(leg.party);
      return { status: grown.error.reason === "codec" ? 488 : 503, reason: grown.error.reason };
    }
    const body = offer.length > 0 ? anchor.answerFor(leg.party) : offerOf(anchor, leg.party);
    return body === undefined ? { status: 503 } : { status: 200, body };
  }

  /** The phone has been answered: from now on it is served in the place of the party's. */
  takeOver(party: string, leg: PhoneLeg, offer: Buffer): void {
    if (leg.party !== party) this.#anchor?.removeLeg(party);
    if (leg.party !== party && this.#recovery !== undefined) this.#left.add(party);
    this.#media.takeOver(party, leg, offer);
    if (offer.length > 0) return;
    leg.session.on("acked", ({ body }) => {
      if (body.length === 0) return;
      if (this.#anchor === undefined) void this.#goDirect();
      else void this.#anchor.updateLeg(leg.party, body);
    });
  }

  /** The phone that was to take the party's place does not come after all: the others are told what they had. */
  async putBack(party: string, leg: PhoneLeg): Promise<void> {
    if (leg.party !== party) return this.#anchor?.removeLeg(leg.party);
    if (this.#anchor === undefined) return this.#goDirect();
    await this.#media.show(party);
  }

  #told(outcome: Result<undefined, AnchorFailure>): Result<undefined, string> {
    return outcome.ok ? outcome : fail(outcome.error.reason);
  }

  /** A party has left a call that goes on. */
  async leave(party: string): Promise<void> {
    this.drop(party);
    await this.settle();
  }

  /** As `leave`; what the others hear then is settled later. */
  drop(party: string): void {
    this.#anchor?.removeLeg(party);
    this.#dropped(party);
  }

  #dropped(party: string): void {
    if (this.#recovery !== undefined) this.#left.add(party);
    this.#offeredOf.delete(party);
    this.#media.drop(party);
  }

  /** Who waits for nobody any more hears the others again. */
  async settle(): Promise<void> {
    await this.#recovery;
    await this.#media.settle();
  }

  /** The party's phone goes into a consultation. Resolves with why the others could not be told to wait. */
  async goAway(party: string): Promise<string | undefined> {
    await this.#recovery;
    return this.#media.leave(party);
  }

  /** The party's phone is in a consultation, or was when it ended. */
  isAway(party: string): boolean {
    return this.#media.isAway(party);
  }

  /** The party's phone is back from a consultation. Resolves with why it could not be shown its media. */
  async comeBack(party: string): Promise<string | undefined> {
    await this.#recovery;
    return this.#media.comeBack(party);
  }

  // Mid-call

  /**
   * The call's Media Server; brings an established call there where it is not (R17, R3).
   * @param attempts how often a Media Server that gives no answer is tried again: 500 ms each
   */
  anchorForRecording(attempts = 1): Promise<Result<AnchorForRecording, string>> {
    if (this.#anchor !== undefined) return Promise.resolve(ok({ anchor: this.#anchor, fresh: false }));
    // A phone can be moved by one only.
    this.#moving ??= this.#moveToAnchor(attempts).finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  async #moveToAnchor(attempts: number): Promise<Result<AnchorForRecording, string>> {
    const { context } = this.#o;
    if (context.config.resourceManagers.length === 0) return fail("no-resource-manager");
    const request = { ...this.#request(), record: true };
    let failure = "no-media-server";
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const legs = this.#media.legs();
      const enough = legs !== undefined && legs.length >= (this.#o.answered() ? 1 : 2);
      if (!enough || this.#o.over()) return fail("call-not-established");
      const anchor = newAnchor(context, request, this.#attempts);
      this.#attempts += 1;
      const built = await buildAnchor(context, anchor, request, legs);
      const moved = built.ok && !this.#o.over() ? await this.#media.moveTo(anchor) : built;
      if (moved.ok && anchor.gone) await this.#goDirect();
      else if (moved.ok && !this.#o.over()) {
        this.#setAnchor(anchor);
        this.#recordable = true;
        this.#retry();
        return ok({ anchor, fresh: true });
      }
      void anchor.close();
      if (moved.ok) return fail(anchor.gone ? "media-server-lost" : "call-ended");
      failure = moved.error.reason;
      // The phones would refuse again.
      if (built.ok || failure === "codec") break;
    }
    return fail(failure);
  }

  /** Puts an established call on hold for a party, or takes it back; resolves with why it could not be done. */
  async hold(party: string, held: boolean): Promise<string | undefined> {
    await this.#recovery;
    if (this.#media.parties.length < 2 || !this.#o.answered()) return "the call is not answered";
    return this.#media.hold(party, held);
  }

  /** The phones are another call's from now on, or nobody's. */
  letGo(): void {
    this.#media.close();
  }

  /** Ends the legs at the Media Server. */
  async close(): Promise<void> {
    this.#retry();
    this.#media.close();
    await this.#anchor?.close();
  }

  #request(): AnchorRequest {
    return {
      ...this.#o.anchorRequest(),
      onLost: (anchor, loss) => void this.#lost(anchor, loss),
      onMade: (anchor) => this.#made.add(anchor),
    };
  }

  #setAnchor(anchor: MediaAnchor | undefined): void {
    this.#anchor = anchor;
    this.#media.anchor = anchor;
    this.#o.onChanged();
  }

  // R30

  /** The Media Server died: the call goes on at another one; where there is none, its phones are joined to each other. */
  async #lost(anchor: MediaAnchor, loss: AnchorLoss): Promise<void> {
    if (anchor !== this.#anchor || this.#o.over()) return;
    const { clock } = this.#o.context;
    const now = clock.now();
    this.#losses = [...this.#losses.filter((at) => now - at < LOSSES_IN_A_ROW_MS), now];
    if (this.#losses.length > MOST_LOSSES) return this.#giveUp(anchor, loss.reason);
    this.#o.log.warn({ reason: loss.reason }, "the Media Server was lost");
    const legs = legsFor(anchor, this.#media);
    const { resource } = anchor;
    this.#setAnchor(undefined);
    this.#failure = loss.reason;
    void anchor.close();
    const resume = this.#media.suspend();
    const done = Promise.withResolvers<void>();
    this.#recovery = done.promise;
    this.#left.clear();
    const recovering = this.#recover(legs, resource);
    this.#moving = recovering.then((recovered) => {
      this.#moving = undefined;
      return recovered.ok ? ok({ anchor: recovered.value.anchor, fresh: true }) : fail(recovered.error.reason);
    });
    this.#o.onMoving(loss);
    const recovered = await recovering;
    const refused = recovered.ok ? await this.#refusedBy(recovered.value) : undefined;
    resume();
    if (this.#recovery === done.promise) this.#recovery = undefined;
    done.resolve();
    if (this.#o.over()) return;
    if (recovered.ok) {
      if (refused !== undefined) await this.#giveUp(recovered.value.anchor, refused);
      return;
    }
    this.#o.onLost(recovered.error.reason);
    await this.#withoutAnchor();
  }

  async #recover(legs: readonly LegToAnchor[], lost: string | undefined): Promise<Result<Recovered, AnchorFailure>> {
    const { context, over, answered, startAlong, onRecovered } = this.#o;
    const request = this.#request();
    const recovered = await context.recoveries.run(() =>
      recoverAnchor({
        context,
        request: { ...request, record: request.record || this.#recordable },
        legs: legs.filter(({ name }) => !this.#left.has(name)),
        lost,
        over,
        show: async (anchor, party) => (answered() ? this.#media.showAt(anchor, party) : undefined),
        startAlong,
      }),
    );
    if (!recovered.ok) return recovered;
    const { anchor } = recovered.value;
    if (over()) {
      void anchor.close();
      return fail({ reason: "call-ended", status: undefined });
    }
    this.#setAnchor(anchor);
    this.#failure = undefined;
    for (const party of this.#left) anchor.removeLeg(party);
    this.#o.log.info({ confId: anchor.confId }, "the call is at another Media Server");
    onRecovered(anchor);
    return recovered;
  }

  /** Why a call of two cannot stay at its new Media Server; a conference does without the phone that refuses. */
  async #refusedBy({ shown }: Recovered): Promise<string | undefined> {
    for (const { party, answer } of await shown) {
      // A phone that is silent may be back before its call has ended for it.
      if (answer === undefined || answer.status < 300 || answer.status === 408) continue;
      const reason = `phone-refused-move (${answer.status} ${answer.reason})`;
      this.#o.log.warn({ party, reason }, "a phone does not go to another Media Server");
      if (this.#media.parties.length <= 2 && !this.#left.has(party)) return reason;
    }
    return undefined;
  }

  /** The Media Server is of no use to the call any more. */
  async #giveUp(anchor: MediaAnchor, reason: string): Promise<void> {
    if (anchor !== this.#anchor || this.#o.over()) return;
    this.#setAnchor(undefined);
    this.#failure = reason;
    this.#o.log.warn({ reason }, "the call left its Media Server");
    void anchor.close();
    this.#o.onLost(reason);
    await this.#withoutAnchor();
  }

  /** The phones are joined to each other; before the answer there is nothing to join yet. What needs a Media Server is tried again. */
  async #withoutAnchor(): Promise<void> {
    if (!this.#o.answered()) return;
    this.#retry();
    this.#retry = this.#o.context.clock.after(RETRY_MS, () => void this.#tryAgain());
    if (this.#media.parties.length === 2) return this.#goDirect();
    this.#o.log.error(
      { reason: this.#failure ?? "" },
      "no Media Server: who waits, or is in a conference, hears nothing",
    );
  }

  /** A call that was anchored without a recording; one that is recorded is brought there by its next start. */
  async #tryAgain(): Promise<void> {
    if (this.#o.over() || this.#anchor !== undefined) return;
    const moved = await this.anchorForRecording(1);
    if (moved.ok) return this.#o.onRecovered(moved.value.anchor);
    if (moved.error.startsWith("phone-refused") || this.#o.over()) return;
    this.#retry();
    this.#retry = this.#o.context.clock.after(RETRY_MS, () => void this.#tryAgain());
  }

  async #goDirect(): Promise<void> {
    const moved = await this.#media.moveToDirect();
    if (!moved.ok) {
      this.#o.log.error({ reason: moved.error.reason }, "the phones could not be joined to each other");
    }
  }
}
