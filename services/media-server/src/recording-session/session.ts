import type { Cancel, Clock, Logger, RandomBytes } from "@sidetone/foundation";
import { afterSilence } from "@sidetone/foundation";
import type { IncomingRequest, InviteOptions, InviteSession, NameAddr, NextHops, SipResponse } from "@sidetone/sip";
import { isSnapshotContentType, readSnapshotRequest } from "@sidetone/siprec";
import type { MediaEngine } from "../media/index.ts";
import { fact, type RecordingFacts } from "./facts.ts";
import {
  type Capture,
  newSession,
  type SessionInput,
  type SessionOutput,
  type SessionPhase,
  type SessionReport,
  stepSession,
} from "./machine.ts";
import { BRIEF_MS, BUFFER_MS, BYE_ANSWER_MS, DELIVERY_LOOK_MS, START_MS, SWITCH_MS, UNSTORED_MS } from "../limits.ts";
import type { SessionProfile } from "./profile.ts";
import { watchDialog } from "./dialog-watch.ts";
import { endingOf, isGone, isSuperseded, judgeReoffer, retryOf, sdpOf, stopHeaders } from "./recorder-words.ts";
import type { RecorderWatch, WatchPlace } from "./recorder-watch.ts";
import { type InviteWay, RecordingInvite } from "./recording-invite.ts";
import type { AnsweredStream } from "./sdp.ts";
import { type Absence, absenceOf, rewindOf } from "./absence.ts";
import { AudioTaken } from "./audio-taken.ts";
import { geoLocationOf, SessionTaps, type TappedLeg } from "./taps.ts";
import { SessionWords } from "./session-words.ts";
import { type SessionOf, siblingOf } from "./target.ts";

/** What a session is given. */
export interface RecordingSessionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: MediaEngine;
  readonly invite: (o: InviteOptions) => InviteSession;
  /** Asks a SIP URI for its options; true where any answer came in time. */
  readonly ask: (uri: string, timeoutMs: number) => Promise<boolean>;
  /** Says when a recorder is gone (R31). */
  readonly watch: RecorderWatch;
  /** From of the INVITE. */
  readonly from: NameAddr;
  readonly resourceManagers: NextHops;
  readonly random: RandomBytes;
  readonly profile: SessionProfile;
  /** The one party that the session is for (`layout: session-per-party`). */
  readonly party: SessionOf["party"];
  /** The session of the same copy that goes first: this one follows it to its recorder. */
  readonly lead: () => RecordingSession | undefined;
  /** 1, or 2 for the duplicate (R10). */
  readonly copy: number;
  readonly epoch: number;
  readonly legOf: (conn: string) => TappedLeg | undefined;
  readonly facts: () => RecordingFacts;
  /** Contact of the recorder that has, or had last, the other copy (R10). */
  readonly sibling: () => string | undefined;
  /** True while nothing of the recording was captured or paused by anybody (`initial="paused"`). */
  readonly unbegun: () => boolean;
  readonly report: (event: SessionReport, values: readonly (readonly [string, string])[]) => void;
  readonly finished: () => void;
}

/** What a body may be that a recorder sends. */
const acceptMetadata: readonly [string, string] = [
  "Accept",
  "application/sdp, application/rs-metadata+xml, application/rs-metadata",
];

/**
 * A SIPREC session with one recorder, as its client (RFC 7866 6.1). The machine decides, this carries out. Everything
 * that waits for the network is guarded by the SIP session it belongs to: a late answer of a lost one changes nothing.
 */
export class RecordingSession {
  readonly copy: number;
  readonly #o: RecordingSessionOptions;
  readonly #taps: SessionTaps;
  readonly #words: SessionWords;
  #state = newSession;
  #sip: InviteSession | undefined;
  #answered: readonly AnsweredStream[] = [];
  readonly #attempt: RecordingInvite;
  /** Sessions that follow this one to its recorder. */
  #followers: (() => void)[] = [];
  #startedAt = 0;
  #upAt = 0;
  #lostAt: number | undefined;
  /** The last moment of which audio was captured, as far as it is over; clock ms. */
  #capturedUntil = Number.NEGATIVE_INFINITY;
  /** How long before `#lostAt` the recorder is sure to have stored what it was sent, ms. */
  #unprovenMs = 0;
  #watched: WatchPlace | undefined;
  /** Recorders that were lost: the Resource Manager is asked not to choose them again. */
  readonly #avoid = new Set<string>();
  #cancelRetry: Cancel = () => undefined;
  #cancelReoffer: Cancel = () => undefined;
  #cancelClosing: Cancel = () => undefined;
  #cancelGivingUp: Cancel | undefined;
  #cancelLook: Cancel = () => undefined;
  /** Counts what is sent: a late look at what was sent before says nothing. */
  #deliveries = 0;
  /** The recorder that the session is, or was, with. */
  #destination: string | undefined;
  /** X-Resource-Token of the last 2xx. */
  #token: string | undefined;
  #geoLocation: string | undefined;
  readonly #takes: AudioTaken;
  readonly #unlisten: () => void;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: RecordingSessionOptions) {
    this.copy = options.copy;
    this.#o = options;
    this.#taps = new SessionTaps(options.engine, options.log);
    const { clock } = options;
    this.#words = new SessionWords({ ...options, taps: this.#taps, sdpId: String(clock.wallMicros()) });
    this.#attempt = new RecordingInvite({
      clock: options.clock,
      resourceManagers: options.resourceManagers,
      send: (way) => this.#sendInvite(way),
      isCurrent: (sip) => this.#sip === sip,
      drop: () => {
        this.#sip = undefined;
      },
      leftMs: () => (this.#state.everUp ? undefined : this.#timeToStart()),
      fallBack: () => this.#words.fallBack(),
      accepted: (sip, response) => {
        this.#token = response.headers.get("X-Resource-Token") ?? this.#token;
        this.#accepted(sip, response);
      },
      refused: (reason, response) => this.#refused(reason, response),
    });
    this.#takes = new AudioTaken(options.clock, {
      untaken: (labels) => this.#flaw("the recorder takes no audio", labels),
      taken: (labels) => this.#report("switched", "the recorder takes audio again", this.#sidesOf(labels)),
    });
    this.#unlisten = options.engine.on("overflow", (tap) => {
      const label = this.#taps.labelOf(tap);
      if (label !== undefined) this.#flaw(`audio is lost: nobody took it for ${BUFFER_MS / 1000} s`, [label]);
    });
  }

  /** Contact of the recorder that the session is, or was, with. */
  get destination(): string | undefined {
    return this.#destination;
  }

  get phase(): SessionPhase {
    return this.#state.phase;
  }

  /** Label of the one stream that it is for; undefined: it has all. */
  get label(): string | undefined {
    return this.#o.party?.label;
  }

  /** X-Resource-Token of the last 2xx. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Calls back once no INVITE is under way any more. */
  whenSettled(then: () => void): void {
    if (this.#state.phase === "inviting") this.#followers.push(then);
    else then();
  }

  /**
   * Taps first, with what was kept, then the INVITE: nothing is lost while the recorder makes up its mind. Rejects where the engine has no ports.
   *
   * @param zero `clock.now()` at the recording's beginning
   */
  async start(capture: Capture, zero: number): Promise<void> {
    try {
      await this.#follow(() => this.#since(zero), capture === "paused");
    } catch (error) {
      this.#unlisten();
      await this.#taps.close();
      this.#over.resolve();
      throw error;
    }
    this.#startedAt = this.#o.clock.now();
    this.#input({ kind: "begin", capture });
  }

  /** R19: resolves once nothing is captured; what the recorder says comes later. */
  async pause(): Promise<void> {
    await this.#taps.pause();
    if (this.#state.capture === "recording") this.#capturedUntil = this.#o.clock.now();
    this.#input({ kind: "capture", capture: "paused" });
  }

  /** @param zero `clock.now()` at the time from which on audio is wanted, where capture has not begun yet */
  async resume(zero: number | undefined): Promise<void> {
    await this.#taps.resume(() => (zero === undefined ? 0 : this.#since(zero)));
    this.#input({ kind: "capture", capture: "recording" });
  }

  /** Parties or parameters changed. */
  async update(): Promise<void> {
    await this.#follow(() => 0, this.#state.capture === "paused");
    this.#input({ kind: "changed" });
  }

  /**
   * Ends the session; with `lastWords` the recorder sees the final metadata first (R18). Resolves when nothing is captured
   * any more; what was captured goes to a recorder all the same, if need be to another one (R31).
   */
  async stop(reason: string, lastWords: boolean): Promise<void> {
    await this.#taps.pause();
    if (this.#state.capture === "recording") this.#capturedUntil = this.#o.clock.now();
    // A recorder without metadata reads them in BYE.
    this.#input({ kind: "stop", lastWords: lastWords && this.#words.siprec, reason });
  }

  /** Resolves when the dialog is over and the taps are closed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  async #follow(backfillMs: () => number, paused: boolean): Promise<void> {
    return this.#taps.follow(() => this.#words.sources(), this.#o.legOf, {
      backfillMs,
      paused,
      unbegun: this.#o.unbegun(),
    });
  }

  /** Milliseconds since `zero`, rounded up. */
  #since(zero: number): number {
    return Math.max(0, Math.ceil(this.#o.clock.now() - zero));
  }

  #input(input: SessionInput): void {
    const { state, outputs } = stepSession(this.#state, input);
    this.#state = state;
    for (const output of outputs) this.#carryOut(output);
    if (this.#state.phase !== "inviting") for (const follow of this.#followers.splice(0)) follow();
  }

  #carryOut(output: SessionOutput): void {
    switch (output.kind) {
      case "invite":
        this.#invite(output.switching);
        return;
      case "reoffer":
        void this.#reoffer();
        return;
      case "reoffer-after":
        this.#cancelReoffer();
        this.#cancelReoffer = this.#o.clock.after(output.ms, () => this.#input({ kind: "reoffer-due" }));
        return;
      case "leave":
        this.#lose(0, output.reason);
        return;
      case "send-media":
        this.#sendMedia();
        return;
      case "hold-media":
        this.#takes.forget();
        this.#lostAt ??= this.#o.clock.now();
        this.#cancelClosing();
        this.#cancelReoffer();
        this.#cancelLook();
        void this.#taps.hold(rewindOf(this.#unprovenMs));
        return;
      case "bye":
        this.#bye();
        return;
      case "retry-after":
        this.#cancelRetry = this.#o.clock.after(output.ms, () => this.#input({ kind: "retry-due" }));
        return;
      case "give-up-after":
        if (output.goesOn && this.#cancelGivingUp !== undefined) return;
        this.#cancelGivingUp?.();
        this.#cancelGivingUp = this.#o.clock.after(output.ms, () => {
          this.#cancelGivingUp = undefined;
          this.#input({ kind: "give-up-due" });
        });
        return;
      case "close-after":
        this.#cancelClosing();
        this.#cancelClosing = this.#o.clock.after(output.ms, () => this.#input({ kind: "close-due" }));
        return;
      case "report":
        this.#report(output.event, output.reason);
        return;
      case "finish":
        this.#finish();
    }
  }

  #finish(): void {
    this.#cancelRetry();
    this.#attempt.stop();
    this.#cancelReoffer();
    this.#cancelClosing();
    this.#cancelLook();
    this.#cancelGivingUp?.();
    this.#takes.forget();
    this.#unlisten();
    this.#release()?.terminate();
    void this.#taps.close().then(() => this.#over.resolve());
    this.#o.finished();
  }

  /** From now on nothing of the SIP session matters here. What is to be ended of it is returned. */
  #release(): InviteSession | undefined {
    const sip = this.#sip;
    this.#sip = undefined;
    this.#watched?.stop();
    this.#watched = undefined;
    return sip === undefined || sip.state === "ended" ? undefined : sip;
  }

  #invite(switching: boolean): void {
    const lead = this.#o.lead();
    if (lead?.phase !== "inviting") return this.#begin(switching);
    const { everUp } = this.#state;
    lead.whenSettled(() => {
      if (this.#state.phase !== "inviting" || this.#sip !== undefined) return;
      if (!everUp) this.#startedAt = this.#o.clock.now();
      if (everUp || lead.phase !== "ended") return this.#begin(switching);
      this.#input({ kind: "refused", reason: "no recorder took the first party's session", final: true });
    });
  }

  #begin(switching: boolean): void {
    if (switching) this.#words.switched();
    this.#attempt.begin(switching);
  }

  #sendInvite(way: InviteWay): InviteSession {
    const facts = this.#o.facts();
    // Once its leg is gone nobody says it any more.
    this.#geoLocation = geoLocationOf(facts, this.#o.legOf) ?? this.#geoLocation;
    const wish = {
      avoid: this.#avoid,
      sibling: this.#o.sibling() ?? siblingOf(facts, this.copy),
      token: this.#o.lead()?.token ?? this.#token,
      geoLocation: this.#geoLocation,
      callUuid: fact(facts, "calluuid"),
    };
    const words = this.#words.invite(way, wish, this.#paused);
    const sip = this.#o.invite({ ...words, from: this.#o.from });
    this.#sip = sip;
    sip.on("reinvite", (request) => this.#recorderOffers(request));
    sip.on("update", (request) => this.#recorderOffers(request));
    sip.on("bodyUpdate", (request) => this.#recorderAsks(request));
    sip.on("request", (request) => request.respond(request.request.method === "INFO" ? 415 : 501));
    sip.on("ended", (why) => {
      if (this.#sip !== sip) return;
      const { orderly, unstored, reason } = endingOf(why);
      if (orderly) {
        this.#release();
        this.#input({ kind: "peer-ended", orderly, reason });
      } else this.#lose(unstored ? UNSTORED_MS : this.#watched?.unprovenMs(), reason);
    });
    this.#o.log.info({ uri: words.uri, to: way.manager, avoid: Array.from(this.#avoid) }, "recording session offered");
    return sip;
  }

  #refused(reason: string, response: SipResponse | undefined): void {
    if (response === undefined) return this.#input({ kind: "refused", reason });
    const final = isSuperseded(response);
    const said = response.headers.get("Retry-After");
    const leftMs = SWITCH_MS - (this.#o.clock.now() - (this.#lostAt ?? this.#o.clock.now()));
    this.#input({ kind: "refused", reason, final, retryMs: retryOf(said, leftMs) });
  }

  #timeToStart(): number {
    return this.#startedAt + START_MS - this.#o.clock.now();
  }

  /** R31. `unprovenMs`: since the recorder is known to have lived last. */
  #lose(unprovenMs: number | undefined, reason: string): void {
    const loss = this.#lossOf(unprovenMs ?? 0, reason);
    const target = this.#sip?.remoteTarget;
    if (target !== undefined) this.#avoid.add(target);
    // One that lives all the same is to know that what it has is not all.
    this.#release()?.terminate({ headers: [["Reason", 'SIP;cause=503;text="moved to another recorder"']] });
    this.#input({ kind: "peer-ended", orderly: false, ...loss });
  }

  #lossOf(unprovenMs: number, reason: string): { reason: string; kept: boolean; brief: boolean } {
    const now = this.#o.clock.now();
    if (this.#lostAt === undefined) this.#unprovenMs = unprovenMs;
    const { capture, closing, phase } = this.#state;
    const captures = capture === "recording" && !closing && phase !== "ending";
    return {
      reason,
      kept: captures || now - this.#capturedUntil < rewindOf(unprovenMs),
      brief: this.#words.switches > 0 && now - this.#upAt < BRIEF_MS,
    };
  }

  #sendMedia(): void {
    void this.#deliver(this.#answered);
    const owed = new Set(this.#paused ? [] : this.#words.streams().flatMap((s) => (s.live ? [s.label] : [])));
    const untaken = this.#answered.filter(({ label, destination }) => destination === undefined && owed.has(label));
    this.#takes.see(untaken.map(({ label }) => label));
  }

  /** Sends what is kept; says when all of it is out. */
  async #deliver(answered: readonly AnsweredStream[]): Promise<void> {
    const delivery = ++this.#deliveries;
    await this.#taps.send(answered);
    const look = async (): Promise<void> => {
      const left = await this.#taps.waiting();
      if (delivery !== this.#deliveries) return;
      // What it does not take now waits for an answer that does.
      if (left === 0 || answered.every(({ destination }) => destination === undefined))
        return this.#input({ kind: "delivered" });
      this.#cancelLook = this.#o.clock.after(DELIVERY_LOOK_MS, () => void look());
    };
    await look();
  }

  /** Something of the audio is missing though the session is up. */
  #flaw(reason: string, labels: readonly string[]): void {
    if (this.#state.phase === "ended" || this.#state.phase === "ending") return;
    this.#report("degraded", reason, this.#sidesOf(labels));
  }

  #sidesOf(labels: readonly string[]): [string, string][] {
    const sides = this.#o
      .facts()
      .parties.filter(({ label }) => labels.includes(label))
      .map(({ side }) => side);
    return Array.from(new Set(sides), (side) => ["side", side]);
  }

  #accepted(sip: InviteSession, response: SipResponse): void {
    const answered = this.#readAnswer(response);
    if (!answered.ok) {
      this.#sip = undefined;
      sip.terminate();
      if (!this.#attempt.retriedPlain()) this.#input({ kind: "refused", reason: answered.error });
      return;
    }
    this.#upAt = this.#o.clock.now();
    this.#destination = sip.remoteTarget;
    this.#watched = watchDialog(sip, response, {
      ...this.#o,
      onGone: (ms) => {
        if (this.#sip === sip) this.#lose(ms, `it is gone, or has not answered for ${ms} ms`);
      },
    });
    this.#input({ kind: "accepted" });
  }

  async #reoffer(): Promise<void> {
    const sip = this.#sip;
    if (sip === undefined) return;
    const { options, taken } = this.#words.reoffer(this.#paused);
    const response = await sip.reinvite({ ...options, retry491: false });
    if (this.#sip !== sip) return;
    const reason = `${response.status} ${response.reason}`;
    const verdict = judgeReoffer(response, Buffer.from(this.#o.random(2)).readUInt16BE() / 65_536);
    switch (verdict.kind) {
      case "gone":
        return this.#lose(this.#watched?.unprovenMs(), `re-INVITE: ${reason}`);
      case "later":
        return this.#input({ kind: "modified", outcome: "later", ms: verdict.ms, reason });
      case "refused":
        return this.#input({ kind: "modified", outcome: "refused", reason });
      case "taken": {
        taken();
        const answered = this.#readAnswer(response);
        const outcome = answered.ok ? "ok" : "refused";
        this.#input({ kind: "modified", outcome, reason: answered.ok ? "" : answered.error });
      }
    }
  }

  #readAnswer(response: SipResponse): ReturnType<SessionWords["read"]> {
    const answered = this.#words.read(sdpOf(response.headers.get("Content-Type"), response.body));
    if (answered.ok) this.#answered = answered.value;
    return answered;
  }

  /** RFC 7866 9.2: a recorder asks for a snapshot in an UPDATE without SDP: complete metadata follow, with the offer that their labels are of. */
  #recorderAsks(incoming: IncomingRequest): void {
    const { body, headers } = incoming.request;
    const asked = isSnapshotContentType(headers.get("Content-Type") ?? "") ? readSnapshotRequest(body) : undefined;
    if (asked === undefined || !this.#words.siprec) return incoming.respond(415, { headers: [acceptMetadata] });
    this.#o.log.info({ recorder: this.#destination, reason: asked }, "the recorder asks for a snapshot");
    incoming.respond(200);
    this.#input({ kind: "changed" });
  }

  /**
   * RFC 7866 7.2: a recorder's re-INVITE has no SDP: ours is in the 200, with the metadata that its labels are for. An offer of
   * its own, which it should not make, is answered with what it has been offered.
   */
  #recorderOffers(incoming: IncomingRequest): void {
    const { body, headers } = incoming.request;
    const offer = sdpOf(headers.get("Content-Type"), body);
    const take = (description: Buffer): boolean => {
      const answered = this.#words.read(description);
      if (!answered.ok) return false;
      this.#answered = answered.value;
      this.#sendMedia();
      return true;
    };
    if (offer.length === 0) {
      incoming.onAck = (ack) => void take(sdpOf(ack.headers.get("Content-Type"), ack.body));
      return incoming.respond(200, this.#words.body(this.#paused));
    }
    if (!take(offer)) return incoming.respond(488);
    incoming.respond(200, { body: this.#words.sdp(this.#paused), contentType: "application/sdp" });
  }

  #bye(): void {
    const { clock } = this.#o;
    const provenAt = clock.now() - (this.#watched?.unprovenMs() ?? 0);
    const target = this.#sip?.remoteTarget;
    const sip = this.#release();
    if (sip === undefined) return this.#input({ kind: "bye-done", outcome: "ok" });
    let over = false;
    /** @param lost it was gone before it was told: what it was sent last may be nowhere */
    const done = (lost: string | undefined): void => {
      if (over) return;
      over = true;
      cancel();
      if (lost === undefined) return this.#input({ kind: "bye-done", outcome: "ok" });
      if (target !== undefined) this.#avoid.add(target);
      this.#input({ kind: "bye-done", outcome: "lost", ...this.#lossOf(clock.now() - provenAt, `BYE: ${lost}`) });
    };
    // CANCEL needs none: nothing was sent.
    const patience = sip.state === "confirmed" ? BYE_ANSWER_MS : START_MS;
    const cancel = afterSilence(clock, patience, () => done(`no answer within ${patience} ms`));
    let answer: SipResponse | undefined;
    const onAnswer = (response: SipResponse): void => {
      answer = response;
    };
    const finish = async (): Promise<void> => {
      await sip.bye({ onAnswer, headers: [...stopHeaders(this.#state.stopped), ...this.#words.byeHeaders()] });
      done(answer !== undefined && isGone(answer) ? `${answer.status} ${answer.reason}` : undefined);
    };
    void finish();
  }

  /** The recorder is offered nothing to receive. */
  get #paused(): boolean {
    return this.#state.told === "paused";
  }

  #report(event: SessionReport, reason: string | undefined, more: readonly (readonly [string, string])[] = []): void {
    const { recordingId } = this.#o.facts();
    const absence = event === "switched" ? this.#absence() : undefined;
    this.#o.report(event, [
      ["id", recordingId],
      ["destination", this.#destination ?? this.#words.destination],
      ["copy", String(this.copy)],
      ["epoch", String(this.#o.epoch)],
      ...(this.#o.party?.dn === undefined ? [] : [["dn", this.#o.party.dn] as const]),
      ...(reason === undefined || reason === "" ? [] : [["reason", reason] as const]),
      ...more,
      ...Object.entries(absence === undefined ? {} : { away: absence.awayMs, gap: absence.gapMs }).map(
        ([name, ms]) => [name, String(ms)] as const,
      ),
    ]);
  }

  #absence(): Absence {
    if (this.#lostAt === undefined) return { awayMs: 0, gapMs: 0 };
    const absence = absenceOf(this.#o.clock.now() - this.#lostAt, this.#unprovenMs);
    this.#lostAt = undefined;
    return this.#state.capture === "paused" ? { ...absence, gapMs: 0 } : absence;
  }
}
