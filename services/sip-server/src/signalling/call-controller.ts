import type { DnConfig } from "@sidetone/config";
import { fail, type Logger, ok } from "@sidetone/foundation";
import type { InviteSession, NameAddr, SipResponse } from "@sidetone/sip";
import { Params } from "@sidetone/sip";
import { type Call, callTypeOf, newCall, type Party, presentParties, type UserData } from "../call-model/call.ts";
import { type CallInput, type PartyFacts, stepCall } from "../call-model/machine.ts";
import { changedByClient, type UserDataChange } from "../call-model/user-data.ts";
import { type MediaPlan, mediaPlan } from "../recording/policy.ts";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { userDataFailure } from "./call-failures.ts";
import { CallRecording } from "./call-recording.ts";
import { CallSetup, offerOfDialled } from "./call-setup.ts";
import { answeringCaller, type CallerSide, dialledCaller } from "./caller-side.ts";
import { MediaPath } from "./media-path.ts";
import { OriginStamp } from "./origin-stamp.ts";
import { identityOf, partyOf, recordedBy } from "./party-number.ts";
import { CALLED, CALLER, type PhoneLeg } from "./phone-leg.ts";
import type { RingTarget } from "./ringing.ts";
import type { ServerContext } from "./server-context.ts";

/** A call to set up: the caller's phone as a session, and where it goes. */
export interface CallFacts {
  /** The caller's INVITE, accepted as a session; or ours to the caller's phone. */
  readonly session: InviteSession;
  /** RequestMakeCall: `session` is an INVITE of ours, without an offer; the called party rings when it is answered. */
  readonly dialled?: boolean;
  readonly localAddress: string;
  /** SDP of the caller's INVITE; empty where the offer is left to us. */
  readonly offer: Buffer;
  readonly caller: DnConfig;
  readonly callerNumber: string;
  readonly callerName: string | undefined;
  readonly called: DnConfig;
  readonly calledNumber: string;
  readonly targets: readonly RingTarget[];
  /** What the call's user data begin with. */
  readonly userData?: UserData;
}

/**
 * One two-party call: feeds what phones and clients do into the call model and carries out what it decides. Its way to
 * the answer is `CallSetup`'s, the way of its media `MediaPath`'s, its recording `CallRecording`'s.
 */
export class CallController {
  readonly #context: ServerContext;
  readonly #facts: CallFacts;
  readonly #log: Logger;
  readonly #callerIdentity: NameAddr;
  readonly #a: PhoneLeg;
  readonly #callerSide: CallerSide;
  readonly #path: MediaPath;
  readonly #recording: CallRecording;
  readonly #setup: CallSetup;
  readonly #finished = Promise.withResolvers<void>();
  /** R6: what is configured when the call begins; its answer decides again. */
  #plan: MediaPlan;
  #offer: Buffer;
  #call: Call;
  #b: PhoneLeg | undefined;

  constructor(context: ServerContext, facts: CallFacts) {
    this.#context = context;
    this.#facts = facts;
    this.#offer = facts.offer;
    this.#plan = this.#planNow();
    const { domain } = context.config;
    const [caller, called] = [this.#callerParty(), this.#calledParty()];
    this.#callerIdentity = identityOf(caller, domain, facts.callerName, new Params());
    this.#call = newCall({
      connId: context.ids.connIds.next(),
      callUuid: context.ids.callUuids.next(),
      callType: callTypeOf(caller.kind, called.kind),
      ani: caller.number,
      dnis: facts.calledNumber,
      createdMicros: context.clock.wallMicros(),
      userData: facts.userData ?? {},
    });
    this.#log = context.log.child({ connId: this.#call.connId, callUuid: this.#call.callUuid });
    this.#a = { party: CALLER, dn: facts.caller.dn, session: facts.session, stamp: this.#newStamp() };
    this.#callerSide = facts.dialled === true ? dialledCaller(this.#a) : answeringCaller(this.#a);
    this.#recording = this.#newRecording();
    this.#path = this.#newPath();
    this.#setup = this.#newSetup();
    facts.session.on("ended", ({ by }) => this.#partyGone(CALLER, `caller-${by}`));
  }

  get call(): Call {
    return this.#call;
  }

  /** Resolves when the call has left nothing behind: phones told, recording stopped, Media Server legs ended. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Feeds the call model and carries out its effects. */
  apply(input: CallInput): void {
    const step = stepCall(this.#call, input, this.#context.clock.wallMicros());
    this.#call = step.call;
    if (step.effects.length > 0) this.#context.onCall(step.call, step.effects);
    for (const effect of step.effects) {
      if (effect.kind === "release-party") this.#releaseParty(effect.party);
      if (effect.kind === "call-ended") void this.#finish(effect.cause);
    }
  }

  /** Brings the call on its way: to the called party, or first to the phone of who had it dialled. */
  async start(): Promise<void> {
    this.apply({ kind: "party-added", party: this.#callerParty() });
    if (this.#facts.dialled === true) {
      const offer = await offerOfDialled(this.#a, { context: this.#context, apply: (input) => this.apply(input) });
      if (offer === undefined || this.#over) return;
      this.#offer = offer;
    }
    this.apply({ kind: "party-added", party: this.#calledParty() });
    await this.#setup.start();
  }

  // What clients ask

  /** R3, R18: the call's recording. Resolves before the change is said to anybody. */
  record(action: RecordingAction): Promise<Outcome> {
    return this.#recording.record(action);
  }

  /** R22. True: something changed. @param by DN of who changes it */
  changeUserData(change: UserDataChange, by: string): Outcome<boolean> {
    const changed = changedByClient(this.#call.userData, change);
    if (!changed.ok) return fail(userDataFailure(changed.error));
    this.apply({ kind: "user-data", changed: changed.value, by });
    return ok(changed.value.keys.length > 0);
  }

  /** A party hangs up, by a client's word; a called one that rings declines. */
  release(party: Party): void {
    if (party.id === CALLED && this.#b === undefined) return this.#setup.rejectByClient();
    this.#partyGone(party.id, "released");
    (party.id === CALLER ? this.#a : this.#b)?.session.terminate();
  }

  /** Tells the called party's phone, which rings, to answer. False where it cannot be told. */
  answer(party: Party): Promise<boolean> {
    if (party.id !== CALLED || party.state !== "ringing") return Promise.resolve(false);
    return this.#setup.answerByClient();
  }

  /** Puts the call of a party on hold, or takes it back. Resolves with why it could not be done. */
  async hold(party: Party, held: boolean): Promise<string | undefined> {
    const refusal = await this.#path.hold(party.id, held);
    if (refusal === undefined) this.apply({ kind: held ? "party-held" : "party-retrieved", party: party.id });
    return refusal;
  }

  /** Ends the call from our side. */
  async shutdown(): Promise<void> {
    this.#a.session.terminate();
    this.#b?.session.terminate();
    await this.finished;
  }

  get #over(): boolean {
    return this.#call.endedMicros !== undefined;
  }

  // Parts

  #callerParty(): Party {
    const { caller, callerNumber } = this.#facts;
    return partyOf(CALLER, caller, callerNumber, "origination", this.#surroundings(caller));
  }

  #calledParty(): Party {
    const { called, calledNumber } = this.#facts;
    return partyOf(CALLED, called, calledNumber, "destination", this.#surroundings(called));
  }

  #surroundings({ dn }: DnConfig): Parameters<typeof partyOf>[4] {
    return { domain: this.#context.config.domain, agent: this.#context.agentOf?.(dn) };
  }

  #planNow(): MediaPlan {
    const { caller, called } = this.#facts;
    const [a, b] = [caller, called].map((dn) => recordedBy(dn, this.#context.agentOf?.(dn.dn)));
    return mediaPlan(a ?? caller, b ?? called);
  }

  #newStamp(): OriginStamp {
    return new OriginStamp(String(this.#context.clock.wallMicros()), this.#facts.localAddress);
  }

  #newRecording(): CallRecording {
    return new CallRecording({
      context: this.#context,
      log: this.#log,
      plan: () => this.#plan,
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
      callerSide: this.#callerSide,
      offer: () => this.#offer,
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

  #newSetup(): CallSetup {
    const { caller, callerNumber, called, targets, dialled } = this.#facts;
    return new CallSetup({
      context: this.#context,
      log: this.#log,
      caller: this.#a,
      callerDn: caller,
      callerNumber,
      callerIdentity: this.#callerIdentity,
      callerSide: this.#callerSide,
      dialled: dialled === true,
      offer: () => this.#offer,
      called,
      targets,
      plan: this.#plan,
      path: () => this.#path,
      recording: this.#recording,
      call: () => this.#call,
      apply: (input) => this.apply(input),
      newStamp: () => this.#newStamp(),
      onAnswered: (b, response) => void this.#answered(b, response),
    });
  }

  // Answer

  async #answered(b: PhoneLeg, response: SipResponse): Promise<void> {
    const answeredMicros = this.#context.clock.wallMicros();
    this.#b = b;
    this.#path.serve(b);
    b.session.on("ended", ({ by }) => this.#partyGone(CALLED, `called-${by}`));
    const wished = this.#plan.record;
    this.#plan = { ...this.#planNow(), recordingFailure: this.#plan.recordingFailure };
    if (wished && !this.#plan.record) this.#recording.withdraw();
    this.apply({ kind: "party-answered", party: CALLED, facts: this.#factsNow() });
    if (this.#plan.record && !(await this.#recording.expect(answeredMicros))) {
      return this.#partyGone(CALLER, "failed recording-mandatory", () =>
        this.#callerSide.reject(503, { reason: "Recording Mandatory", headers: [["Retry-After", "5"]] }),
      );
    }
    if (this.#over) return;
    await this.#path.join(b, response);
    if (this.#plan.record && !this.#over) await this.#recording.begin(answeredMicros);
  }

  #factsNow(): ReadonlyMap<string, PartyFacts> {
    const parties = [this.#callerParty(), this.#calledParty()];
    return new Map(parties.map(({ id, agentId, recorded }) => [id, { agentId, recorded }]));
  }

  // End

  #partyGone(party: string, cause: string, tell: () => void = () => undefined): void {
    this.#setup.cancel();
    // A call that has lost its caller before anyone was called.
    const known = presentParties(this.#call).some(({ id }) => id === party);
    if (known) this.apply({ kind: "party-released", party, cause });
    tell();
  }

  #releaseParty(party: string): void {
    if (party === CALLER) this.#setup.releaseCaller();
    else this.#b?.session.terminate();
  }

  async #finish(cause: string): Promise<void> {
    this.#log.info({ cause }, "call ended");
    await this.#recording.end();
    await this.#path.close();
    await this.#recording.settled();
    this.#finished.resolve();
  }
}
