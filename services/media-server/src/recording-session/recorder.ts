import { errorText, SidetoneError } from "@sidetone/foundation";
import type { RecorderCommand, RecorderEventName } from "@sidetone/msml";
import {
  backfillOf,
  fact,
  factsAfter,
  factsOfBeginning,
  factsOfFlow,
  factsOfStart,
  factsWithout,
  type MediaFlow,
  type RecordingFacts,
  sourcesOf,
  withFlows,
} from "./facts.ts";
import type { SessionReport } from "./machine.ts";
import { RecordingSession, type RecordingSessionOptions } from "./session.ts";
import { profileOf, type SessionProfile, type SessionProfiles } from "./profile.ts";
import { perParticipant } from "./stream-labels.ts";
import { dnOfLabel, placesOf } from "./target.ts";

/** Name and value pairs of an event. */
export type EventValues = readonly (readonly [name: string, value: string])[];

/** What a recorder is given; what each of its sessions needs is passed on. */
export interface RecorderOptions
  extends Pick<
    RecordingSessionOptions,
    "clock" | "log" | "random" | "engine" | "invite" | "ask" | "watch" | "from" | "resourceManagers" | "legOf"
  > {
  readonly recordingId: string;
  readonly epoch: number;
  readonly profiles: SessionProfiles;
  readonly event: (name: RecorderEventName, values: EventValues) => void;
  /** Every session is over without a `stop`: the conference has no recorder any more. */
  readonly lost: () => void;
}

/**
 * The recorder of a conference: one recording session, or two where a duplicate is wanted (R10); where the profile says so, as
 * many for each copy as there are streams.
 */
export class Recorder {
  readonly id: string;
  readonly epoch: number;
  readonly #o: RecorderOptions;
  readonly #sessions: RecordingSession[] = [];
  #facts: RecordingFacts;
  /** Copies that a recorder has taken. */
  readonly #started = new Set<number>();
  #stopping = false;
  #unbegun: boolean;

  private constructor(options: RecorderOptions, command: RecorderCommand) {
    this.id = options.recordingId;
    this.epoch = options.epoch;
    this.#o = options;
    const facts = factsOfStart(options.recordingId, command, options.clock.wallMicros());
    this.#facts = withFlows(facts, (conn) => this.#flowOf(conn));
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
    const after = begins ? factsOfBeginning(before, command, this.#now()) : factsAfter(before, command, this.#now());
    this.#facts = withFlows(after, (conn) => this.#flowOf(conn));
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
        await this.#open(this.#facts.state === "paused" ? "paused" : "recording", this.#o.clock.now());
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

  /** A party's phone may send or hear otherwise than before: hold, or the end of it. */
  async partyFlows(conn: string): Promise<void> {
    const flow = this.#flowOf(conn);
    if (flow === undefined || this.#stopping) return;
    const before = this.#facts;
    this.#facts = factsOfFlow(before, conn, flow, this.#now());
    // While it is only prepared (R17) nothing has happened to it.
    if (this.#unbegun) this.#facts = { ...this.#facts, events: before.events };
    if (this.#facts !== before) await Promise.all(this.#sessions.map((session) => session.update()));
  }

  #flowOf(conn: string): MediaFlow | undefined {
    return this.#o.legOf(conn)?.flow;
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
    await this.#open(command.initial ?? "recording", this.#o.clock.now() - backfillOf(command));
  }

  /** Begins the sessions that are wanted and not there: of both copies, and of parties that have one each. */
  async #open(capture: "recording" | "paused", zero: number): Promise<void> {
    const copies = fact(this.#facts, "dest2") === undefined ? [1] : [1, 2];
    const opened = copies.flatMap((copy) => this.#missing(copy));
    this.#sessions.push(...opened);
    const started = await Promise.allSettled(opened.map((session) => session.start(capture, zero)));
    for (const [index, outcome] of Array.from(started.entries()).toReversed()) {
      const failed = opened[index];
      if (outcome.status === "fulfilled" || failed === undefined) continue;
      this.#sessions.splice(this.#sessions.indexOf(failed), 1);
      if (this.#sessions.length === 0) {
        this.#stopping = true;
        throw outcome.reason;
      }
      const values = [
        ["id", this.id],
        ["copy", String(failed.copy)],
        ["reason", errorText(outcome.reason)],
      ] as const;
      this.#o.event("recorder.degraded", values);
    }
  }

  #missing(copy: number): RecordingSession[] {
    const own = this.#sessions.filter((session) => session.copy === copy);
    const profile = profileOf(this.#o.profiles, placesOf(this.#facts, copy));
    if (profile.layout === "single-session") return own.length > 0 ? [] : [this.#session(copy, profile, undefined)];
    // A copy that has ended as a whole is not begun again by a newcomer.
    if (own.length > 0 && own.every(({ phase }) => phase === "ended")) return [];
    const labels = Array.from(sourcesOf(this.#factsFor(profile)).keys());
    return labels
      .filter((label) => !own.some((session) => session.label === label))
      .map((label) => this.#session(copy, profile, label));
  }

  #factsFor({ streams }: SessionProfile): RecordingFacts {
    return streams === "per-participant" ? perParticipant(this.#facts) : this.#facts;
  }

  #session(copy: number, profile: SessionProfile, label: string | undefined): RecordingSession {
    const party = label === undefined ? undefined : { label, dn: dnOfLabel(this.#factsFor(profile), label) };
    const session: RecordingSession = new RecordingSession({
      ...this.#o,
      copy,
      profile,
      party,
      lead: () => this.#leadOf(session),
      facts: () => this.#factsFor(profile),
      sibling: () => this.#sessions.find((other) => other.copy !== copy)?.destination,
      unbegun: () => this.#unbegun,
      report: (event, values) => this.#report(session, event, values),
      finished: () => this.#finished(),
    });
    return session;
  }

  /** Sessions of one copy go to one recorder: the oldest that lives chooses it. */
  #leadOf(session: RecordingSession): RecordingSession | undefined {
    const { copy } = session;
    const lead = this.#sessions.find(
      (other) => other.copy === copy && (other.phase !== "ended" || !this.#started.has(copy)),
    );
    return lead === session ? undefined : lead;
  }

  /** R10: a copy that ends while the other lives degrades the recording, it does not end it. */
  #report(session: RecordingSession, event: SessionReport, values: EventValues): void {
    const others = this.#sessions.some(
      (other) => other !== session && other.phase !== "ended" && other.phase !== "idle",
    );
    // Wanted: the last copy to end says it for both.
    if (event === "stopped" && others && this.#stopping) return;
    // A copy has started once, with the first of its sessions.
    if (event === "started" && this.#started.has(session.copy)) return;
    if (event === "started") this.#started.add(session.copy);
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
