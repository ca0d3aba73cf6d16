import { type Logger, errorText, SidetoneError } from "@sidetone/foundation";
import type { DialogFailure, DialogRecord, DtmfGen, Play, ToneGen } from "@sidetone/msml";
import type { DialogEffect, DialogInput } from "../dialogs/index.ts";
import { MAX_RECORDING_OCTETS } from "../limits.ts";
import type {
  AudioNode,
  FileRecordingReason,
  FileRecordingResult,
  MediaEngine,
  PlayCommand,
  PlayOptions,
} from "../media/index.ts";
import type { FetchedAudio, Sources } from "../prompts/index.ts";
import { lengthOf, type Rendered, renderPlay, renderTones, type Segment } from "./rendering.ts";

/** A recording session that a dialog's `<record>` drives. */
export interface DialogRecorder {
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** What a dialog's media are given. */
export interface DialogMediaOptions {
  readonly log: Logger;
  readonly engine: MediaEngine;
  readonly sources: Sources;
  /** Where the dialog is: undefined where that is gone. */
  readonly node: () => AudioNode | undefined;
  /** The file of a `file:` destination; undefined where the record goes to a recorder. */
  readonly fileOf: (record: DialogRecord) => string | undefined;
  /** Begins a recording session; `ended` is called where it ends by itself. */
  readonly record: (
    key: string,
    record: DialogRecord,
    suspended: boolean,
    ended: (failure: DialogFailure | undefined) => void,
  ) => Promise<DialogRecorder>;
  readonly give: (input: DialogInput) => void;
  /** The engine's number of a play or a recording is this dialog's now. */
  readonly owns: (id: number, kind: "play" | "record") => void;
}

interface Player {
  readonly key: string;
  readonly abort: AbortController;
  /** Told while it was not there yet. */
  readonly commands: PlayCommand[];
  rest: Segment[];
  held: readonly FetchedAudio[];
  options: Omit<PlayOptions, "audio" | "iterations">;
  id: number | undefined;
  playedMs: number;
  stopped: boolean;
}

interface Recording {
  readonly key: string;
  /** One command after another. */
  chain: Promise<unknown>;
  id: number | undefined;
  recorder: DialogRecorder | undefined;
  over: boolean;
}

/** The engine's side of one dialog: what its effects ask for, and what came of it as its inputs. */
export class DialogMedia {
  readonly #o: DialogMediaOptions;
  readonly #players = new Map<string, Player>();
  readonly #recordings = new Map<string, Recording>();
  readonly #prepared = new Map<Play, Rendered>();

  constructor(options: DialogMediaOptions) {
    this.#o = options;
  }

  /** Reads what is at hand, so that its lack can be told at once. Rejects as `Sources.load`. */
  async prepare(plays: readonly Play[]): Promise<void> {
    const { sources } = this.#o;
    for (const play of plays) {
      if (!play.media.every((media) => media.kind === "var" || sources.isLocal(media.uri))) continue;
      this.#prepared.set(play, await renderPlay(play, sources, new AbortController().signal));
    }
  }

  carryOut(effect: DialogEffect): void {
    switch (effect.kind) {
      case "play":
        return this.#play(effect.key, effect.play);
      case "tone":
        return this.#tone(effect.key, effect.tone);
      case "digits":
        return this.#digits(effect.key, effect.digits);
      case "control":
        return this.#control(effect.key, effect.command);
      case "stop":
        return this.#stop(effect.key);
      case "record":
        return this.#record(effect.key, effect.record, effect.suspended);
      case "pause-record":
        return this.#pauseRecord(effect.key, true);
      case "resume-record":
        return this.#pauseRecord(effect.key, false);
      case "stop-record":
        return this.#stopRecord(effect.key, effect.how);
      case "cancel":
      case "listen":
      case "over":
      case "tell":
      case "timer":
    }
  }

  /** The engine's `played` or `play-timeout`. */
  played(id: number, ms: number, timeout: boolean): void {
    for (const [key, player] of this.#players) {
      if (player.id !== id) continue;
      player.playedMs += ms;
      if (!timeout && !player.stopped && player.rest.length > 0) {
        this.#next(player);
        return;
      }
      this.#forget(key);
      this.#o.give({ kind: "played", key, ms: player.playedMs, timeout });
      return;
    }
  }

  /** The engine's `recorded`. */
  recorded(id: number, reason: FileRecordingReason, { durationMs }: FileRecordingResult): void {
    for (const [key, recording] of this.#recordings) {
      if (recording.id !== id || recording.over) continue;
      recording.over = true;
      this.#recordings.delete(key);
      if (reason === "failed") {
        this.#o.give({ kind: "failed", key, failure: { response: 520, description: "the file cannot be written" } });
      } else {
        const why = reason === "source" ? "gone" : "maxlength";
        this.#o.give({ kind: "recorded", key, ms: durationMs, reason: why });
      }
    }
  }

  /** Everything that is still there is ended. Nothing is told any more. */
  close(): void {
    for (const player of Array.from(this.#players.values())) {
      player.stopped = true;
      player.abort.abort();
      if (player.id !== undefined) this.#quietly(this.#o.engine.stopPlay(player.id));
      this.#forget(player.key);
    }
    for (const key of Array.from(this.#recordings.keys())) this.#stopRecord(key, "keep");
    for (const { held } of this.#prepared.values()) for (const audio of held) audio.release();
    this.#prepared.clear();
  }

  #play(key: string, play: Play): void {
    const { sources } = this.#o;
    const prepared = this.#prepared.get(play);
    this.#start(key, (abort) => (prepared === undefined ? renderPlay(play, sources, abort) : prepared), {
      intervalMs: play.intervalMs,
      capture: play.capture,
      ...(play.maxTimeMs === undefined ? {} : { maxTimeMs: play.maxTimeMs }),
      ...(play.initial === "suspend" ? { paused: true } : {}),
      ...(play.offsetMs === undefined ? {} : { offsetMs: play.offsetMs }),
    });
  }

  #tone(key: string, tone: ToneGen): void {
    this.#start(key, () => ({ segments: renderTones(tone), held: [] }), { intervalMs: 0, capture: false });
  }

  #start(key: string, render: (abort: AbortSignal) => Rendered | Promise<Rendered>, options: Player["options"]): void {
    const player = this.#player(key, options);
    const run = async (): Promise<void> => {
      const { segments, held } = await render(player.abort.signal);
      if (player.stopped) {
        for (const audio of held) audio.release();
        return;
      }
      player.held = held;
      player.rest = [...segments];
      if (options.offsetMs !== undefined && options.offsetMs < 0) {
        const length = lengthOf(segments);
        player.options = { ...options, offsetMs: Number.isFinite(length) ? Math.max(0, length + options.offsetMs) : 0 };
      }
      await this.#nextOf(player);
    };
    run().catch((error: unknown) => this.#failed(player, error));
  }

  #player(key: string, options: Player["options"]): Player {
    const player: Player = {
      key,
      abort: new AbortController(),
      commands: [],
      rest: [],
      held: [],
      options,
      id: undefined,
      playedMs: 0,
      stopped: false,
    };
    this.#players.set(key, player);
    return player;
  }

  #next(player: Player): void {
    player.id = undefined;
    // Where the first one began is no matter of the others.
    const { offsetMs: _offset, paused: _paused, ...options } = player.options;
    player.options = options;
    this.#nextOf(player).catch((error: unknown) => this.#failed(player, error));
  }

  async #nextOf(player: Player): Promise<void> {
    const segment = player.rest.shift();
    const node = this.#o.node();
    if (segment === undefined || node === undefined) throw new SidetoneError("unknown-leg", "the target has ended");
    this.#begun(player, await this.#playOn(node, { ...player.options, ...segment }));
  }

  /** Instead of what a phone would hear; where something is played to it already, over that. */
  async #playOn(node: AudioNode, options: PlayOptions): Promise<number> {
    const { engine } = this.#o;
    try {
      return await engine.play(node, options);
    } catch (error) {
      if (!(error instanceof SidetoneError) || error.code !== "leg-playing") throw error;
      return engine.play(node, { ...options, mode: "overlay" });
    }
  }

  #begun(player: Player, id: number): void {
    player.id = id;
    this.#o.owns(id, "play");
    if (player.stopped) {
      this.#quietly(this.#o.engine.stopPlay(id));
      return;
    }
    for (const command of player.commands.splice(0)) this.#quietly(this.#o.engine.controlPlay(id, command));
  }

  #digits(key: string, { digits, levelDb, durationMs, intervalMs }: DtmfGen): void {
    const player = this.#player(key, { intervalMs: 0, capture: false });
    const run = async (): Promise<void> => {
      const node = this.#o.node();
      if (typeof node !== "number") throw new SidetoneError("unknown-leg", "the target has ended");
      const options = { digits, levelDb, toneMs: durationMs, intervalMs };
      this.#begun(player, await this.#o.engine.sendDigits(node, options));
    };
    run().catch((error: unknown) => this.#failed(player, error));
  }

  #control(key: string, command: PlayCommand): void {
    const player = this.#players.get(key);
    if (player === undefined) return;
    if (player.id === undefined) player.commands.push(command);
    else this.#quietly(this.#o.engine.controlPlay(player.id, command));
  }

  #stop(key: string): void {
    const player = this.#players.get(key);
    if (player === undefined || player.stopped) return;
    player.stopped = true;
    player.abort.abort();
    const { id } = player;
    const stopped = id === undefined ? Promise.resolve(undefined) : this.#o.engine.stopPlay(id);
    stopped
      .catch(() => undefined)
      .then((ms) => {
        // It came to its end meanwhile, and has told so.
        if (!this.#players.has(key)) return;
        this.#forget(key);
        this.#o.give({ kind: "stopped", key, ms: player.playedMs + (ms ?? 0) });
      })
      .catch((error: unknown) => this.#o.log.error({ error: errorText(error) }, "a dialog's step failed"));
  }

  #failed(player: Player, error: unknown): void {
    if (!this.#players.has(player.key)) return;
    this.#forget(player.key);
    if (player.stopped) return;
    this.#o.log.warn({ error: errorText(error) }, "a dialog cannot play");
    this.#o.give({ kind: "failed", key: player.key, failure: failureOf(error) });
  }

  #forget(key: string): void {
    for (const audio of this.#players.get(key)?.held ?? []) audio.release();
    this.#players.delete(key);
  }

  #record(key: string, record: DialogRecord, suspended: boolean): void {
    const recording: Recording = { key, chain: Promise.resolve(), id: undefined, recorder: undefined, over: false };
    this.#recordings.set(key, recording);
    const begin = async (): Promise<void> => {
      const file = this.#o.fileOf(record);
      if (file === undefined) {
        recording.recorder = await this.#o.record(key, record, suspended, (failure) => this.#ended(recording, failure));
      } else {
        const node = this.#o.node();
        if (node === undefined) throw new SidetoneError("unknown-leg", "the target has ended");
        recording.id = await this.#o.engine.startFileRecording({
          file,
          source: node,
          format: formatOf(record),
          append: record.append,
          paused: suspended,
          maxTimeMs: record.maxTimeMs,
          maxOctets: MAX_RECORDING_OCTETS,
        });
        this.#o.owns(recording.id, "record");
      }
      if (!recording.over) this.#o.give({ kind: "recording", key });
    };
    recording.chain = begin().catch((error: unknown) => {
      this.#o.log.warn({ error: errorText(error) }, "a dialog cannot record");
      this.#ended(recording, failureOf(error));
    });
  }

  #ended(recording: Recording, failure: DialogFailure | undefined): void {
    if (recording.over) return;
    recording.over = true;
    const { key } = recording;
    this.#recordings.delete(key);
    if (failure !== undefined) this.#o.give({ kind: "failed", key, failure });
    else this.#o.give({ kind: "recorded", key, ms: undefined, reason: "gone" });
  }

  #pauseRecord(key: string, pause: boolean): void {
    const recording = this.#recordings.get(key);
    if (recording === undefined) return;
    this.#chain(recording, async () => {
      const { id, recorder } = recording;
      const { engine } = this.#o;
      if (id !== undefined) await (pause ? engine.pauseFileRecording(id) : engine.resumeFileRecording(id));
      else await (pause ? recorder?.pause() : recorder?.resume());
    });
  }

  #stopRecord(key: string, how: "keep" | "cancel" | "trim"): void {
    const recording = this.#recordings.get(key);
    if (recording === undefined) return;
    this.#chain(recording, async () => {
      if (recording.over) return;
      const { id, recorder } = recording;
      let ms: number | undefined;
      if (id !== undefined) {
        const end = { discard: how === "cancel", trimFinalSilence: how === "trim" };
        const result = await this.#o.engine.stopFileRecording(id, end);
        // It ended by itself, and is about to tell.
        if (result === undefined) return;
        ms = result.durationMs;
      } else await recorder?.stop();
      if (recording.over) return;
      recording.over = true;
      this.#recordings.delete(key);
      this.#o.give({ kind: "recorded", key, ms, reason: "stopped" });
    });
  }

  #chain(recording: Recording, work: () => Promise<void>): void {
    recording.chain = recording.chain.then(work).catch((error: unknown) => {
      this.#o.log.warn({ error: errorText(error) }, "a dialog's recording did not take a command");
      this.#ended(recording, failureOf(error));
    });
  }

  #quietly(done: Promise<unknown>): void {
    done.catch((error: unknown) => this.#o.log.debug({ error: errorText(error) }, "a play did not take a command"));
  }
}

/** The code that an error of media is owed (RFC 5707 section 11). */
export function failureOf(error: unknown): DialogFailure {
  const description = errorText(error);
  switch (error instanceof SidetoneError ? error.code : "") {
    case "prompt-missing":
    case "prompt-forbidden":
      return { response: 423, description };
    case "prompt-format":
      return { response: 450, description };
    case "unknown-leg":
    case "unknown-conference":
      return { response: 430, description };
    default:
      return { response: 520, description };
  }
}

function formatOf({ format }: DialogRecord): "PCM" | "PCMU" | "PCMA" {
  const codec = (format.codecs[0] ?? "").toLowerCase();
  if (["mulaw", "ulaw", "pcmu", "g711u", "g711ulaw"].includes(codec)) return "PCMU";
  return ["alaw", "pcma", "g711a", "g711alaw"].includes(codec) ? "PCMA" : "PCM";
}
