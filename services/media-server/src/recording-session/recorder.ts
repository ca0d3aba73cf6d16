import { errorText } from "@sidetone/foundation";
import type { RecorderCommand, RecorderEventName } from "@sidetone/msml";
import { backfillOf, fact, factsAfter, factsOfStart, factsWithout, type RecordingFacts } from "./facts.ts";
import type { SessionReport } from "./machine.ts";
import { RecordingSession, type RecordingSessionOptions } from "./session.ts";

/** Name and value pairs of an event. */
export type EventValues = readonly (readonly [name: string, value: string])[];

/** What a recorder is given; what each of its sessions needs is passed on. */
export interface RecorderOptions
  extends Pick<RecordingSessionOptions, "clock" | "log" | "engine" | "invite" | "from" | "resourceManagers" | "legOf"> {
  readonly recordingId: string;
  readonly epoch: number;
  readonly event: (name: RecorderEventName, values: EventValues) => void;
  /** Every session is over without a `stop`: the conference has no recorder any more. */
  readonly lost: () => void;
}

/** The recorder of a conference: one recording session, or two where a duplicate is wanted (R10). */
export class Recorder {
  readonly id: string;
  readonly epoch: number;
  readonly #o: RecorderOptions;
  readonly #sessions: RecordingSession[] = [];
  #facts: RecordingFacts;
  #stopping = false;

  private constructor(options: RecorderOptions, command: RecorderCommand) {
    this.id = options.recordingId;
    this.epoch = options.epoch;
    this.#o = options;
    this.#facts = factsOfStart(options.recordingId, command, options.clock.wallMicros());
  }

  /** Resolves when the taps are open and the INVITEs are on their way; rejects where the engine has no room. */
  static async start(options: RecorderOptions, command: RecorderCommand): Promise<Recorder> {
    const recorder = new Recorder(options, command);
    await recorder.#start(command);
    return recorder;
  }

  get facts(): RecordingFacts {
    return this.#facts;
  }

  /** Phases of the sessions, for metrics. */
  get phases(): string[] {
    return this.#sessions.map(({ phase }) => phase);
  }

  /** `pause`, `resume`, `update`, `stop`. Resolves when it holds here (R19), whatever the recorders say. */
  async command(command: RecorderCommand): Promise<void> {
    const before = this.#facts;
    this.#facts = factsAfter(before, command, this.#now());
    const live = this.#sessions.filter(({ phase }) => phase !== "ended");
    switch (command.state) {
      case "pause":
        await Promise.all(live.map((session) => session.pause()));
        if (before.state !== "paused") this.#o.event("recorder.paused", this.#idOnly());
        return;
      case "resume":
        await Promise.all(live.map((session) => session.resume()));
        if (before.state !== "recording") this.#o.event("recorder.resumed", this.#idOnly());
        return;
      case "start":
      case "update":
        await Promise.all(live.map((session) => session.update()));
        return;
      case "stop":
        await this.stop("stop", command.params.size + command.userParams.size > 1);
    }
  }

  /** Ends every session. Idempotent. */
  async stop(reason: string, lastWords: boolean): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#facts.stoppedAt === undefined) {
      this.#facts = { ...this.#facts, state: "stopped", stoppedAt: this.#now() };
    }
    await Promise.all(this.#sessions.map((session) => session.stop(reason, lastWords)));
  }

  /** Resolves when every session's dialog is over and its taps are closed. */
  get over(): Promise<void> {
    return Promise.all(this.#sessions.map((session) => session.over)).then(() => undefined);
  }

  /** A party's connection is over. */
  async partyLeft(conn: string): Promise<void> {
    const present = this.#facts.parties.some((party) => party.conn === conn && party.until === undefined);
    if (!present || this.#stopping) return;
    this.#facts = factsWithout(this.#facts, conn, this.#now());
    await Promise.all(this.#sessions.map((session) => session.update()));
  }

  async #start(command: RecorderCommand): Promise<void> {
    const copies = fact(this.#facts, "dest2") === undefined ? [1] : [1, 2];
    const capture = command.initial ?? "recording";
    const zero = this.#o.clock.now() - backfillOf(command);
    for (const copy of copies) this.#sessions.push(this.#session(copy));
    const started = await Promise.allSettled(this.#sessions.map((session) => session.start(capture, zero)));
    for (const [index, outcome] of Array.from(started.entries()).toReversed()) {
      if (outcome.status === "fulfilled") continue;
      const [failed] = this.#sessions.splice(index, 1);
      if (this.#sessions.length === 0) {
        this.#stopping = true;
        throw outcome.reason;
      }
      const values = [
        ["id", this.id],
        ["copy", String(failed?.copy)],
        ["reason", errorText(outcome.reason)],
      ] as const;
      this.#o.event("recorder.degraded", values);
    }
  }

  #session(copy: number): RecordingSession {
    const session: RecordingSession = new RecordingSession({
      ...this.#o,
      copy,
      facts: () => this.#facts,
      report: (event, values) => this.#report(session, event, values),
      finished: () => this.#finished(),
    });
    return session;
  }

  /** R10: a copy that ends while the other lives degrades the recording, it does not end it. */
  #report(session: RecordingSession, event: SessionReport, values: EventValues): void {
    const others = this.#sessions.some(
      (other) => other !== session && other.phase !== "ended" && other.phase !== "idle",
    );
    const ends = event === "failed" || event === "stopped";
    const name = ends && others && !this.#stopping ? "recorder.degraded" : (`recorder.${event}` as const);
    this.#o.event(name, values);
  }

  #finished(): void {
    if (this.#stopping || this.#sessions.some(({ phase }) => phase !== "ended")) return;
    this.#o.lost();
  }

  #idOnly(): EventValues {
    return [["id", this.id]];
  }

  #now(): number {
    return this.#o.clock.wallMicros();
  }
}
