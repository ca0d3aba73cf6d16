import type { DnConfig } from "@sidetone/config";
import type { Logger } from "@sidetone/foundation";
import type { InviteSession, NameAddr, SipResponse } from "@sidetone/sip";
import { Params } from "@sidetone/sip";
import { type Call, callTypeOf, newCall, type Party } from "../call-model/call.ts";
import { type CallInput, stepCall } from "../call-model/machine.ts";
import { type MediaPlan, mediaPlan } from "../recording/policy.ts";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { CallRecording } from "./call-recording.ts";
import type { AnchorFailure } from "./media-anchor.ts";
import { MediaPath } from "./media-path.ts";
import { OriginStamp } from "./origin-stamp.ts";
import { identityOf, isExternal, partyOf } from "./party-number.ts";
import { forwardsLeft, passedHeaders } from "./passed-headers.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { type RingFailure, Ringing, type RingTarget } from "./ringing.ts";
import { inactiveAnswer } from "./sdp-direction.ts";
import type { ServerContext } from "./server-context.ts";

const SDP = "application/sdp";
const CALLER = "a";
const CALLED = "b";

/** A call to set up: the caller's INVITE, accepted as a session, and where it goes. */
export interface CallFacts {
  readonly session: InviteSession;
  readonly localAddress: string;
  /** SDP of the caller's INVITE; empty where the offer is left to us. */
  readonly offer: Buffer;
  readonly caller: DnConfig;
  readonly callerNumber: string;
  readonly callerName: string | undefined;
  readonly called: DnConfig;
  readonly calledNumber: string;
  readonly targets: readonly RingTarget[];
}

/**
 * One two-party call: feeds what the phones do into the call model, carries out what it decides, and brings the call
 * from its INVITE to its answer. The way of its media is `MediaPath`'s, its recording `CallRecording`'s.
 */
export class CallController {
  readonly #context: ServerContext;
  readonly #facts: CallFacts;
  readonly #log: Logger;
  readonly #plan: MediaPlan;
  readonly #callerIdentity: NameAddr;
  readonly #a: PhoneLeg;
  readonly #path: MediaPath;
  readonly #recording: CallRecording;
  readonly #finished: Promise<void>;
  #resolveFinished: () => void = () => undefined;
  #call: Call;
  #b: PhoneLeg | undefined;
  #ringing: Ringing | undefined;

  constructor(context: ServerContext, facts: CallFacts) {
    this.#context = context;
    this.#facts = facts;
    this.#plan = mediaPlan(facts.caller, facts.called);
    const { domain } = context.config;
    const caller = partyOf(CALLER, facts.caller, facts.callerNumber, "origination", domain);
    const called = partyOf(CALLED, facts.called, facts.calledNumber, "destination", domain);
    this.#callerIdentity = identityOf(caller, domain, facts.callerName, new Params());
    this.#call = newCall({
      connId: context.ids.connIds.next(),
      callUuid: context.ids.callUuids.next(),
      callType: callTypeOf(caller.kind, called.kind),
      ani: caller.number,
      dnis: facts.calledNumber,
      createdMicros: context.clock.wallMicros(),
    });
    this.#log = context.log.child({ connId: this.#call.connId, callUuid: this.#call.callUuid });
    this.#finished = new Promise((resolve) => {
      this.#resolveFinished = resolve;
    });
    this.#a = this.#leg(CALLER, facts.caller.dn, facts.session);
    this.#recording = this.#newRecording();
    this.#path = this.#newPath();
    this.#addParties(caller, called);
    facts.session.on("ended", ({ by }) => this.#partyGone(CALLER, `caller-${by}`));
  }

  get call(): Call {
    return this.#call;
  }

  /** Resolves when the call has left nothing behind: phones told, recording stopped, Media Server legs ended. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Feeds the call model and carries out its effects. */
  apply(input: CallInput): void {
    const step = stepCall(this.#call, input, this.#context.clock.wallMicros());
    this.#call = step.call;
    this.#context.onCall(step.call, step.effects);
    for (const effect of step.effects) {
      if (effect.kind === "release-party") this.#releaseParty(effect.party);
      if (effect.kind === "call-ended") void this.#finish(effect.cause);
    }
  }

  /** Anchors the media where the plan wants it, then rings the called party. */
  async start(): Promise<void> {
    const { called, targets } = this.#facts;
    this.#log.info({ dn: called.dn, contacts: targets.length, path: this.#plan.path }, "call offered");
    if (this.#plan.path === "anchored") {
      const anchored = await this.#path.anchorForSetup();
      if (this.#over) return;
      if (!anchored.ok && this.#refusedForRecording(anchored.error)) return;
      if (anchored.ok && this.#plan.record) {
        const prepared = await this.#recording.prepare();
        if (this.#over) return;
        if (!prepared) return this.#rejectForRecording(503);
      }
    }
    this.#ring();
  }

  /** R3, R18: what a client asks of the call's recording. Resolves before the change is said to anybody. */
  record(action: RecordingAction): Promise<Outcome> {
    return this.#recording.record(action);
  }

  /** Ends the call from our side. */
  async shutdown(): Promise<void> {
    this.#a.session.terminate();
    this.#b?.session.terminate();
    await this.#finished;
  }

  get #over(): boolean {
    return this.#call.endedMicros !== undefined;
  }

  #leg(party: string, dn: string, session: InviteSession): PhoneLeg {
    return { party, dn, session, stamp: this.#newStamp() };
  }

  #newStamp(): OriginStamp {
    return new OriginStamp(String(this.#context.clock.wallMicros()), this.#facts.localAddress);
  }

  #newRecording(): CallRecording {
    return new CallRecording({
      context: this.#context,
      log: this.#log,
      plan: this.#plan,
      callId: this.#facts.session.callId,
      call: () => this.#call,
      path: () => this.#path,
      apply: (input) => this.apply(input),
    });
  }

  #newPath(): MediaPath {
    return new MediaPath({
      context: this.#context,
      log: this.#log,
      caller: this.#a,
      called: { party: CALLED, dn: this.#facts.called.dn },
      offer: this.#facts.offer,
      anchorRequest: {
        callUuid: this.#call.callUuid,
        from: this.#callerIdentity,
        localAddress: this.#facts.localAddress,
        record: this.#plan.record,
        onMsml: (body) => this.#recording.msml(body),
      },
      over: () => this.#over,
      answered: () => this.#call.answeredMicros !== undefined,
      onLost: (reason) => this.#recording.mediaLost(reason),
      onHold: (party, held) => this.apply({ kind: held ? "party-held" : "party-retrieved", party }),
    });
  }

  #addParties(...parties: readonly Party[]): void {
    for (const party of parties) this.apply({ kind: "party-added", party });
  }

  // Set-up

  /** R17 `reject`: true where the caller was refused because recording is mandatory. */
  #refusedForRecording(failure: AnchorFailure): boolean {
    this.#context.onAlarm(this.#call, failure.reason);
    if (!this.#recordingMandatory) return false;
    this.#rejectForRecording(failure.reason === "codec" ? 488 : 503);
    return true;
  }

  get #recordingMandatory(): boolean {
    return this.#plan.record && this.#plan.recordingFailure === "reject";
  }

  #rejectForRecording(status: 488 | 503): void {
    const headers: [string, string][] = status === 503 ? [["Retry-After", "5"]] : [];
    this.#a.session.reject(status, { reason: "Recording Mandatory", headers });
  }

  #ring(): void {
    const { session, targets, caller, called } = this.#facts;
    const offer = this.#path.offerToCalled();
    const stamp = this.#newStamp();
    const legOf = (fork: InviteSession): PhoneLeg => ({ party: CALLED, dn: called.dn, session: fork, stamp });
    const ringing = new Ringing({
      endpoint: this.#context.endpoint,
      clock: this.#context.clock,
      log: this.#log,
      targets,
      noAnswerTimeoutMs: this.#context.config.options.noAnswerTimeoutMs,
      invite: {
        from: this.#callerIdentity,
        contactUser: isExternal(caller) ? this.#facts.callerNumber : caller.dn,
        headers: [["Max-Forwards", String(forwardsLeft(session.invite))], ...passedHeaders(session.invite)],
        ...(offer.length > 0 ? { body: stamp.stamp(offer), contentType: SDP } : {}),
      },
      onProgress: (fork, response, reliable) => void this.#progress(ringing.single, legOf(fork), response, reliable),
      onAnswered: (fork, response) => void this.#answered(legOf(fork), response),
      onFailed: (failure) => this.#ringFailed(failure),
    });
    this.#ringing = ringing;
    ringing.start();
  }

  /** Early media go to the caller from a phone that rings alone: of several, only the answer's SDP counts. */
  async #progress(single: boolean, b: PhoneLeg, response: SipResponse, reliable: boolean): Promise<void> {
    if (response.status >= 180) this.apply({ kind: "party-ringing", party: CALLED });
    // A phone that rings alone has a dialog now: what the phones say to each other in it passes.
    if (single) this.#path.serve(b);
    const early = single && response.body.length > 0 ? response.body : undefined;
    const offerless = this.#facts.offer.length === 0;
    if (early !== undefined && reliable && this.#path.anchor === undefined && offerless) {
      b.session.prack(b.stamp.stamp(inactiveAnswer(early)), SDP);
      this.#a.session.progress(180);
      return;
    }
    const shown = early === undefined || offerless ? undefined : await this.#path.earlySdp(early);
    if (this.#over || this.#a.session.state === "confirmed") return;
    this.#ringback(response, shown, reliable);
  }

  #ringback(response: SipResponse, shown: Buffer | undefined, reliable: boolean): void {
    const require = this.#facts.session.invite.headers.list("Require");
    const wanted = reliable || require.some((tag) => tag.toLowerCase() === "100rel");
    if (shown !== undefined) {
      this.#a.session.progress(response.status, {
        reason: response.reason,
        body: this.#a.stamp.stamp(shown),
        contentType: SDP,
        reliable: wanted,
      });
      return;
    }
    // 183 without a description says nothing that a phone could play; RFC 3262 5: without an offer yet none is reliable.
    this.#a.session.progress(response.status === 183 ? 180 : response.status, {
      ...(response.status === 183 ? {} : { reason: response.reason }),
      reliable: wanted && this.#facts.offer.length > 0,
    });
  }

  #ringFailed(failure: RingFailure): void {
    const codec = failure.status === 488 && this.#path.anchor !== undefined && this.#facts.offer.length > 0;
    if (codec && !this.#recordingMandatory) {
      this.#path.leaveForCodec();
      this.#ring();
      return;
    }
    this.#a.session.reject(failure.status, { reason: failure.reason });
  }

  // Answer

  async #answered(b: PhoneLeg, response: SipResponse): Promise<void> {
    const answeredMicros = this.#context.clock.wallMicros();
    this.#b = b;
    this.#ringing = undefined;
    this.#path.serve(b);
    b.session.on("ended", ({ by }) => this.#partyGone(CALLED, `called-${by}`));
    this.apply({ kind: "party-answered", party: CALLED });
    if (this.#plan.record && !(await this.#recording.expect(answeredMicros))) return this.#rejectForRecording(503);
    if (this.#over) return;
    await this.#path.join(b, response);
    if (this.#plan.record && !this.#over) await this.#recording.begin(answeredMicros);
  }

  // End

  #partyGone(party: string, cause: string): void {
    this.#ringing?.cancel();
    this.apply({ kind: "party-released", party, cause });
  }

  #releaseParty(party: string): void {
    if (party === CALLER) this.#a.session.terminate();
    else this.#b?.session.terminate();
  }

  async #finish(cause: string): Promise<void> {
    this.#log.info({ cause }, "call ended");
    await this.#recording.end();
    await this.#path.close();
    await this.#recording.settled();
    this.#resolveFinished();
  }
}
