import type { Clock, Events } from "@sidetone/foundation";
import { ActiveSpeakers } from "./active-speakers.ts";
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
import { checkAlert, checkConference, checkDigits, checkPlay, checkStream } from "./audio-checks.ts";
import type { Conference } from "./conference.ts";
import type { CoreEvents } from "./core-events.ts";
import { Ear } from "./ear.ts";
import { FileCaptures } from "./file-captures.ts";
import type { CapturedAudio } from "./file-recordings.ts";
import { FramePace } from "./frame-pace.ts";
import { HeldInputs } from "./held-inputs.ts";
import { type Leg, lineOf } from "./leg.ts";
import * as limits from "./limits.ts";
import { voicesIn } from "./hearing-plan.ts";
import { Plays } from "./plays.ts";
import { isConference } from "./stream.ts";
import { Streams } from "./streams.ts";
import type { Tap } from "./tap.ts";

/** What the desk needs of the core. */
export interface DeskOptions {
  readonly clock: Clock;
  readonly events: Events<CoreEvents>;
  /** Throws "unknown-leg". */
  readonly leg: (id: number) => Leg;
  readonly nextId: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** What a replica of the others' side hears of a leg may have changed. */
  readonly onPrompts: (leg: Leg) => void;
  /** Sends what waits in a replica. */
  readonly drain: (tap: Tap) => void;
  readonly flush: () => void;
}

/** Who hears whom and what else: streams, conferences, plays, what is listened for and recorded to files; and the frames of all that. */
export class MixingDesk {
  readonly streams: Streams;
  readonly #o: DeskOptions;
  readonly #held = new HeldInputs(() => this.#nextFrame());
  readonly #plays: Plays;
  readonly #captures: FileCaptures;
  #speakers: readonly ActiveSpeakers[] = [];
  readonly #detections = new Map<Leg, Detection>();
  readonly #pace = new FramePace();
  /** Replicas that are mixed, to be walked through without an iterator. */
  #mixedTaps: readonly Tap[] = [];
  /** While somebody needs frames. */
  #stopFrames: (() => void) | undefined;

  constructor(o: DeskOptions) {
    this.#o = o;
    this.streams = new Streams({ held: this.#held, random: o.random, onHearing: (node) => this.#onHearing(node) });
    this.#plays = new Plays({ onPrompts: o.onPrompts, onIdle: (conference) => this.streams.forgetEmpty(conference) });
    this.#captures = new FileCaptures({
      held: this.#held,
      onAudio: (recording, octets) => o.events.emit("file-audio", recording, octets),
      onEnd: (recording, reason, captured) => o.events.emit("file-end", recording, reason, captured),
    });
  }

  /** Conferences that are mixed. */
  get mixed(): number {
    return this.#held.summed;
  }

  connect(a: number, b: number): void {
    this.streams.connect(this.#o.leg(a), this.#o.leg(b));
    this.#keepPace();
  }

  disconnect(a: number, b: number): void {
    this.streams.disconnect(this.#o.leg(a), this.#o.leg(b));
    this.#keepPace();
  }

  setConference(name: string, legs: readonly number[]): void {
    const members = legs.map((id) => this.#o.leg(id));
    const known = this.streams.find(name);
    const before = known === undefined ? [] : voicesIn(known, undefined).map(({ leg }) => leg);
    this.streams.setMembers(name, members);
    for (const leg of before) this.#listen(leg);
    if (known !== undefined && this.streams.find(name) === undefined) this.#forget(known);
    this.#keepPace();
  }

  configureConference(name: string, options: ConferenceOptions): void {
    checkConference(options);
    this.streams.configure(name, options);
    const conference = this.streams.conference(name);
    const others = this.#speakers.filter((one) => one.conference !== conference);
    const known = this.#speakers.find((one) => one.conference === conference) ?? new ActiveSpeakers(conference);
    this.#speakers = options.speakers === undefined ? others : [...others, known];
    this.#listenTo(conference);
    this.#keepPace();
  }

  setStream(from: AudioNode, to: AudioNode, settings: StreamSettings): void {
    checkStream(settings);
    const source = this.#node(from);
    this.streams.set(source, this.#node(to), settings, false);
    if (isConference(source)) this.#listenTo(source);
    this.#keepPace();
  }

  endStream(from: AudioNode, to: AudioNode): void {
    const [source, target] = [this.#known(from), this.#known(to)];
    if (source === undefined || target === undefined) return;
    this.streams.end(source, target, false);
    if (isConference(source)) this.#listenTo(source);
    else this.#listen(source);
    for (const node of [source, target]) if (isConference(node)) this.#forgetIfGone(node);
    this.#keepPace();
  }

  monitor(listener: AudioNode, target: AudioNode, settings: StreamSettings): void {
    checkStream(settings);
    this.streams.set(this.#node(target), this.#node(listener), settings, true);
    this.#keepPace();
  }

  endMonitor(listener: AudioNode, target: AudioNode): void {
    const [source, to] = [this.#known(target), this.#known(listener)];
    if (source === undefined || to === undefined) return;
    this.streams.end(source, to, true);
    for (const node of [source, to]) if (isConference(node)) this.#forgetIfGone(node);
    this.#keepPace();
  }

  play(target: AudioNode, options: PlayOptions): number {
    checkPlay(options);
    const id = this.#o.nextId();
    this.#plays.start(id, this.#node(target), options);
    this.#keepPace();
    return id;
  }

  controlPlay(play: number, command: PlayCommand): boolean {
    return this.#plays.command(play, command);
  }

  stopPlay(play: number): number | undefined {
    const ms = this.#plays.stop(play);
    this.#keepPace();
    return ms;
  }

  sendDigits(leg: number, options: DigitOptions): number {
    checkDigits(options);
    const id = this.#o.nextId();
    this.#plays.sendDigits(id, this.#o.leg(leg), options);
    this.#keepPace();
    return id;
  }

  setDetection(id: number, detection: Detection | undefined): void {
    const leg = this.#o.leg(id);
    if (detection === undefined) this.#detections.delete(leg);
    else this.#detections.set(leg, detection);
    this.#listen(leg);
  }

  setAlertTone(name: string, tone: AlertTone | undefined): void {
    if (tone !== undefined) checkAlert(tone);
    const legs = Array.from(new Set(tone?.legs), (id) => this.#o.leg(id));
    this.#plays.setAlert(name, tone, legs);
    this.#keepPace();
  }

  startFileRecording(recording: number, options: FileRecordingOptions): void {
    this.#captures.start(recording, this.#node(options.source), options);
    this.#keepPace();
  }

  pauseFileRecording(recording: number): boolean {
    return this.#captures.setPaused(recording, true);
  }

  resumeFileRecording(recording: number): boolean {
    return this.#captures.setPaused(recording, false);
  }

  stopFileRecording(recording: number): CapturedAudio | undefined {
    const source = this.#captures.sourceOf(recording);
    const captured = this.#captures.stop(recording);
    if (source !== undefined && isConference(source)) this.streams.forgetEmpty(source);
    this.#keepPace();
    return captured;
  }

  /** Ends all that has to do with a leg. */
  removeLeg(leg: Leg): void {
    const conferences = [...leg.incoming, ...leg.outgoing].flatMap(({ from, to }) => [from, to]).filter(isConference);
    this.#captures.removeSource(leg);
    this.#plays.removeLeg(leg);
    this.#detections.delete(leg);
    leg.ear = undefined;
    this.streams.removeLeg(leg);
    for (const conference of conferences) this.#forgetIfGone(conference);
    this.#keepPace();
  }

  /** Replicas that are mixed now. */
  setMixedTaps(taps: readonly Tap[]): void {
    this.#mixedTaps = taps;
    this.#keepPace();
  }

  /** Looks whether something has ended while nothing came. */
  tick(leg: Leg): void {
    leg.ear?.tick(lineOf(this.#o.clock.wallMicros()));
  }

  close(): void {
    this.#stopFrames?.();
    this.#stopFrames = undefined;
  }

  #onHearing(node: Leg | Conference): void {
    if (isConference(node)) {
      this.#plays.takeTracks(node);
      return;
    }
    this.#plays.refresh(node);
    this.#captures.refresh(node);
    this.#listen(node);
  }

  /** Whether all who are heard in a conference are to be listened to. */
  #listenTo(conference: Conference): void {
    for (const { leg } of voicesIn(conference, undefined)) this.#listen(leg);
  }

  /** Gives a leg an ear, or takes it away, whatever is wanted of it. */
  #listen(leg: Leg): void {
    const detection = this.#detections.get(leg);
    const levels = leg.outgoing.some(({ to, monitor }) => !monitor && isConference(to) && tellsSpeakers(to));
    if (detection === undefined && !levels) {
      leg.ear?.set({});
      leg.ear = undefined;
      return;
    }
    const { events } = this.#o;
    leg.ear ??= new Ear(leg.id, {
      dtmf: (id, key, phase, ms) => events.emit("dtmf", id, key, phase, ms),
      voice: (id, speaking, levelDb) => events.emit("voice", id, speaking, levelDb),
    });
    leg.ear.set(detection ?? {});
  }

  #forgetIfGone(conference: Conference): void {
    if (this.streams.find(conference.name) !== conference) this.#forget(conference);
  }

  #forget(conference: Conference): void {
    this.#speakers = this.#speakers.filter((one) => one.conference !== conference);
    this.#plays.removeConference(conference);
    this.#captures.removeSource(conference);
  }

  /** A leg, or a conference, which comes to be where it is first named. Throws "unknown-leg". */
  #node(node: AudioNode): Leg | Conference {
    return typeof node === "number" ? this.#o.leg(node) : this.streams.conference(node);
  }

  #known(node: AudioNode): Leg | Conference | undefined {
    return typeof node === "number" ? this.#o.leg(node) : this.streams.find(node);
  }

  /** The frame that comes next, where the pace runs or is about to. */
  #nextFrame(): { readonly position: number } {
    this.#beginPace();
    return { position: this.#pace.from.position };
  }

  #beginPace(): void {
    if (this.#stopFrames !== undefined) return;
    this.#pace.now = lineOf(this.#o.clock.wallMicros());
    this.#pace.begin();
  }

  /** Starts or stops the frames, whatever there is to do. */
  #keepPace(): void {
    const busy =
      this.streams.mixes + this.#held.summed + this.#plays.busy + this.#captures.count + this.#speakers.length;
    if (busy + this.#mixedTaps.length > 0) {
      this.#beginPace();
      this.#stopFrames ??= this.#o.clock.every(limits.FRAME_TICK_MS, () => this.#frames());
    } else {
      this.#stopFrames?.();
      this.#stopFrames = undefined;
    }
  }

  #frames(): void {
    const pace = this.#pace;
    pace.now = lineOf(this.#o.clock.wallMicros());
    if (pace.tooLate()) {
      pace.begin();
      this.#held.skipTo({ position: pace.from.position });
    }
    let playsEnded = false;
    let capturesEnded = false;
    for (; pace.due(); pace.next()) {
      if (this.#plays.frame(pace)) playsEnded = true;
      this.#held.frame(pace.from);
      this.streams.frame(pace);
      this.#plays.send(pace);
      if (this.#captures.frame(pace)) capturesEnded = true;
    }
    for (let i = 0; i < this.#mixedTaps.length; i++) {
      const tap = this.#mixedTaps[i];
      if (tap?.sources.frames(pace) === true) this.#o.drain(tap);
    }
    if (this.#speakers.length > 0) this.#tellSpeakers();
    if (playsEnded) this.#endPlays();
    if (capturesEnded) this.#captures.takeEnded();
    if (playsEnded || capturesEnded) this.#keepPace();
    this.#o.flush();
  }

  #endPlays(): void {
    for (const { id, ms, timeout } of this.#plays.takeEnded(this.#pace.from.position)) {
      this.#o.events.emit(timeout ? "play-timeout" : "played", id, ms);
    }
  }

  #tellSpeakers(): void {
    for (let i = 0; i < this.#speakers.length; i++) {
      const speakers = this.#speakers[i];
      const legs = speakers?.look(this.#pace);
      if (speakers !== undefined && legs !== undefined) {
        this.#o.events.emit("speakers", speakers.conference.name, legs);
      }
    }
  }
}

/** True where somebody wants to know who speaks in a conference, or in one that it is heard in. */
function tellsSpeakers(first: Conference): boolean {
  const heardIn = new Set([first]);
  for (const { options, outgoing } of heardIn) {
    if (options.speakers !== undefined) return true;
    for (const { to } of outgoing) if (isConference(to)) heardIn.add(to);
  }
  return false;
}
