import type { DnConfig } from "@sidetone/config";
import { fail, type Logger, ok } from "@sidetone/foundation";
import type { EndReason, IncomingRequest, InviteSession, SipResponse } from "@sidetone/sip";
import {
  answeredParties,
  type Call,
  type CallType,
  callTypeOf,
  newCall,
  type Party,
  presentParties,
  type UserData,
} from "../call-model/call.ts";
import { type CallInput, type CallStep, stepCall } from "../call-model/machine.ts";
import { changedByClient, type UserDataChange } from "../call-model/user-data.ts";
import type { MediaPlan } from "../recording/policy.ts";
import type { CallSnapshot } from "../restore/call-snapshot.ts";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { type Arrival, bringIn } from "./arrival.ts";
import { userDataFailure } from "./call-failures.ts";
import { CallParties, dnAsKnown, knownDn } from "./call-parties.ts";
import { CallPhones, type RingingParty } from "./call-phones.ts";
import { CallQueue } from "./call-queue.ts";
import { CallRecording } from "./call-recording.ts";
import { CallSetup, offerOfDialled } from "./call-setup.ts";
import { answeringCaller, type CallerSide, upCaller } from "./caller-side.ts";
import { MediaPath } from "./media-path.ts";
import { CALLED, CALLER, type PhoneLeg } from "./phone-leg.ts";
import { commandOf, indicationOf, type RecordPreference } from "./record-attribute.ts";
import { isExternal } from "./party-number.ts";
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

/** R33: how a call stood before the restart, and its phones. */
export interface Before {
  readonly snapshot: CallSnapshot;
  readonly phones: readonly PhoneLeg[];
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
  /** What is known of the DNs and agents behind its parties. */
  readonly parties: CallParties;
  readonly phones: CallPhones;
  /** The caller's phone. */
  readonly caller: PhoneLeg;
  readonly #facts: CallFacts;
  readonly #beyond: CallSurroundings;
  readonly #finished = Promise.withResolvers<void>();
  /** R6: what is configured when the call begins; its answer decides again. */
  #plan: MediaPlan;
  #offer: Buffer;
  #call: Call;
  #queue: CallQueue | undefined;
  /** The call that survived this consultation, for the party whose phone rings still. */
  #heir: Heir | undefined;
  readonly #reached = Promise.withResolvers<boolean>();

  /** @param before the call is one of before the restart; it is to be added to the calls, not to be started */
  constructor(context: ServerContext, facts: CallFacts, surroundings: CallSurroundings, before?: Before) {
    this.context = context;
    this.#facts = facts;
    this.#beyond = surroundings;
    this.#offer = facts.offer;
    this.parties = new CallParties(context, facts);
    this.phones = new CallPhones(
      (leg, by) => this.#phoneGone(leg, by),
      () => this.changed(),
      ({ session, dn }) => this.ownsDialog(session.callId, dn),
    );
    this.#plan = before?.snapshot.plan ?? this.parties.planFor(facts.called);
    this.#call = before?.snapshot.call ?? this.#newCall();
    this.log = context.log.child({ connId: this.#call.connId, callUuid: this.#call.callUuid });
    this.caller = this.#callerLeg(before);
    this.callerSide =
      facts.origin === undefined && before === undefined
        ? answeringCaller(this.caller)
        : upCaller(this.caller, facts.origin === "consultation");
    this.recording = this.#newRecording();
    this.path = this.#newPath();
    if (before === undefined) this.phones.add(this.caller);
    else this.#restore(before);
  }

  #newCall(): Call {
    const { context } = this;
    const { consultOf, calledNumber, userData } = this.#facts;
    const [caller, called] = [this.parties.caller(), this.parties.called(CALLED, this.#facts)];
    return newCall({
      connId: context.ids.connIds.next(),
      callUuid: context.ids.callUuids.next(),
      callType: this.#callType(caller, called),
      previousConnId: consultOf?.connId,
      ani: caller.number,
      dnis: calledNumber,
      createdMicros: context.clock.wallMicros(),
      userData: userData ?? {},
    });
  }

  /** Of a restored call whose caller has left: any phone, which nobody takes for the caller's. */
  #callerLeg(before: Before | undefined): PhoneLeg {
    const { consultOf, caller, session } = this.#facts;
    const there = before?.phones.find(({ party }) => party === CALLER) ?? before?.phones[0];
    if (there !== undefined) return there;
    const stamp = consultOf?.leg.stamp ?? this.parties.newStamp();
    return { party: CALLER, dn: caller.dn, session, stamp };
  }

  #restore({ snapshot, phones }: Before): void {
    this.parties.restore(snapshot);
    for (const leg of phones) this.phones.add(leg);
    this.path.restore(snapshot, (party) => this.phones.get(party));
    this.recording.restore(snapshot.recording);
    const { queuedAt } = snapshot;
    if (queuedAt === undefined) return;
    const point = dnAsKnown(this.context, { dn: queuedAt.dn, type: "routing-point", record: false });
    this.#queue = new CallQueue(this, point, queuedAt.party);
  }

  /** For the journal: a dialog, or an INVITE that may become one, is this call's. @param dn of the phone, or the trunk's */
  ownsDialog(callId: string, dn: string): void {
    const known = this.context.config.dns.get(dn);
    const kind = known !== undefined && isExternal(known) ? "trunk" : "phone";
    this.context.dialogs?.link({ callId, callUuid: this.#call.callUuid, kind, dn });
  }

  /** R33: something has changed that a restarted server has to know. */
  changed(): void {
    if (!this.over) this.context.keeper?.changed(this);
  }

  /** R33: the call as a restarted server needs it. */
  snapshot(): CallSnapshot {
    const { caller, callerNumber, callerName, called, calledNumber, localAddress, consultOf } = this.#facts;
    const phones = this.phones.all.flatMap(({ party, dn, session, stamp }) => {
      const dialog = session.snapshot();
      if (dialog === undefined) return [];
      const trunk = this.parties.trunkOf(party) ?? (party === CALLER ? dn : undefined);
      return [{ party, dn, session: dialog, stamp: stamp.snapshot(), trunk }];
    });
    return {
      call: this.#call,
      facts: {
        caller: knownDn(caller),
        callerNumber,
        callerName,
        called: knownDn(called),
        calledNumber,
        localAddress,
        consultOf: consultOf?.connId,
      },
      plan: this.#plan,
      ...this.parties.snapshot(),
      phones,
      pending: [...this.phones.all.flatMap(({ session }) => session.pending() ?? []), ...this.phones.pending()],
      ...this.path.snapshot(),
      recording: this.recording.snapshot(),
      queuedAt: this.#queue?.snapshot(),
    };
  }

  get call(): Call {
    return this.#call;
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

  /** Feeds the call model and carries out its effects. */
  apply(input: CallInput): void {
    this.carryOut(stepCall(this.#call, input, this.context.clock.wallMicros()));
  }

  /** Takes over what the call model made of the call. */
  carryOut(step: CallStep): void {
    const before = this.#call.recording.state;
    this.#call = step.call;
    if (step.effects.length > 0) this.context.onCall(step.call, step.effects);
    // Of a call that is over the last snapshot stays until nothing is left of it, but for who has gone on in another.
    if (!this.over || step.effects.some(({ kind }) => kind === "party-moved-out")) this.context.keeper?.changed(this);
    for (const effect of step.effects) {
      if (effect.kind === "release-party") this.#releaseParty(effect.party);
      if (effect.kind === "call-ended") void this.#finish(effect.cause);
    }
    if (before !== step.call.recording.state && !this.over) this.path.recordingChanged();
  }

  /** Brings the call on its way: to the called party, or first to the phone of who had it dialled. */
  async start(): Promise<void> {
    this.apply({ kind: "party-added", party: this.parties.caller() });
    if (this.#facts.origin === "dialled") {
      const offer = await offerOfDialled(this.caller, { context: this.context, apply: (input) => this.apply(input) });
      if (offer === undefined || this.over) return;
      this.#offer = offer;
    }
    const party = this.parties.called(CALLED, this.#facts);
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
    const ringer = this.phones.ringer(party.id);
    if (ringer !== undefined && party.role === "destination") return ringer.rejectByClient();
    const leg = this.phones.get(party.id);
    this.partyGone(party.id, by === undefined ? "released" : "deleted", by);
    leg?.session.terminate();
  }

  /** Tells the phone of a party, which rings, to answer. False where it cannot be told. */
  answer(party: Party): Promise<boolean> {
    const ringer = this.phones.ringer(party.id);
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
    const phones = this.phones.all;
    for (const { session } of phones) session.terminate();
    if (phones.length === 0 || this.isConsultation) this.partyGone(CALLER, "released");
    await this.finished;
  }

  // Parts

  #callType(caller: Party, called: Party): CallType {
    return this.#facts.consultOf === undefined ? callTypeOf(caller.kind, called.kind) : "Consult";
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
      changed: () => this.changed(),
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
        from: this.parties.callerIdentity,
        localAddress: this.#facts.localAddress,
        record: this.#plan.record,
        onMsml: (body) => this.recording.msml(body),
        onChanged: () => this.changed(),
      }),
      over: () => this.over,
      answered: () => this.#call.answeredMicros !== undefined,
      onLost: (reason) => this.recording.mediaLost(reason),
      onMoving: (loss) => this.recording.mediaMoving(loss),
      startAlong: (anchor) => this.recording.startAlong(anchor),
      onRecovered: (anchor) => this.#queue?.playAt(anchor),
      onHold: (party, held) => this.apply({ kind: held ? "party-held" : "party-retrieved", party }),
      recording: () => indicationOf(this.#call.recording.state),
      onRecordPreference: (party, preference) => void this.#prefers(party, preference),
      onRefer: (party, incoming) => this.#beyond.onRefer(this, party, incoming),
      onChanged: () => this.changed(),
    });
  }

  /** RFC 7866 7.1.3: what a phone would like of the recording; policy says whether that counts. */
  async #prefers(party: string, preference: RecordPreference): Promise<void> {
    const honored = this.context.config.options.honorRecordpref === true;
    this.log.info({ party, preference, honored }, "a phone has a preference about recording");
    const kind = honored ? commandOf(preference, this.#call.recording.state) : undefined;
    if (kind === undefined) return;
    const outcome = await this.record({ kind, parameters: new Map() });
    if (!outcome.ok) this.log.warn({ party, preference, reason: outcome.error.message }, "a preference was not met");
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
      callerIdentity: this.parties.callerIdentity,
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
      newStamp: () => this.parties.newStamp(),
      onRung: (session, trunk) => this.ownsDialog(session.callId, trunk ?? target.called.dn),
      onAnswered: (b, response, { trunk }) => {
        this.parties.answeredOver(b.party, trunk);
        void this.#answered(b, response, setup);
      },
      ...hooks,
      onReached: () => {
        hooks.onReached?.();
        this.#reached.resolve(true);
      },
    });
    this.phones.setRinger(id, setup);
    return setup;
  }

  /** What becomes of the called party; of one that went on in another call, there. */
  #applyToCalled(input: CallInput): void {
    const heir = this.#heir;
    if (heir === undefined) this.apply(input);
    else if (input.kind === "party-ringing") heir.rings();
    else if (input.kind === "party-released") heir.failed(input.cause);
  }

  #phoneGone(leg: PhoneLeg, by: EndReason["by"]): void {
    this.#beyond.onDialogEnd(leg.session);
    if (this.phones.get(leg.party) === leg)
      this.partyGone(leg.party, `${leg === this.caller ? "caller" : "called"}-${by}`);
  }

  /** Takes the ringing of the called party out of this consultation: whoever answers goes on with `heir`. */
  handOver(heir: Heir): RingingParty | undefined {
    this.#heir = heir;
    return this.phones.takeRinger();
  }

  // Answer

  async #answered(b: PhoneLeg, response: SipResponse, setup: CallSetup): Promise<void> {
    if (this.#heir !== undefined) return this.#heir.answered(b);
    const answeredMicros = this.context.clock.wallMicros();
    this.phones.setRinger(b.party, undefined);
    this.phones.add(b);
    this.path.serve(b);
    const wished = this.#plan.record;
    this.#plan = { ...this.parties.planOfAnswered(b.party), recordingFailure: this.#plan.recordingFailure };
    if (wished && !this.#plan.record && !this.recording.wanted) this.recording.withdraw();
    this.apply({ kind: "party-answered", party: b.party, facts: this.parties.factsOf(this.#call) });
    const leftOut = this.parties.leftOut(this.#call);
    if (leftOut.size > 0) await this.recording.leaveOut(leftOut);
    await this.recording.expectSuppressed(answeredMicros);
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

  /** The caller's phone, which waits at a routing point, is answered by a treatment: the call is up, with it alone. */
  async answerWaiting(): Promise<boolean> {
    const anchored = await this.path.anchorForSetup(undefined);
    if (!anchored.ok || this.over) return false;
    const now = this.context.clock.wallMicros();
    this.apply({ kind: "party-answered", party: CALLER, facts: this.parties.factsOf(this.#call) });
    if (this.recording.wanted) await this.recording.expect(now);
    if (this.over) return false;
    this.path.acceptWaiting(anchored.value);
    if (this.recording.wanted) await this.recording.begin(now);
    return true;
  }

  // End

  /** A party has left, by its phone or by somebody's word; the call may go on without it. */
  partyGone(party: string, cause: string, by?: string): void {
    this.phones.cancelRinger(party);
    if (!presentParties(this.#call).some(({ id }) => id === party)) {
      // A call that has lost its caller before anyone was called.
      if (party === CALLER) this.phones.cancelRinging();
      return;
    }
    if (party === CALLER && answeredParties(this.#call).length < 2) this.phones.cancelRinging();
    this.apply({ kind: "party-released", party, cause, ...(by === undefined ? {} : { by }) });
    if (!this.over) void this.#goOnWithout(party);
  }

  async #goOnWithout(party: string): Promise<void> {
    this.phones.remove(party);
    await this.path.leave(party);
    await this.recording.partiesChanged();
  }

  #releaseParty(party: string): void {
    this.phones.cancelRinger(party);
    const leg = this.phones.get(party);
    if (party === CALLER && (leg === undefined || leg === this.caller)) this.callerSide.release();
    else leg?.session.terminate();
  }

  async #finish(cause: string): Promise<void> {
    this.log.info({ cause }, "call ended");
    this.#queue?.close();
    this.#reached.resolve(false);
    this.phones.cancelRinging();
    await this.recording.end();
    await this.path.close();
    await this.recording.settled();
    this.#finished.resolve();
  }
}
