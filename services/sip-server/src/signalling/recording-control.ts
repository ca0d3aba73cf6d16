import type { Cancel, Clock, Logger, Result } from "@sidetone/foundation";
import { paramOf, readMsml } from "@sidetone/msml";
import type { Call } from "../call-model/call.ts";
import type { MediaAnchor } from "./media-anchor.ts";
import { recorderDocument, startDocument } from "../recording/documents.ts";
import {
  newRecording,
  type RecordingEffect,
  type RecordingInput,
  type RecordingMachineState,
  stepRecording,
} from "../recording/machine.ts";

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
  /** DN of the (first) party that is to be recorded. */
  readonly recordDn: string;
  readonly call: () => Call;
  /** The call's Media Server; brings the media there where they are not (R17: in mid-call). */
  readonly anchor: () => Promise<Result<AnchorForRecording, string>>;
  /** The Media Server where the call is now. */
  readonly anchorNow: () => MediaAnchor | undefined;
  readonly indicate: (state: "On" | "Off" | "Paused", cause: string) => void;
  readonly ledger: (outcome: "recorded" | "partial" | "not-recorded", reason: string | undefined) => void;
  readonly alarm: (reason: string) => void;
}

/** Carries out what the recording machine decides: MSML to the Media Server, timers, ledger, indication. */
export class RecordingControl {
  readonly #options: RecordingControlOptions;
  #state: RecordingMachineState;
  #cancelTimer: Cancel = () => undefined;
  #stopped: Promise<void> = Promise.resolve();
  readonly #waiters: ((started: boolean) => void)[] = [];

  constructor(options: RecordingControlOptions) {
    this.#options = options;
    this.#state = newRecording(options.recordingId, options.fileName);
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
  }

  /** Resolves when the running start has succeeded (true) or failed. */
  outcome(): Promise<boolean> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves once a `stop` under way has been answered. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** An MSML event of the Media Server about this recording. */
  event(name: string, values: readonly (readonly [string, string])[]): void {
    const map = new Map(values);
    const id = paramOf(map, "id");
    if (id !== undefined && id !== this.#state.id) return;
    const reason = paramOf(map, "reason") ?? name;
    const epoch = Number(paramOf(map, "epoch"));
    if (Number.isSafeInteger(epoch)) this.input({ kind: "epoch", epoch });
    switch (name) {
      case "recorder.started":
        return this.input({ kind: "started" });
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
    const { indicate, ledger, alarm } = this.#options;
    switch (effect.kind) {
      case "start":
        void this.#start(effect);
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
      case "alarm":
        alarm(effect.reason);
    }
  }

  #arm(ms: number, input: RecordingInput): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.input(input));
  }

  async #start(effect: Extract<RecordingEffect, { kind: "start" }>): Promise<void> {
    const { recordingId, fileName, recordDn, call } = this.#options;
    const anchored = await this.#options.anchor();
    if (this.#state.phase !== "starting") return;
    if (!anchored.ok) {
      this.input({ kind: "start-refused", reason: anchored.error });
      return;
    }
    const { anchor, fresh } = anchored.value;
    const document = startDocument({
      confId: anchor.confId,
      call: call(),
      recordingId,
      fileName,
      recordDn,
      epoch: effect.epoch,
      initial: effect.initial,
      backfillMs: fresh ? 0 : effect.backfillMs,
      connectionOf: (party) => anchor.connection(party),
    });
    const refusal = await sendMsml(anchor, document);
    if (refusal !== undefined) this.input({ kind: "start-refused", reason: refusal });
  }

  async #resume(backfillMs: number): Promise<void> {
    const anchored = await this.#options.anchor();
    const refusal = anchored.ok
      ? await sendMsml(
          anchored.value.anchor,
          recorderDocument(anchored.value.anchor.confId, "resume", this.#state.id, backfillMs),
        )
      : anchored.error;
    if (refusal !== undefined) this.input({ kind: "resume-refused", reason: refusal });
  }

  /** Only where there is something to stop: a call that is not anchored is not brought to a Media Server for it. */
  async #stop(): Promise<void> {
    const anchor = this.#options.anchorNow();
    if (anchor === undefined) return;
    const refusal = await sendMsml(anchor, recorderDocument(anchor.confId, "stop", this.#state.id));
    if (refusal !== undefined)
      this.#options.log.warn({ recordingId: this.#state.id, refusal }, "recorder stop refused");
  }
}

/** Sends a document; resolves with why it was not carried out, undefined when it was. */
export async function sendMsml(anchor: MediaAnchor, document: string): Promise<string | undefined> {
  const sent = await anchor.msml(document);
  if (!sent.ok) return sent.error.reason;
  const read = readMsml(sent.value);
  if (!read.ok) return "msml-result-unreadable";
  if (read.value.kind !== "result") return "msml-result-missing";
  const { response, description } = read.value.result;
  return response === 200 ? undefined : `msml-${response}${description === undefined ? "" : ` ${description}`}`;
}
