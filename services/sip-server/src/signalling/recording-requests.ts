import { errorText, fail, ok } from "@sidetone/foundation";
import { wishedParty } from "../recording/dynamic.ts";
import { refusalOf } from "../recording/commands.ts";
import type { RecordingWish } from "../recording/policy.ts";
import type { Outcome, RecordingAction, SwitchFailure } from "../t-library/switch.ts";
import type { CallRecordingOptions } from "./call-recording.ts";
import { LedgerLines } from "./ledger-lines.ts";
import { failureOfRefusal, failures } from "./recording-failures.ts";
import { isLive, nameOf, newRun, type RecordingRun } from "./recording-run.ts";
import { storedInTime } from "./storage-patience.ts";

type Start = Extract<RecordingAction, { kind: "start" }>;
type Command = Exclude<RecordingAction, Start>;

/** R17: attempts to move the media when a client asks for a recording. */
const MOVE_ATTEMPTS = 2;

/** What the requests of clients need of the call's recording. */
export interface RecordingRequestsOptions extends CallRecordingOptions {
  /** The recording that there is, or was last. */
  readonly run: () => RecordingRun | undefined;
  readonly setRun: (run: RecordingRun) => void;
  /** R5: the call is recorded full-time, or about to be. */
  readonly fullTime: () => boolean;
  /** R6: a STOP has cleared every flag. */
  readonly onStopped: () => void;
}

/**
 * R3, R5, R6, R8, R18: what clients ask of a call's recording, one request after another. What the Media Server says
 * while one is under way is held until the client has its answer: EventACK comes before the change of data (R21).
 */
export class RecordingRequests {
  readonly #o: RecordingRequestsOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #held: (() => void)[] | undefined;

  constructor(o: RecordingRequestsOptions) {
    this.#o = o;
  }

  /** Resolves before the change is said to anybody. */
  record(action: RecordingAction): Promise<Outcome> {
    const outcome = this.#queue.then(() => {
      this.#held = [];
      return action.kind === "start" ? this.#start(action) : this.#command(action);
    });
    this.#queue = outcome.then(
      (result) => this.#afterAnswer(result.ok && action.kind !== "start" ? action : undefined),
      () => this.#afterAnswer(undefined),
    );
    return outcome;
  }

  /** Does it now, or when the client has its answer. */
  inTurn(work: () => void): void {
    if (this.#held === undefined) work();
    else this.#held.push(work);
  }

  #afterAnswer(done: Command | undefined): Promise<void> {
    const run = this.#o.run();
    return new Promise((resolve) => {
      // A turn of the event loop: whoever awaits the outcome has run by then.
      this.#o.context.clock.after(0, () => {
        const held = this.#held ?? [];
        this.#held = undefined;
        for (const work of held) work();
        if (done !== undefined) {
          run?.control.commandDone(done.kind, done.parameters);
          if (done.kind === "stop") {
            run?.lines.until(this.#o.context.clock.wallMicros(), "R18 stopped by a client");
            this.#o.onStopped();
          }
        }
        resolve();
      });
    });
  }

  async #command(action: Command): Promise<Outcome> {
    if (this.#over) return fail(failures.callOver);
    const run = this.#o.run();
    const refusal = run === undefined ? "RecordingNotActive" : refusalOf(run.control.state, action.kind);
    if (run === undefined || refusal !== undefined) return fail(failures.ofState(refusal, action.kind));
    const failed = await run.control.command(action.kind, action.parameters);
    return failed === undefined ? ok(undefined) : fail(failureOfRefusal(failed));
  }

  async #start(action: Start): Promise<Outcome> {
    const { call, context } = this.#o;
    if (this.#over) return fail(failures.callOver);
    if (this.#o.fullTime()) return fail(failures.fullTime);
    if (call().answeredMicros === undefined) return fail(failures.notAnswered);
    const wished = wishedParty(call(), action);
    if (!wished.ok) return fail({ error: "InvalidAttribute", message: wished.error });
    const wish = {
      party: wished.value.party.id,
      dn: wished.value.party.dn,
      side: wished.value.side,
      cause: "dynamic",
    } satisfies RecordingWish;
    const before = this.#o.run();
    if (before !== undefined && isLive(before)) return this.#flag(before, wish, action);
    if (context.config.resourceManagers.length === 0) return fail(failureOfRefusal("no-resource-manager"));
    const ids = await this.#claim(action);
    if (!ids.ok) return ids;
    const lines = new LedgerLines(context.ledger, this.#o.log);
    const run = newRun(this.#o, {
      cause: "dynamic",
      lines,
      recordingId: ids.value.id,
      fileName: ids.value.fileName,
      recordDn: wish.dn,
      flagged: [wish.party],
      dest: action.dest,
      dest2: action.dest2,
      epoch: before?.control.state.epoch ?? 0,
      attempts: MOVE_ATTEMPTS,
    });
    this.#o.setRun(run);
    await this.#expect(run, wish);
    if (this.#over) {
      lines.resolve("not-recorded", "call-ended", undefined);
      return fail(failures.callOver);
    }
    this.#o.log.info({ recordingId: ids.value.id, dn: wish.dn, reference: action.reference }, "recording asked for");
    const refusal = await run.control.ask(action.parameters);
    if (refusal === undefined) return ok(undefined);
    lines.until(context.clock.wallMicros());
    // Without a conference nobody has heard of it: the client may come again with it.
    if (action.id !== undefined && this.#o.path().anchor === undefined) await this.#release(action.id);
    return fail(failureOfRefusal(refusal));
  }

  /** R6: a further party of a call that is recorded. */
  async #flag(run: RecordingRun, wish: RecordingWish, action: Start): Promise<Outcome> {
    const own = action.id !== undefined || action.dest !== undefined || action.dest2 !== undefined;
    if (own || run.flagged.has(wish.party)) return fail(failures.active);
    run.flagged.add(wish.party);
    await this.#expect(run, wish);
    if (action.parameters.size > 0) await run.control.update(action.parameters);
    return ok(undefined);
  }

  async #expect(run: RecordingRun, wish: RecordingWish): Promise<void> {
    const { call, context, log } = this.#o;
    const written = run.lines.expect(call(), [wish], context.clock.wallMicros(), run.control.state.id);
    try {
      await storedInTime(context.clock, written, "the ledger");
    } catch (error) {
      log.error({ error: errorText(error) }, "the ledger could not be written");
      context.onAlarm(call(), "ledger-unwritable");
    }
  }

  async #claim(action: Start): Promise<Outcome<{ readonly id: string; readonly fileName: string }>> {
    const { context, call, log } = this.#o;
    const { recordingIds } = context.ids;
    const { callUuid } = call();
    try {
      if (action.id !== undefined) {
        const work = recordingIds.claimClientId(action.id, callUuid);
        const claimed = await storedInTime(context.clock, work, "a recording id");
        if (!claimed.ok) return fail(failures.ofId(claimed.error, action.id));
      }
      const named = recordingIds.claimName(nameOf(this.#o), callUuid);
      const fileName = await storedInTime(context.clock, named, "a recording id");
      return ok({ id: action.id ?? fileName, fileName });
    } catch (error) {
      log.error({ error: errorText(error) }, "no recording id could be stored");
      return fail<SwitchFailure>({ error: "OutOfService", message: errorText(error) });
    }
  }

  async #release(id: string): Promise<void> {
    await this.#o.context.ids.recordingIds
      .releaseClientId(id, this.#o.call().callUuid)
      .catch((error: unknown) => this.#o.log.error({ error: errorText(error) }, "a recording id stays taken"));
  }

  get #over(): boolean {
    return this.#o.call().endedMicros !== undefined;
  }
}
