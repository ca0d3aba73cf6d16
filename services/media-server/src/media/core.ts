import { type Clock, Events, errorText, type Logger, type RandomBytes, SidetoneError } from "@sidetone/foundation";
import type { RtpConfig } from "@sidetone/config";
import { type PacketBatch, type PacketIO, parseIpv4, PortPairs } from "@sidetone/rtp";
import type {
  AlertTone,
  AudioNode,
  ConferenceOptions,
  Detection,
  DigitOptions,
  FileRecordingOptions,
  PlayCommand,
  PlayOptions,
  StreamSettings,
} from "./audio-types.ts";
import { Awakening } from "./awakening.ts";
import type { CoreEvents } from "./core-events.ts";
import type { CapturedAudio } from "./file-recordings.ts";
import { Leg, lineOf } from "./leg.ts";
import { LegOutput } from "./leg-output.ts";
import * as limits from "./limits.ts";
import { MixingDesk } from "./mixing-desk.ts";
import { closePair, openPair } from "./port-pair-sockets.ts";
import { Tap } from "./tap.ts";
import type {
  EngineStats,
  LegSettings,
  LegStats,
  OpenedLeg,
  OpenedTap,
  TapDestination,
  TapOptions,
  TapStats,
} from "./types.ts";

type Receiver = (
  data: Uint8Array,
  offset: number,
  length: number,
  ip: number,
  port: number,
  arrivals: Float64Array,
  index: number,
) => void;

/** The media engine within its thread: legs and taps by number, packets in, packets out. Every method is synchronous. */
export class MediaCore {
  readonly events: Events<CoreEvents>;
  readonly #io: PacketIO;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #rtp: RtpConfig;
  readonly #ports: PortPairs;
  readonly #inactiveAfterMs: number;
  readonly #legs = new Map<number, Leg>();
  readonly #taps = new Map<number, Tap>();
  readonly #flushing = new Set<Tap>();
  /** Who takes the datagrams of a socket. */
  readonly #receivers: (Receiver | undefined)[] = [];
  readonly #log: Logger;
  readonly #stopTicking: () => void;
  #stopPacing: (() => void) | undefined;
  readonly #desk: MixingDesk;
  #nextId = 1;
  readonly #awakening: Awakening;
  #strangers = 0;
  #garbage = 0;

  constructor(o: {
    readonly io: PacketIO;
    readonly clock: Clock;
    readonly random: RandomBytes;
    readonly rtp: RtpConfig;
    readonly log: Logger;
    readonly inactiveAfterMs?: number;
    readonly portRestMs?: number;
  }) {
    this.#io = o.io;
    this.#clock = o.clock;
    this.#awakening = new Awakening(o.clock.now());
    this.#random = o.random;
    this.#rtp = o.rtp;
    this.#log = o.log;
    this.#inactiveAfterMs = o.inactiveAfterMs ?? limits.INACTIVE_AFTER_MS;
    this.events = new Events((error, event) => {
      o.log.error({ error: errorText(error), event }, "a listener of the media engine failed");
    });
    this.#ports = new PortPairs({
      min: o.rtp.portMin,
      max: o.rtp.portMax,
      clock: o.clock,
      ...(o.portRestMs === undefined ? {} : { restMs: o.portRestMs }),
    });
    this.#desk = new MixingDesk({
      clock: o.clock,
      events: this.events,
      leg: (id) => this.#leg(id),
      nextId: () => this.#nextId++,
      random: () => this.#word() / 0x1_0000_0000,
      onPrompts: (leg) => this.#arrangeAround(leg),
      drain: (tap) => this.#drain(tap),
      flush: () => this.#io.flush(),
    });
    this.#io.onBatch = (batch) => this.#onBatch(batch);
    this.#stopTicking = o.clock.every(limits.TICK_MS, () => this.#tick());
    this.#io.run();
  }

  openLeg(): OpenedLeg {
    const sockets = openPair(this.#io, this.#ports, this.#rtp.address, limits.LEG_RECEIVE_BUFFER);
    const output = new LegOutput(this.#word(), this.#word() & 0xffff, this.#word());
    const leg = new Leg({
      id: this.#nextId++,
      sockets,
      output,
      io: this.#io,
      onFirst: (id, wallMicros) => this.events.emit("first-packet", id, wallMicros),
    });
    this.#legs.set(leg.id, leg);
    this.#receivers[sockets.rtp] = leg.receive.bind(leg);
    this.#receivers[sockets.rtcp] = leg.receiveReport.bind(leg);
    return { leg: leg.id, address: this.#rtp.advertise, rtpPort: sockets.port, rtcpPort: sockets.port + 1 };
  }

  configureLeg(id: number, settings: LegSettings): void {
    const leg = this.#leg(id);
    leg.configure(settings, this.#clock.wallMicros());
    if (settings.receiveFromPhone && settings.remote !== undefined) {
      leg.listeningSince ??= this.#clock.now();
    } else {
      leg.listeningSince = undefined;
    }
    leg.silenceReported = 0;
    if (settings.remote !== undefined && leg.nextReport === Number.POSITIVE_INFINITY) this.#planReport(leg);
    this.#io.flush();
  }

  connect(a: number, b: number): void {
    this.#desk.connect(a, b);
  }

  disconnect(a: number, b: number): void {
    this.#desk.disconnect(a, b);
  }

  setConference(name: string, legs: readonly number[]): void {
    this.#desk.setConference(name, legs);
  }

  configureConference(name: string, options: ConferenceOptions): void {
    this.#desk.configureConference(name, options);
  }

  setStream(from: AudioNode, to: AudioNode, settings: StreamSettings = {}): void {
    this.#desk.setStream(from, to, settings);
  }

  endStream(from: AudioNode, to: AudioNode): void {
    this.#desk.endStream(from, to);
  }

  monitor(listener: AudioNode, target: AudioNode, settings: StreamSettings = {}): void {
    this.#desk.monitor(listener, target, settings);
  }

  endMonitor(listener: AudioNode, target: AudioNode): void {
    this.#desk.endMonitor(listener, target);
  }

  play(target: AudioNode, options: PlayOptions): number {
    return this.#desk.play(target, options);
  }

  controlPlay(play: number, command: PlayCommand): boolean {
    return this.#desk.controlPlay(play, command);
  }

  stopPlay(play: number): number | undefined {
    return this.#desk.stopPlay(play);
  }

  sendDigits(leg: number, options: DigitOptions): number {
    return this.#desk.sendDigits(leg, options);
  }

  setDetection(leg: number, detection: Detection | undefined): void {
    this.#desk.setDetection(leg, detection);
  }

  setAlertTone(name: string, tone: AlertTone | undefined): void {
    this.#desk.setAlertTone(name, tone);
  }

  startFileRecording(recording: number, options: FileRecordingOptions): void {
    this.#desk.startFileRecording(recording, options);
  }

  pauseFileRecording(recording: number): boolean {
    return this.#desk.pauseFileRecording(recording);
  }

  resumeFileRecording(recording: number): boolean {
    return this.#desk.resumeFileRecording(recording);
  }

  stopFileRecording(recording: number): CapturedAudio | undefined {
    return this.#desk.stopFileRecording(recording);
  }

  openTap(o: TapOptions): OpenedTap {
    const legs = o.legs.map((id) => this.#leg(id));
    const sockets = openPair(this.#io, this.#ports, this.#rtp.address, 8192);
    const tap = new Tap({
      id: this.#nextId++,
      ssrc: this.#word(),
      // RFC 3711 3.3.1: what is lost first must not be taken for a turn of the number.
      sequence: this.#word() & 0x7fff,
      timestampBase: this.#word(),
      sockets,
      io: this.#io,
      paused: o.paused,
      unbegun: o.unbegun ?? false,
    });
    tap.setFormat(o.codec, o.payloadType, o.dtmfPayloadType);
    const now = this.#now();
    const others = (o.others ?? []).map((id) => this.#leg(id));
    tap.sources.arrange(legs, others, now);
    if (!o.paused && o.backfillSinceMs > 0) {
      tap.sources.backfill(Math.min(limits.LEG_HISTORY_MS, o.backfillSinceMs), now, false);
    }
    this.#taps.set(tap.id, tap);
    this.#mixTaps();
    return {
      tap: tap.id,
      ssrc: tap.ssrc,
      address: this.#rtp.advertise,
      localPort: sockets.port,
      localRtcpPort: sockets.port + 1,
    };
  }

  setTapSources(id: number, legs: readonly number[], others: readonly number[] = []): void {
    const tap = this.#tap(id);
    const [heard, prompted] = [legs, others].map((ids) => ids.map((leg) => this.#leg(leg)));
    tap.sources.arrange(heard ?? [], prompted ?? [], this.#now());
    this.#mixTaps();
    this.#io.flush();
  }

  /** A prompt that is to be recorded may have begun or ended. */
  #arrangeAround(leg: Leg): void {
    for (const { sources } of this.#taps.values()) {
      if (sources.others.includes(leg)) sources.arrange(sources.legs, sources.others, this.#now());
    }
    this.#mixTaps();
  }

  #mixTaps(): void {
    this.#desk.setMixedTaps(Array.from(this.#taps.values()).filter(({ sources }) => sources.mixed));
  }

  setTapDestination(id: number, to: TapDestination | undefined, rewindMs = 0): void {
    const tap = this.#tap(id);
    if (to === undefined) {
      tap.setDestination(undefined);
      this.#flushing.delete(tap);
      if (rewindMs > 0) tap.sources.rewind(rewindMs, this.#now());
      return;
    }
    if (parseIpv4(to.host) === undefined) {
      throw new SidetoneError("bad-address", `"${to.host}" is not an IPv4 address a recorder can receive at`);
    }
    const rtp = this.#io.dest(to.host, to.port);
    tap.setDestination({ rtp, rtcp: this.#io.dest(to.host, to.rtcpPort ?? to.port + 1) });
    tap.setFormat(to.codec, to.payloadType, to.dtmfPayloadType);
    tap.protection.set(to.srtp);
    this.#report(tap);
    this.#drain(tap);
  }

  /** Packets of these taps that are not sent yet. */
  waiting(taps: readonly number[]): number {
    return taps.reduce((sum, id) => sum + (this.#taps.get(id)?.waiting ?? 0), 0);
  }

  pauseTap(id: number): void {
    const tap = this.#tap(id);
    tap.sources.settle();
    tap.paused = true;
    this.#forgetUnbegun(tap);
    this.#io.flush();
  }

  resumeTap(id: number, backfillMs = 0): void {
    const tap = this.#tap(id);
    if (!tap.paused) return;
    tap.paused = false;
    if (tap.unbegun && backfillMs > 0) {
      tap.unbegun = false;
      tap.sources.backfill(Math.min(limits.LEG_HISTORY_MS, backfillMs), this.#now(), true);
      this.#drain(tap);
      return;
    }
    this.#forgetUnbegun(tap);
    // What lies unread in the socket was said in the pause.
    tap.sources.forgetUntil(this.#now());
  }

  /** Sends what waits in a tap, a burst at once and the rest in steps. */
  #drain(tap: Tap): void {
    tap.flush(limits.FLUSH_BURST);
    if (tap.flushing) {
      this.#flushing.add(tap);
      this.#stopPacing ??= this.#clock.every(limits.FLUSH_STEP_MS, () => this.#drainStep());
    }
    this.#io.flush();
  }

  /** What was said while a tap had not begun is nobody's, once it is clear that nobody wanted it. */
  #forgetUnbegun(tap: Tap): void {
    if (!tap.unbegun) return;
    tap.unbegun = false;
    for (const leg of tap.sources.legs) leg.forget();
  }

  closeTap(id: number): TapStats {
    const tap = this.#tap(id);
    tap.sources.settle();
    tap.flush(Number.POSITIVE_INFINITY);
    const stats = tap.stats();
    tap.end();
    this.#taps.delete(id);
    this.#flushing.delete(tap);
    this.#forgetUnbegun(tap);
    if (tap.paused) tap.sources.forgetUntil(this.#now());
    tap.sources.close();
    this.#mixTaps();
    closePair(this.#io, this.#ports, tap.sockets);
    return stats;
  }

  closeLeg(id: number): LegStats {
    const leg = this.#leg(id);
    this.#desk.removeLeg(leg);
    for (const { sources } of this.#taps.values()) {
      if (!sources.legs.includes(leg) && !sources.others.includes(leg)) continue;
      const [legs, others] = [sources.legs, sources.others].map((all) => all.filter((one) => one !== leg));
      sources.arrange(legs ?? [], others ?? [], this.#now());
    }
    this.#mixTaps();
    this.#legs.delete(id);
    this.#receivers[leg.sockets.rtp] = undefined;
    this.#receivers[leg.sockets.rtcp] = undefined;
    leg.release();
    closePair(this.#io, this.#ports, leg.sockets);
    this.#strangers += leg.strangers;
    this.#garbage += leg.garbage;
    return leg.stats();
  }

  stats(): EngineStats {
    const perLeg = Array.from(this.#legs.values(), (l) => l.stats());
    const io = this.#io.stats();
    let connected = 0;
    for (const leg of this.#legs.values()) if (leg.passage?.from.passage?.from === leg) connected++;
    return {
      packetIo: this.#io.kind,
      legs: this.#legs.size,
      taps: this.#taps.size,
      connections: connected / 2,
      conferences: this.#desk.mixed,
      ports: this.#ports.stats(),
      received: io.received,
      sent: io.sent,
      dropped: io.dropped,
      strangers: perLeg.reduce((sum, l) => sum + l.strangers, this.#strangers),
      garbage: perLeg.reduce((sum, l) => sum + l.garbage, this.#garbage),
      perLeg,
      perTap: Array.from(this.#taps.values(), (t) => t.stats()),
    };
  }

  close(): void {
    for (const id of Array.from(this.#taps.keys())) this.closeTap(id);
    for (const id of Array.from(this.#legs.keys())) this.closeLeg(id);
    this.#stopTicking();
    this.#stopPacing?.();
    this.#desk.close();
    this.#io.shutdown();
    this.events.clear();
  }

  #onBatch(b: PacketBatch): void {
    if (this.#awakening.isDeaf(this.#clock.now())) return;
    for (let i = 0; i < b.count; i++) {
      const receiver = this.#receivers[b.socket[i] ?? -1];
      if (receiver === undefined) continue;
      try {
        receiver(
          b.data,
          b.offset[i] ?? 0,
          b.length[i] ?? 0,
          b.sourceIp[i] ?? 0,
          b.sourcePort[i] ?? 0,
          b.arrivalMicros,
          i,
        );
      } catch (error) {
        // One bad packet must not cost the other calls theirs.
        this.#garbage++;
        this.#log.error({ error: errorText(error) }, "a packet was dropped");
      }
    }
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#awakening.isDeaf(now);
    const wallMicros = this.#clock.wallMicros();
    for (const leg of this.#legs.values()) {
      if (now >= leg.nextReport) {
        leg.report(wallMicros);
        this.#planReport(leg);
      }
      this.#watchSilence(leg, now, wallMicros);
      this.#watchReplicated(leg, now, wallMicros);
      this.#desk.tick(leg);
    }
    for (const tap of this.#taps.values()) {
      this.#report(tap);
      if (tap.overflowBegins()) this.events.emit("overflow", tap.id, tap.stats().overflowed);
    }
    this.#io.flush();
  }

  #watchSilence(leg: Leg, now: number, wallMicros: number): void {
    if (leg.listeningSince === undefined) return;
    const listening = now - leg.listeningSince;
    const silent = leg.lastMicros === undefined ? listening : Math.min(listening, (wallMicros - leg.lastMicros) / 1000);
    if (silent < this.#inactiveAfterMs) {
      leg.silenceReported = 0;
    } else if (silent - leg.silenceReported >= this.#inactiveAfterMs) {
      leg.silenceReported = silent;
      this.events.emit("inactive", leg.id, Math.round(silent));
    }
  }

  /**
   * R34: a side that was never heard since its recording began, while the other is. A phone that was heard and is silent is no
   * flaw: many send nothing while nobody speaks. One that must not hear anything holds the call: it may say nothing as well.
   */
  #watchReplicated(leg: Leg, now: number, wallMicros: number): void {
    if (leg.listeningSince === undefined || leg.settings?.sendToPhone !== true || !leg.replicated) {
      leg.watchedSince = undefined;
      leg.unheardMs = 0;
      return;
    }
    if (leg.heard) return;
    leg.watchedSince ??= now;
    const watched = now - leg.watchedSince;
    if (leg.lastMicros !== undefined && (wallMicros - leg.lastMicros) / 1000 < watched) {
      leg.heard = true;
      if (leg.unheardMs >= limits.UNHEARD_MS) this.events.emit("heard", leg.id, Math.round(watched));
      return;
    }
    const other = leg.othersHeardMicros;
    if (other === undefined || (wallMicros - other) / 1000 >= limits.TICK_MS) return;
    const before = leg.unheardMs;
    leg.unheardMs += limits.TICK_MS;
    if (before < limits.UNHEARD_MS && leg.unheardMs >= limits.UNHEARD_MS) {
      this.events.emit("silent", leg.id, Math.round(watched));
    }
  }

  #report(tap: Tap): void {
    const now = this.#clock.now();
    if (!tap.reportDue(now)) return;
    const wallMicros = this.#clock.wallMicros();
    const position = lineOf(wallMicros);
    tap.report(wallMicros, position - tap.sources.told(position), now);
  }

  #drainStep(): void {
    for (const tap of Array.from(this.#flushing)) {
      tap.flush(limits.FLUSH_STEP);
      if (!tap.flushing) this.#flushing.delete(tap);
    }
    if (this.#flushing.size === 0) {
      this.#stopPacing?.();
      this.#stopPacing = undefined;
    }
    this.#io.flush();
  }

  /** RFC 3550 6.2: half to one and a half times the mean, so that reports of many legs do not coincide. */
  #planReport(leg: Leg): void {
    leg.nextReport = this.#clock.now() + limits.LEG_REPORT_MS * (0.5 + this.#word() / 0x1_0000_0000);
  }

  /** On the line of samples. */
  #now(): number {
    return lineOf(this.#clock.wallMicros());
  }

  #leg(id: number): Leg {
    const leg = this.#legs.get(id);
    if (leg === undefined) throw new SidetoneError("unknown-leg", `no leg ${id}`);
    return leg;
  }

  #tap(id: number): Tap {
    const tap = this.#taps.get(id);
    if (tap === undefined) throw new SidetoneError("unknown-tap", `no tap ${id}`);
    return tap;
  }

  #word(): number {
    const b = this.#random(4);
    return (((b[0] ?? 0) << 24) | ((b[1] ?? 0) << 16) | ((b[2] ?? 0) << 8) | (b[3] ?? 0)) >>> 0;
  }
}
