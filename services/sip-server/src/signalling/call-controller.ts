import type { DnConfig } from "@sidetone/config";
import { fail, type Logger, ok } from "@sidetone/foundation";
import { type IncomingRequest, type InviteSession, type NameAddr, Params, type SipResponse } from "@sidetone/sip";
import {
  answeredParties,
  type Call,
  type CallType,
  callTypeOf,
  newCall,
  nextPartyId,
  type Party,
  presentParties,
  type UserData,
} from "../call-model/call.ts";
import { type CallInput, type CallStep, type PartyFacts, stepCall } from "../call-model/machine.ts";
import { changedByClient, type UserDataChange } from "../call-model/user-data.ts";
import { type MediaPlan, mediaPlan } from "../recording/policy.ts";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { type Arrival, bringIn } from "./arrival.ts";
import { userDataFailure } from "./call-failures.ts";
import { CallQueue } from "./call-queue.ts";
import { CallRecording } from "./call-recording.ts";
import { CallSetup, offerOfDialled } from "./call-setup.ts";
import { answeringCaller, type CallerSide, upCaller } from "./caller-side.ts";
import { MediaPath } from "./media-path.ts";
import { OriginStamp } from "./origin-stamp.ts";
import { identityOf, partyOf, recordedBy } from "./party-number.ts";
import { CALLED, CALLER, type PhoneLeg } from "./phone-leg.ts";
import type { RingFailure, RingTarget } from "./ringing.ts";
import type { ServerContext } from "./server-context.ts";

/** Who is to be rung, and where. */
export interface Target {
  readonly called: DnConfig;
  /** The number dialled; of a trunk the external number. */
  readonly calledNumber: string;
  readonly targets: readonly RingTarget[];
}

/** A call to set up: the caller's phone as a session, and where it goes. */
export interface CallFacts extends Target {
  /** The caller's INVITE, accepted as a session; or ours to the caller's phone; or that of the phone's other call. */
  readonly session: InviteSession;
  /**
   * `dialled` (RequestMakeCall): `session` is an INVITE of ours, without an offer; the called party rings when it is
   * answered. `consultation`: the phone is up in the call `consultOf`. Default: the phone sent the INVITE.
   */
  readonly origin?: "dialled" | "consultation";
  /** R27: the call from which a consultation is begun, and the phone's leg there. */
  readonly consultOf?: { readonly connId: Call["connId"]; readonly leg: PhoneLeg };
  readonly localAddress: string;
  /** SDP of the caller's phone; empty where the offer is left to us. */
  readonly offer: Buffer;
  readonly caller: DnConfig;
  readonly callerNumber: string;
  readonly callerName: string | undefined;
  /** What the call's user data begin with. */
  readonly userData?: UserData;
}

/** A party whose phone rings. */
export interface RingingParty {
  cancel(): void;
  rejectByClient(): void;
  answerByClient(): Promise<boolean>;
}

/** Who takes over a party whose phone rings. */
export interface Heir {
  rings(): void;
  answered(leg: PhoneLeg): void;
  /** It will not come; why, as the call model says it. */
  failed(cause: string): void;
}

/** What a call asks of its surroundings when a phone does something that concerns other calls. */
export interface CallSurroundings {
  onRefer(controller: CallController, party: string, incoming: IncomingRequest): void;
  /** A phone's dialog is over. */
  onDialogEnd(session: InviteSession): void;
}

/**
 * One call: feeds what phones and clients do into the call model and carries out what it decides. Its way to the answer
 * is `CallSetup`'s or, at a routing point, `CallQueue`'s; who comes later is brought in by `bringIn`; the way of its
 * media is `MediaPath`'s, its recording `CallRecording`'s.
 */
export class CallController {
  readonly context: ServerContext;
  readonly path: MediaPath;
  readonly recording: CallRecording;
  readonly log: Logger;
  readonly callerSide: CallerSide;
  /** The caller's phone. */
  readonly caller: PhoneLeg;
  readonly #facts: CallFacts;
  readonly #beyond: CallSurroundings;
  readonly #callerIdentity: NameAddr;
  readonly #legs = new Map<string, PhoneLeg>();
  readonly #ringers = new Map<string, RingingParty>();
  /** What was reached, by party: of a trunk group more than its configuration says. */
  readonly #reachedDns = new Map<string, DnConfig>();
  readonly #finished = Promise.withResolvers<void>();
  /** R6: what is configured when the call begins; its answer decides again. */
  #plan: MediaPlan;
  #offer: Buffer;
  #call: Call;
  #queue: CallQueue | undefined;
  /** Ids given to parties that have not been reached yet. */
  #reserved = new Set<string>();
  /** The call that survived this consultation, for the party whose phone rings still. */
  #heir: Heir | undefined;
  readonly #reached = Promise.withResolvers<boolean>();

  constructor(context: ServerContext, facts: CallFacts, surroundings: CallSurroundings) {
    this.context = context;
    this.#facts = facts;
    this.#beyond = surroundings;
    this.#offer = facts.offer;
    this.#plan = this.planFor(facts.called);
    const { domain } = context.config;
    const [caller, called] = [this.#callerParty(), this.calledParty(CALLED, facts)];
    this.#callerIdentity = identityOf(caller, domain, facts.callerName, new Params());
    this.#call = newCall({
      connId: context.ids.connIds.next(),
      callUuid: context.ids.callUuids.next(),
      callType: this.#callType(caller, called),
      previousConnId: facts.consultOf?.connId,
      ani: caller.number,
      dnis: facts.calledNumber,
      createdMicros: context.clock.wallMicros(),
      userData: facts.userData ?? {},
    });
    this.log = context.log.child({ connId: this.#call.connId, callUuid: this.#call.callUuid });
    const stamp = facts.consultOf?.leg.stamp ?? this.newStamp();
    this.caller = { party: CALLER, dn: facts.caller.dn, session: facts.session, stamp };
    this.callerSide =
      facts.origin === undefined
        ? answeringCaller(this.caller)
        : upCaller(this.caller, facts.origin === "consultation");
    this.recording = this.#newRecording();
    this.path = this.#newPath();
    this.addLeg(this.caller, "caller");
  }

  get call(): Call {
    return this.#call;
  }

  get plan(): MediaPlan {
    return this.#plan;
  }

  /** The call has ended. */
  get over(): boolean {
    return this.#call.endedMicros !== undefined;
  }

  /** Resolves when the call has left nothing behind: phones told, recording stopped, Media Server legs ended. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Whether its caller's phone is up in another call, from which this one was begun. */
  get isConsultation(): boolean {
    return this.#facts.origin === "consultation";
  }

  /** Resolves when the called party's phone rings or answers (true), or the call is over. */
  get reached(): Promise<boolean> {
    return this.#reached.promise;
  }

  /** The phone of a party, once its dialog is there. */
  leg(party: string): PhoneLeg | undefined {
    return this.#legs.get(party);
  }

  /** The party that has this dialog with us. */
  partyOfDialog(callId: string, localTag: string, remoteTag: string): Party | undefined {
    for (const [id, { session }] of this.#legs) {
      if (session.callId !== callId || session.localTag !== localTag || session.remoteTag !== remoteTag) continue;
      return presentParties(this.#call).find((party) => party.id === id);
    }
    return undefined;
  }

  /** Feeds the call model and carries out its effects. */
  apply(input: CallInput): void {
    this.carryOut(stepCall(this.#call, input, this.context.clock.wallMicros()));
  }

  /** Takes over what the call model made of the call. */
  carryOut(step: CallStep): void {
    this.#call = step.call;
    if (step.effects.length > 0) this.context.onCall(step.call, step.effects);
    for (const effect of step.effects) {
      if (effect.kind === "release-party") this.#releaseParty(effect.party);
      if (effect.kind === "call-ended") void this.#finish(effect.cause);
    }
  }

  /** Brings the call on its way: to the called party, or first to the phone of who had it dialled. */
  async start(): Promise<void> {
    this.apply({ kind: "party-added", party: this.#callerParty() });
    if (this.#facts.origin === "dialled") {
      const offer = await offerOfDialled(this.caller, { context: this.context, apply: (input) => this.apply(input) });
      if (offer === undefined || this.over) return;
      this.#offer = offer;
    }
    const party = this.calledParty(CALLED, this.#facts);
    this.apply({ kind: "party-added", party });
    if (party.device === "routing-point") {
      this.#queue = new CallQueue(this, this.#facts.called, party.id);
      return this.#queue.start();
    }
    await this.setUp(this.#facts, CALLED, this.#plan).start();
  }

  // What clients ask

  /** R3, R18: the call's recording. Resolves before the change is said to anybody. */
  record(action: RecordingAction): Promise<Outcome> {
    return this.recording.record(action);
  }

  /** R22. True: something changed. @param by DN of who changes it */
  changeUserData(change: UserDataChange, by: string | undefined): Outcome<boolean> {
    const changed = changedByClient(this.#call.userData, change);
    if (!changed.ok) return fail(userDataFailure(changed.error));
    this.apply({ kind: "user-data", changed: changed.value, by });
    return ok(changed.value.keys.length > 0);
  }

  /** A party hangs up, by a client's word; a called one that rings declines. `by`: the party that puts it out. */
  release(party: Party, by?: string): void {
    const ringer = this.#ringers.get(party.id);
    if (ringer !== undefined && party.role === "destination") return ringer.rejectByClient();
    const leg = this.#legs.get(party.id);
    this.partyGone(party.id, by === undefined ? "released" : "deleted", by);
    leg?.session.terminate();
  }

  /** Tells the phone of a party, which rings, to answer. False where it cannot be told. */
  answer(party: Party): Promise<boolean> {
    const ringer = this.#ringers.get(party.id);
    if (party.state !== "ringing" || ringer === undefined) return Promise.resolve(false);
    return ringer.answerByClient();
  }

  /** Puts the call of a party on hold, or takes it back. Resolves with why it could not be done. */
  async hold(party: Party, held: boolean): Promise<string | undefined> {
    const refusal = await this.path.hold(party.id, held);
    if (refusal === undefined) this.apply({ kind: held ? "party-held" : "party-retrieved", party: party.id });
    return refusal;
  }

  /** The call waits at a routing point. */
  get queue(): CallQueue | undefined {
    return this.#queue;
  }

  /** Brings a party into the call while it is up. Resolves when its phone was reached, or with why it was not. */
  bringIn(target: Target, arrival: Arrival): Promise<Outcome<string>> {
    return bringIn(this, target, arrival);
  }

  /** Ends the call from our side. */
  async shutdown(): Promise<void> {
    for (const { session } of this.#legs.values()) session.terminate();
    if (this.#legs.size === 0 || this.isConsultation) this.partyGone(CALLER, "released");
    await this.finished;
  }

  // Parts

  #callerParty(): Party {
    const { caller, callerNumber } = this.#facts;
    return partyOf(CALLER, caller, callerNumber, "origination", this.#surroundings(caller));
  }

  /** The party that a target makes. */
  calledParty(id: string, { called, calledNumber }: Target): Party {
    this.#reachedDns.set(id, called);
    return partyOf(id, called, calledNumber, "destination", this.#surroundings(called));
  }

  /** R1: a trunk group's call is recorded where the group asks for it, or the trunk of it that took the call. */
  answeredOver(party: string, trunk: string | undefined): void {
    const reached = this.#reachedDns.get(party);
    if (trunk === undefined || reached?.type !== "trunk-group") return;
    const { directory } = this.context;
    const record = directory.dn(reached.dn)?.record === true || directory.dn(trunk)?.record === true;
    this.#reachedDns.set(party, { ...reached, record });
  }

  /** An id for a party that is not in the call yet. */
  reservePartyId(): string {
    const reserved = Array.from(this.#reserved, (id): Party => ({ ...this.#callerParty(), id }));
    const id = nextPartyId({ ...this.#call, parties: [...this.#call.parties, ...reserved] });
    this.#reserved.add(id);
    return id;
  }

  /** The party is in the call now, or will not come. */
  giveBackPartyId(id: string): void {
    this.#reserved.delete(id);
  }

  #callType(caller: Party, called: Party): CallType {
    return this.#facts.consultOf === undefined ? callTypeOf(caller.kind, called.kind) : "Consult";
  }

  #surroundings({ dn }: DnConfig): Parameters<typeof partyOf>[4] {
    return { domain: this.context.config.domain, agent: this.context.agentOf?.(dn) };
  }

  /** How the media go when the caller talks to this DN. */
  planFor(called: DnConfig): MediaPlan {
    const asked = [this.#facts.caller, called].map((dn) => recordedBy(dn, this.context.agentOf?.(dn.dn)));
    const plan = mediaPlan(...asked);
    // R27: a consultation is recorded only where that is wanted.
    if (!this.isConsultation || this.context.config.options.recordConsultCalls) return plan;
    return {
      path: asked.some(({ media }) => media === "anchored") ? "anchored" : "direct",
      record: false,
      recordingFailure: "continue",
    };
  }

  newStamp(): OriginStamp {
    return new OriginStamp(String(this.context.clock.wallMicros()), this.#facts.localAddress);
  }

  /** Whom a phone that is rung for this call is shown. */
  identityOf(party: Party): NameAddr {
    if (party.id === CALLER) return this.#callerIdentity;
    return identityOf(party, this.context.config.domain, undefined, new Params());
  }

  #newRecording(): CallRecording {
    return new CallRecording({
      context: this.context,
      log: this.log,
      plan: () => this.#plan,
      callId: this.#facts.session.callId,
      call: () => this.#call,
      path: () => this.path,
      apply: (input) => this.apply(input),
    });
  }

  #newPath(): MediaPath {
    return new MediaPath({
      context: this.context,
      log: this.log,
      caller: this.caller,
      callerSide: () => this.callerSide,
      offer: () => this.#offer,
      anchorRequest: () => ({
        callUuid: this.#call.callUuid,
        from: this.#callerIdentity,
        localAddress: this.#facts.localAddress,
        record: this.#plan.record,
        onMsml: (body) => this.recording.msml(body),
      }),
      over: () => this.over,
      answered: () => this.#call.answeredMicros !== undefined,
      onLost: (reason) => this.recording.mediaLost(reason),
      onHold: (party, held) => this.apply({ kind: held ? "party-held" : "party-retrieved", party }),
      onRefer: (party, incoming) => this.#beyond.onRefer(this, party, incoming),
    });
  }

  /** The way of the waiting caller to a called party; the party's id is `id`. */
  setUp(
    target: Target,
    id: string,
    plan: MediaPlan,
    hooks: { readonly onReached?: () => void; readonly onUnreached?: (failure: RingFailure) => void } = {},
  ): CallSetup {
    const { caller, callerNumber, origin } = this.#facts;
    this.#plan = plan;
    const setup: CallSetup = new CallSetup({
      context: this.context,
      log: this.log,
      caller: this.caller,
      callerDn: caller,
      callerNumber,
      callerIdentity: this.#callerIdentity,
      callerSide: this.callerSide,
      ownInvite: origin === undefined,
      offer: () => this.#offer,
      called: { party: id, dn: target.called.dn, config: target.called },
      targets: target.targets,
      plan,
      path: () => this.path,
      recording: this.recording,
      call: () => this.#call,
      apply: (input) => this.#applyToCalled(input),
      newStamp: () => this.newStamp(),
      onAnswered: (b, response, { trunk }) => {
        this.answeredOver(b.party, trunk);
        void this.#answered(b, response, setup);
      },
      ...hooks,
      onReached: () => {
        hooks.onReached?.();
        this.#reached.resolve(true);
      },
    });
    this.#ringers.set(id, setup);
    return setup;
  }

  /** What becomes of the called party; of one that went on in another call, there. */
  #applyToCalled(input: CallInput): void {
    const heir = this.#heir;
    if (heir === undefined) this.apply(input);
    else if (input.kind === "party-ringing") heir.rings();
    else if (input.kind === "party-released") heir.failed(input.cause);
  }

  /** A phone is in the call. */
  addLeg(leg: PhoneLeg, name = "called"): void {
    this.#legs.set(leg.party, leg);
    leg.session.on("ended", ({ by }) => {
      this.#beyond.onDialogEnd(leg.session);
      if (this.#legs.get(leg.party) === leg) this.partyGone(leg.party, `${name}-${by}`);
    });
  }

  /** The phone is not in the call any more: what it does is another call's business. */
  removeLeg(party: string): void {
    this.#legs.delete(party);
  }

  /** A party's phone rings, or does not any more. */
  setRinger(party: string, ringer: RingingParty | undefined): void {
    if (ringer === undefined) this.#ringers.delete(party);
    else this.#ringers.set(party, ringer);
  }

  /** Takes the ringing of the called party out of this consultation: whoever answers goes on with `heir`. */
  handOver(heir: Heir): RingingParty | undefined {
    this.#heir = heir;
    const [[id, ringer] = []] = this.#ringers;
    if (id !== undefined) this.#ringers.delete(id);
    return ringer;
  }

  // Answer

  async #answered(b: PhoneLeg, response: SipResponse, setup: CallSetup): Promise<void> {
    if (this.#heir !== undefined) return this.#heir.answered(b);
    const answeredMicros = this.context.clock.wallMicros();
    this.#ringers.delete(b.party);
    this.addLeg(b);
    this.path.serve(b);
    const wished = this.#plan.record;
    this.#replan(b);
    if (wished && !this.#plan.record && !this.recording.wanted) this.recording.withdraw();
    this.apply({ kind: "party-answered", party: b.party, facts: this.factsNow() });
    if (this.isConsultation && !this.context.config.options.recordConsultCalls)
      await this.recording.leaveOut(this.#recordedElsewhere());
    if (this.recording.wanted && !(await this.recording.expect(answeredMicros))) {
      this.callerSide.owe(503, { reason: "Recording Mandatory", headers: [["Retry-After", "5"]] });
      this.partyGone(CALLER, "failed recording-mandatory");
      this.callerSide.release();
      return;
    }
    if (this.over) return setup.cancel();
    await this.path.join(b, response);
    if (this.recording.wanted && !this.over) await this.recording.begin(answeredMicros);
  }

  #replan({ party }: PhoneLeg): void {
    const called = this.#reachedDns.get(party) ?? this.#facts.called;
    this.#plan = { ...this.planFor(called), recordingFailure: this.#plan.recordingFailure };
  }

  /** The caller's phone, which waits at a routing point, is answered by a treatment: the call is up, with it alone. */
  async answerWaiting(): Promise<boolean> {
    const anchored = await this.path.anchorForSetup(undefined);
    if (!anchored.ok || this.over) return false;
    const now = this.context.clock.wallMicros();
    this.apply({ kind: "party-answered", party: CALLER, facts: this.factsNow() });
    if (this.recording.wanted) await this.recording.expect(now);
    if (this.over) return false;
    this.path.acceptWaiting(anchored.value);
    if (this.recording.wanted) await this.recording.begin(now);
    return true;
  }

  /** R1, R6, R27: agents and recording of the parties, as they are now in this call, or would be in no consultation. */
  factsNow(as = { consultation: this.isConsultation }): ReadonlyMap<string, PartyFacts> {
    return new Map(
      presentParties(this.#call).map(({ id, dn }): [string, PartyFacts] => {
        const config = this.#reachedDns.get(id) ?? this.context.config.dns.get(dn);
        const agent = this.context.agentOf?.(dn);
        const silent = as.consultation && !this.context.config.options.recordConsultCalls;
        const recorded = config !== undefined && !silent && recordedBy(config, agent).record;
        return [id, { agentId: agent?.agentId, recorded }];
      }),
    );
  }

  /** R27: who would be recorded in a call that is no consultation. */
  #recordedElsewhere(): ReadonlySet<string> {
    const facts = this.factsNow({ consultation: false });
    return new Set(Array.from(facts).flatMap(([id, { recorded }]) => (recorded ? [id] : [])));
  }

  // End

  /** A party has left, by its phone or by somebody's word; the call may go on without it. */
  partyGone(party: string, cause: string, by?: string): void {
    this.#ringers.get(party)?.cancel();
    this.#ringers.delete(party);
    if (!presentParties(this.#call).some(({ id }) => id === party)) {
      // A call that has lost its caller before anyone was called.
      if (party === CALLER) this.#cancelRinging();
      return;
    }
    if (party === CALLER && answeredParties(this.#call).length < 2) this.#cancelRinging();
    this.apply({ kind: "party-released", party, cause, ...(by === undefined ? {} : { by }) });
    if (!this.over) void this.#goOnWithout(party);
  }

  #cancelRinging(): void {
    for (const ringer of Array.from(this.#ringers.values())) ringer.cancel();
    this.#ringers.clear();
  }

  async #goOnWithout(party: string): Promise<void> {
    this.#legs.delete(party);
    await this.path.leave(party);
    await this.recording.partiesChanged();
  }

  #releaseParty(party: string): void {
    const ringer = this.#ringers.get(party);
    this.#ringers.delete(party);
    ringer?.cancel();
    const leg = this.#legs.get(party);
    if (party === CALLER && (leg === undefined || leg === this.caller)) this.callerSide.release();
    else leg?.session.terminate();
  }

  async #finish(cause: string): Promise<void> {
    this.log.info({ cause }, "call ended");
    this.#queue?.close();
    this.#reached.resolve(false);
    this.#cancelRinging();
    await this.recording.end();
    await this.path.close();
    await this.recording.settled();
    this.#finished.resolve();
  }
}
