import { errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import type {
  AudioFile,
  FileRecordingEnd,
  FileRecordingOptions,
  FileRecordingReason,
  FileRecordingResult,
  OpenAudioFile,
} from "./audio-types.ts";
import { MAX_UNWRITTEN_OCTETS } from "./limits.ts";

/** How the worker ends a recording: what was kept, and how much of its end is silence. */
export interface CapturedAudio {
  readonly ms: number;
  readonly octets: number;
  readonly silentOctets: number;
}

/** What the recordings need of the worker. */
export interface CaptureCalls {
  readonly start: (recording: number, options: FileRecordingOptions) => Promise<void>;
  readonly stop: (recording: number) => Promise<CapturedAudio | undefined>;
}

interface Running {
  readonly file: AudioFile;
  readonly format: FileRecordingOptions["format"];
  /** What was given to the file so far, one after another. */
  writing: Promise<void>;
  unwritten: number;
  error: Error | undefined;
}

/** Local recordings as the main thread writes them: the worker's audio, file by file, in order. */
export class FileRecordings {
  readonly #open: OpenAudioFile | undefined;
  readonly #calls: CaptureCalls;
  readonly #log: Logger;
  readonly #ended: (recording: number, reason: FileRecordingReason, result: FileRecordingResult) => void;
  readonly #running = new Map<number, Running>();
  #next = 1;

  constructor(o: {
    readonly open: OpenAudioFile | undefined;
    readonly calls: CaptureCalls;
    readonly log: Logger;
    readonly ended: (recording: number, reason: FileRecordingReason, result: FileRecordingResult) => void;
  }) {
    this.#open = o.open;
    this.#calls = o.calls;
    this.#log = o.log;
    this.#ended = o.ended;
  }

  /** Opens the file, then captures. */
  async start(options: FileRecordingOptions): Promise<number> {
    if (this.#open === undefined) {
      throw new SidetoneError("no-file-recording", "recording to local files is not set up", { sip: 403 });
    }
    const { file: name, format, append = false } = options;
    const file = await this.#open(name, { format, append });
    const recording = this.#next++;
    this.#running.set(recording, { file, format, writing: Promise.resolve(), unwritten: 0, error: undefined });
    try {
      await this.#calls.start(recording, options);
    } catch (error) {
      this.#running.delete(recording);
      await file.discard().catch(() => undefined);
      throw error;
    }
    return recording;
  }

  /** Takes audio of the worker. */
  take(recording: number, octets: Uint8Array): void {
    const r = this.#running.get(recording);
    if (r === undefined || r.error !== undefined) return;
    if (r.unwritten + octets.length > MAX_UNWRITTEN_OCTETS) {
      this.#fail(recording, r, new Error("the disk is too slow"));
      return;
    }
    r.unwritten += octets.length;
    r.writing = r.writing
      .then(() => r.file.write(octets))
      .then(() => {
        r.unwritten -= octets.length;
      })
      .catch((error: unknown) => this.#fail(recording, r, error));
  }

  /** The worker has ended it by itself. */
  endedByItself(recording: number, reason: FileRecordingReason, captured: CapturedAudio): void {
    const r = this.#running.get(recording);
    if (r === undefined || r.error !== undefined) return;
    void this.#finish(recording, r, captured, {}).then(
      (result) => this.#ended(recording, reason, result),
      (error: unknown) => this.#fail(recording, r, error),
    );
  }

  async stop(recording: number, end: FileRecordingEnd): Promise<FileRecordingResult | undefined> {
    const r = this.#running.get(recording);
    if (r === undefined) return undefined;
    const captured = await this.#calls.stop(recording);
    if (captured === undefined || r.error !== undefined) return undefined;
    return this.#finish(recording, r, captured, end);
  }

  /** The worker is gone: what was captured is made a whole file. */
  async close(): Promise<void> {
    const all = Array.from(this.#running);
    this.#running.clear();
    for (const [, r] of all) {
      await r.writing;
      await r.file.finish(0).catch(() => undefined);
    }
  }

  async #finish(
    recording: number,
    r: Running,
    captured: CapturedAudio,
    end: FileRecordingEnd,
  ): Promise<FileRecordingResult> {
    this.#running.delete(recording);
    await r.writing;
    if (r.error !== undefined) throw r.error;
    if (end.discard === true) {
      await r.file.discard();
      return { durationMs: 0, octets: 0 };
    }
    const trim = end.trimFinalSilence === true ? captured.silentOctets : 0;
    await r.file.finish(trim);
    const perMs = r.format === "PCM" ? 16 : 8;
    return { durationMs: captured.ms - trim / perMs, octets: captured.octets - trim };
  }

  #fail(recording: number, r: Running, thrown: unknown): void {
    if (r.error !== undefined) return;
    r.error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#log.warn({ error: errorText(thrown), recording }, "a local recording cannot be written and ends");
    this.#running.delete(recording);
    void this.#calls.stop(recording).catch(() => undefined);
    void r.file.finish(0).catch(() => undefined);
    this.#ended(recording, "failed", { durationMs: 0, octets: 0 });
  }
}
