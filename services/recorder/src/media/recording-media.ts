import {
  type AnchorLine,
  type EndLine,
  type FileCodec,
  FRAMES_PER_SECOND,
  type ManifestLine,
  type WriterMessage,
} from "@sidetone/recording-file";
import { type RtpView, SenderClock, type SenderInfo, TimeLine } from "@sidetone/rtp";
import {
  LATE_START_MS,
  LISTED_GAP_MS,
  MAX_ANCHOR_LINES,
  MAX_CODEC_LINES,
  MAX_KEY_LINES,
  MAX_KNOWN_SOURCES,
  MAX_LOSS_LINES,
  RATE,
  REORDER_WINDOW_MS,
  SILENT_CHANNEL_MS,
  START_HINT_MS,
} from "../limits.ts";
import { HeardTap } from "../listening/heard-tap.ts";
import { Assembler, type Loss } from "./assembler.ts";
import { DelayWindow } from "./delay-window.ts";
import { samplesOf } from "./decoding.ts";
import type { KeyPress } from "./key-markers.ts";
import { type AudioKind, Lane, type PayloadKind, type RemoteMedia, type WaitingPacket } from "./lane.ts";
import { conversion, isLaw, isQuiet } from "./laws.ts";
import { Seam } from "./seam.ts";

/** A line whose position is a wall-clock instant; `atMs` is filled in where the time line is known. */
export type NoteLine = Extract<ManifestLine, { atMs: number }>;

/** Shortest wait for the first packets to get into order, ms. */
const SETTLE_MS = 200;
/** As above between two sessions: longer than the one before may linger, and is polled. */
const SEAM_SETTLE_MS = 500;
/** A BYE that comes this much after the last audio says that the silence between is part of the call; samples. */
const TAIL_SAMPLES = RATE / 10;

/** Where a recording that goes on stands. */
export interface ContinuedAt {
  readonly frames: number;
  readonly codec: FileCodec;
  /** What tied earlier streams to the time line; frames are positions. */
  readonly anchors: readonly Pick<AnchorLine, "channel" | "ssrc" | "rtp" | "frame">[];
  /** Audio is missing in what is there. */
  readonly damaged: boolean;
  /** It was paused when it broke off: until it is resumed nothing is missing. */
  readonly paused: boolean;
}

/**
 * The audio of one recording: the streams of its sessions, one after the other or side by side, made into one stereo line that starts at time
 * zero. Pure but for its outputs.
 */
export class RecordingMedia {
  readonly handle: number;
  readonly tap = new HeardTap();
  readonly #originMicros: number;
  readonly #send: (message: WriterMessage, transfer?: ArrayBuffer) => void;
  readonly #delays = new DelayWindow();
  readonly #lanes = new Set<Lane>();
  readonly #defaultCodec: FileCodec;
  #hintMicros: number | undefined;
  #assembler: Assembler | undefined;
  #zero: number | undefined;
  #firstAudioAt: number | undefined;
  /** Between the last session and this one. */
  #seam: Seam | undefined;
  /** Streams of one session, or of sessions side by side; the next one takes over. */
  #group = 0;
  #damaged: boolean;
  /** Last known place of a stream, by channel and SSRC: both directions of a call may have the same. */
  readonly #anchors = new Map<string, Pick<AnchorLine, "channel" | "ssrc" | "rtp" | "frame">>();
  readonly #showDigits: boolean;
  #keyLines = 0;
  #codecLines = 0;
  #anchorLines = 0;
  readonly #epoch: number;
  /** Position at which this recorder's run of the recording began. */
  #partFrom = 0;
  /** Channels of the streams that were not paused all the time, and those that have had audio. */
  readonly #expected = new Set<number>();
  readonly #heard = new Map<number, { from: number; to: number; noise: boolean }>();
  #lossLines = 0;
  #unlisted = 0;
  /** What waits for time zero; by then the sender's delay is known, too. */
  #notes: { position: () => number; line: (frame: number) => ManifestLine }[] = [];
  #lastNote = Number.NEGATIVE_INFINITY;

  /**
   * @param originMicros wall clock of position 0: when the session was accepted, or time zero of a recording that goes on
   * @param continued where a recording that goes on stands
   */
  constructor(o: {
    handle: number;
    originMicros: number;
    defaultCodec: FileCodec;
    continued?: ContinuedAt | undefined;
    /** R30: above 1 the beginning may be at another recorder. */
    epoch?: number;
    /** Key presses are listed with the key; else masked. */
    showDigits?: boolean;
    send: (message: WriterMessage, transfer?: ArrayBuffer) => void;
  }) {
    this.handle = o.handle;
    this.#originMicros = o.originMicros;
    this.#defaultCodec = o.defaultCodec;
    this.#send = o.send;
    this.#epoch = o.epoch ?? 0;
    this.#showDigits = o.showDigits ?? false;
    this.#damaged = o.continued?.damaged ?? false;
    if (o.continued !== undefined) {
      const { frames, codec, anchors, paused } = o.continued;
      this.#zero = 0;
      this.#partFrom = frames;
      this.#assembler = this.#newAssembler(codec, frames);
      for (const anchor of anchors) this.#anchors.set(`${anchor.channel} ${anchor.ssrc}`, anchor);
      if (!paused) this.#seam = new Seam(frames, SEAM_SETTLE_MS);
    }
  }

  /** A clock for the streams of one session. */
  newClock(): SenderClock {
    return new SenderClock();
  }

  /** When the recording is said to have started; believed where the first audio agrees. */
  hint(micros: number): void {
    this.#hintMicros ??= micros;
  }

  /** A packet that came in a pause: not recorded, but for what a prepared recording may still begin with. */
  pausedPacket(lane: Lane, view: RtpView, data: Uint8Array, arrivalMicros: number): void {
    lane.discardedPaused += 1;
    if (lane.heldBack === undefined) return;
    const { ssrc, sequence, timestamp, payloadOffset, payloadLength } = view;
    const payload = Uint8Array.prototype.slice.call(data, payloadOffset, payloadOffset + payloadLength);
    const kind = lane.payloads.get(view.payloadType);
    const stamp = lane.stampOf(ssrc, timestamp, kind);
    lane.holdBack({ ssrc, sequence, timestamp: stamp, kind, payload, arrivalMicros });
  }

  /**
   * A prepared recording, whose streams were paused from the beginning, starts at `micros`.
   * @param heldBack the client sends nothing in a pause: what has come already is what it resumed with
   */
  startsAt(micros: number, heldBack: boolean, nowMs: number): void {
    this.#hintMicros = micros;
    for (const lane of this.#lanes) {
      const packets = lane.heldBack ?? [];
      lane.heldBack = undefined;
      if (!heldBack) continue;
      lane.forgetPauses();
      lane.discardedPaused -= packets.length;
      lane.packets += packets.length;
      for (const packet of packets) this.#placeWaiting(lane, packet, nowMs);
    }
  }

  /** R30: what comes from now on belongs to a session that takes over from those there are. */
  takeOver(): void {
    this.#closeSeam(undefined);
    this.#group += 1;
    const open = Array.from(this.#lanes).some((lane) => !lane.paused);
    const end = this.#assembler?.end ?? Number.NEGATIVE_INFINITY;
    this.#seam = open && Number.isFinite(end) ? new Seam(end, SEAM_SETTLE_MS) : undefined;
  }

  addLane(o: {
    channel: number;
    clock: SenderClock;
    payloads: ReadonlyMap<number, PayloadKind>;
    remote: RemoteMedia | undefined;
    allowed: ReadonlySet<number>;
    nowMicros: number;
  }): Lane {
    const timeLine = new TimeLine({ originMicros: this.#originMicros, clock: o.clock });
    for (const { channel, ssrc, rtp, frame } of this.#anchors.values())
      if (channel === o.channel) timeLine.knownAt(ssrc, rtp, frame);
    const onKey = (press: KeyPress): void => this.#key(o.channel, press);
    const lane = new Lane({ ...o, group: this.#group, timeLine, onKey });
    // Its decoder is there when the first packet comes.
    for (const kind of o.payloads.values()) if (kind === "opus") lane.decoding.ready(kind);
    this.#lanes.add(lane);
    if (this.#assembler !== undefined) lane.inAssembler = this.#assembler.addLane(lane.channel, lane.group);
    return lane;
  }

  /** Ends a stream; what waits for a report is placed by its arrival. */
  removeLane(lane: Lane, nowMicros: number): void {
    this.#settle(lane, nowMicros, true);
    lane.keys.end();
    lane.close();
    if (lane.everOpen && lane.payloads.size > 0) this.#expected.add(lane.channel);
    this.#lanes.delete(lane);
    if (lane.inAssembler !== undefined) this.#assembler?.removeLane(lane.inAssembler);
  }

  /** Takes an RTP packet of a lane. */
  packet(lane: Lane, view: RtpView, data: Uint8Array, arrivalMicros: number, nowMs: number): void {
    lane.packets += 1;
    if (lane.waiting.length > 0) this.#settle(lane, arrivalMicros, false, nowMs);
    const kind = lane.payloads.get(view.payloadType);
    this.#place(
      lane,
      view.ssrc,
      view.sequence,
      lane.stampOf(view.ssrc, view.timestamp, kind),
      kind,
      data,
      view.payloadOffset,
      view.payloadLength,
      arrivalMicros,
      nowMs,
    );
  }

  /** Takes a sender report of a lane's source. */
  report(
    lane: Lane,
    ssrc: number,
    { ntpMicros, timestamp }: Pick<SenderInfo, "ntpMicros" | "timestamp">,
    arrivalMicros: number,
    nowMs: number,
  ): void {
    lane.reportedSsrc = ssrc;
    lane.timeLine.senderReport(ssrc, ntpMicros, lane.reportedStamp(ssrc, timestamp), arrivalMicros);
    this.#replay(lane, nowMs);
  }

  /** Puts a line at the place of a wall-clock instant of ours. */
  note(wallMicros: number, line: NoteLine): void {
    this.#at(
      () => {
        // A smaller delay that is learned in between must not turn the order of two notes.
        this.#lastNote = Math.max(this.#lastNote, this.#positionOf(wallMicros));
        return this.#lastNote;
      },
      (frame) => ({ ...line, atMs: toMs(frame) }),
    );
  }

  /** Gives what is ready to the writer. */
  flush(nowMs: number, nowMicros: number): void {
    for (const lane of this.#lanes) {
      if (lane.waiting.length > 0) this.#settle(lane, nowMicros, false, nowMs);
      lane.keys.flush(nowMs);
    }
    const assembler = this.#assembler;
    if (assembler === undefined) return;
    if (this.#zero === undefined) this.#beginIfDue(assembler, nowMs);
    if (this.#seam?.settled(nowMs) === true) this.#closeSeam(undefined);
    assembler.flush(nowMs, REORDER_WINDOW_MS);
    this.tap.flush(assembler.codec, toMs(this.#positionOf(nowMicros) - (assembler.base ?? 0)));
  }

  /**
   * Ends the recording.
   * @param byeMicros our wall clock at the end of the call: silence up to there belongs to the file; undefined: it ends with the last audio
   */
  finish(byeMicros: number | undefined, state: EndLine["state"], reason: string): void {
    for (const lane of Array.from(this.#lanes)) this.removeLane(lane, byeMicros ?? Number.MAX_SAFE_INTEGER);
    const end = byeMicros === undefined ? Number.NEGATIVE_INFINITY : this.#positionOf(byeMicros);
    const assembler = (this.#assembler ??= this.#newAssembler(this.#defaultCodec, undefined));
    if (this.#zero === undefined) this.#begin(assembler, assembler.earliest ?? 0);
    this.#closeSeam(byeMicros === undefined ? undefined : end);
    assembler.finish(end - assembler.end > TAIL_SAMPLES ? end : Number.NEGATIVE_INFINITY);
    this.#silentChannels(assembler.base ?? 0);
    if (this.#unlisted > 0) {
      const text = `${this.#unlisted} more losses are not listed`;
      this.#line({
        type: "warning",
        atMs: toMs((assembler.base ?? 0) - (this.#zero ?? 0)),
        code: "losses-not-listed",
        text,
      });
    }
    if (assembler.late > 0) {
      const text = `${assembler.late} samples came after their place was written`;
      this.#line({ type: "warning", atMs: 0, code: "late-audio", text });
    }
    // R30: a recording with a hole is not complete, however well it ended.
    const whole = state === "complete" && this.#damaged ? "partial" : state;
    this.#send({ do: "end", handle: this.handle, state: whole, reason });
  }

  /** Ends a recording without a trace where no audio has come; else it is still to be finished: false. */
  discard(): boolean {
    if (this.#firstAudioAt !== undefined || Array.from(this.#lanes).some((lane) => lane.waiting.length > 0))
      return false;
    this.#send({ do: "discard", handle: this.handle });
    return true;
  }

  /** @param end where nothing came: where the silence ends */
  #closeSeam(end: number | undefined): void {
    const gap = this.#seam?.gap(end);
    this.#seam = undefined;
    if (gap === undefined) return;
    this.#damaged = true;
    this.#listGap(undefined, gap.from, gap.to, "session");
  }

  #newAssembler(codec: FileCodec, base: number | undefined): Assembler {
    const { handle } = this;
    const assembler = new Assembler({
      codec,
      sink: {
        audio: (bytes) => {
          this.tap.take(bytes);
          // Slices own their memory: it can move to the writer without a copy.
          this.#send({ do: "audio", handle, bytes }, bytes.buffer as ArrayBuffer);
        },
        silence: (frames) => {
          this.tap.take(frames);
          this.#send({ do: "silence", handle, frames });
        },
      },
      onLoss: (loss) => this.#lost(loss),
      ...(base === undefined ? {} : { base }),
    });
    for (const lane of this.#lanes) lane.inAssembler = assembler.addLane(lane.channel, lane.group);
    return assembler;
  }

  /** Time zero is fixed as soon as nothing earlier is to be expected: what is final must reach the disk within a second. */
  #beginIfDue(assembler: Assembler, nowMs: number): void {
    const first = assembler.earliest;
    if (first === undefined || this.#firstAudioAt === undefined) return;
    const waited = nowMs - this.#firstAudioAt;
    if (waited < SETTLE_MS) return;
    if (assembler.allBegun || this.#announced(first) !== undefined || waited >= REORDER_WINDOW_MS)
      this.#begin(assembler, first);
  }

  /** The announced start, where the first audio is not before it, nor so long after it that silence in its place would mislead. */
  #announced(first: number): number | undefined {
    const hint = this.#hintMicros === undefined ? undefined : this.#toPosition(this.#hintMicros);
    return hint !== undefined && hint <= first && first - hint <= (START_HINT_MS * RATE) / 1000 ? hint : undefined;
  }

  #begin(assembler: Assembler, first: number): void {
    const zero = this.#announced(first) ?? first;
    this.#zero = zero;
    this.#partFrom = zero;
    assembler.begin(zero);
    this.#send({
      do: "zero",
      handle: this.handle,
      wallMicros: this.#originMicros + Math.round((zero * 1_000_000) / RATE),
      codec: assembler.codec,
    });
    if (assembler.earliest !== undefined && this.#hintMicros !== undefined)
      this.#lateStart(toMs(first - this.#toPosition(this.#hintMicros)), toMs(first - zero));
    const notes = this.#notes;
    this.#notes = [];
    for (const { position, line } of notes) this.#at(position, line);
  }

  /** Says that audio is missing at the beginning. `untilMs` is 0 where the file begins with its first audio. */
  #lateStart(ms: number, untilMs: number): void {
    if (ms < LATE_START_MS) return;
    this.#damaged ||= this.#epoch > 1;
    if (this.#epoch > 1 && ms > START_HINT_MS) {
      // R31: another recorder has what was before.
      this.#line({ type: "event", event: "part", atMs: 0, beginsMs: ms, epoch: this.#epoch });
      const text = `this is a part: the recording began ${ms} ms earlier, at another recorder`;
      this.#line({ type: "warning", atMs: 0, code: "part", text });
      return;
    }
    this.#line({ type: "event", event: "gap", atMs: 0, untilMs, ms, cause: "late-start" });
    const text = `the first audio is ${ms} ms later than the announced start`;
    this.#line({ type: "warning", atMs: 0, code: "late-start", text });
  }

  /** Says which channels have had no audio at all. */
  #silentChannels(base: number): void {
    if (base - this.#partFrom < (SILENT_CHANNEL_MS * RATE) / 1000) return;
    for (const channel of [0, 1]) {
      if (!this.#expected.has(channel) || this.#heard.has(channel)) continue;
      const text = `no audio came for the ${channel === 0 ? "left channel (customer)" : "right channel (agent)"}`;
      this.#line({ type: "warning", atMs: toMs(this.#partFrom - (this.#zero ?? 0)), code: "channel-silent", text });
    }
    this.#silentEnds();
  }

  /** R34: lists where one channel began later, or ended earlier, than the other. */
  #silentEnds(): void {
    const least = (SILENT_CHANNEL_MS * RATE) / 1000;
    for (const channel of [0, 1]) {
      const own = this.#heard.get(channel);
      const other = this.#heard.get(1 - channel);
      if (own === undefined || other === undefined) continue;
      if (own.from - other.from >= least) this.#listGap(channel, other.from, own.from, "sender");
      if (other.to - own.to >= least && !own.noise) this.#listGap(channel, own.to, other.to, "sender");
    }
  }

  #place(
    lane: Lane,
    ssrc: number,
    sequence: number,
    timestamp: number,
    kind: PayloadKind | undefined,
    data: Uint8Array,
    start: number,
    length: number,
    arrivalMicros: number,
    nowMs: number,
  ): void {
    const keys = kind === "keys" || kind === "keys48";
    const audio = kind !== undefined && !keys && kind !== "noise";
    if (kind === undefined) lane.unknownPayload += 1;
    const samples = audio ? samplesOf(kind, data, start, length) : 0;
    if (kind === "opus" && !lane.decoding.ready(kind)) {
      const payload = Uint8Array.prototype.slice.call(data, start, start + length);
      lane.wait({ ssrc, sequence, timestamp, kind, payload, arrivalMicros });
      return;
    }
    const { timeLine } = lane;
    const quiet =
      audio && timeLine.corrects(ssrc) && (isLaw(kind) ? isQuiet(kind, data, start, length) : lane.decoding.quiet);
    const placement = timeLine.place(ssrc, sequence, timestamp, samples, arrivalMicros, quiet);
    if (placement === "unanchored") {
      const payload = Uint8Array.prototype.slice.call(data, start, start + length);
      lane.wait({ ssrc, sequence, timestamp, kind, payload, arrivalMicros });
    }
    if (placement !== "placed") return;
    if (kind === "noise") {
      lane.silent = true;
      const heard = this.#heard.get(lane.channel);
      if (heard !== undefined) heard.noise = true;
    } else if (keys)
      lane.keys.take(ssrc, timestamp, data, start, length, timeLine.position, nowMs, kind === "keys48" ? 6 : 1);
    if (!audio || samples === 0) return;
    this.#assembler ??= this.#newAssembler(isLaw(kind) ? kind : this.#defaultCodec, undefined);
    this.#firstAudioAt ??= nowMs;
    const assembler = this.#assembler;
    const place = lane.inAssembler;
    if (place === undefined) return;
    const { position, gap, missing } = timeLine;
    const heard = this.#heard.get(lane.channel);
    if (heard === undefined) this.#heard.set(lane.channel, { from: position, to: position + length, noise: false });
    else {
      heard.from = Math.min(heard.from, position);
      heard.to = Math.max(heard.to, position + length);
      heard.noise = false;
    }
    const offset = (position - timestamp) >>> 0;
    if (lane.anchoredSsrc !== ssrc || (lane.anchoredOffset !== offset && timeLine.slew === 0)) {
      lane.anchoredSsrc = ssrc;
      lane.anchoredOffset = offset;
      this.#anchor(lane, ssrc, timestamp, position);
    }
    if (lane.group === this.#group) this.#seam?.saw(position, nowMs);
    else this.#seam?.ends(position + samples);
    if (missing === 0 && place.end !== undefined && !lane.silent)
      this.#gap(lane.channel, position - gap, position, "sender");
    // RFC 7587 3.1.3: the last packets before a silence of Opus have no more than two octets.
    lane.silent = kind === "opus" && length <= 2;
    if (lane.codec !== kind) this.#codec(lane, kind, position, assembler.codec);
    this.#delays.take(timeLine.at(arrivalMicros), timeLine.at(arrivalMicros) - position - samples);
    const { slew } = timeLine;
    if (isLaw(kind)) {
      assembler.put(place, position, data, start, length, missing, slew, conversion(kind, assembler.codec));
      return;
    }
    const decoded = lane.decoding.decode(kind, ssrc, data, start, length, assembler.codec);
    assembler.put(place, position, lane.decoding.octets, 0, decoded, missing, slew, undefined);
  }

  /** A key is a marker of its own length; what it was is told where the configuration says so. */
  #key(channel: number, { key, position, length }: KeyPress): void {
    this.#keyLines += 1;
    if (this.#keyLines > MAX_KEY_LINES) return;
    const digit = this.#showDigits ? key : "masked";
    this.#at(
      () => position,
      (frame) => ({
        type: "event",
        event: "dtmf",
        atMs: toMs(frame),
        untilMs: toMs(frame + length),
        ms: toMs(length),
        channel,
        digit,
      }),
    );
  }

  /** Says what a stream changed to, and what other than G.711 is stored as. */
  #codec(lane: Lane, codec: AudioKind, position: number, storedAs: FileCodec): void {
    const plain = lane.codec === undefined && isLaw(codec);
    lane.codec = codec;
    if (plain || this.#codecLines >= MAX_CODEC_LINES) return;
    this.#codecLines += 1;
    const { channel } = lane;
    this.#at(
      () => position,
      (frame) => ({ type: "event", event: "codec", atMs: toMs(frame), channel, codec, storedAs }),
    );
  }

  #settle(lane: Lane, nowMicros: number, force: boolean, nowMs = 0): void {
    if (lane.waiting.length === 0) return;
    lane.timeLine.settle(nowMicros, force);
    this.#replay(lane, nowMs);
  }

  #replay(lane: Lane, nowMs: number): void {
    const decodes = (kind: PayloadKind | undefined): boolean => kind !== "opus" || lane.decoding.ready(kind);
    const ready = lane.waiting.filter((w) => decodes(w.kind) && lane.timeLine.anchored(w.ssrc));
    if (ready.length === 0) return;
    lane.waiting = lane.waiting.filter((w) => !ready.includes(w));
    for (const packet of ready) this.#placeWaiting(lane, packet, nowMs);
  }

  #placeWaiting(lane: Lane, w: WaitingPacket, nowMs: number): void {
    const { payload } = w;
    this.#place(lane, w.ssrc, w.sequence, w.timestamp, w.kind, payload, 0, payload.length, w.arrivalMicros, nowMs);
  }

  #anchor(lane: Lane, ssrc: number, rtp: number, position: number): void {
    const { channel } = lane;
    const key = `${channel} ${ssrc}`;
    this.#anchors.delete(key);
    this.#anchors.set(key, { channel, ssrc, rtp, frame: position });
    const oldest = this.#anchors.size > MAX_KNOWN_SOURCES ? this.#anchors.keys().next().value : undefined;
    if (oldest !== undefined) this.#anchors.delete(oldest);
    this.#anchorLines += 1;
    if (this.#anchorLines > MAX_ANCHOR_LINES) return;
    const wallMicros = this.#originMicros + Math.round((position * 1_000_000) / RATE);
    const source = lane.reportedSsrc === ssrc ? "sender-report" : "arrival";
    this.#at(
      () => position,
      (frame) => ({ type: "anchor", channel, ssrc, rtp, wallMicros, frame, source }),
    );
  }

  #gap(channel: number | undefined, from: number, to: number, cause: string): void {
    if (to - from >= (LISTED_GAP_MS * RATE) / 1000) this.#listGap(channel, from, to, cause);
  }

  #listGap(channel: number | undefined, from: number, to: number, cause: string): void {
    const side = channel === undefined ? {} : { channel };
    this.#at(
      () => from,
      (frame) => ({
        type: "event",
        event: "gap",
        atMs: toMs(frame),
        untilMs: toMs(frame + to - from),
        ms: toMs(to - from),
        cause,
        ...side,
      }),
    );
  }

  #lost({ channel, from, to, packets }: Loss): void {
    if (this.#lossLines >= MAX_LOSS_LINES) {
      this.#unlisted += 1;
      return;
    }
    this.#lossLines += 1;
    this.#at(
      () => from,
      (frame) => ({ type: "loss", channel, frame, frames: to - from, packets }),
    );
  }

  /** Writes a line that needs a frame number, or keeps it until time zero is known. */
  #at(position: () => number, line: (frame: number) => ManifestLine): void {
    if (this.#zero === undefined) this.#notes.push({ position, line });
    else this.#line(line(Math.max(0, position() - this.#zero)));
  }

  #line(line: ManifestLine): void {
    this.#send({ do: "line", handle: this.handle, line });
  }

  #toPosition(wallMicros: number): number {
    return Math.round(((wallMicros - this.#originMicros) * RATE) / 1_000_000);
  }

  /** Where something that arrives at `wallMicros` belongs among the media: the sender's way to us is taken off. */
  #positionOf(wallMicros: number): number {
    return this.#toPosition(wallMicros) - this.#delays.least;
  }
}

function toMs(frames: number): number {
  return Math.round((frames * 1000) / FRAMES_PER_SECOND);
}
