import type { RecorderProfile } from "@sidetone/config";
import { errorText, SidetoneError } from "@sidetone/foundation";
import type { RecorderCommand, RecorderEventName } from "@sidetone/msml";
import {
  backfillOf,
  fact,
  factsAfter,
  factsOfBeginning,
  factsOfStart,
  factsWithout,
  type RecordingFacts,
} from "./facts.ts";
import type { SessionReport } from "./machine.ts";
import { RecordingSession, type RecordingSessionOptions } from "./session.ts";
import { perParticipant } from "./stream-labels.ts";
import { placesOf } from "./target.ts";

/** Name and value pairs of an event. */
export type EventValues = readonly (readonly [name: string, value: string])[];

type ProfileOfSession = Pick<RecorderProfile, "streams"> & Partial<Pick<RecorderProfile, "srtp">>;

/** What a recorder is given; what each of its sessions needs is passed on. */
export interface RecorderOptions
  extends Pick<
    RecordingSessionOptions,
    "clock" | "log" | "random" | "engine" | "invite" | "ask" | "watch" | "from" | "resourceManagers" | "legOf"
  > {
  readonly recordingId: string;
  readonly epoch: number;
  /** By name: of a recorder group, or of a host. */
  readonly profiles: ReadonlyMap<string, ProfileOfSession>;
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
  #unbegun: boolean;

  private constructor(options: RecorderOptions, command: RecorderCommand) {
    this.id = options.recordingId;
    this.epoch = options.epoch;
    this.#o = options;
    this.#facts = factsOfStart(options.recordingId, command, options.clock.wallMicros());
    this.#unbegun = command.initial === "paused";
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
    const begins = this.#unbegun && command.state === "resume" && command.backfillMs !== undefined;
    this.#facts = begins ? factsOfBeginning(before, command, this.#now()) : factsAfter(before, command, this.#now());
    if (command.state === "pause") this.#unbegun = false;
    try {
      await this.#carryOut(command, before);
    } catch (error) {
      // What the recorders are told is what is: a pause that is not sure counts as one all the same.
      if (command.state === "resume") this.#facts = before;
      throw error;
    }
    if (command.state === "resume") this.#unbegun = false;
  }

  async #carryOut(command: RecorderCommand, before: RecordingFacts): Promise<void> {
    const live = this.#sessions.filter(({ phase }) => phase !== "ended");
    switch (command.state) {
      case "pause":
        await Promise.all(live.map((session) => session.pause()));
        if (before.state !== "paused") this.#o.event("recorder.paused", this.#idOnly());
        return;
      case "resume":
        if (live.length === 0) throw new SidetoneError("no-recording-session", "no recorder takes this recording");
        await Promise.all(live.map((session) => session.resume(this.#since(command))));
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

  /** A party that should be heard has sent no RTP at all since its recording began, though the other has; or now it does. */
  partyHeard(conn: string, heard: boolean, silentMs: number): void {
    const party = this.#facts.parties.find((one) => one.conn === conn && one.until === undefined);
    if (party === undefined || this.#stopping || this.#facts.state !== "recording") return;
    const reason = heard
      ? `the ${party.side} side is heard after ${silentMs} ms`
      : `one-sided (no RTP from the ${party.side} side in its first ${silentMs} ms)`;
    this.#o.event(heard ? "recorder.switched" : "recorder.degraded", [
      ["id", this.id],
      ["reason", reason],
      ["side", party.side],
    ]);
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
    const { streams, srtp = "off" } = this.#profile(copy);
    const session: RecordingSession = new RecordingSession({
      ...this.#o,
      copy,
      srtp,
      facts: () => (streams === "per-participant" ? perParticipant(this.#facts) : this.#facts),
      sibling: () => this.#sessions.find((other) => other !== session)?.destination,
      unbegun: () => this.#unbegun,
      report: (event, values) => this.#report(session, event, values),
      finished: () => this.#finished(),
    });
    return session;
  }

  /** A copy without a destination of its own takes the only profile there is. */
  #profile(copy: number): ProfileOfSession {
    const { profiles } = this.#o;
    const places = placesOf(this.#facts, copy);
    const named = places.map((place) => profiles.get(place)).find((profile) => profile !== undefined);
    const only = places.length === 0 && profiles.size === 1 ? Array.from(profiles.values())[0] : undefined;
    return named ?? only ?? { streams: "per-side" };
  }

  /** R10: a copy that ends while the other lives degrades the recording, it does not end it. */
  #report(session: RecordingSession, event: SessionReport, values: EventValues): void {
    const others = this.#sessions.some(
      (other) => other !== session && other.phase !== "ended" && other.phase !== "idle",
    );
    // Wanted: the last copy to end says it for both.
    if (event === "stopped" && others && this.#stopping) return;
    const ends = event === "failed" || event === "stopped";
    const name = ends && others ? "recorder.degraded" : (`recorder.${event}` as const);
    this.#o.event(name, values);
  }

  #finished(): void {
    if (this.#stopping || this.#sessions.some(({ phase }) => phase !== "ended")) return;
    this.#o.lost();
  }

  /** R19: what is said before an ordinary `resume` is never taken, whatever it asks for. */
  #since(command: RecorderCommand): number | undefined {
    const backfillMs = this.#unbegun ? backfillOf(command) : 0;
    return backfillMs > 0 ? this.#o.clock.now() - backfillMs : undefined;
  }

  #idOnly(): EventValues {
    return [["id", this.id]];
  }

  #now(): number {
    return this.#o.clock.wallMicros();
  }
}
