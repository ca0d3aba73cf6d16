import { type Clock, errorText, type Logger, randomHex, type RandomBytes, SidetoneError } from "@sidetone/foundation";
import {
  type AlertTone,
  confRef,
  connRef,
  type DialogFailure,
  type DialogRecord,
  dialogOf,
  instanceOf,
  isConfRef,
  isConnRef,
  type ObjectRef,
  paramOf,
  type RecorderCommand,
  type RecorderStream,
} from "@sidetone/msml";
import type { InviteOptions, NameAddr, SipResponse } from "@sidetone/sip";
import type { ControlEffect } from "../control/index.ts";
import { ALERT_TONE_DB, NAME_BYTES } from "../limits.ts";
import { type MediaEngine, toneSamples } from "../media/index.ts";
import type { FetchedAudio, Sources } from "../prompts/index.ts";
import {
  type EventValues,
  Recorder,
  type RecorderOptions,
  type RecorderWatch,
  type TappedLeg,
} from "../recording-session/index.ts";
import type { Client } from "./clients.ts";
import type { DialogRecorder } from "./dialog-media.ts";
import type { DialogPlace } from "./dialogs.ts";

/** What recorders are given. */
export interface RecordersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  readonly engine: MediaEngine;
  readonly sources: Sources;
  readonly from: NameAddr;
  readonly resourceManagers: RecorderOptions["resourceManagers"];
  readonly profiles: RecorderOptions["profiles"];
  readonly watch: RecorderWatch;
  readonly invite: RecorderOptions["invite"];
  readonly options: (uri: string, timeoutMs: number) => Promise<SipResponse | undefined>;
  readonly legOf: (tag: string) => TappedLeg | undefined;
  /** An event of a conference's recorder, for whoever commands it. */
  readonly event: (
    client: Client,
    conference: string,
    name: string,
    values: EventValues,
    ids: Readonly<Record<string, string>>,
  ) => void;
}

type RecorderEffect = Extract<ControlEffect, { kind: "recorder" }>;

interface Kept {
  readonly client: Client;
  /** Name of the conference whose recorder it is; undefined for a connection's. */
  readonly conference: string | undefined;
  readonly recorder: Recorder;
  /** A dialog's `<record>` of a whole conference: who comes is recorded. */
  readonly follows: boolean;
  /** Calls the dialog back. */
  readonly ended: ((failure: DialogFailure | undefined) => void) | undefined;
}

interface Tone {
  readonly spec: AlertTone;
  readonly samples: Int16Array;
  readonly audio: FetchedAudio | undefined;
  streams: readonly RecorderStream[];
}

/**
 * The recorders of conferences and connections, whoever drives them: `<rec:recorder>`, the `<record>` of a dialog, or both. A conference has
 * one.
 */
export class Recorders {
  readonly #o: RecordersOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #tones = new Map<string, Tone>();
  readonly #counts = new Map<string, number>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: RecordersOptions) {
    this.#o = options;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** Streams that are replicated, about: two for each session. */
  get taps(): number {
    let count = 0;
    for (const { recorder, conference } of this.#kept.values()) {
      count += recorder.phases.length * (conference === undefined ? 1 : 2);
    }
    return count;
  }

  /** Recorder events by name since the start. */
  get events(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Recording sessions by phase. */
  get phases(): Map<string, number> {
    const phases = new Map<string, number>();
    for (const { recorder } of this.#kept.values()) {
      for (const phase of recorder.phases) phases.set(phase, (phases.get(phase) ?? 0) + 1);
    }
    return phases;
  }

  /** `<rec:recorder>`. Rejects where it is not carried out. */
  async command(client: Client, { conference, id, command }: RecorderEffect): Promise<void> {
    const key = keyOf(client, confRef(conference));
    // A tone that cannot be had is told before anything has begun.
    const tone = await this.#toneOf(command);
    if (command.state === "start") {
      await this.#start(key, client, conference, id, command, {}).catch((error: unknown) => {
        tone?.audio?.release();
        throw error;
      });
    } else {
      const known = this.#kept.get(key);
      if (known === undefined) {
        throw new SidetoneError("no-recorder", `the recorder of conf:${conference} has not started or is gone`);
      }
      await known.recorder.command(command);
      if (command.state === "stop") {
        this.#forget(key, known);
        known.ended?.(undefined);
      }
    }
    await this.#tone(key, client, conference, command, tone);
  }

  /** A dialog's `<record>` to a recorder (RFC 5707 9.7.4). Rejects where it cannot begin. */
  async startDialog(
    place: DialogPlace,
    step: string,
    record: DialogRecord,
    suspended: boolean,
    ended: (failure: DialogFailure | undefined) => void,
  ): Promise<DialogRecorder> {
    const { client, root, name } = place;
    const id = randomHex(this.#o.random, NAME_BYTES);
    const conference = isConfRef(root) ? instanceOf(root) : undefined;
    const capture = suspended ? "paused" : "recording";
    if (conference !== undefined && !client.store.setRecorder(conference, { id, epoch: 0, capture, dialog: name })) {
      throw new SidetoneError("recorded-already", `${root} is recorded already, or gone`);
    }
    const key = conference === undefined ? `${keyOf(client, dialogOf(root, name))}/${step}` : keyOf(client, root);
    const dest = record.dest ?? record.audioDest;
    const command: RecorderCommand = {
      state: "start",
      initial: capture,
      params: new Map([["id", id], ...(dest === undefined ? [] : [["dest", dest] as const])]),
      userParams: new Map(),
      streams: this.#streamsOf(client, root),
    };
    await this.#start(key, client, conference, id, command, { follows: conference !== undefined, ended });
    const tell = async (state: "pause" | "resume" | "stop"): Promise<void> => {
      const known = this.#kept.get(key);
      if (known?.recorder.id !== id) return;
      await known.recorder.command({ state, params: new Map(), userParams: new Map(), streams: [] });
      if (state !== "stop") return;
      this.#forget(key, known);
      if (conference !== undefined) client.store.clearRecorder(conference, id);
    };
    return { pause: () => tell("pause"), resume: () => tell("resume"), stop: () => tell("stop") };
  }

  /** The conference is gone. */
  async end(client: Client, conference: string, reason: string): Promise<void> {
    const key = keyOf(client, confRef(conference));
    const known = this.#kept.get(key);
    if (known !== undefined) await this.#end(key, known, reason);
  }

  /** A connection is over that was in these conferences. */
  async partyLeft(client: Client, conferences: readonly string[], tag: string): Promise<void> {
    for (const name of conferences) {
      await this.#kept.get(keyOf(client, confRef(name)))?.recorder.partyLeft(connRef(tag));
    }
  }

  /** A party's phone was told otherwise what to send and hear. */
  async partyFlows(client: Client, conferences: readonly string[], tag: string): Promise<void> {
    for (const name of conferences) {
      await this.#kept.get(keyOf(client, confRef(name)))?.recorder.partyFlows(connRef(tag));
    }
  }

  partyHeard(client: Client, conference: string, tag: string, heard: boolean, ms: number): void {
    this.#kept.get(keyOf(client, confRef(conference)))?.recorder.partyHeard(connRef(tag), heard, ms);
  }

  /** Who is in a conference has changed: a recording of all of it follows. */
  async membersChanged(client: Client, conference: string): Promise<void> {
    const known = this.#kept.get(keyOf(client, confRef(conference)));
    if (known?.follows !== true) return;
    const streams = this.#streamsOf(client, confRef(conference));
    if (streams.length === 0) return;
    await known.recorder.command({ state: "update", params: new Map(), userParams: new Map(), streams });
  }

  /** Ends all of them. Resolves when their dialogs are over. */
  async close(reason: string): Promise<void> {
    for (const [key, known] of Array.from(this.#kept)) await this.#end(key, known, reason);
    await Promise.all(this.#ending);
  }

  async #start(
    key: string,
    client: Client,
    conference: string | undefined,
    id: string,
    command: RecorderCommand,
    how: { readonly follows?: boolean; readonly ended?: Kept["ended"] },
  ): Promise<void> {
    const { clock, log, random, engine, from, resourceManagers, profiles, watch, invite, options, legOf } = this.#o;
    const callUuid = paramOf(command.params, "calluuid");
    const ids = { recordingId: id, ...(callUuid === undefined ? {} : { callUuid }) };
    const recordingLog = log.child(ids);
    let lost = false;
    let why = "no recorder took it";
    let failed = false;
    const isWanted = (): boolean =>
      conference === undefined || client.store.conference(conference)?.recorder?.id === id;
    try {
      const recorder = await Recorder.start(
        {
          clock,
          log: recordingLog,
          random,
          engine,
          from,
          resourceManagers,
          profiles,
          recordingId: id,
          epoch: command.epoch ?? 1,
          invite: (o: InviteOptions) => invite(o),
          ask: async (uri, timeoutMs) => (await options(uri, timeoutMs)) !== undefined,
          watch,
          legOf: (conn) => (isConnRef(conn) ? legOf(instanceOf(conn)) : undefined),
          event: (name, values) => {
            this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
            recordingLog.info({ conference, values: Object.fromEntries(values) }, name);
            if (name === "recorder.failed") {
              failed = true;
              why = values.find(([key]) => key === "reason")?.[1] ?? why;
            }
            if (conference !== undefined) this.#o.event(client, conference, name, values, ids);
          },
          lost: () => {
            lost = true;
            const known = this.#kept.get(key);
            if (known?.recorder.id === id) this.#drop(key);
            if (conference !== undefined) client.store.clearRecorder(conference, id);
            how.ended?.(failed ? { response: 503, description: why } : undefined);
          },
        },
        command,
      );
      if (lost) return;
      const kept: Kept = { client, conference, recorder, follows: how.follows ?? false, ended: how.ended };
      this.#kept.set(key, kept);
      // The conference may have ended, or `stop` have come, while the taps were opened.
      if (!isWanted()) await this.#end(key, kept, "stop");
    } catch (error) {
      if (conference !== undefined) client.store.clearRecorder(conference, id);
      throw error;
    }
  }

  async #end(key: string, known: Kept, reason: string): Promise<void> {
    this.#drop(key);
    await known.recorder.stop(reason, false);
    this.#await(known.recorder.over);
    known.ended?.(undefined);
  }

  #forget(key: string, known: Kept): void {
    this.#drop(key);
    this.#await(known.recorder.over);
  }

  #drop(key: string): void {
    this.#kept.delete(key);
    this.#endTone(key);
  }

  /** `close` waits for it. */
  #await(done: Promise<void>): void {
    const tracked = done.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }

  /** Of a connection what its phone says; of a conference its first participant on one side, all others on the other. */
  #streamsOf(client: Client, root: ObjectRef): RecorderStream[] {
    if (isConnRef(root)) return [{ label: "1", side: "customer", conn: root }];
    const members = client.store.conference(instanceOf(root))?.members ?? [];
    return members.map((tag, index) =>
      index === 0
        ? { label: "1", side: "customer", conn: connRef(tag) }
        : { label: "2", side: "agent", conn: connRef(tag) },
    );
  }

  async #toneOf({ alertTone }: RecorderCommand): Promise<Tone | undefined> {
    if (alertTone === undefined || alertTone === "off") return undefined;
    const { file, frequencyHz, durationMs } = alertTone;
    if (file === undefined) {
      const samples = toneSamples({ frequency1: frequencyHz, level1Db: ALERT_TONE_DB, durationMs });
      return { spec: alertTone, samples, audio: undefined, streams: [] };
    }
    const audio = await this.#o.sources.load(file);
    return { spec: alertTone, samples: audio.samples, audio, streams: [] };
  }

  /** The tone sounds while the recording captures, to the sides that it is for. */
  async #tone(
    key: string,
    client: Client,
    conference: string,
    { state, alertTone, streams }: RecorderCommand,
    tone: Tone | undefined,
  ): Promise<void> {
    if (!this.#kept.has(key)) {
      tone?.audio?.release();
      return;
    }
    if (alertTone === "off") this.#endTone(key);
    const known = tone ?? this.#tones.get(key);
    if (known === undefined) return;
    known.streams = streams.length > 0 ? streams : (this.#tones.get(key)?.streams ?? []);
    if (tone !== undefined) {
      this.#tones.get(key)?.audio?.release();
      this.#tones.set(key, tone);
    }
    const capture = client.store.conference(conference)?.recorder?.capture;
    const { spec, samples } = known;
    const legs = known.streams
      .filter(({ side }) => spec.sides.includes(side))
      .map(({ conn }) => this.#o.legOf(instanceOf(conn))?.leg)
      .filter((leg) => leg !== undefined);
    const silent = state === "stop" || capture !== "recording" || legs.length === 0;
    const { everyMs, recorded } = spec;
    await this.#o.engine.setAlertTone(key, silent ? undefined : { samples, everyMs, legs, recorded });
  }

  #endTone(key: string): void {
    const tone = this.#tones.get(key);
    if (tone === undefined) return;
    this.#tones.delete(key);
    tone.audio?.release();
    this.#o.engine.setAlertTone(key, undefined).catch((error: unknown) => {
      this.#o.log.debug({ error: errorText(error) }, "an alert tone was over already");
    });
  }
}

function keyOf(client: Client, id: string): string {
  return `${client.id}/${id}`;
}
