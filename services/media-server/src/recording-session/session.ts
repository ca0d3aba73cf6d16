import type { RecorderProfile } from "@sidetone/config";
import type { Cancel, Clock, Logger, RandomBytes } from "@sidetone/foundation";
import { afterSilence } from "@sidetone/foundation";
import {
  type IncomingRequest,
  type InviteOptions,
  type InviteSession,
  type NameAddr,
  type RequestOptions,
  type SipResponse,
} from "@sidetone/sip";
import type { MediaEngine } from "../media/index.ts";
import { fact, type RecordingFacts, sourcesOf } from "./facts.ts";
import {
  type Capture,
  newSession,
  type SessionInput,
  type SessionOutput,
  type SessionPhase,
  type SessionReport,
  stepSession,
} from "./machine.ts";
import { metadataOf } from "./metadata.ts";
import {
  BRIEF_MS,
  BUFFER_MS,
  BYE_ANSWER_MS,
  DELIVERY_LOOK_MS,
  EPOCHS_PER_START,
  INVITE_ATTEMPT_MS,
  LEAST_ATTEMPT_MS,
  START_MS,
  SWITCH_MS,
  TRYING_MS,
  UNSTORED_MS,
} from "../limits.ts";
import { sessionBody } from "./session-body.ts";
import { SessionCrypto } from "./session-crypto.ts";
import { watchDialog } from "./dialog-watch.ts";
import { inviteHeaders } from "./invite-headers.ts";
import { endingOf, isGone, isSuperseded, refusal, retryOf, sdpOf, stopHeaders } from "./recorder-words.ts";
import type { RecorderWatch, WatchPlace } from "./recorder-watch.ts";
import { type AnsweredStream, type OfferedStream, readRecordingAnswer, recordingOffer } from "./sdp.ts";
import { type Absence, absenceOf, rewindOf } from "./absence.ts";
import { AudioTaken } from "./audio-taken.ts";
import { geoLocationOf, SessionTaps, type TappedLeg } from "./taps.ts";
import type { ResourceManagers } from "./resource-managers.ts";
import { siblingOf, targetOf } from "./target.ts";

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
  readonly resourceManagers: ResourceManagers;
  /** 1, or 2 for the duplicate (R10). */
  readonly copy: number;
  readonly epoch: number;
  readonly legOf: (conn: string) => TappedLeg | undefined;
  readonly random: RandomBytes;
  /** Of the recorder's profile. */
  readonly srtp: RecorderProfile["srtp"];
  readonly facts: () => RecordingFacts;
  /** Contact of the recorder that has, or had last, the other copy (R10). */
  readonly sibling: () => string | undefined;
  /** True while nothing of the recording was captured or paused by anybody (`initial="paused"`). */
  readonly unbegun: () => boolean;
  readonly report: (event: SessionReport, values: readonly (readonly [string, string])[]) => void;
  readonly finished: () => void;
}

/**
 * A SIPREC session with one recorder, as its client (RFC 7866 6.1). The machine decides, this carries out. Everything
 * that waits for the network is guarded by the SIP session it belongs to: a late answer of a lost one changes nothing.
 */
export class RecordingSession {
  readonly copy: number;
  readonly #o: RecordingSessionOptions;
  readonly #taps: SessionTaps;
  readonly #crypto: SessionCrypto;
  readonly #sdpId: string;
  #state = newSession;
  #sip: InviteSession | undefined;
  #answered: readonly AnsweredStream[] = [];
  #sdpVersion = 0;
  #switches = 0;
  /** Where the INVITE under way goes, and where the same one went in vain. */
  #manager = "";
  readonly #tried = new Set<string>();
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
  #cancelDeadline: Cancel = () => undefined;
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
    this.#crypto = new SessionCrypto(options.srtp, options.random);
    this.#sdpId = String(options.clock.wallMicros());
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
    this.#input({ kind: "stop", lastWords, reason });
  }

  /** Resolves when the dialog is over and the taps are closed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  async #follow(backfillMs: () => number, paused: boolean): Promise<void> {
    return this.#taps.follow(() => sourcesOf(this.#o.facts()), this.#o.legOf, {
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
  }

  #carryOut(output: SessionOutput): void {
    switch (output.kind) {
      case "invite":
        this.#invite(output.switching);
        return;
      case "reoffer":
        void this.#reoffer();
        return;
      case "send-media":
        this.#sendMedia();
        return;
      case "hold-media":
        this.#takes.forget();
        this.#lostAt ??= this.#o.clock.now();
        this.#cancelClosing();
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
    this.#cancelDeadline();
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
    const { invite, from, resourceManagers } = this.#o;
    if (switching) this.#switches += 1;
    this.#crypto.renew(switching);
    this.#manager = resourceManagers.pick(this.#tried);
    this.#tried.add(this.#manager);
    const facts = this.#o.facts();
    // Once its leg is gone nobody says it any more.
    this.#geoLocation = geoLocationOf(facts, this.#o.legOf) ?? this.#geoLocation;
    const target = this.#target();
    this.#sdpVersion += 1;
    const { body, contentType } = this.#body();
    const sip = invite({
      uri: target.requestUri,
      to: { uri: target.nextHop },
      from,
      contactParams: [["+sip.src", true]],
      headers: inviteHeaders({
        avoid: this.#avoid,
        sibling: this.#o.sibling() ?? siblingOf(facts, this.copy),
        token: this.#token,
        geoLocation: this.#geoLocation,
        callUuid: fact(facts, "calluuid"),
      }),
      body,
      contentType,
    });
    this.#sip = sip;
    const mine = (): boolean => this.#sip === sip;
    const patience = this.#state.everUp ? INVITE_ATTEMPT_MS : Math.min(INVITE_ATTEMPT_MS, this.#timeToStart());
    const leave = (what: string, ms: number): void => {
      if (!mine()) return;
      cancelDeadline();
      this.#sip = undefined;
      // CANCEL; a 2xx that crosses it is ended by the SIP session itself.
      sip.terminate();
      this.#unanswered(`recorder-no-answer (${what} within ${ms} ms, asked through ${target.nextHop})`);
    };
    const cancelFinal = afterSilence(this.#o.clock, patience, () => leave("no final answer", patience));
    // Whoever is the last one has all the time there is.
    const cancelTrying = resourceManagers.another(this.#tried)
      ? afterSilence(this.#o.clock, TRYING_MS, () => leave("no answer at all", TRYING_MS))
      : (): void => undefined;
    const cancelDeadline = (): void => {
      cancelFinal();
      cancelTrying();
    };
    this.#cancelDeadline = cancelDeadline;
    sip.on("trying", cancelTrying);
    sip.on("progress", cancelTrying);
    sip.on("accepted", (response) => {
      cancelDeadline();
      if (!mine()) return;
      resourceManagers.answered(target.nextHop);
      this.#token = response.headers.get("X-Resource-Token") ?? this.#token;
      this.#accepted(sip, response);
    });
    sip.on("rejected", (response) => {
      cancelDeadline();
      if (!mine()) return;
      this.#sip = undefined;
      const reason = refusal(response);
      if (response.headers.has("X-Synthesised")) return this.#unanswered(reason);
      resourceManagers.answered(target.nextHop);
      this.#tried.clear();
      if (response.status === 488 && this.#crypto.fallBack()) return this.#invite(false);
      const leftMs = SWITCH_MS - (this.#o.clock.now() - (this.#lostAt ?? this.#o.clock.now()));
      const retryMs = retryOf(response.headers.get("Retry-After"), leftMs);
      this.#input({ kind: "refused", reason, final: isSuperseded(response), retryMs });
    });
    sip.on("reinvite", (request) => this.#recorderOffers(request));
    sip.on("update", (request) => this.#recorderOffers(request));
    sip.on("request", (request) => request.respond(request.request.method === "INFO" ? 415 : 501));
    sip.on("ended", (why) => {
      if (!mine()) return;
      const { orderly, unstored, reason } = endingOf(why);
      if (orderly) {
        this.#release();
        this.#input({ kind: "peer-ended", orderly, reason });
      } else this.#lose(unstored ? UNSTORED_MS : this.#watched?.unprovenMs(), reason);
    });
    this.#o.log.info(
      { uri: target.requestUri, to: target.nextHop, avoid: Array.from(this.#avoid) },
      "recording session offered",
    );
  }

  /** R32: a Resource Manager that does not answer is no verdict: the next one is asked, while there is time. */
  #unanswered(reason: string): void {
    const { resourceManagers } = this.#o;
    resourceManagers.silent(this.#manager);
    const another = resourceManagers.another(this.#tried);
    if (!another) this.#tried.clear();
    const inTime = this.#state.everUp || this.#timeToStart() >= LEAST_ATTEMPT_MS;
    if (this.#state.phase === "inviting" && another && inTime) this.#invite(false);
    else this.#input({ kind: "refused", reason });
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
      brief: this.#switches > 0 && now - this.#upAt < BRIEF_MS,
    };
  }

  #sendMedia(): void {
    void this.#deliver(this.#answered);
    const owed = new Set(
      this.#state.told === "paused" ? [] : this.#streams().flatMap((s) => (s.live ? [s.label] : [])),
    );
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
      if (this.#crypto.fallBack()) this.#invite(false);
      else this.#input({ kind: "refused", reason: answered.error });
      return;
    }
    this.#upAt = this.#o.clock.now();
    this.#destination = sip.remoteTarget;
    this.#tried.clear();
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
    this.#sdpVersion += 1;
    const response = await sip.reinvite({ ...this.#body(), headers: [["Require", "siprec"]] });
    if (this.#sip !== sip) return;
    if (response.status >= 300) {
      const reason = `${response.status} ${response.reason}`;
      if (isGone(response)) this.#lose(this.#watched?.unprovenMs(), `re-INVITE: ${reason}`);
      else this.#input({ kind: "modified", outcome: "refused", reason });
      return;
    }
    const answered = this.#readAnswer(response);
    this.#input({
      kind: "modified",
      outcome: answered.ok ? "ok" : "refused",
      reason: answered.ok ? "" : answered.error,
    });
  }

  #readAnswer(response: SipResponse): ReturnType<typeof readRecordingAnswer> {
    const answered = readRecordingAnswer(sdpOf(response.headers.get("Content-Type"), response.body), this.#streams());
    if (answered.ok) this.#answered = this.#crypto.took(answered.value);
    return answered;
  }

  /**
   * RFC 7866 7.2, 9.2: a recorder's re-INVITE has no SDP (ours is in the 200), its UPDATE may ask for a snapshot: a full
   * one follows. An offer of its own, which it should not make, is answered with what it has been offered.
   */
  #recorderOffers(incoming: IncomingRequest): void {
    const { method, body, headers } = incoming.request;
    const contentType = headers.get("Content-Type");
    const offer = sdpOf(contentType, body);
    if (offer.length === 0 && method === "UPDATE") {
      incoming.respond(200);
      if (body.length > 0) this.#input({ kind: "changed" });
      return;
    }
    const sdp = recordingOffer(this.#identity(), this.#streams(), this.#state.told === "paused");
    const take = (description: Buffer): boolean => {
      const answered = readRecordingAnswer(description, this.#streams());
      if (!answered.ok) return false;
      this.#answered = this.#crypto.took(answered.value);
      this.#sendMedia();
      return true;
    };
    if (offer.length === 0) {
      incoming.onAck = (ack) => void take(sdpOf(ack.headers.get("Content-Type"), ack.body));
    } else if (!take(offer)) return incoming.respond(488);
    incoming.respond(200, { body: sdp, contentType: "application/sdp" });
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
      await sip.bye({ onAnswer, headers: stopHeaders(this.#state.stopped) });
      done(answer !== undefined && isGone(answer) ? `${answer.status} ${answer.reason}` : undefined);
    };
    void finish();
  }

  #streams(): OfferedStream[] {
    return this.#crypto.protect(this.#taps.streams(sourcesOf(this.#o.facts())));
  }

  #identity(): { address: string; sessionId: string; version: number } {
    return { address: this.#taps.address, sessionId: this.#sdpId, version: this.#sdpVersion };
  }

  /** RFC 7866 9.1: SDP and complete metadata in one multipart body. */
  #body(): Required<Pick<RequestOptions, "body" | "contentType">> {
    const streams = this.#streams();
    const sdp = recordingOffer(this.#identity(), streams, this.#state.told === "paused");
    const labels = streams.map(({ label }) => label);
    return sessionBody(sdp, metadataOf(this.#o.facts(), labels, this.#which()), this.#sdpId);
  }

  #which(): { copy: number; epoch: number } {
    // R30: whatever this Media Server does with a recording that another one has taken over, it is older.
    const first = (this.#o.epoch - 1) * EPOCHS_PER_START + 1;
    return { copy: this.copy, epoch: first + Math.min(this.#switches, EPOCHS_PER_START - 1) };
  }

  #target(): ReturnType<typeof targetOf> {
    return targetOf(this.#o.facts(), this.#which(), this.#manager);
  }

  #report(event: SessionReport, reason: string | undefined, more: readonly (readonly [string, string])[] = []): void {
    const { recordingId } = this.#o.facts();
    const absence = event === "switched" ? this.#absence() : undefined;
    this.#o.report(event, [
      ["id", recordingId],
      ["destination", this.#destination ?? this.#target().destination],
      ["copy", String(this.copy)],
      ["epoch", String(this.#o.epoch)],
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
