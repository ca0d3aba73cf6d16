import type { Logger } from "@sidetone/foundation";
import { afterSilence, errorText } from "@sidetone/foundation";
import { readMsml } from "@sidetone/msml";
import { answeredParties, type Call, presentParties } from "../call-model/call.ts";
import type { CallInput } from "../call-model/machine.ts";
import { lastingOf } from "../recording/lasting.ts";
import { type MediaPlan, type RecordingWish, recordingWishes } from "../recording/policy.ts";
import { SelectiveWishes, type SelectiveWish } from "../recording/selective.ts";
import type { Interruption } from "../recording/states.ts";
import type { RecordingSnapshot } from "../restore/call-snapshot.ts";
import type { Outcome, RecordingAction } from "../t-library/switch.ts";
import { LedgerLines } from "./ledger-lines.ts";
import type { MediaAnchor } from "./media-anchor.ts";
import type { MediaPath } from "./media-path.ts";
import type { StartAlong } from "./media-recovery.ts";
import { RecordingRequests } from "./recording-requests.ts";
import { isLive, nameOf, newRun, type RecordingRun, restoredRun, snapshotOfRun } from "./recording-run.ts";
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
  /** R33: what a restarted server has to know has changed. */
  readonly changed: () => void;
}

/**
 * The recordings of one call: the full-time or selective one from its wish to its line in the ledger (R1, R2, R8, R9,
 * R16, R17, R24 to R26, R34), and those that clients start and stop (`RecordingRequests`). One runs at a time (R6); it
 * lasts as long as a party that is flagged for it.
 */
export class CallRecording {
  readonly #o: CallRecordingOptions;
  readonly #requests: RecordingRequests;
  readonly #selective = new SelectiveWishes();
  /** The last one is the one that runs, if any does. */
  readonly #runs: RecordingRun[] = [];
  /** Lines of the policy's recording to come, or that came to nothing; later ones have those of their run. */
  #lines: LedgerLines;
  /** R27. */
  #leftOut: LedgerLines | undefined;
  /** R6: parties that a client's STOP has cleared. */
  readonly #cleared = new Set<string>();
  #making: Promise<void> | undefined;
  /** There will be no recording by policy, though it was wished. */
  #gaveUp = false;

  constructor(o: CallRecordingOptions) {
    this.#o = o;
    this.#lines = new LedgerLines(o.context.ledger, o.log);
    this.#requests = new RecordingRequests({
      ...o,
      run: () => this.#run,
      setRun: (run) => this.#runs.push(run),
      fullTime: () => this.#fullTime,
      onStopped: () => {
        for (const { id } of presentParties(o.call())) this.#cleared.add(id);
        o.changed();
      },
    });
  }

  snapshot(): RecordingSnapshot {
    const run = this.#run;
    return {
      run: run === undefined ? undefined : snapshotOfRun(run),
      lines: run?.lines === this.#lines ? undefined : this.#lines.snapshot(),
      leftOut: this.#leftOut?.snapshot(),
      cleared: Array.from(this.#cleared),
      gaveUp: this.#gaveUp,
      selective: this.#selective.snapshot(),
    };
  }

  /** R33: what was recorded, and for whom, before the restart. `resume` goes on with it. */
  restore({ run, lines, leftOut, cleared, gaveUp, selective }: RecordingSnapshot): void {
    const { context, log } = this.#o;
    if (leftOut !== undefined) this.#leftOut = new LedgerLines(context.ledger, log, leftOut);
    for (const party of cleared) this.#cleared.add(party);
    this.#gaveUp = gaveUp;
    this.#selective.restore(selective);
    const before = run === undefined ? undefined : restoredRun(this.#o, run);
    if (before !== undefined) this.#runs.push(before);
    this.#lines =
      lines === undefined && before !== undefined ? before.lines : new LedgerLines(context.ledger, log, lines);
  }

  /** R33: the call is restored, and its phones are reached. */
  async resume(): Promise<void> {
    const run = this.#live;
    await run?.control.resume();
    // Answered, and not begun yet.
    const { answeredMicros } = this.#o.call();
    if (run?.control.state.phase === "idle" && answeredMicros !== undefined && this.wanted)
      await this.begin(answeredMicros);
    else if (!this.#gaveUp) await this.partiesChanged();
  }

  /** R2: what a routing strategy wants of a party that is, or will be, in the call. */
  select(wish: SelectiveWish): void {
    this.#selective.add(wish);
    this.#o.changed();
  }

  /** R2: a strategy withdraws a selective wish; or, with the right to, a full-time one. */
  suppress(party: string, o: { readonly fullTime: boolean }): void {
    this.#selective.suppress(party, o.fullTime);
    this.#o.changed();
  }

  /** Whether a party that is in the call, or rings, is to be recorded by policy. */
  get wanted(): boolean {
    return this.#wishes().length > 0;
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

  /**
   * R34: parties that have answered and are to be recorded get their lines; resolves when they are durable, before the
   * caller hears the answer. False: the call must not go on.
   */
  async expect(answeredMicros: number): Promise<boolean> {
    const { context, call, log } = this.#o;
    const run = this.#live;
    if (run === undefined && this.#runs.length > 0) this.#lines = new LedgerLines(context.ledger, log);
    const lines = run?.lines ?? this.#lines;
    const due = this.#wishesOfAnswered().filter(({ party }) => !lines.has(party));
    if (due.length === 0) return true;
    for (const { party } of due) run?.flagged.add(party);
    try {
      const written = lines.expect(call(), due, answeredMicros, run?.control.state.id);
      await storedInTime(context.clock, written, "the ledger");
      return true;
    } catch (error) {
      log.error({ error: errorText(error) }, "the ledger could not be written");
      context.onAlarm(call(), "ledger-unwritable");
      return !this.#mandatory;
    }
  }

  /** R16: the recording begins with the answer of a party that is to be recorded; one that runs goes on with it. */
  async begin(answeredMicros: number): Promise<void> {
    const { failure, anchor } = this.#o.path();
    const before = this.#live;
    if (before !== undefined && before.control.state.wantedFromMicros !== undefined) return before.control.update();
    if (failure === "codec") {
      // The phones will not change: another try in mid-call would fail the same way.
      this.#giveUp("codec");
      return;
    }
    await this.#make().catch((error: unknown) =>
      this.#o.log.error({ error: errorText(error) }, "no recording id could be stored"),
    );
    if (this.#o.call().endedMicros !== undefined) return;
    const control = this.#live?.control;
    if (control === undefined) {
      this.#giveUp("no-recording-id");
      return;
    }
    // Without a failure nobody has tried yet: who is recorded was only known at the answer.
    if (anchor === undefined && failure !== undefined) control.input({ kind: "media-lost", reason: failure });
    control.input({ kind: "wanted", answeredMicros });
  }

  /** R27: who would be recorded, were this no consultation, stands in the ledger all the same. */
  async leaveOut(parties: ReadonlySet<string>): Promise<void> {
    const { context, call, log } = this.#o;
    const now = context.clock.wallMicros();
    const marked = call().parties.map((party) => ({ ...party, recorded: parties.has(party.id) }));
    const wishes = recordingWishes({ ...call(), parties: marked });
    if (wishes.length === 0) return;
    this.#leftOut = new LedgerLines(context.ledger, log);
    await this.#leftOut
      .expect(call(), wishes, now, undefined)
      .catch((error: unknown) => log.error({ error: errorText(error) }, "the ledger could not be written"));
    this.#leftOut.resolve("not-recorded", "by-policy", undefined, "R27 record-consult-calls: false");
  }

  /** R6: who was to be recorded is not any more, at the answer. */
  withdraw(): void {
    this.#run?.control.input({ kind: "call-ended" });
  }

  /**
   * R24 to R26: parties have come or left, and their media are where they belong. A recording without a party that it is
   * for ends; any other goes on, and the recorder is told who is there.
   */
  async partiesChanged(): Promise<void> {
    const now = this.#o.context.clock.wallMicros();
    if (this.#o.call().endedMicros !== undefined) return;
    const run = this.#live;
    const { kind, due, left } = lastingOf(this.#o.call(), { flagged: run?.flagged, wishes: this.#wishes() });
    for (const party of left) run?.lines.leave(party, now);
    if (kind === "ends") {
      run?.control.input({ kind: "parties-gone" });
      run?.lines.until(now);
    } else if (due.length > 0) {
      await this.expect(now);
      await this.begin(now);
    } else await run?.control.update();
  }

  /** What a client asks (R3, R18). Resolves before the change is said to anybody. */
  record(action: RecordingAction): Promise<Outcome> {
    return this.#requests.record(action);
  }

  /** The call has no Media Server any more. */
  mediaLost(reason: string): void {
    this.#run?.control.input({ kind: "media-lost", reason });
  }

  /** R30: the Media Server died, and the call is being brought to another one. */
  mediaMoving(interruption: Interruption): void {
    this.#run?.control.input({ kind: "media-moving", interruption });
  }

  /** R30: the start for the document that joins the call there. */
  startAlong(anchor: MediaAnchor): StartAlong | undefined {
    const control = this.#run?.control;
    const start = control?.startAlong(anchor);
    if (control === undefined || start === undefined) return undefined;
    const { operation, epoch } = start;
    return { operation, done: (refusal) => control.wentAlong(anchor, epoch, refusal) };
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
    const ran = run !== undefined && isLive(run);
    run?.control.input({ kind: "call-ended" });
    const now = this.#o.context.clock.wallMicros();
    if (ran) run.lines.until(now);
    if (run === undefined || this.#gaveUp) this.#lines.until(now);
    this.#leftOut?.until(now);
    // R34: answered, and over before a recording was begun.
    for (const lines of new Set([this.#lines, ...this.#runs.map((one) => one.lines)])) {
      if (lines.open) lines.resolve("not-recorded", "call ended before the recording began", undefined);
    }
    await Promise.all(this.#runs.map(({ control }) => control.stopped));
  }

  /** Resolves when the ledger has what was said. */
  async settled(): Promise<void> {
    await Promise.all([
      this.#lines.settled(),
      this.#leftOut?.settled(),
      ...this.#runs.map(({ lines }) => lines.settled()),
    ]);
  }

  /** R2: who would be recorded, had no strategy taken that away, stands in the ledger all the same. */
  async expectSuppressed(answeredMicros: number): Promise<void> {
    const { context, call, log } = this.#o;
    const answered = new Set(answeredParties(call()).map(({ id }) => id));
    const wishes = recordingWishes(call()).filter(
      ({ party }) => answered.has(party) && this.#selective.suppressed(party) && this.#leftOut?.has(party) !== true,
    );
    if (wishes.length === 0) return;
    const lines = (this.#leftOut ??= new LedgerLines(context.ledger, log));
    await storedInTime(context.clock, lines.expect(call(), wishes, answeredMicros, undefined), "the ledger").catch(
      (error: unknown) => log.error({ error: errorText(error) }, "the ledger could not be written"),
    );
    lines.resolve("not-recorded", "by-policy", undefined, "R2 disabled by a routing strategy");
  }

  get #run(): RecordingRun | undefined {
    return this.#runs.at(-1);
  }

  get #live(): RecordingRun | undefined {
    const run = this.#run;
    return run !== undefined && isLive(run) ? run : undefined;
  }

  get #mandatory(): boolean {
    return this.#o.plan().recordingFailure === "reject";
  }

  #wishes(): readonly RecordingWish[] {
    const call = this.#o.call();
    return this.#selective.among(call, recordingWishes(call)).filter(({ party }) => !this.#cleared.has(party));
  }

  #wishesOfAnswered(): readonly RecordingWish[] {
    const answered = new Set(answeredParties(this.#o.call()).map(({ id }) => id));
    return this.#wishes().filter(({ party }) => answered.has(party));
  }

  /** R5: it runs, or is about to. */
  get #fullTime(): boolean {
    if (this.#gaveUp || !this.#wishes().some(({ cause }) => cause === "full-time")) return false;
    const run = this.#run;
    return run === undefined || (run.cause === "full-time" && isLive(run));
  }

  #giveUp(reason: string): void {
    this.#gaveUp = true;
    this.#o.changed();
    this.#lines.resolve("not-recorded", reason, undefined);
  }

  /** R8, R9: takes the id and makes the control, where none is there. */
  #make(): Promise<void> {
    if (this.#live !== undefined) return Promise.resolve();
    this.#making ??= this.#claim().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #claim(): Promise<void> {
    const { context, call } = this.#o;
    const wishes = this.#wishes();
    const [first] = wishes;
    if (first === undefined) return;
    const asked = first.cause === "selective" ? this.#selective.of(first.party) : undefined;
    const name = await context.ids.recordingIds.claimName(nameOf(this.#o), call().callUuid);
    const wished = asked?.id;
    const own =
      wished === undefined ? undefined : await context.ids.recordingIds.claimClientId(wished, call().callUuid);
    if (own?.ok === false)
      this.#o.log.warn({ recordingId: wished, why: own.error }, "the strategy's recording id is not to be had");
    this.#runs.push(
      newRun(this.#o, {
        cause: first.cause,
        lines: this.#lines,
        recordingId: own?.ok === true ? own.value : name,
        fileName: name,
        recordDn: first.dn,
        flagged: wishes.map(({ party }) => party),
        dest: asked?.dest,
        dest2: asked?.dest2,
        epoch: this.#run?.control.state.epoch ?? 0,
        attempts: 1,
        parameters: asked?.parameters,
      }),
    );
  }
}
