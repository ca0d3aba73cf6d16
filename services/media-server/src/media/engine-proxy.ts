import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Events, errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import type {
  AlertTone,
  AudioNode,
  ConferenceOptions,
  Detection,
  DigitOptions,
  FileRecordingEnd,
  FileRecordingOptions,
  FileRecordingResult,
  PlayCommand,
  PlayOptions,
  StreamSettings,
} from "./audio-types.ts";
import { FileRecordings } from "./file-recordings.ts";
import {
  type Call,
  type CoreArguments,
  type CoreMethod,
  type CoreResult,
  type FromWorker,
  fromWire,
  type WireEvent,
  type WorkerInput,
} from "./rpc.ts";
import type {
  EngineStats,
  LegSettings,
  LegStats,
  MediaEngine,
  MediaEngineEvents,
  MediaEngineOptions,
  OpenedLeg,
  OpenedTap,
  TapDestination,
  TapOptions,
  TapStats,
} from "./types.ts";

/** After this the worker is ended by force; ms. */
const CLOSE_MS = 400;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

let engines = 0;

/** Starts the media engine in its worker thread. Rejects with "packet-io-unavailable" where the configuration demands what does not load. */
export function startMediaEngine(options: MediaEngineOptions): Promise<MediaEngine> {
  return new Promise((resolve, reject) => {
    const input: WorkerInput = {
      rtp: options.rtp,
      ...(options.inactiveAfterMs === undefined ? {} : { inactiveAfterMs: options.inactiveAfterMs }),
    };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: input, name: "media" });
    worker.once("error", reject);
    worker.once("message", (message: FromWorker) => {
      worker.off("error", reject);
      if (message.kind === "ready") resolve(new EngineProxy(worker, message.wakeFd, options));
      else
        reject(
          message.kind === "unable" ? fromWire(message.error) : new Error(`the media worker said ${message.kind}`),
        );
    });
  });
}

/** The engine as the main thread sees it: every call is a message to the worker, which is woken for it. */
class EngineProxy implements MediaEngine {
  readonly id: string;
  readonly #worker: Worker;
  readonly #log: Logger;
  readonly #options: MediaEngineOptions;
  readonly #events: Events<MediaEngineEvents>;
  readonly #recordings: FileRecordings;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  readonly #one = new Uint8Array(new BigUint64Array([1n]).buffer);
  #wakeFd: number | undefined;
  #nextCall = 1;
  #closing: Promise<void> | undefined;
  #failed: Error | undefined;

  constructor(worker: Worker, wakeFd: number | undefined, options: MediaEngineOptions) {
    this.id = `media-${++engines}`;
    this.#worker = worker;
    this.#wakeFd = wakeFd;
    this.#options = options;
    this.#log = options.log;
    this.#events = new Events((error, event) => {
      this.#log.error({ error: errorText(error), event }, "a listener of the media engine failed");
    });
    this.#recordings = new FileRecordings({
      open: options.openAudioFile,
      calls: {
        start: (recording, o) => this.#call("startFileRecording", recording, o),
        stop: (recording) => this.#call("stopFileRecording", recording),
      },
      log: options.log,
      ended: (...args) => this.#events.emit("recorded", ...args),
    });
    worker.on("message", (message: FromWorker) => this.#onMessage(message));
    worker.on("error", (error) => this.#onEnd(error));
    this.#exited = new Promise((resolve) => {
      worker.once("exit", () => {
        this.#onEnd(new SidetoneError("media-engine-closed", "the media worker has ended", { sip: 503 }));
        resolve();
      });
    });
  }

  get closed(): boolean {
    return this.#closing !== undefined || this.#failed !== undefined;
  }

  openLeg(): Promise<OpenedLeg> {
    return this.#call("openLeg");
  }

  configureLeg(leg: number, settings: LegSettings): Promise<void> {
    return this.#call("configureLeg", leg, settings);
  }

  connect(a: number, b: number): Promise<void> {
    return this.#call("connect", a, b);
  }

  disconnect(a: number, b: number): Promise<void> {
    return this.#call("disconnect", a, b);
  }

  setConference(name: string, legs: readonly number[]): Promise<void> {
    return this.#call("setConference", name, legs);
  }

  configureConference(name: string, options: ConferenceOptions): Promise<void> {
    return this.#call("configureConference", name, options);
  }

  setStream(from: AudioNode, to: AudioNode, settings?: StreamSettings): Promise<void> {
    return this.#call("setStream", from, to, settings);
  }

  endStream(from: AudioNode, to: AudioNode): Promise<void> {
    return this.#call("endStream", from, to);
  }

  monitor(listener: AudioNode, target: AudioNode, settings?: StreamSettings): Promise<void> {
    return this.#call("monitor", listener, target, settings);
  }

  endMonitor(listener: AudioNode, target: AudioNode): Promise<void> {
    return this.#call("endMonitor", listener, target);
  }

  openTap(options: TapOptions): Promise<OpenedTap> {
    return this.#call("openTap", options);
  }

  setTapSources(tap: number, legs: readonly number[], others?: readonly number[]): Promise<void> {
    return this.#call("setTapSources", tap, legs, others);
  }

  setTapDestination(tap: number, destination: TapDestination | undefined, rewindMs?: number): Promise<void> {
    return this.#call("setTapDestination", tap, destination, rewindMs);
  }

  waiting(taps: readonly number[]): Promise<number> {
    return this.#call("waiting", taps);
  }

  pauseTap(tap: number): Promise<void> {
    return this.#call("pauseTap", tap);
  }

  resumeTap(tap: number, backfillMs?: number): Promise<void> {
    return this.#call("resumeTap", tap, backfillMs);
  }

  closeTap(tap: number): Promise<TapStats> {
    return this.#call("closeTap", tap);
  }

  play(target: AudioNode, options: PlayOptions): Promise<number> {
    return this.#call("play", target, options);
  }

  controlPlay(play: number, command: PlayCommand): Promise<boolean> {
    return this.#call("controlPlay", play, command);
  }

  stopPlay(play: number): Promise<number | undefined> {
    return this.#call("stopPlay", play);
  }

  sendDigits(leg: number, options: DigitOptions): Promise<number> {
    return this.#call("sendDigits", leg, options);
  }

  setDetection(leg: number, detection: Detection | undefined): Promise<void> {
    return this.#call("setDetection", leg, detection);
  }

  setAlertTone(name: string, tone: AlertTone | undefined): Promise<void> {
    return this.#call("setAlertTone", name, tone);
  }

  startFileRecording(options: FileRecordingOptions): Promise<number> {
    return this.#recordings.start(options);
  }

  pauseFileRecording(recording: number): Promise<boolean> {
    return this.#call("pauseFileRecording", recording);
  }

  resumeFileRecording(recording: number): Promise<boolean> {
    return this.#call("resumeFileRecording", recording);
  }

  stopFileRecording(recording: number, end: FileRecordingEnd = {}): Promise<FileRecordingResult | undefined> {
    return this.#recordings.stop(recording, end);
  }

  closeLeg(leg: number): Promise<LegStats> {
    return this.#call("closeLeg", leg);
  }

  stats(): Promise<EngineStats> {
    return this.#call("stats");
  }

  on<K extends keyof MediaEngineEvents>(event: K, listener: (...args: MediaEngineEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#failed !== undefined) return this.#exited;
    this.#post("close", []).catch(() => undefined);
    // The worker closes this descriptor; its number may then be somebody else's.
    this.#wakeFd = undefined;
    const cancel = this.#options.clock.after(CLOSE_MS, () => {
      this.#log.warn({}, "the media worker did not end by itself");
      void this.#worker.terminate();
    });
    await this.#exited;
    cancel();
    this.#events.clear();
  }

  #call<M extends CoreMethod>(method: M, ...args: CoreArguments<M>): Promise<CoreResult<M>> {
    if (this.closed) {
      const error =
        this.#failed ?? new SidetoneError("media-engine-closed", "the media engine is closed", { sip: 503 });
      return Promise.reject(error);
    }
    return this.#post(method, args) as Promise<CoreResult<M>>;
  }

  #post(method: CoreMethod, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call: Call = { id: this.#nextCall++, method, args };
      this.#waiting.set(call.id, { resolve, reject });
      this.#worker.postMessage(call);
      if (this.#wakeFd !== undefined) writeSync(this.#wakeFd, this.#one);
    });
  }

  #onMessage(message: FromWorker): void {
    switch (message.kind) {
      case "reply":
        this.#settle(message.id)?.resolve(message.value);
        break;
      case "refusal":
        this.#settle(message.id)?.reject(fromWire(message.error));
        break;
      case "event":
        this.#onEvent(message);
        break;
      case "log":
        this.#log[message.level](message.fields, message.msg);
        break;
      case "ready":
      case "unable":
        break;
    }
  }

  #onEvent(message: WireEvent): void {
    if (message.event === "file-audio") this.#recordings.take(...message.args);
    else if (message.event === "file-end") this.#recordings.endedByItself(...message.args);
    else this.#events.emit(message.event, ...(message.args as never));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #onEnd(error: Error): void {
    this.#wakeFd = undefined;
    if (this.#failed !== undefined) return;
    this.#failed = error;
    const waiting = Array.from(this.#waiting.values());
    this.#waiting.clear();
    for (const w of waiting) w.reject(error);
    void this.#recordings.close();
    if (this.#closing !== undefined) return;
    this.#log.error({ error: errorText(error) }, "the media worker has ended: every leg and tap is gone");
    this.#events.emit("failed", error);
  }
}
