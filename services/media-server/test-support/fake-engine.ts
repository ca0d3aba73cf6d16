import { Events, SidetoneError } from "@sidetone/foundation";
import type {
  AlertTone,
  AudioNode,
  ConferenceOptions,
  Detection,
  DigitOptions,
  EngineStats,
  FileRecordingEnd,
  FileRecordingOptions,
  FileRecordingResult,
  LegSettings,
  LegStats,
  MediaEngine,
  MediaEngineEvents,
  OpenedLeg,
  OpenedTap,
  PlayCommand,
  PlayOptions,
  StreamSettings,
  TapDestination,
  TapOptions,
  TapStats,
} from "../src/media/index.ts";

/** A media engine that writes down what it is told: `calls` in order, and what is open. */
export class FakeEngine implements MediaEngine {
  readonly id = "fake";
  closed = false;
  readonly calls: string[] = [];
  readonly legs = new Map<number, LegSettings | undefined>();
  readonly taps = new Map<number, TapOptions & { destination: TapDestination | undefined; paused: boolean }>();
  /** The next ones reject with this code. */
  failing: {
    openLeg?: string;
    openTap?: string;
    connect?: string;
    pauseTap?: string;
    resumeTap?: string;
    play?: string;
  } = {};
  readonly #events = new Events<MediaEngineEvents>((error) => {
    throw error;
  });
  #next = 1;

  async openLeg(): Promise<OpenedLeg> {
    this.#failIf("openLeg");
    const leg = this.#next++;
    this.legs.set(leg, undefined);
    return { leg, address: "127.0.0.1", rtpPort: 10_000 + leg * 2, rtcpPort: 10_001 + leg * 2 };
  }

  async configureLeg(leg: number, settings: LegSettings): Promise<void> {
    this.#need(this.legs, leg);
    this.legs.set(leg, settings);
  }

  async connect(a: number, b: number): Promise<void> {
    this.#failIf("connect");
    this.calls.push(`connect ${a} ${b}`);
  }

  async disconnect(a: number, b: number): Promise<void> {
    this.calls.push(`disconnect ${a} ${b}`);
  }

  async setConference(name: string, legs: readonly number[]): Promise<void> {
    this.calls.push(`conference ${name}: ${legs.join(" ")}`);
  }

  async openTap(options: TapOptions): Promise<OpenedTap> {
    this.#failIf("openTap");
    for (const leg of options.legs) this.#need(this.legs, leg);
    const tap = this.#next++;
    this.taps.set(tap, { ...options, destination: undefined });
    this.calls.push(
      `openTap ${tap} leg ${options.legs.join("+")} backfill ${options.backfillSinceMs}${options.paused ? " paused" : ""}${options.unbegun === true ? " unbegun" : ""}`,
    );
    const localPort = 20_000 + tap * 2;
    return { tap, ssrc: tap, address: "127.0.0.1", localPort, localRtcpPort: localPort + 1 };
  }

  async play(leg: AudioNode, options: PlayOptions): Promise<number> {
    this.#failIf("play");
    if (typeof leg === "number") this.#need(this.legs, leg);
    const play = this.#next++;
    const samples = options.audio.reduce((sum, { length }) => sum + length, 0);
    this.calls.push(
      `play ${play} ${typeof leg === "number" ? "leg" : "conference"} ${leg} ${samples} x${options.iterations} every ${options.intervalMs}${options.maxTimeMs === undefined ? "" : ` at most ${options.maxTimeMs}`}${options.capture ? " captured" : ""}`,
    );
    return play;
  }

  async stopPlay(play: number): Promise<number | undefined> {
    this.calls.push(`stopPlay ${play}`);
    return 1500;
  }

  async configureConference(name: string, options: ConferenceOptions): Promise<void> {
    this.calls.push(`mix ${name} ${JSON.stringify(options)}`);
  }

  async setStream(from: AudioNode, to: AudioNode, settings: StreamSettings = {}): Promise<void> {
    this.calls.push(`stream ${from} > ${to} ${JSON.stringify(settings)}`);
  }

  async endStream(from: AudioNode, to: AudioNode): Promise<void> {
    this.calls.push(`end stream ${from} > ${to}`);
  }

  async monitor(listener: AudioNode, target: AudioNode, settings: StreamSettings = {}): Promise<void> {
    this.calls.push(`monitor ${target} > ${listener} ${JSON.stringify(settings)}`);
  }

  async endMonitor(listener: AudioNode, target: AudioNode): Promise<void> {
    this.calls.push(`end monitor ${target} > ${listener}`);
  }

  async controlPlay(play: number, command: PlayCommand): Promise<boolean> {
    this.calls.push(`control play ${play} ${command.kind}${command.kind === "skip" ? ` ${command.ms}` : ""}`);
    return true;
  }

  async sendDigits(leg: number, options: DigitOptions): Promise<number> {
    this.#need(this.legs, leg);
    this.calls.push(`digits leg ${leg} ${options.digits}`);
    return this.#next++;
  }

  async setDetection(leg: number, detection: Detection | undefined): Promise<void> {
    this.#need(this.legs, leg);
    this.calls.push(`detect leg ${leg} ${JSON.stringify(detection ?? {})}`);
  }

  async setAlertTone(name: string, tone: AlertTone | undefined): Promise<void> {
    this.calls.push(
      tone === undefined ? `end alert ${name}` : `alert ${name} every ${tone.everyMs}: ${tone.legs.join(" ")}`,
    );
  }

  async startFileRecording(options: FileRecordingOptions): Promise<number> {
    const recording = this.#next++;
    this.calls.push(`record ${recording} ${options.source} to ${options.file}`);
    return recording;
  }

  async pauseFileRecording(recording: number): Promise<boolean> {
    this.calls.push(`pause record ${recording}`);
    return true;
  }

  async resumeFileRecording(recording: number): Promise<boolean> {
    this.calls.push(`resume record ${recording}`);
    return true;
  }

  async stopFileRecording(recording: number, end: FileRecordingEnd = {}): Promise<FileRecordingResult | undefined> {
    this.calls.push(`stop record ${recording} ${JSON.stringify(end)}`);
    return { durationMs: 1500, octets: 12_000 };
  }

  async setTapSources(tap: number, legs: readonly number[], others: readonly number[] = []): Promise<void> {
    const known = this.#need(this.taps, tap);
    for (const leg of legs) this.#need(this.legs, leg);
    this.taps.set(tap, { ...known, legs, others });
    this.calls.push(`sources ${tap}: ${legs.join("+")}`);
  }

  async setTapDestination(tap: number, destination: TapDestination | undefined, rewindMs = 0): Promise<void> {
    this.#need(this.taps, tap).destination = destination;
    this.calls.push(
      destination === undefined
        ? `hold ${tap}${rewindMs > 0 ? ` rewind ${rewindMs}` : ""}`
        : `send ${tap} ${destination.host}:${destination.port} ${destination.codec}`,
    );
  }

  /** What `waiting` says, until it is none. */
  backlog = 0;

  async waiting(): Promise<number> {
    return this.backlog;
  }

  async pauseTap(tap: number): Promise<void> {
    this.#failIf("pauseTap");
    const known = this.#need(this.taps, tap);
    this.taps.set(tap, { ...known, paused: true });
    this.calls.push(`pause ${tap}`);
  }

  async resumeTap(tap: number, backfillMs = 0): Promise<void> {
    this.#failIf("resumeTap");
    const known = this.#need(this.taps, tap);
    this.taps.set(tap, { ...known, paused: false });
    this.calls.push(`resume ${tap}${backfillMs > 0 ? ` backfill ${backfillMs}` : ""}`);
  }

  async closeTap(tap: number): Promise<TapStats> {
    const { legs } = this.#need(this.taps, tap);
    this.taps.delete(tap);
    this.calls.push(`closeTap ${tap}`);
    return { tap, legs, captured: 0, sent: 0, sentOctets: 0, buffered: 0, overflowed: 0, paused: false };
  }

  async closeLeg(leg: number): Promise<LegStats> {
    this.#need(this.legs, leg);
    this.legs.delete(leg);
    for (const [tap, options] of Array.from(this.taps)) {
      this.taps.set(tap, { ...options, legs: options.legs.filter((other) => other !== leg) });
    }
    this.calls.push(`closeLeg ${leg}`);
    return {} as LegStats;
  }

  async stats(): Promise<EngineStats> {
    return { legs: this.legs.size, taps: this.taps.size, received: 0, sent: 0, dropped: 0 } as EngineStats;
  }

  on<K extends keyof MediaEngineEvents>(event: K, listener: (...args: MediaEngineEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  emit<K extends keyof MediaEngineEvents>(event: K, ...args: MediaEngineEvents[K]): void {
    this.#events.emit(event, ...args);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #failIf(call: keyof FakeEngine["failing"]): void {
    const code = this.failing[call];
    if (code !== undefined) throw new SidetoneError(code, code);
  }

  #need<T>(map: Map<number, T>, key: number): T {
    if (!map.has(key))
      throw new SidetoneError(map === (this.legs as unknown) ? "unknown-leg" : "unknown-tap", String(key));
    return map.get(key) as T;
  }
}
