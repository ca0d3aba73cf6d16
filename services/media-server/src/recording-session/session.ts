import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import { afterSilence } from "@sidetone/foundation";
import { pickRecordingParts, writeMetadata } from "@sidetone/siprec";
import {
  type EndReason,
  formatMultipart,
  type IncomingRequest,
  type InviteOptions,
  type InviteSession,
  type NameAddr,
  parseMultipart,
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
import { INVITE_ATTEMPT_MS, LEAST_ATTEMPT_MS, START_MS } from "../limits.ts";
import { type AnsweredStream, type OfferedStream, readRecordingAnswer, recordingOffer } from "./sdp.ts";
import { AudioTaken } from "./audio-taken.ts";
import { SessionTaps, type TappedLeg } from "./taps.ts";
import { targetOf } from "./target.ts";

/** What a session is given. */
export interface RecordingSessionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: MediaEngine;
  readonly invite: (o: InviteOptions) => InviteSession;
  /** From of the INVITE. */
  readonly from: NameAddr;
  /** SIP URIs, tried in order as attempts fail. */
  readonly resourceManagers: readonly string[];
  /** 1, or 2 for the duplicate (R10). */
  readonly copy: number;
  readonly epoch: number;
  readonly legOf: (conn: string) => TappedLeg | undefined;
  readonly facts: () => RecordingFacts;
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
  readonly #sdpId: string;
  #state = newSession;
  #sip: InviteSession | undefined;
  #answered: readonly AnsweredStream[] = [];
  #sdpVersion = 0;
  #switches = 0;
  #attempts = 0;
  #startedAt = 0;
  #lostAt: number | undefined;
  /** Recorders that were lost: the Resource Manager is asked not to choose them again. */
  readonly #avoid = new Set<string>();
  #cancelRetry: Cancel = () => undefined;
  #cancelDeadline: Cancel = () => undefined;
  #cancelClosing: Cancel = () => undefined;
  readonly #takes: AudioTaken;
  readonly #unlisten: () => void;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: RecordingSessionOptions) {
    this.copy = options.copy;
    this.#o = options;
    this.#taps = new SessionTaps(options.engine, options.log);
    this.#sdpId = String(options.clock.wallMicros());
    this.#takes = new AudioTaken(options.clock, {
      untaken: (labels) => this.#flaw("the recorder takes no audio", labels),
      taken: (labels) => this.#report("switched", "the recorder takes audio again", this.#sidesOf(labels)),
    });
    this.#unlisten = options.engine.on("overflow", (tap) => {
      const label = this.#taps.labelOf(tap);
      if (label !== undefined) this.#flaw("audio is lost: nobody took it for 10 s", [label]);
    });
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

  /** Ends the session; with `lastWords` the recorder sees the final metadata first (R18). Resolves when nothing is captured any more. */
  async stop(reason: string, lastWords: boolean): Promise<void> {
    await this.#taps.pause();
    this.#cancelRetry();
    this.#input({ kind: "stop", lastWords, reason });
  }

  /** Resolves when the dialog is over and the taps are closed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  async #follow(backfillMs: () => number, paused: boolean): Promise<boolean> {
    return this.#taps.follow(sourcesOf(this.#o.facts()), this.#o.legOf, {
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
        void this.#taps.hold();
        return;
      case "bye":
        this.#bye();
        return;
      case "retry-after":
        this.#cancelRetry = this.#o.clock.after(output.ms, () => this.#input({ kind: "retry-due" }));
        return;
      case "close-after":
        this.#cancelClosing = this.#o.clock.after(output.ms, () => this.#input({ kind: "close-due" }));
        return;
      case "report":
        this.#report(output.event, output.reason);
        return;
      case "finish":
        this.#cancelRetry();
        this.#cancelDeadline();
        this.#cancelClosing();
        this.#takes.forget();
        this.#unlisten();
        void this.#taps.close().then(() => this.#over.resolve());
        this.#o.finished();
    }
  }

  #invite(switching: boolean): void {
    const { invite, from, resourceManagers } = this.#o;
    if (switching) this.#switches += 1;
    const avoid = Array.from(this.#avoid).join(", ");
    const target = this.#target();
    this.#attempts += 1;
    this.#sdpVersion += 1;
    const { body, contentType } = this.#body();
    const callUuid = fact(this.#o.facts(), "calluuid");
    const sip = invite({
      uri: target.requestUri,
      to: { uri: target.nextHop },
      from,
      contactParams: [["+sip.src", true]],
      headers: [
        ["Require", "siprec"],
        ...(avoid === "" ? [] : [["X-Resource-Avoid", avoid] as const]),
        ...(callUuid === undefined ? [] : [["X-Genesys-CallUUID", callUuid] as const]),
      ],
      body,
      contentType,
    });
    this.#sip = sip;
    const mine = (): boolean => this.#sip === sip;
    const patience = switching ? INVITE_ATTEMPT_MS : Math.min(INVITE_ATTEMPT_MS, this.#timeToStart());
    const cancelDeadline = afterSilence(this.#o.clock, patience, () => {
      if (!mine()) return;
      this.#sip = undefined;
      // CANCEL; a 2xx that crosses it is ended by the SIP session itself.
      sip.terminate();
      this.#unanswered(
        switching,
        `recorder-no-answer (no final answer within ${patience} ms, asked through ${target.nextHop})`,
      );
    });
    this.#cancelDeadline = cancelDeadline;
    sip.on("accepted", (response) => {
      cancelDeadline();
      if (mine()) this.#accepted(sip, response);
    });
    sip.on("rejected", (response) => {
      cancelDeadline();
      if (!mine()) return;
      this.#sip = undefined;
      const reason = refusal(response);
      if (response.headers.has("X-Synthesised")) this.#unanswered(switching, reason);
      else this.#input({ kind: "refused", reason });
    });
    sip.on("reinvite", (request) => this.#recorderOffers(request));
    sip.on("update", (request) => this.#recorderOffers(request));
    sip.on("request", (request) => request.respond(request.request.method === "INFO" ? 415 : 501));
    sip.on("ended", (why) => {
      if (!mine()) return;
      this.#forget(sip);
      this.#input({ kind: "peer-ended", orderly: why.by === "remote", reason: reasonOf(why) });
    });
    this.#o.log.info(
      { uri: target.requestUri, to: target.nextHop, managers: resourceManagers.length },
      "recording session offered",
    );
  }

  /** R32: a Resource Manager that does not answer is no verdict: the next one is asked, while there is time. */
  #unanswered(switching: boolean, reason: string): void {
    const another = this.#attempts < this.#o.resourceManagers.length && this.#timeToStart() >= LEAST_ATTEMPT_MS;
    if (this.#state.phase === "inviting" && !switching && another) this.#invite(false);
    else this.#input({ kind: "refused", reason });
  }

  #timeToStart(): number {
    return this.#startedAt + START_MS - this.#o.clock.now();
  }

  #sendMedia(): void {
    void this.#taps.send(this.#answered);
    const owed = new Set(
      this.#state.told === "paused" ? [] : this.#streams().flatMap((s) => (s.live ? [s.label] : [])),
    );
    const untaken = this.#answered.filter(({ label, destination }) => destination === undefined && owed.has(label));
    this.#takes.see(untaken.map(({ label }) => label));
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
      this.#input({ kind: "refused", reason: answered.error });
      return;
    }
    this.#input({ kind: "accepted" });
  }

  async #reoffer(): Promise<void> {
    const sip = this.#sip;
    if (sip === undefined) return;
    this.#sdpVersion += 1;
    const response = await sip.reinvite({ ...this.#body(), headers: [["Require", "siprec"]] });
    if (this.#sip !== sip) return;
    if (response.status >= 300) {
      const gone = response.status === 408 || response.status === 481 || response.status === 503;
      const reason = `${response.status} ${response.reason}`;
      if (gone) {
        this.#forget(sip);
        sip.terminate();
      }
      this.#input({ kind: "modified", outcome: gone ? "gone" : "refused", reason });
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
    if (answered.ok) this.#answered = answered.value;
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
      this.#answered = answered.value;
      this.#sendMedia();
      return true;
    };
    if (offer.length === 0) {
      incoming.onAck = (ack) => void take(sdpOf(ack.headers.get("Content-Type"), ack.body));
    } else if (!take(offer)) return incoming.respond(488);
    incoming.respond(200, { body: sdp, contentType: "application/sdp" });
  }

  #forget(sip: InviteSession): void {
    this.#sip = undefined;
    if (sip.remoteTarget !== undefined) this.#avoid.add(sip.remoteTarget);
  }

  #bye(): void {
    const sip = this.#sip;
    if (sip === undefined) {
      this.#input({ kind: "peer-ended", orderly: true, reason: "" });
      return;
    }
    void sip.bye();
  }

  #streams(): OfferedStream[] {
    return this.#taps.streams(sourcesOf(this.#o.facts()));
  }

  #identity(): { address: string; sessionId: string; version: number } {
    return { address: this.#taps.address, sessionId: this.#sdpId, version: this.#sdpVersion };
  }

  /** RFC 7866 9.1: SDP and complete metadata in one multipart body. */
  #body(): Required<Pick<RequestOptions, "body" | "contentType">> {
    const streams = this.#streams();
    const sdp = recordingOffer(this.#identity(), streams, this.#state.told === "paused");
    const labels = streams.map(({ label }) => label);
    const metadata = writeMetadata(metadataOf(this.#o.facts(), labels, this.#which()));
    return formatMultipart(
      [
        { contentType: "application/sdp", body: sdp },
        {
          contentType: "application/rs-metadata+xml",
          headers: [
            ["Content-Type", "application/rs-metadata+xml"],
            ["Content-Disposition", "recording-session"],
          ],
          body: metadata,
        },
      ],
      `sidetone-${this.#sdpId}`,
    );
  }

  #which(): { copy: number; epoch: number } {
    return { copy: this.copy, epoch: this.#o.epoch + this.#switches };
  }

  #target(): ReturnType<typeof targetOf> {
    const { resourceManagers, facts } = this.#o;
    const manager = resourceManagers[this.#attempts % resourceManagers.length] ?? "";
    return targetOf(facts(), this.#which(), manager);
  }

  #report(event: SessionReport, reason: string | undefined, more: readonly (readonly [string, string])[] = []): void {
    const { recordingId } = this.#o.facts();
    const gap = this.#lostAt === undefined ? 0 : Math.round(this.#o.clock.now() - this.#lostAt);
    if (event === "switched") this.#lostAt = undefined;
    this.#o.report(event, [
      ["id", recordingId],
      ["destination", this.#sip?.remoteTarget ?? this.#target().destination],
      ["copy", String(this.copy)],
      ["epoch", String(this.#which().epoch)],
      ...(reason === undefined || reason === "" ? [] : [["reason", reason] as const]),
      ...more,
      // How long the recorder was away, ms; what the taps kept of it (10 s) is not lost.
      ...(event === "switched" ? [["gap", String(gap)] as const] : []),
    ]);
  }
}

/** The SDP of a body that is SDP, or multipart with SDP in it; empty where there is none. */
function sdpOf(contentType: string | undefined, body: Buffer): Buffer {
  const parts = parseMultipart(contentType ?? "", body);
  const found = pickRecordingParts(parts.ok ? parts.value : [{ contentType: contentType ?? "application/sdp", body }]);
  return found.sdp ?? Buffer.alloc(0);
}

/** 480 and 503 are the Resource Manager's, or a recorder's that takes nothing now; what we made up ourselves is no answer. */
function refusal({ status, reason, headers }: SipResponse): string {
  const said = `${status} ${reason}`;
  if (headers.has("X-Synthesised")) return `recorder-no-answer (${said})`;
  return `${status === 480 || status === 503 ? "no-recorder" : "recorder-refused"} (${said})`;
}

function reasonOf(why: EndReason): string {
  const said = why.request?.headers.get("Reason");
  return said ?? (why.by === "remote" ? "the recorder ended the session" : `session ended: ${why.by}`);
}
