import type { DnConfig } from "@sidetone/config";
import type { Logger } from "@sidetone/foundation";
import type { InviteSession, NameAddr, PendingInvite, SipResponse } from "@sidetone/sip";
import type { Call } from "../call-model/call.ts";
import type { CallInput } from "../call-model/machine.ts";
import type { MediaPlan } from "../recording/policy.ts";
import type { CallRecording } from "./call-recording.ts";
import type { CallerSide } from "./caller-side.ts";
import type { AnchorFailure } from "./media-anchor.ts";
import type { MediaPath } from "./media-path.ts";
import type { Callee } from "./media-path-options.ts";
import type { OriginStamp } from "./origin-stamp.ts";
import { isExternal } from "./party-number.ts";
import { forwardsLeft, passedHeaders } from "./passed-headers.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { causeOfFailure } from "./release-causes.ts";
import { type RingFailure, Ringing, type RingTarget } from "./ringing.ts";
import { inactiveAnswer } from "./sdp-direction.ts";
import type { ServerContext } from "./server-context.ts";
import { TalkEvent } from "./talk-event.ts";

const SDP = "application/sdp";

/** What brings a call from its INVITE to its answer. */
export interface CallSetupOptions {
  readonly context: ServerContext;
  readonly log: Logger;
  readonly caller: PhoneLeg;
  readonly callerDn: DnConfig;
  readonly callerNumber: string;
  readonly callerIdentity: NameAddr;
  readonly callerSide: CallerSide;
  /** The caller's phone sent the INVITE: what it says goes on to the called party. */
  readonly ownInvite: boolean;
  /** SDP of the caller's phone; empty where the offer is left to us. */
  readonly offer: () => Buffer;
  readonly called: Callee & { readonly config: DnConfig };
  readonly targets: readonly RingTarget[];
  readonly plan: MediaPlan;
  readonly path: () => MediaPath;
  readonly recording: CallRecording;
  readonly call: () => Call;
  readonly apply: (input: CallInput) => void;
  readonly newStamp: () => OriginStamp;
  /** The called party rings or answers: once, before the model hears of it. */
  readonly onReached?: () => void;
  /** Instead of refusing the caller: nobody was reached, the call goes on without. */
  readonly onUnreached?: (failure: RingFailure) => void;
  /** First answer; the other forks are cancelled. */
  /** An INVITE is on its way to the called phone; over the trunk, where it is one. */
  readonly onRung: (session: InviteSession, trunk: string | undefined) => void;
  readonly onAnswered: (b: PhoneLeg, response: SipResponse, target: RingTarget) => void;
}

/** From the caller's INVITE to the called party's answer: anchoring, ringing, early media, and every way to fail. */
export class CallSetup {
  readonly #o: CallSetupOptions;
  #ringing: Ringing | undefined;
  readonly #talk = new TalkEvent();
  #reached = false;

  constructor(o: CallSetupOptions) {
    this.#o = o;
  }

  /** Anchors the media where the plan wants it, then rings the called party. */
  async start(): Promise<void> {
    const { plan, recording, log, called, targets } = this.#o;
    log.info({ dn: called.config.dn, contacts: targets.length, path: plan.path }, "call offered");
    if (plan.path === "anchored") {
      const anchored = await this.#o.path().anchorForSetup(called);
      if (this.#over) return;
      if (!anchored.ok && this.#refusedForRecording(anchored.error)) return;
      if (anchored.ok && plan.record) {
        const prepared = await recording.prepare();
        if (this.#over) return;
        if (!prepared) return this.rejectForRecording(503);
      }
    }
    this.#ring();
  }

  /** Nobody is to ring any more. */
  cancel(): void {
    this.#ringing?.cancel();
    this.#ringing = undefined;
  }

  /** The called party does not want it, by a client's word. */
  rejectByClient(): void {
    this.cancel();
    this.#refuse(603, "Declined", "rejected");
  }

  /** Tells a ringing phone to answer. False: there is none that can be told, or it did not take it. */
  answerByClient(): Promise<boolean> {
    return this.#ringing === undefined ? Promise.resolve(false) : this.#talk.send();
  }

  /** R33: the INVITEs that wait for an answer. */
  pending(): readonly PendingInvite[] {
    return this.#ringing?.pending() ?? [];
  }

  /** R17 `reject`: the call must not go on without recording. */
  rejectForRecording(status: 488 | 503): void {
    this.cancel();
    this.#refuse(status, "Recording Mandatory", "failed recording-mandatory");
  }

  get #over(): boolean {
    return this.#o.call().endedMicros !== undefined;
  }

  /** R17 `reject`: true where the caller was refused because recording is mandatory. */
  #refusedForRecording(failure: AnchorFailure): boolean {
    this.#o.context.onAlarm(this.#o.call(), failure.reason);
    if (!this.#recordingMandatory) return false;
    this.rejectForRecording(failure.reason === "codec" ? 488 : 503);
    return true;
  }

  get #recordingMandatory(): boolean {
    return this.#o.plan.record && this.#o.plan.recordingFailure === "reject";
  }

  /** The called party leaves first, the caller is told why (tlib-wire.md, "B busy"). */
  #refuse(status: number, reason: string, cause: string): void {
    const { onUnreached, callerSide, apply, called } = this.#o;
    if (onUnreached !== undefined && !this.#reached) return onUnreached({ status, reason });
    callerSide.owe(status, { reason, headers: status === 503 ? [["Retry-After", "5"]] : [] });
    apply({ kind: "party-released", party: called.party, cause });
  }

  #reach(): void {
    if (this.#reached) return;
    this.#reached = true;
    this.#o.onReached?.();
  }

  #ring(): void {
    const { context, log, targets, caller, callerDn, callerNumber, callerIdentity, called, ownInvite } = this.#o;
    const offer = this.#o.path().offerToCalled(called.party);
    const stamp = this.#o.newStamp();
    const legOf = (fork: InviteSession): PhoneLeg => ({ party: called.party, dn: called.dn, session: fork, stamp });
    const { invite } = caller.session;
    const ringing = new Ringing({
      endpoint: context.endpoint,
      clock: context.clock,
      log,
      targets,
      noAnswerTimeoutMs: context.config.options.noAnswerTimeoutMs,
      invite: {
        from: callerIdentity,
        contactUser: isExternal(callerDn) ? callerNumber : callerDn.dn,
        headers: ownInvite ? [["Max-Forwards", String(forwardsLeft(invite))], ...passedHeaders(invite)] : [],
        ...(offer.length > 0 ? { body: stamp.stamp(offer), contentType: SDP } : {}),
      },
      onRung: (fork, { trunk }) => this.#o.onRung(fork, trunk),
      onProgress: (fork, response, reliable) => void this.#progress(ringing.single, legOf(fork), response, reliable),
      onAnswered: (fork, response, target) => {
        this.#ringing = undefined;
        this.#reach();
        this.#o.onAnswered(legOf(fork), response, target);
      },
      onFailed: (failure) => this.#ringFailed(failure),
    });
    this.#ringing = ringing;
    ringing.start();
  }

  /** Early media go to the caller from a phone that rings alone: of several, only the answer's SDP counts. */
  async #progress(single: boolean, b: PhoneLeg, response: SipResponse, reliable: boolean): Promise<void> {
    if (response.status >= 180) {
      this.#reach();
      this.#o.apply({ kind: "party-ringing", party: b.party });
    }
    this.#talk.note(b.session, response);
    // A phone that rings alone has a dialog now: what the phones say to each other in it passes.
    if (single) this.#o.path().serve(b);
    const early = single && response.body.length > 0 ? response.body : undefined;
    const offerless = this.#o.offer().length === 0;
    if (early !== undefined && reliable && this.#o.path().anchor === undefined && offerless) {
      b.session.prack(b.stamp.stamp(inactiveAnswer(early)), SDP);
      this.#o.callerSide.progress(180);
      return;
    }
    const shown = early === undefined || offerless ? undefined : await this.#o.path().earlySdp(b.party, early);
    if (this.#over || this.#o.caller.session.state === "confirmed") return;
    this.#ringback(response, shown, reliable);
  }

  #ringback(response: SipResponse, shown: Buffer | undefined, reliable: boolean): void {
    const { caller, callerSide } = this.#o;
    const require = caller.session.invite.headers.list("Require");
    const wanted = reliable || require.some((tag) => tag.toLowerCase() === "100rel");
    if (shown !== undefined) {
      callerSide.progress(response.status, {
        reason: response.reason,
        body: caller.stamp.stamp(shown),
        contentType: SDP,
        reliable: wanted,
      });
      return;
    }
    // 183 without a description says nothing that a phone could play; RFC 3262 5: without an offer yet none is reliable.
    callerSide.progress(response.status === 183 ? 180 : response.status, {
      ...(response.status === 183 ? {} : { reason: response.reason }),
      reliable: wanted && this.#o.offer().length > 0,
    });
  }

  #ringFailed(failure: RingFailure): void {
    const codec = failure.status === 488 && this.#o.path().anchor !== undefined && this.#o.offer().length > 0;
    if (codec && !this.#recordingMandatory) {
      this.#o.path().leaveForCodec(this.#o.called.party);
      this.#ring();
      return;
    }
    this.#ringing = undefined;
    this.#refuse(failure.status, failure.reason, causeOfFailure(failure.status));
  }
}

/** Resolves with the SDP that a phone which we called without an offer has made, when it answers; undefined when it does not. */
export function offerOfDialled(
  leg: PhoneLeg,
  o: { readonly context: ServerContext; readonly apply: (input: CallInput) => void },
): Promise<Buffer | undefined> {
  const { session, stamp } = leg;
  const { clock, config } = o.context;
  return new Promise((resolve) => {
    const gone = (cause: string): void => {
      stop();
      o.apply({ kind: "party-released", party: leg.party, cause });
      resolve(undefined);
    };
    const stop = clock.after(config.options.noAnswerTimeoutMs, () => {
      gone("no-answer");
      session.terminate();
    });
    session.on("accepted", (response) => {
      stop();
      if (response.body.length === 0) {
        gone("failed no-offer");
        session.terminate();
        return;
      }
      session.ack(stamp.stamp(inactiveAnswer(response.body)), SDP);
      resolve(response.body);
    });
    session.on("rejected", (response) => gone(causeOfFailure(response.status)));
    session.on("ended", () => {
      stop();
      resolve(undefined);
    });
  });
}
