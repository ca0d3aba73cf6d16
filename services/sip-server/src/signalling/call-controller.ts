import type { DnConfig } from "@sidetone/config";
import type { Logger, Result } from "@sidetone/foundation";
import { errorText, fail, ok, SidetoneError } from "@sidetone/foundation";
import { readMsml } from "@sidetone/msml";
import type { InviteSession, SipResponse } from "@sidetone/sip";
import { Params } from "@sidetone/sip";
import { type Call, callTypeOf, newCall, type Party } from "../call-model/call.ts";
import { type CallInput, stepCall } from "../call-model/machine.ts";
import { recordingFilename } from "../identity/index.ts";
import { type MediaPlan, mediaPlan } from "../recording/policy.ts";
import { type AnchorRequest, anchorCall, buildAnchor, newAnchor } from "./anchor-attempts.ts";
import { CallMedia } from "./call-media.ts";
import { LedgerLines } from "./ledger-lines.ts";
import type { AnchorFailure, MediaAnchor } from "./media-anchor.ts";
import { OriginStamp } from "./origin-stamp.ts";
import { identityOf, isExternal, partyOf } from "./party-number.ts";
import { forwardsLeft, passedHeaders } from "./passed-headers.ts";
import type { PhoneLeg } from "./phone-leg.ts";
import { type AnchorForRecording, RecordingControl } from "./recording-control.ts";
import { type RingFailure, Ringing, type RingTarget } from "./ringing.ts";
import { canAnchor, inactiveAnswer, placeholderOffer, withCodecsOf } from "./sdp-direction.ts";
import type { ServerContext } from "./server-context.ts";

const SDP = "application/sdp";
/** How long a call waits for the disk, ms. */
const STORAGE_PATIENCE_MS = 500;
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
 * One two-party call: feeds the phones' and the Media Server's doings into the call model and the recording machine and
 * carries out what they decide. How media are moved, phones are rung and recorders driven is in its parts.
 */
export class CallController {
  readonly #context: ServerContext;
  readonly #facts: CallFacts;
  readonly #log: Logger;
  readonly #plan: MediaPlan;
  readonly #a: PhoneLeg;
  readonly #ledger: LedgerLines;
  readonly #finished: Promise<void>;
  #resolveFinished: () => void = () => undefined;
  #call: Call;
  #b: PhoneLeg | undefined;
  #ringing: Ringing | undefined;
  #anchor: MediaAnchor | undefined;
  #media: CallMedia | undefined;
  #recording: RecordingControl | undefined;
  /** The called phone was offered the Media Server's address. */
  #rangAnchored = false;
  /** Tries to anchor in mid-call: each takes the next Resource Manager. */
  #attempts = 0;
  /** Why the media of a call that should be anchored go direct. */
  #anchorFailure: string | undefined;

  constructor(context: ServerContext, facts: CallFacts) {
    this.#context = context;
    this.#facts = facts;
    this.#plan = mediaPlan(facts.caller, facts.called);
    const caller = partyOf(CALLER, facts.caller, facts.callerNumber, "origination", context.config.domain);
    const called = partyOf(CALLED, facts.called, facts.calledNumber, "destination", context.config.domain);
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
    this.#ledger = new LedgerLines(context.ledger, this.#log);
    this.#a = this.#leg(CALLER, facts.caller.dn, facts.session);
    this.apply({ kind: "party-added", party: caller });
    this.apply({ kind: "party-added", party: called });
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
      const anchored = await this.#anchorForSetup();
      if (this.#over) return;
      if (!anchored.ok && this.#refusedForRecording(anchored.error)) return;
      if (anchored.ok && this.#plan.record) {
        await this.#prepareRecording();
        if (this.#over) return;
      }
    }
    this.#ring(this.#anchor);
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
    const sessionId = String(this.#context.clock.wallMicros());
    return { party, dn, session, stamp: new OriginStamp(sessionId, this.#facts.localAddress) };
  }

  #party(id: string): Party | undefined {
    return this.#call.parties.find((party) => party.id === id);
  }

  // Set-up

  async #anchorForSetup(): Promise<Result<MediaAnchor, AnchorFailure>> {
    const { offer, caller, called } = this.#facts;
    const anchored = canAnchor(offer)
      ? await anchorCall(this.#context, this.#anchorRequest(), [
          { name: CALLER, dn: caller.dn, offer: offer.length > 0 ? offer : placeholderOffer(offer) },
          { name: CALLED, dn: called.dn, offer: placeholderOffer(offer) },
        ])
      : fail<AnchorFailure>({ reason: "codec", status: 488 });
    if (!anchored.ok) {
      this.#anchorFailure = anchored.error.reason;
      return anchored;
    }
    this.#anchor = anchored.value;
    if (this.#over) await anchored.value.close();
    return anchored;
  }

  #anchorRequest(): AnchorRequest {
    return {
      callUuid: this.#call.callUuid,
      from: this.#callerIdentity(),
      localAddress: this.#facts.localAddress,
      record: this.#plan.record,
      onMsml: (body) => this.#msmlEvent(body),
      onLost: (anchor, reason) => void this.#mediaLost(anchor, reason),
    };
  }

  /** R17 `reject`: true where the caller was refused because recording is mandatory. */
  #refusedForRecording(failure: AnchorFailure): boolean {
    this.#context.onAlarm(this.#call, failure.reason);
    if (!this.#plan.record || this.#plan.recordingFailure !== "reject") return false;
    const status = failure.reason === "codec" ? 488 : 503;
    this.#a.session.reject(status, { reason: "Recording Mandatory", headers: retryAfter(status) });
    return true;
  }

  /** R8, R9: the id; R17 `reject`: the recorder runs, paused, before anyone rings. */
  async #prepareRecording(): Promise<void> {
    try {
      await this.#inTime(this.#newRecording(), "a recording id");
    } catch (error) {
      this.#log.error({ error: errorText(error) }, "no recording id could be stored");
      if (this.#plan.recordingFailure === "reject")
        this.#a.session.reject(503, { reason: "Recording Mandatory", headers: retryAfter(503) });
      return;
    }
    if (this.#plan.recordingFailure !== "reject" || this.#recording === undefined) return;
    const outcome = this.#recording.outcome();
    this.#recording.input({ kind: "prepare" });
    const started = await Promise.race([outcome, this.#after(1000).then(() => false)]);
    if (!started && !this.#over) {
      this.#a.session.reject(503, { reason: "Recording Mandatory", headers: retryAfter(503) });
    }
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#context.clock.after(ms, resolve);
    });
  }

  /** R17: a slow disk delays a call no longer than a slow Media Server. @throws what `work` throws, or SidetoneError `storage-slow` */
  async #inTime(work: Promise<void>, what: string): Promise<void> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.#context.clock.after(STORAGE_PATIENCE_MS, () =>
        reject(
          new SidetoneError("storage-slow", `${what} is not on the disk after ${STORAGE_PATIENCE_MS} ms`, {
            remedy: "Check the disk that holds sip-server.storage.",
          }),
        ),
      );
    });
    await Promise.race([work, late]).finally(cancel);
  }

  async #newRecording(): Promise<void> {
    const recorded = this.#call.parties.find((party) => party.recorded);
    if (recorded === undefined) return;
    const { config, ids, clock } = this.#context;
    const name = recordingFilename(config.options.recordingFilename, {
      uuid: this.#call.callUuid,
      connId: this.#call.connId,
      startMicros: clock.wallMicros(),
      ani: this.#call.ani,
      dnis: this.#call.dnis,
      agentDn: this.#call.parties.find(({ kind }) => kind === "internal")?.dn,
      callId: this.#a.session.callId,
    });
    const id = await ids.recordingIds.claimName(name, this.#call.callUuid);
    this.#recording = new RecordingControl({
      clock,
      log: this.#log,
      recordingId: id,
      fileName: id,
      recordDn: recorded.dn,
      call: () => this.#call,
      anchor: () => this.#anchorForRecording(),
      anchorNow: () => this.#anchor,
      indicate: (state, cause) => this.apply({ kind: "recording", state, cause, id, fileName: id }),
      ledger: (outcome, reason) => this.#ledger.resolve(outcome, reason, id),
      alarm: (reason) => this.#context.onAlarm(this.#call, reason),
    });
  }

  #callerIdentity() {
    const caller = this.#party(CALLER) ?? partyOf(CALLER, this.#facts.caller, "", "origination", "");
    return identityOf(caller, this.#context.config.domain, this.#facts.callerName, new Params());
  }

  #ring(anchor: MediaAnchor | undefined): void {
    const { session, targets, caller } = this.#facts;
    const offer = anchor === undefined ? this.#facts.offer : offerToCalled(anchor);
    this.#rangAnchored = anchor !== undefined;
    const stamp = new OriginStamp(String(this.#context.clock.wallMicros()), this.#facts.localAddress);
    const ringing = new Ringing({
      endpoint: this.#context.endpoint,
      clock: this.#context.clock,
      log: this.#log,
      targets,
      noAnswerTimeoutMs: this.#context.config.options.noAnswerTimeoutMs,
      invite: {
        from: this.#callerIdentity(),
        contactUser: isExternal(caller) ? this.#facts.callerNumber : caller.dn,
        headers: [["Max-Forwards", String(forwardsLeft(session.invite))], ...passedHeaders(session.invite)],
        ...(offer.length > 0 ? { body: stamp.stamp(offer), contentType: SDP } : {}),
      },
      onProgress: (fork, response, reliable) => void this.#progress(ringing, fork, stamp, response, reliable),
      onAnswered: (fork, response) =>
        void this.#answered({ party: CALLED, dn: this.#facts.called.dn, session: fork, stamp }, response),
      onFailed: (failure) => this.#ringFailed(failure),
    });
    this.#ringing = ringing;
    ringing.start();
  }

  /** Early media go to the caller from a phone that rings alone: of several, only the answer's SDP counts. */
  async #progress(
    ringing: Ringing,
    fork: InviteSession,
    stamp: OriginStamp,
    response: SipResponse,
    reliable: boolean,
  ): Promise<void> {
    if (response.status >= 180) this.apply({ kind: "party-ringing", party: CALLED });
    // A phone that rings alone has a dialog now: what the phones say to each other in it passes.
    if (ringing.single) this.#serve({ party: CALLED, dn: this.#facts.called.dn, session: fork, stamp });
    const early = ringing.single && response.body.length > 0 ? response.body : undefined;
    const offerless = this.#facts.offer.length === 0;
    if (early !== undefined && reliable && this.#anchor === undefined && offerless) {
      fork.prack(stamp.stamp(inactiveAnswer(early)), SDP);
      this.#a.session.progress(180);
      return;
    }
    if (early !== undefined && !offerless) {
      const shown = await this.#earlySdp(early);
      if (this.#over || this.#a.session.state === "confirmed") return;
      if (shown !== undefined) {
        this.#a.session.progress(response.status, {
          reason: response.reason,
          body: this.#a.stamp.stamp(shown),
          contentType: SDP,
          reliable: reliable || this.#callerRequires100rel,
        });
        return;
      }
    }
    this.#a.session.progress(response.status === 183 ? 180 : response.status, {
      ...(response.status === 183 ? {} : { reason: response.reason }),
      reliable: (reliable || this.#callerRequires100rel) && !offerless,
    });
  }

  get #callerRequires100rel(): boolean {
    return this.#facts.session.invite.headers.list("Require").some((tag) => tag.toLowerCase() === "100rel");
  }

  /** The SDP of the caller's early media: the phone's own, or the Media Server's once it knows the phone's. */
  async #earlySdp(early: Buffer): Promise<Buffer | undefined> {
    if (this.#anchor === undefined) return early;
    const told = await this.#anchor.updateLeg(CALLED, early);
    return told.ok ? this.#anchor.answerFor(CALLER) : undefined;
  }

  #ringFailed(failure: RingFailure): void {
    const anchor = this.#anchor;
    if (failure.status === 488 && anchor !== undefined && canGoDirect(this.#plan) && this.#facts.offer.length > 0) {
      // The called phone has no G.711: the two may still share a codec that the Media Server lacks.
      this.#anchor = undefined;
      this.#anchorFailure = "codec";
      this.#media?.close();
      this.#media = undefined;
      void anchor.close();
      this.#ring(undefined);
      return;
    }
    this.#a.session.reject(failure.status, { reason: failure.reason });
  }

  // Answer

  async #answered(b: PhoneLeg, response: SipResponse): Promise<void> {
    const answeredMicros = this.#context.clock.wallMicros();
    this.#b = b;
    this.#ringing = undefined;
    this.#serve(b);
    b.session.on("ended", ({ by }) => this.#partyGone(CALLED, `called-${by}`));
    this.apply({ kind: "party-answered", party: CALLED });
    if (this.#plan.record && !(await this.#expectInLedger(answeredMicros))) return;
    if (this.#over) return;
    if (this.#anchor !== undefined) await this.#joinAnchored(b, response, this.#anchor);
    else {
      this.#joinDirect(b, response);
      // The Media Server was lost while it rang: the called phone still sends there.
      if (this.#rangAnchored) await this.#goDirect();
    }
    if (this.#over) return;
    if (this.#plan.record) await this.#recordFrom(answeredMicros);
  }

  /** R34: the line is durable before the caller hears the answer. */
  async #expectInLedger(answeredMicros: number): Promise<boolean> {
    try {
      const written = this.#ledger.expect(this.#call, answeredMicros, this.#recording?.state.id);
      await this.#inTime(written, "the ledger");
      return true;
    } catch (error) {
      this.#log.error({ error: errorText(error) }, "the ledger could not be written");
      this.#context.onAlarm(this.#call, "ledger-unwritable");
      if (this.#plan.recordingFailure !== "reject") return true;
      this.#a.session.reject(503, { reason: "Recording Mandatory", headers: retryAfter(503) });
      return false;
    }
  }

  #joinDirect(b: PhoneLeg, response: SipResponse): void {
    const offerless = this.#facts.offer.length === 0;
    const sdp = response.body.length > 0 ? response.body : b.session.remoteSdp;
    if (offerless) {
      this.#a.session.on("acked", (ack) => {
        if (ack.body.length === 0) return;
        const answer = b.stamp.stamp(ack.body);
        // Where the phone's offer came in a reliable 18x it had a placeholder for an answer: now the real one.
        if (response.body.length > 0) b.session.ack(answer, SDP);
        else void b.session.reinvite({ body: answer, contentType: SDP });
      });
    }
    this.#a.session.accept(sdp === undefined ? {} : { body: this.#a.stamp.stamp(sdp), contentType: SDP });
  }

  async #joinAnchored(b: PhoneLeg, response: SipResponse, anchor: MediaAnchor): Promise<void> {
    const shown = anchor.answerFor(CALLER);
    if (this.#facts.offer.length === 0) {
      this.#a.session.on("acked", (ack) => {
        if (ack.body.length > 0) void anchor.updateLeg(CALLER, ack.body);
      });
    }
    this.#a.session.accept(shown === undefined ? {} : { body: this.#a.stamp.stamp(shown), contentType: SDP });
    const sdp = response.body.length > 0 ? response.body : b.session.remoteSdp;
    if (sdp !== undefined) {
      const told = await anchor.updateLeg(CALLED, sdp);
      if (!told.ok) await this.#mediaLost(anchor, told.error.reason);
    }
  }

  #serve(b: PhoneLeg): void {
    if (this.#media?.called.session === b.session) return;
    this.#media?.close();
    this.#media = new CallMedia(this.#a, b, this.#anchor, this.#log, {
      onHold: (party, held) => this.apply({ kind: held ? "party-held" : "party-retrieved", party }),
    });
  }

  async #recordFrom(answeredMicros: number): Promise<void> {
    if (this.#anchorFailure === "codec") {
      // The phones will not change: another try in mid-call would fail the same way.
      this.#ledger.resolve("not-recorded", "codec", undefined);
      return;
    }
    if (this.#recording === undefined) {
      await this.#newRecording().catch((error: unknown) =>
        this.#log.error({ error: errorText(error) }, "no recording id could be stored"),
      );
    }
    if (this.#over) return;
    if (this.#recording === undefined) {
      this.#ledger.resolve("not-recorded", "no-recording-id", undefined);
      return;
    }
    if (this.#anchor === undefined) {
      this.#recording.input({ kind: "media-lost", reason: this.#anchorFailure ?? "no-media-server" });
    }
    this.#recording.input({ kind: "wanted", answeredMicros });
  }

  // Recording in mid-call

  async #anchorForRecording(): Promise<Result<AnchorForRecording, string>> {
    if (this.#anchor !== undefined) return ok({ anchor: this.#anchor, fresh: false });
    const legs = this.#media?.legs();
    if (this.#media === undefined || legs === undefined || this.#over) return fail("call-not-established");
    const request = this.#anchorRequest();
    const anchor = newAnchor(this.#context, request, this.#attempts);
    this.#attempts += 1;
    const built = await buildAnchor(this.#context, anchor, request, legs);
    const moved = built.ok && !this.#over ? await this.#media.moveTo(anchor) : built;
    if (!moved.ok || this.#over) {
      void anchor.close();
      return fail(moved.ok ? "call-ended" : moved.error.reason);
    }
    this.#anchor = anchor;
    return ok({ anchor, fresh: true });
  }

  async #mediaLost(anchor: MediaAnchor, reason: string): Promise<void> {
    if (anchor !== this.#anchor || this.#over) return;
    this.#anchor = undefined;
    this.#anchorFailure = reason;
    this.#log.warn({ reason }, "the Media Server was lost");
    void anchor.close();
    this.#recording?.input({ kind: "media-lost", reason });
    if (this.#call.answeredMicros === undefined) {
      this.#media?.close();
      this.#media = undefined;
      return;
    }
    await this.#goDirect();
  }

  async #goDirect(): Promise<void> {
    const moved = await this.#media?.moveToDirect();
    if (moved?.ok === false)
      this.#log.error({ reason: moved.error.reason }, "the phones could not be joined to each other");
  }

  #msmlEvent(body: Buffer): void {
    const read = readMsml(body);
    if (!read.ok || read.value.kind !== "event") {
      this.#log.warn({}, "INFO of the Media Server without a readable MSML event");
      return;
    }
    const { name, values } = read.value.event;
    this.#recording?.event(name, values);
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
    this.#recording?.input({ kind: "call-ended" });
    this.#ledger.until(this.#context.clock.wallMicros());
    await this.#recording?.stopped;
    await this.#anchor?.close();
    await this.#ledger.settled();
    this.#resolveFinished();
  }
}

/** The Media Server's side for the called phone, with all the codecs that the Media Server was offered for it. */
function offerToCalled(anchor: MediaAnchor): Buffer {
  const answer = anchor.answerFor(CALLED) ?? Buffer.alloc(0);
  return withCodecsOf(answer, anchor.offeredBy(CALLED) ?? answer);
}

function canGoDirect(plan: MediaPlan): boolean {
  return !(plan.record && plan.recordingFailure === "reject");
}

function retryAfter(status: number): [string, string][] {
  return status === 503 ? [["Retry-After", "5"]] : [];
}
