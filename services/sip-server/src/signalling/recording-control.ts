import { isDeepStrictEqual } from "node:util";
import type { Cancel, Clock, Logger, Result } from "@sidetone/foundation";
import { type AlertTone, type MsmlOperation, paramOf } from "@sidetone/msml";
import type { Call } from "../call-model/call.ts";
import type { MediaAnchor } from "./media-anchor.ts";
import {
  recorderDocument,
  type StartFacts,
  startDocument,
  startOperation,
  updateDocument,
} from "../recording/documents.ts";
import { RESTART_CAUSE } from "../restore/limits.ts";
import { sinceWanted, stepRecording } from "../recording/machine.ts";
import {
  newRecording,
  RECORDING_RETRY_MS,
  START_OVERDUE_MS,
  type RecordingCommand,
  type RecordingEffect,
  type RecordingInput,
  type RecordingMachineState,
  type RecordingParameters,
} from "../recording/states.ts";
import { sendMsml } from "./msml-exchange.ts";

/** How long a client waits for the Media Server's answer to its STOP, PAUSE or RESUME, ms. */
export const COMMAND_PATIENCE_MS = 5000;
/** How long the end of a call waits for the Media Server's last word about its recording, ms: another recorder is looked for during 10 s. */
const LAST_WORD_MS = 15_000;
/** As above, of a Media Server that has told of nothing yet, and may be one that never does. */
const UNSPOKEN_MS = 2000;
/** Why a command that got no answer in time failed. */
export const NO_ANSWER = "no-answer";

/** The call's Media Server. */
export interface AnchorForRecording {
  readonly anchor: MediaAnchor;
  /** The media came there only now: nothing of the past is there. */
  readonly fresh: boolean;
}

/** What the recording of a call needs from its surroundings. */
export interface RecordingControlOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly recordingId: string;
  readonly fileName: string;
  /** DN of the (first) party that is recorded now. */
  readonly recordDn: () => string;
  /** R10: recorders that a client named. */
  readonly dest: string | undefined;
  readonly dest2: string | undefined;
  /** What tells the parties of it now. */
  readonly alertTone: () => AlertTone | undefined;
  /** Epoch of the conference's last recording, 0 where there was none. */
  readonly epoch: number;
  readonly call: () => Call;
  /** The call's Media Server; brings the media there where they are not (R17: in mid-call). */
  readonly anchor: () => Promise<Result<AnchorForRecording, string>>;
  /** The Media Server where the call is now. */
  readonly anchorNow: () => MediaAnchor | undefined;
  /** R30: resolves when the other calls of a lost Media Server have their audio back, or cannot be waited for. */
  readonly audioFirst: () => Promise<void>;
  readonly indicate: (state: "On" | "Off" | "Paused", cause: string) => void;
  readonly ledger: (outcome: "recorded" | "partial" | "not-recorded", reason: string | undefined) => void;
  readonly alarm: (reason: string) => void;
  /** R23. */
  readonly failure: (reason: string) => void;
  /** R33: what a restarted server has to know has changed. */
  readonly changed: () => void;
  /** R33: how the recording stood before the restart. */
  readonly before?: RecordingMachineState | undefined;
  /** R23, R30. */
  readonly recovered: (reason: string, gapMs: number) => void;
}

type StartEffect = Extract<RecordingEffect, { kind: "start" }>;

/** Carries out what the recording machine decides: MSML to the Media Server, timers, ledger, indication. */
export class RecordingControl {
  readonly #options: RecordingControlOptions;
  #state: RecordingMachineState;
  #cancelTimer: Cancel = () => undefined;
  #stopped: Promise<void> = Promise.resolve();
  /** The Media Server has said its last word about the recording, or nobody waits for it any more. */
  #lastWord = Promise.withResolvers<void>();
  /** The Media Server tells of its recorders. */
  #speaks = false;
  readonly #waiters: ((started: boolean) => void)[] = [];
  /** The start under way: what is asked meanwhile goes after it. */
  #starting: Promise<void> = Promise.resolve();
  #answerAsked: (refusal: string | undefined) => void = () => undefined;
  /** The alert tone that the Media Server was told of. */
  #toneSaid: AlertTone | undefined;
  /** The start that waits for the call to be at a Media Server. */
  #due: StartEffect | undefined;
  /** How much of the past the last start asked for, ms. */
  #backfilledMs = 0;
  /** What became of a start that went along with the joins. */
  #along: { readonly anchor: MediaAnchor; readonly epoch: number; readonly refusal: string | undefined } | undefined;

  constructor(options: RecordingControlOptions) {
    this.#options = options;
    this.#state = options.before ?? newRecording(options.recordingId, options.fileName, options.epoch);
  }

  get state(): RecordingMachineState {
    return this.#state;
  }

  input(input: RecordingInput): void {
    const step = stepRecording(this.#state, input, this.#options.clock.wallMicros());
    this.#state = step.state;
    for (const effect of step.effects) this.#carryOut(effect);
    if (input.kind === "started") this.#tellWaiters(true);
    if (step.state.phase === "waiting" || step.state.phase === "stopped") this.#tellWaiters(false);
    if (input.kind === "accepted") this.#answerAsked(undefined);
    if (input.kind === "call-ended") this.#answerAsked("call-ended");
    if (input.kind === "ended" || input.kind === "failed" || input.kind === "media-lost") this.#lastWord.resolve();
    this.#options.changed();
  }

  /**
   * R33: goes on after a restart. What was under way is begun again or given up; what runs is asked for, since its end may
   * have been said to nobody. A pause is repeated, a RESUME that was under way is not (R19).
   */
  async resume(): Promise<void> {
    const refusal = await this.#pickUp(this.#state);
    // Where the Media Server is gone the call is on its way to another one (R30).
    if (refusal?.startsWith("msml-") === true && this.#runs)
      this.input({ kind: "failed", reason: `recorder-lost (${refusal})` });
  }

  async #pickUp(state: RecordingMachineState): Promise<string | undefined> {
    switch (state.phase) {
      case "idle":
      case "stopped":
        return undefined;
      case "starting":
        // The client that asked for it is not there any more.
        if (!state.accepted) this.#state = { ...state, accepted: true };
        if (this.#options.anchorNow() === undefined) {
          this.input({ kind: "media-lost", reason: RESTART_CAUSE });
          this.input({ kind: "retry-due" });
          return undefined;
        }
        this.#arm(START_OVERDUE_MS, { kind: "start-overdue" });
        break;
      case "waiting":
        this.#arm(RECORDING_RETRY_MS, { kind: "retry-due" });
        return undefined;
      case "stopping":
        this.input({ kind: "command-refused", command: "stop" });
        break;
      case "recording":
      case "paused":
        if (state.phase === "paused" && state.startsPaused && !state.paused)
          this.#carryOut({ kind: "resume", backfillMs: 0 });
        else if (state.phase === "paused" || state.paused) await this.#pauseAgain(state);
    }
    return this.#sendUpdate(new Map());
  }

  async #pauseAgain(state: RecordingMachineState): Promise<void> {
    this.#state = { ...state, paused: true };
    await this.#carryOutCommand("pause", new Map());
    if (state.phase === "recording") this.input({ kind: "command-done", command: "pause", parameters: new Map() });
  }

  /** R3: a client's START; resolves when the Media Server has taken it, with why it has not otherwise. */
  ask(parameters: RecordingParameters): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#answerAsked = resolve;
      this.input({ kind: "asked", parameters });
    });
  }

  /**
   * R18, R19: a client's command that `refusalOf` lets pass. Resolves when the Media Server has done it, with why it has
   * not otherwise; `commandDone` is to be said when the client has its answer.
   */
  async command(command: RecordingCommand, parameters: RecordingParameters): Promise<string | undefined> {
    const before = this.#state;
    this.input({ kind: "command", command, parameters });
    if (before.phase === "waiting") return undefined;
    const { clock } = this.#options;
    let cancel: Cancel = () => undefined;
    const late = new Promise<string>((resolve) => {
      cancel = clock.after(COMMAND_PATIENCE_MS, () => resolve(NO_ANSWER));
    });
    const refusal = await Promise.race([this.#carryOutCommand(command, parameters), late]).finally(cancel);
    if (refusal !== undefined) this.input({ kind: "command-refused", command });
    return refusal;
  }

  commandDone(command: RecordingCommand, parameters: RecordingParameters): void {
    this.input({ kind: "command-done", command, parameters });
  }

  /** R6, R26: parameters of a further flagged party, who is in the call now; the recorder's metadata say them too. */
  async update(parameters: RecordingParameters = new Map()): Promise<void> {
    this.input({ kind: "parameters", parameters });
    const refusal = await this.#sendUpdate(parameters);
    if (refusal !== undefined) this.#options.log.warn({ recordingId: this.#state.id, refusal }, "update refused");
  }

  async #sendUpdate(parameters: RecordingParameters): Promise<string | undefined> {
    await this.#begun();
    const anchor = this.#options.anchorNow();
    if (anchor === undefined || !this.#runs) return undefined;
    const document = updateDocument({
      confId: anchor.confId,
      call: this.#options.call(),
      recordingId: this.#state.id,
      recordDn: this.#options.recordDn(),
      parameters,
      alertTone: this.#changedTone(),
      connectionOf: (party) => anchor.connection(party),
    });
    return sendMsml(anchor, document);
  }

  #changedTone(): AlertTone | "off" | undefined {
    const [was, is] = [this.#toneSaid, this.#options.alertTone()];
    this.#toneSaid = is;
    return isDeepStrictEqual(was, is) ? undefined : (is ?? "off");
  }

  /** The Media Server has it: what changes is to be said. */
  get #runs(): boolean {
    const { phase } = this.#state;
    return phase === "starting" || phase === "recording" || phase === "paused";
  }

  /** Resolves when the running start has succeeded (true) or failed. */
  outcome(): Promise<boolean> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves once a `stop` under way is carried out: the Media Server has said what became of the recording's end (R34). */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** R30: about how much of a recording that is recovered is missing, ms. */
  #gapMs(): number | undefined {
    const { recovering } = this.#state;
    if (recovering === undefined) return undefined;
    const away = Math.round((this.#options.clock.wallMicros() - recovering.sinceMicros) / 1000);
    return Math.max(0, away - this.#backfilledMs);
  }

  /** An MSML event of the Media Server about this recording. */
  event(name: string, values: readonly (readonly [string, string])[]): void {
    const map = new Map(values);
    const id = paramOf(map, "id");
    if (id !== undefined && id !== this.#state.id) return;
    this.#speaks = true;
    const reason = paramOf(map, "reason") ?? name;
    const epoch = Number(paramOf(map, "epoch"));
    // R30: a server that woke up tells of what it had.
    if (Number.isSafeInteger(epoch) && epoch > 0 && epoch < this.#state.epoch) return;
    if (Number.isSafeInteger(epoch)) this.input({ kind: "epoch", epoch });
    switch (name) {
      case "recorder.started":
        return this.input({ kind: "started", gapMs: millisecondsOf(paramOf(map, "gap")) ?? this.#gapMs() });
      case "recorder.paused":
        return this.input({ kind: "paused" });
      case "recorder.resumed":
        return this.input({ kind: "resumed" });
      case "recorder.stopped":
        return this.input({ kind: "ended", reason });
      case "recorder.failed":
        return this.input({ kind: "failed", reason });
      case "recorder.degraded":
        return this.input({ kind: "degraded", reason });
      case "recorder.switched":
        if (Number(paramOf(map, "gap")) > 0) {
          this.input({ kind: "degraded", reason: `${paramOf(map, "gap") ?? ""} ms missing: the recorder was changed` });
        }
        return;
      default:
        this.#options.log.info({ event: name, reason }, "recorder event");
    }
  }

  #tellWaiters(started: boolean): void {
    for (const waiter of this.#waiters.splice(0)) waiter(started);
  }

  #carryOut(effect: RecordingEffect): void {
    const { indicate, ledger, alarm, failure, recovered } = this.#options;
    switch (effect.kind) {
      case "start":
        this.#starting = this.#start(effect);
        return;
      case "command":
        // Carried out by who waits for its answer.
        return;
      case "refused":
        this.#answerAsked(effect.reason);
        return;
      case "failure":
        failure(effect.reason);
        return;
      case "resume":
        void this.#resume(effect.backfillMs);
        return;
      case "stop":
        this.#stopped = this.#stop();
        return;
      case "indicate":
        indicate(effect.state, effect.cause);
        return;
      case "arm-retry":
        this.#arm(effect.ms, { kind: "retry-due" });
        return;
      case "arm-overdue":
        this.#arm(effect.ms, { kind: "start-overdue" });
        return;
      case "disarm":
        this.#cancelTimer();
        return;
      case "ledger":
        ledger(effect.outcome, effect.reason);
        return;
      case "recovered":
        recovered(effect.reason, effect.gapMs);
        return;
      case "alarm":
        alarm(effect.reason);
    }
  }

  #arm(ms: number, input: RecordingInput): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.input(input));
  }

  /** R30: the start for a document that joins the call at another Media Server; what came of it is to be said to `wentAlong`. */
  startAlong(anchor: MediaAnchor): { readonly operation: MsmlOperation; readonly epoch: number } | undefined {
    const due = this.#due;
    if (due === undefined || this.#state.phase !== "starting") return undefined;
    return { operation: startOperation(this.#startFacts(due, anchor, true)), epoch: due.epoch };
  }

  /** What became of the start of `startAlong`. */
  wentAlong(anchor: MediaAnchor, epoch: number, refusal: string | undefined): void {
    this.#along = { anchor, epoch, refusal };
  }

  async #start(effect: StartEffect): Promise<void> {
    this.#due = effect;
    const anchored = await this.#options.anchor();
    // Begun again meanwhile: this one is not waited for any more.
    if (this.#due !== effect) return;
    this.#due = undefined;
    if (this.#state.phase !== "starting") return;
    if (!anchored.ok) {
      this.input({ kind: "start-refused", reason: anchored.error });
      return;
    }
    const { anchor, fresh } = anchored.value;
    const along = this.#along;
    this.#along = undefined;
    const went = along?.anchor === anchor && along.epoch === effect.epoch;
    if (!went && this.#state.recovering !== undefined) {
      await this.#options.audioFirst();
      if (this.#state.phase !== "starting" || this.#state.epoch > effect.epoch) return;
    }
    const refusal = went
      ? along.refusal
      : await sendMsml(anchor, startDocument(this.#startFacts(effect, anchor, fresh)));
    // The Media Server died with it, and another start is under way.
    if (this.#state.epoch > effect.epoch && this.#state.phase === "starting") return;
    if (refusal !== undefined) this.input({ kind: "start-refused", reason: refusal });
    else if (!this.#state.accepted) this.input({ kind: "accepted" });
  }

  #startFacts(effect: StartEffect, anchor: MediaAnchor, fresh: boolean): StartFacts {
    const { recordingId, fileName, recordDn, dest, dest2, call } = this.#options;
    const { paused, parameters } = this.#state;
    this.#toneSaid = this.#options.alertTone();
    // Asked to pause while the media were on their way.
    const initial = paused ? "paused" : effect.initial;
    this.#backfilledMs = this.#backfillOf(effect, anchor, fresh);
    return {
      confId: anchor.confId,
      call: call(),
      recordingId,
      fileName,
      recordDn: recordDn(),
      epoch: effect.epoch,
      initial,
      backfillMs: this.#backfilledMs,
      dest,
      dest2,
      parameters,
      alertTone: this.#toneSaid,
      connectionOf: (party) => anchor.connection(party),
    };
  }

  /** R30: after a recovery, as far back as the Media Server has had the call; else what the machine wants. */
  #backfillOf(effect: StartEffect, anchor: MediaAnchor, fresh: boolean): number {
    const { paused, recovering } = this.#state;
    if (paused) return 0;
    if (!fresh) return effect.backfillMs;
    if (recovering === undefined) return 0;
    return Math.min(Math.floor(anchor.ageMs), sinceWanted(this.#state, this.#options.clock.wallMicros()));
  }

  async #carryOutCommand(command: RecordingCommand, parameters: RecordingParameters): Promise<string | undefined> {
    await this.#begun();
    const anchor = this.#options.anchorNow();
    // No Media Server, no recorder: a STOP has what it wants, and what waits for a retry is paused or not by the machine.
    if (anchor === undefined)
      return command === "stop" || this.#state.phase === "waiting" ? undefined : "no-media-server";
    const document = recorderDocument(anchor.confId, command, this.#state.id, { parameters });
    if (command === "stop") this.#lastWord = Promise.withResolvers();
    const refusal = await sendMsml(anchor, document);
    if (command === "stop" && refusal === undefined) this.#stopped = this.#heard();
    if (refusal === undefined) return undefined;
    const gone = this.#options.anchorNow() !== anchor;
    if (command === "stop") return gone || refusal.startsWith("msml-430") ? undefined : refusal;
    // R30: the server died with it. The call's next one is told, whatever its start has said already.
    if (gone && this.#state.phase === "starting") return this.#carryOutCommand(command, parameters);
    return gone && this.#state.phase === "waiting" ? undefined : refusal;
  }

  /** Resolves when no start is under way any more. */
  async #begun(): Promise<void> {
    for (let awaited: Promise<void> | undefined; awaited !== this.#starting; ) {
      awaited = this.#starting;
      await awaited;
    }
  }

  async #resume(backfillMs: number): Promise<void> {
    const anchored = await this.#options.anchor();
    const refusal = anchored.ok
      ? await sendMsml(
          anchored.value.anchor,
          recorderDocument(anchored.value.anchor.confId, "resume", this.#state.id, { backfillMs }),
        )
      : anchored.error;
    if (refusal !== undefined) this.input({ kind: "resume-refused", reason: refusal });
  }

  /** Only where there is something to stop: a call that is not anchored is not brought to a Media Server for it. */
  async #stop(): Promise<void> {
    const anchor = this.#options.anchorNow();
    if (anchor === undefined) return;
    this.#lastWord = Promise.withResolvers();
    const refusal = await sendMsml(anchor, recorderDocument(anchor.confId, "stop", this.#state.id));
    if (refusal !== undefined) {
      this.#options.log.warn({ recordingId: this.#state.id, refusal }, "recorder stop refused");
      return;
    }
    await this.#heard();
  }

  /**
   * Until the Media Server has said what became of a recording that was stopped, its events need a dialog to come on: what the
   * recorder was sent last may still be on its way, or on its way to another one (R31).
   */
  #heard(): Promise<void> {
    const cancel = this.#options.clock.after(this.#speaks ? LAST_WORD_MS : UNSPOKEN_MS, () => this.#lastWord.resolve());
    return this.#lastWord.promise.finally(cancel);
  }
}

/** A whole number of milliseconds in an event; undefined where it says none. */
function millisecondsOf(text: string | undefined): number | undefined {
  const ms = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
}
