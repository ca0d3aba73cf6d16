import type { Logger, Result } from "@sidetone/foundation";
import { fail, ok } from "@sidetone/foundation";
import type { SipResponse } from "@sidetone/sip";
import { type AnchorRequest, anchorCall, buildAnchor, newAnchor } from "./anchor-attempts.ts";
import { CallMedia } from "./call-media.ts";
import type { CallerSide } from "./caller-side.ts";
import type { AnchorFailure, MediaAnchor } from "./media-anchor.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import type { AnchorForRecording } from "./recording-control.ts";
import { canAnchor, placeholderOffer, withCodecsOf } from "./sdp-direction.ts";
import type { ServerContext } from "./server-context.ts";

const SDP = "application/sdp";

/** What a call's media path needs of the call. */
export interface MediaPathOptions {
  readonly context: ServerContext;
  readonly log: Logger;
  /** The caller's phone. */
  readonly caller: PhoneLeg;
  /** Party id and DN of the called party. */
  readonly called: { readonly party: string; readonly dn: string };
  readonly callerSide: CallerSide;
  /** SDP of the caller's phone; empty where the offer is left to us. */
  readonly offer: () => Buffer;
  /** Everything of an anchor but what happens when it is lost. */
  readonly anchorRequest: Omit<AnchorRequest, "onLost">;
  readonly over: () => boolean;
  readonly answered: () => boolean;
  /** The Media Server is gone. */
  readonly onLost: (reason: string) => void;
  readonly onHold: (party: string, held: boolean) => void;
}

/**
 * Which way the media of one call go, from its set-up to its end: to a Media Server before anyone rings, back between
 * the phones where that fails or is lost, there again in mid-call when a recording needs it.
 */
export class MediaPath {
  readonly #o: MediaPathOptions;
  #anchor: MediaAnchor | undefined;
  #media: CallMedia | undefined;
  /** The called phone was offered the Media Server's address. */
  #rangAnchored = false;
  /** Tries to anchor in mid-call: each takes the next Resource Manager. */
  #attempts = 0;
  #failure: string | undefined;
  #moving: Promise<Result<AnchorForRecording, string>> | undefined;

  constructor(o: MediaPathOptions) {
    this.#o = o;
  }

  /** The Media Server where the call is now. */
  get anchor(): MediaAnchor | undefined {
    return this.#anchor;
  }

  /** Why the media of a call that should be anchored go direct. */
  get failure(): string | undefined {
    return this.#failure;
  }

  // Set-up

  /** Brings both legs to a Media Server and joins them, before anyone rings. */
  async anchorForSetup(): Promise<Result<MediaAnchor, AnchorFailure>> {
    const { context, caller, called } = this.#o;
    const offer = this.#o.offer();
    const anchored = canAnchor(offer)
      ? await anchorCall(context, this.#request(), [
          { name: caller.party, dn: caller.dn, offer: offer.length > 0 ? offer : placeholderOffer(offer) },
          { name: called.party, dn: called.dn, offer: placeholderOffer(offer) },
        ])
      : fail<AnchorFailure>({ reason: "codec", status: 488 });
    if (!anchored.ok) {
      this.#failure = anchored.error.reason;
      return anchored;
    }
    this.#anchor = anchored.value;
    if (this.#o.over()) await anchored.value.close();
    return anchored;
  }

  /** The offer to the called phone: the Media Server's with every codec that it was offered, or the caller's own. */
  offerToCalled(): Buffer {
    this.#rangAnchored = this.#anchor !== undefined;
    if (this.#anchor === undefined) return this.#o.offer();
    const answer = this.#anchor.offerFor(this.#o.called.party) ?? Buffer.alloc(0);
    return withCodecsOf(answer, this.#anchor.offeredBy(this.#o.called.party) ?? answer);
  }

  /** The called phone has no G.711: the two may still share a codec that the Media Server lacks. */
  leaveForCodec(): void {
    const anchor = this.#anchor;
    this.#anchor = undefined;
    this.#failure = "codec";
    this.#forget();
    void anchor?.close();
  }

  /** The SDP of the caller's early media: the phone's own, or the Media Server's once it knows the phone's. */
  async earlySdp(early: Buffer): Promise<Buffer | undefined> {
    if (this.#anchor === undefined) return early;
    const told = await this.#anchor.updateLeg(this.#o.called.party, early);
    return told.ok ? this.#anchor?.answerFor(this.#o.caller.party) : undefined;
  }

  /** From now on what the phones say to each other in their dialogs passes, or is answered here. */
  serve(called: PhoneLeg): void {
    if (this.#media?.called.session === called.session) return;
    this.#forget();
    const { caller, context, log, onHold } = this.#o;
    this.#media = new CallMedia({ a: caller, b: called }, this.#anchor, { clock: context.clock, log, onHold });
  }

  // Answer

  /** Answers the caller's phone and tells each side of the other. `response` is the called phone's 2xx. */
  async join(called: PhoneLeg, response: SipResponse): Promise<void> {
    if (this.#anchor !== undefined) return this.#joinAnchored(called, response, this.#anchor);
    this.#joinDirect(called, response);
    // The Media Server was lost while it rang: the called phone still sends there.
    if (this.#rangAnchored) await this.#goDirect();
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
    void this.#o.callerSide.accept(sdp);
  }

  async #joinAnchored(called: PhoneLeg, response: SipResponse, anchor: MediaAnchor): Promise<void> {
    const { session, party } = this.#o.caller;
    const shown = this.#o.offer().length > 0 ? anchor.answerFor(party) : anchor.offerFor(party);
    if (this.#o.offer().length === 0) {
      session.on("acked", (ack) => {
        if (ack.body.length > 0) void anchor.updateLeg(party, ack.body);
      });
    }
    void this.#o.callerSide.accept(shown).then((answer) => {
      if (answer !== undefined) void anchor.updateLeg(party, answer);
    });
    const sdp = response.body.length > 0 ? response.body : called.session.remoteSdp;
    if (sdp === undefined) return;
    const told = await anchor.updateLeg(called.party, sdp);
    if (!told.ok) await this.#lost(anchor, told.error.reason);
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
      const legs = this.#media?.legs();
      if (this.#media === undefined || legs === undefined || this.#o.over()) return fail("call-not-established");
      const anchor = newAnchor(context, request, this.#attempts);
      this.#attempts += 1;
      const built = await buildAnchor(context, anchor, request, legs);
      const moved = built.ok && !this.#o.over() ? await this.#media.moveTo(anchor) : built;
      if (moved.ok && anchor.gone) await this.#goDirect();
      else if (moved.ok && !this.#o.over()) {
        this.#anchor = anchor;
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
  hold(party: string, held: boolean): Promise<string | undefined> {
    if (this.#media === undefined || !this.#o.answered()) return Promise.resolve("the call is not answered");
    return this.#media.hold(party, held);
  }

  /** Ends the legs at the Media Server. */
  async close(): Promise<void> {
    await this.#anchor?.close();
  }

  #request(): AnchorRequest {
    return { ...this.#o.anchorRequest, onLost: (anchor, reason) => void this.#lost(anchor, reason) };
  }

  /** R30: the phones are joined to each other; before the answer there is nothing to join yet. */
  async #lost(anchor: MediaAnchor, reason: string): Promise<void> {
    if (anchor !== this.#anchor || this.#o.over()) return;
    this.#anchor = undefined;
    this.#failure = reason;
    this.#o.log.warn({ reason }, "the Media Server was lost");
    void anchor.close();
    this.#o.onLost(reason);
    if (this.#o.answered()) await this.#goDirect();
    else this.#forget();
  }

  async #goDirect(): Promise<void> {
    const moved = await this.#media?.moveToDirect();
    if (moved?.ok === false) {
      this.#o.log.error({ reason: moved.error.reason }, "the phones could not be joined to each other");
    }
  }

  #forget(): void {
    this.#media?.close();
    this.#media = undefined;
  }
}
