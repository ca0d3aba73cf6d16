import type { Logger } from "@sidetone/foundation";
import { afterSilence, errorText, SidetoneError } from "@sidetone/foundation";
import { readMsml } from "@sidetone/msml";
import type { Call } from "../call-model/call.ts";
import type { CallInput } from "../call-model/machine.ts";
import { recordingFilename } from "../identity/index.ts";
import type { MediaPlan } from "../recording/policy.ts";
import { LedgerLines } from "./ledger-lines.ts";
import type { MediaPath } from "./media-path.ts";
import { RecordingControl } from "./recording-control.ts";
import type { ServerContext } from "./server-context.ts";

/** How long a call waits for the disk, ms. */
const STORAGE_PATIENCE_MS = 500;
/** R17 `reject`: how long the caller waits for the recorder before anyone rings, ms: two attempts of 500. */
const PREPARE_MS = 1000;

export interface CallRecordingOptions {
  readonly context: ServerContext;
  readonly log: Logger;
  readonly plan: MediaPlan;
  /** Call-ID of the caller's leg. */
  readonly callId: string;
  readonly call: () => Call;
  readonly path: () => MediaPath;
  readonly apply: (input: CallInput) => void;
}

/** The recording of one call from its wish to its line in the ledger (R8, R9, R16, R17, R34). */
export class CallRecording {
  readonly #o: CallRecordingOptions;
  readonly #ledger: LedgerLines;
  #control: RecordingControl | undefined;
  #making: Promise<void> | undefined;

  constructor(o: CallRecordingOptions) {
    this.#o = o;
    this.#ledger = new LedgerLines(o.context.ledger, o.log);
  }

  get #mandatory(): boolean {
    return this.#o.plan.recordingFailure === "reject";
  }

  /**
   * Before anyone rings: the id; where recording is mandatory the recorder runs already, paused (R17 `reject`).
   * False: the call must not go on.
   */
  async prepare(): Promise<boolean> {
    try {
      await this.#inTime(this.#make(), "a recording id");
    } catch (error) {
      this.#o.log.error({ error: errorText(error) }, "no recording id could be stored");
      return !this.#mandatory;
    }
    if (!this.#mandatory || this.#control === undefined) return true;
    const outcome = this.#control.outcome();
    this.#control.input({ kind: "prepare" });
    let cancel = (): void => undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = afterSilence(this.#o.context.clock, PREPARE_MS, () => resolve(false));
    });
    return Promise.race([outcome, late]).finally(cancel);
  }

  /** R34: resolves when the lines are durable, before the caller hears the answer. False: the call must not go on. */
  async expect(answeredMicros: number): Promise<boolean> {
    try {
      const written = this.#ledger.expect(this.#o.call(), answeredMicros, this.#control?.state.id);
      await this.#inTime(written, "the ledger");
      return true;
    } catch (error) {
      this.#o.log.error({ error: errorText(error) }, "the ledger could not be written");
      this.#o.context.onAlarm(this.#o.call(), "ledger-unwritable");
      return !this.#mandatory;
    }
  }

  /** R16: the recording begins with the answer. */
  async begin(answeredMicros: number): Promise<void> {
    const { failure, anchor } = this.#o.path();
    if (failure === "codec") {
      // The phones will not change: another try in mid-call would fail the same way.
      this.#ledger.resolve("not-recorded", "codec", undefined);
      return;
    }
    await this.#make().catch((error: unknown) =>
      this.#o.log.error({ error: errorText(error) }, "no recording id could be stored"),
    );
    if (this.#o.call().endedMicros !== undefined) return;
    if (this.#control === undefined) {
      this.#ledger.resolve("not-recorded", "no-recording-id", undefined);
      return;
    }
    if (anchor === undefined) this.#control.input({ kind: "media-lost", reason: failure ?? "no-media-server" });
    this.#control.input({ kind: "wanted", answeredMicros });
  }

  mediaLost(reason: string): void {
    this.#control?.input({ kind: "media-lost", reason });
  }

  /** INFO of the Media Server. */
  msml(body: Buffer): void {
    const read = readMsml(body);
    if (!read.ok || read.value.kind !== "event") {
      this.#o.log.warn({}, "INFO of the Media Server without a readable MSML event");
      return;
    }
    const { name, values } = read.value.event;
    this.#control?.event(name, values);
  }

  /** The call is over: stops the recording; resolves when the Media Server has answered. */
  async end(): Promise<void> {
    this.#control?.input({ kind: "call-ended" });
    this.#ledger.until(this.#o.context.clock.wallMicros());
    await this.#control?.stopped;
  }

  /** Resolves when the ledger has what was said. */
  settled(): Promise<void> {
    return this.#ledger.settled();
  }

  /** R17: a slow disk delays a call no longer than a slow Media Server. @throws what `work` throws, or SidetoneError `storage-slow` */
  async #inTime(work: Promise<void>, what: string): Promise<void> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = afterSilence(this.#o.context.clock, STORAGE_PATIENCE_MS, () =>
        reject(
          new SidetoneError("storage-slow", `${what} is not on the disk after ${STORAGE_PATIENCE_MS} ms`, {
            remedy: "Check the disk that holds sip-server.storage.",
          }),
        ),
      );
    });
    await Promise.race([work, late]).finally(cancel);
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
    const { context, log, callId, call, path, apply } = this.#o;
    const { callUuid, connId, ani, dnis, parties } = call();
    const recorded = parties.find((party) => party.recorded);
    if (recorded === undefined) return;
    const name = recordingFilename(context.config.options.recordingFilename, {
      uuid: callUuid,
      connId,
      startMicros: context.clock.wallMicros(),
      ani,
      dnis,
      agentDn: parties.find(({ kind }) => kind === "internal")?.dn,
      callId,
    });
    const id = await context.ids.recordingIds.claimName(name, callUuid);
    this.#control = new RecordingControl({
      clock: context.clock,
      log,
      recordingId: id,
      fileName: id,
      recordDn: recorded.dn,
      call,
      anchor: () => path().anchorForRecording(),
      anchorNow: () => path().anchor,
      indicate: (state, cause) => apply({ kind: "recording", state, cause, id, fileName: id }),
      ledger: (outcome, reason) => this.#ledger.resolve(outcome, reason, id),
      alarm: (reason) => context.onAlarm(call(), reason),
    });
  }
}
