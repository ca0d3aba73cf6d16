import type { Logger } from "@sidetone/foundation";
import { afterSilence, errorText } from "@sidetone/foundation";
import { readMsml } from "@sidetone/msml";
import type { Call } from "../call-model/call.ts";
import type { CallInput } from "../call-model/machine.ts";
import { type MediaPlan, recordingWishes } from "../recording/policy.ts";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { LedgerLines } from "./ledger-lines.ts";
import type { MediaPath } from "./media-path.ts";
import { RecordingRequests } from "./recording-requests.ts";
import { nameOf, newRun, type RecordingRun } from "./recording-run.ts";
import type { ServerContext } from "./server-context.ts";
import { storedInTime } from "./storage-patience.ts";

/** R17 `reject`: how long the caller waits for the recorder before anyone rings, ms: two attempts of 500. */
const PREPARE_MS = 1000;

export interface CallRecordingOptions {
  readonly context: ServerContext;
  readonly log: Logger;
  readonly plan: () => MediaPlan;
  /** Call-ID of the caller's leg. */
  readonly callId: string;
  readonly call: () => Call;
  readonly path: () => MediaPath;
  readonly apply: (input: CallInput) => void;
}

/**
 * The recordings of one call: the full-time one from its wish to its line in the ledger (R8, R9, R16, R17, R34), and
 * those that clients start and stop (`RecordingRequests`). One runs at a time (R6).
 */
export class CallRecording {
  readonly #o: CallRecordingOptions;
  readonly #fullTimeLines: LedgerLines;
  readonly #requests: RecordingRequests;
  /** The last one is the one that runs, if any does. */
  readonly #runs: RecordingRun[] = [];
  #making: Promise<void> | undefined;
  /** There will be no full-time recording, though it was wished. */
  #gaveUp = false;

  constructor(o: CallRecordingOptions) {
    this.#o = o;
    this.#fullTimeLines = new LedgerLines(o.context.ledger, o.log);
    this.#requests = new RecordingRequests({
      ...o,
      run: () => this.#run,
      setRun: (run) => this.#runs.push(run),
      fullTime: () => this.#fullTime,
    });
  }

  /**
   * Before anyone rings: the id; where recording is mandatory the recorder runs already, paused (R17 `reject`).
   * False: the call must not go on.
   */
  async prepare(): Promise<boolean> {
    const { clock } = this.#o.context;
    try {
      await storedInTime(clock, this.#make(), "a recording id");
    } catch (error) {
      this.#o.log.error({ error: errorText(error) }, "no recording id could be stored");
      return !this.#mandatory;
    }
    const control = this.#run?.control;
    if (!this.#mandatory || control === undefined) return true;
    const outcome = control.outcome();
    control.input({ kind: "prepare" });
    let cancel = (): void => undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = afterSilence(clock, PREPARE_MS, () => resolve(false));
    });
    return Promise.race([outcome, late]).finally(cancel);
  }

  /** R34: resolves when the lines are durable, before the caller hears the answer. False: the call must not go on. */
  async expect(answeredMicros: number): Promise<boolean> {
    const { context, call, log } = this.#o;
    try {
      const id = this.#run?.control.state.id;
      const written = this.#fullTimeLines.expect(call(), recordingWishes(call()), answeredMicros, id);
      await storedInTime(context.clock, written, "the ledger");
      return true;
    } catch (error) {
      log.error({ error: errorText(error) }, "the ledger could not be written");
      context.onAlarm(call(), "ledger-unwritable");
      return !this.#mandatory;
    }
  }

  /** R16: the recording begins with the answer. */
  async begin(answeredMicros: number): Promise<void> {
    const { failure, anchor } = this.#o.path();
    if (failure === "codec") {
      // The phones will not change: another try in mid-call would fail the same way.
      this.#giveUp("codec");
      return;
    }
    await this.#make().catch((error: unknown) =>
      this.#o.log.error({ error: errorText(error) }, "no recording id could be stored"),
    );
    if (this.#o.call().endedMicros !== undefined) return;
    const control = this.#run?.control;
    if (control === undefined) {
      this.#giveUp("no-recording-id");
      return;
    }
    // Without a failure nobody has tried yet: who is recorded was only known at the answer.
    if (anchor === undefined && failure !== undefined) control.input({ kind: "media-lost", reason: failure });
    control.input({ kind: "wanted", answeredMicros });
  }

  /** R6: who was to be recorded is not any more, at the answer. */
  withdraw(): void {
    this.#run?.control.input({ kind: "call-ended" });
  }

  /** What a client asks (R3, R18). Resolves before the change is said to anybody. */
  record(action: RecordingAction): Promise<Outcome> {
    return this.#requests.record(action);
  }

  mediaLost(reason: string): void {
    this.#run?.control.input({ kind: "media-lost", reason });
  }

  /** INFO of the Media Server. */
  msml(body: Buffer): void {
    const read = readMsml(body);
    if (!read.ok || read.value.kind !== "event") {
      this.#o.log.warn({}, "INFO of the Media Server without a readable MSML event");
      return;
    }
    const { name, values } = read.value.event;
    this.#requests.inTurn(() => {
      // A recording that was stopped may still have something to say: each takes what has its id.
      for (const { control } of this.#runs) control.event(name, values);
    });
  }

  /** The call is over: stops the recording; resolves when the Media Server has answered. */
  async end(): Promise<void> {
    const run = this.#run;
    const ran = run !== undefined && run.control.state.phase !== "stopped";
    run?.control.input({ kind: "call-ended" });
    const now = this.#o.context.clock.wallMicros();
    if (ran) run.lines.until(now);
    if (run === undefined || this.#gaveUp) this.#fullTimeLines.until(now);
    await Promise.all(this.#runs.map(({ control }) => control.stopped));
  }

  /** Resolves when the ledger has what was said. */
  async settled(): Promise<void> {
    await Promise.all([this.#fullTimeLines.settled(), ...this.#runs.map(({ lines }) => lines.settled())]);
  }

  get #run(): RecordingRun | undefined {
    return this.#runs.at(-1);
  }

  get #mandatory(): boolean {
    return this.#o.plan().recordingFailure === "reject";
  }

  /** R5: it runs, or is about to. */
  get #fullTime(): boolean {
    if (!this.#o.plan().record || this.#gaveUp) return false;
    const run = this.#run;
    return run === undefined || (run.cause === "full-time" && run.control.state.phase !== "stopped");
  }

  #giveUp(reason: string): void {
    this.#gaveUp = true;
    this.#fullTimeLines.resolve("not-recorded", reason, undefined);
  }

  /** R8, R9: takes the id and makes the control, once. */
  #make(): Promise<void> {
    this.#making ??= this.#claim().catch((error: unknown) => {
      this.#making = undefined;
      throw error;
    });
    return this.#making;
  }

  async #claim(): Promise<void> {
    const { context, call } = this.#o;
    const recorded = call().parties.filter((party) => party.recorded);
    const [first] = recorded;
    if (first === undefined) return;
    const id = await context.ids.recordingIds.claimName(nameOf(this.#o), call().callUuid);
    this.#runs.push(
      newRun(this.#o, {
        cause: "full-time",
        lines: this.#fullTimeLines,
        recordingId: id,
        fileName: id,
        recordDn: first.dn,
        flagged: recorded.map((party) => party.id),
        epoch: 0,
        attempts: 1,
      }),
    );
  }
}
