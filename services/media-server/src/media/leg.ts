import {
  classify,
  ntpMiddleOf,
  type PacketIO,
  parseIpv4,
  parseRtcp,
  type ReportBlock,
  RtpView,
  writeDescription,
  writeReport,
} from "@sidetone/rtp";
import { SidetoneError } from "@sidetone/foundation";
import type { Conference } from "./conference.ts";
import type { Ear } from "./ear.ts";
import type { HearingMix } from "./hearing-mix.ts";
import { voicesIn } from "./hearing-plan.ts";
import { COMFORT_NOISE, DTMF, fillKinds, MARKER, UNKNOWN } from "./kinds.ts";
import { Latch } from "./latch.ts";
import { LegOutput, MIXED, PLAYED } from "./leg-output.ts";
import * as limits from "./limits.ts";
import type { MixInput } from "./mix-input.ts";
import type { OverlayTrack, Prompt } from "./overlay-track.ts";
import { PacketRing } from "./packet-ring.ts";
import type { Passage } from "./passage.ts";
import type { Player } from "./player.ts";
import type { SocketPair } from "./port-pair-sockets.ts";
import { SourceLine, type Spot } from "./source-line.ts";
import { isConference, type Stream } from "./stream.ts";
import type { TapFeed } from "./tap-feed.ts";
import type { LegSettings, LegStats } from "./types.ts";

const CNAME = "sidetone";

/** Position on the engine's line of samples of a wall-clock time. */
export function lineOf(wallMicros: number): number {
  return Math.floor((wallMicros * limits.SAMPLE_RATE) / 1_000_000);
}

/** One phone's media: what it sends, and what is sent to it. */
export class Leg {
  readonly id: number;
  readonly sockets: SocketPair;
  readonly output: LegOutput;
  readonly line = new SourceLine();
  /** Replicas that it is heard in. */
  readonly feeds: TapFeed[] = [];
  settings: LegSettings | undefined;
  /** Where what it says goes, and whence what it hears comes. */
  readonly outgoing: Stream[] = [];
  readonly incoming: Stream[] = [];
  /** Whom it was connected to, or the conference it was made a member of: it can be in one such place. */
  peer: Leg | undefined;
  room: Conference | undefined;
  /** Whom its packets go to as they come. */
  readonly passages: Passage[] = [];
  /** What it hears: one other phone, or a mix, or neither. */
  passage: Passage | undefined;
  hearing: HearingMix | undefined;
  /** While somebody hears it decoded. */
  input: MixInput | undefined;
  /** Who hears its keys and a mix with its voice. */
  readonly keyTargets: Leg[] = [];
  /** What it hears instead of the others. */
  player: Player | undefined;
  /** What is played over what it hears: to itself, and with that of its conferences. */
  readonly tracks: OverlayTrack[] = [];
  overlays: readonly OverlayTrack[] = [];
  /** What it hears that nobody says and that is to be recorded. */
  prompts: readonly Prompt[] = [];
  /** While somebody wants to know what it says. */
  ear: Ear | undefined;
  /** Silence that `inactive` was raised for; ms since the last packet. */
  silenceReported = 0;
  /** Since when the leg should hear something; monotonic ms. */
  listeningSince: number | undefined;
  /** Since when a recorder should hear it; monotonic ms. */
  watchedSince: number | undefined;
  /** The phone that is there now was heard since a recorder should hear it. */
  heard = false;
  /** For how long its peer was heard while it was not; ms. */
  unheardMs = 0;
  nextReport = Number.POSITIVE_INFINITY;
  /** Nothing said before this position goes into the history: it was said in a pause. */
  captureFrom = Number.NEGATIVE_INFINITY;
  strangers = 0;
  garbage = 0;
  /** Called for the first packet taken, with its arrival in wall-clock µs. */
  readonly #onFirst: (leg: number, wallMicros: number) => void;
  readonly #io: PacketIO;
  readonly #view = new RtpView();
  readonly #kinds = new Int8Array(128).fill(UNKNOWN);
  readonly #latch = new Latch();
  readonly #history = new PacketRing(limits.LEG_HISTORY_OCTETS, limits.LEG_HISTORY_PACKETS);
  readonly #early = new PacketRing(limits.EARLY_OCTETS, limits.EARLY_PACKETS);
  readonly #scratch = new Uint8Array(limits.MAX_PAYLOAD + 64);
  readonly #keyAt = { position: 0 };
  #dest = -1;
  #rtcpDest = -1;
  #rtcpPort = 0;
  #received = 0;
  #octets = 0;
  #unknown = 0;
  #held = 0;
  #firstMicros: number | undefined;
  /** NaN before the first: a field that was ever undefined would make a number object of every value. */
  #lastMicros = Number.NaN;
  readonly #earlyArrival = new Float64Array(1);
  #sentAtReport = 0;
  #remoteReport = 0;
  #remoteReportAt = 0;
  #remoteLost: number | undefined;
  #remoteJitterMs: number | undefined;
  #roundTripMs: number | undefined;

  constructor(o: {
    readonly id: number;
    readonly sockets: SocketPair;
    readonly output: LegOutput;
    readonly io: PacketIO;
    readonly onFirst: (leg: number, wallMicros: number) => void;
  }) {
    this.id = o.id;
    this.sockets = o.sockets;
    this.output = o.output;
    this.#io = o.io;
    this.#onFirst = o.onFirst;
  }

  /** Wall clock of the last packet taken, µs. */
  get lastMicros(): number | undefined {
    return Number.isNaN(this.#lastMicros) ? undefined : this.#lastMicros;
  }

  /** True while somebody captures what the phone sends. */
  get replicated(): boolean {
    return this.feeds.some(({ tap }) => !tap.paused);
  }

  /** False where the phone must hear nothing, or nobody knows where it is. */
  get hearsOthers(): boolean {
    return this.settings?.sendToPhone === true && this.#dest >= 0;
  }

  /** When whom it talks to was heard last, wall-clock µs. */
  get othersHeardMicros(): number | undefined {
    let last: number | undefined;
    for (const { from, monitor } of this.incoming) {
      const at = monitor ? undefined : isConference(from) ? lastHeard(from, this) : from.lastMicros;
      if (at !== undefined && (last === undefined || at > last)) last = at;
    }
    return last;
  }

  /** What it says in the frame that is being mixed; undefined where it is silent. */
  get saidNow(): Int16Array | undefined {
    return this.input?.sounds === true ? this.input.frame : undefined;
  }

  /** True where an overlay sounds in a stretch of what it hears. */
  overlaid(at: Spot, length: number): boolean {
    for (let i = 0; i < this.overlays.length; i++) if (this.overlays[i]?.covers(at, length) === true) return true;
    return false;
  }

  addOverlays(sum: Int32Array, at: Spot, length: number): void {
    for (let i = 0; i < this.overlays.length; i++) this.overlays[i]?.addTo(sum, at, length);
  }

  /** Sends a frame of the mix, or a key of another member. */
  sendMixed(kind: number, at: Spot, data: Uint8Array, offset: number, length: number): void {
    const s = this.settings;
    if (s === undefined || !this.hearsOthers || this.player !== undefined) return;
    this.output.sendNext(this.#io, this.sockets.rtp, this.#dest, s, MIXED, kind, at, data, offset, length);
  }

  /** Sends a frame of what is played to it. */
  sendPlayed(kind: number, at: Spot, data: Uint8Array, offset: number, length: number): void {
    const s = this.settings;
    if (s === undefined || !this.hearsOthers) return;
    this.output.sendNext(this.#io, this.sockets.rtp, this.#dest, s, PLAYED, kind, at, data, offset, length);
  }

  /** Sends a telephone-event of ours (RFC 4733). */
  sendKey(marker: boolean, at: Spot, data: Uint8Array, offset: number, length: number): void {
    const type = this.settings?.dtmfPayloadType;
    if (type === undefined || !this.hearsOthers) return;
    this.output.insertKey(this.#io, this.sockets.rtp, this.#dest, type, marker, at, data, offset, length);
  }

  /** Takes new settings over; what came early from a newly announced source is taken now. */
  configure(settings: LegSettings, wallMicros: number): void {
    const remote = settings.remote;
    const ip = remote === undefined ? 0 : parseIpv4(remote.host);
    if (ip === undefined || (remote !== undefined && !(remote.port > 0 && remote.port < 65_536))) {
      throw new SidetoneError("bad-address", `"${remote?.host}" port ${remote?.port} is not where a phone can receive`);
    }
    this.settings = settings;
    fillKinds(this.#kinds, settings.codec, settings.payloadType, settings.dtmfPayloadType);
    if (remote === undefined || ip === 0) return;
    const changed = this.#latch.signal(ip, remote.port, settings.nat ?? false);
    this.#rtcpPort = remote.rtcpPort ?? remote.port + 1;
    if (changed) {
      this.heard = false;
      this.watchedSince = undefined;
      this.unheardMs = 0;
      this.#aim();
      this.#takeEarly(wallMicros);
    } else {
      this.#aimRtcp();
    }
  }

  /**
   * Takes one datagram from the RTP port. It came at `arrivals[index]`, wall-clock µs: passed as a number it would be an
   * object per packet.
   */
  receive(
    data: Uint8Array,
    offset: number,
    length: number,
    ip: number,
    port: number,
    arrivals: Float64Array,
    index: number,
  ): void {
    const kind = classify(data, offset, length);
    if (kind === "rtcp") {
      this.receiveReport(data, offset, length, ip, port, arrivals, index);
      return;
    }
    if (kind !== "rtp") {
      this.garbage++;
      return;
    }
    const settings = this.settings;
    const quiet = (arrivals[index] ?? 0) - this.#lastMicros >= limits.LATCH_QUIET_MS * 1000;
    if (settings?.remote === undefined || !this.#latch.admits(ip, port, quiet)) {
      if (settings?.remote !== undefined) this.strangers++;
      // Perhaps the SDP that announces this source is on its way.
      if (!this.#pausedAnywhere())
        this.#early.push(data, offset, length, { position: arrivals[index] ?? 0 }, 0, ip, port);
      return;
    }
    this.#take(settings, data, offset, length, ip, port, arrivals, index, true);
  }

  /** Takes one datagram from the RTCP port. */
  receiveReport(
    data: Uint8Array,
    offset: number,
    length: number,
    ip: number,
    port: number,
    arrivals: Float64Array,
    index: number,
  ): void {
    if (this.settings?.remote === undefined) return;
    if (!this.#latch.admitsHost(ip)) {
      this.strangers++;
      return;
    }
    const packets = parseRtcp(data, offset, length);
    if (packets === undefined) {
      this.garbage++;
      return;
    }
    if (port !== this.#rtcpPort && port !== this.#latch.port) {
      this.#rtcpPort = port;
      this.#aimRtcp();
    }
    const arrivalMicros = arrivals[index] ?? 0;
    for (const p of packets) {
      if (p.kind === "sender-report") {
        this.#remoteReport = p.sender.ntpMiddle;
        this.#remoteReportAt = arrivalMicros;
      }
      if (p.kind !== "sender-report" && p.kind !== "receiver-report") continue;
      for (const b of p.blocks) if (b.ssrc === this.output.ssrc) this.#takeBlock(b, arrivalMicros);
    }
  }

  /** Packets of the history from a position on, oldest first. */
  recall(
    from: number,
    take: (kind: number, marker: boolean, position: number, data: Uint8Array, offset: number, length: number) => void,
  ): void {
    const h = this.#history;
    for (let i = 0; i < h.count; i++) {
      const tag = h.tag(i);
      if (h.at(i) >= from) take(tag & 3, (tag & MARKER) !== 0, h.at(i), h.data, h.offset(i), h.length(i));
    }
  }

  /** Empties the history, also of what came before its source was announced. */
  forget(): void {
    this.#history.clear();
    this.#early.clear();
  }

  /** Sends an SR where something was sent since the last report, else an RR (RFC 3550 6.4). */
  report(wallMicros: number): void {
    if (this.#rtcpDest < 0) return;
    const out = this.output;
    const s = this.#scratch;
    const active = out.sent > this.#sentAtReport;
    this.#sentAtReport = out.sent;
    const position = lineOf(wallMicros);
    const others = this.player === undefined ? this.passage?.from : undefined;
    const now = position - (others?.line.reportLag(position) ?? 0) + out.shift;
    const sender = active
      ? { wallMicros, timestamp: now + out.timestampBase, packets: out.sent, octets: out.octets }
      : undefined;
    let size = writeReport(s, 0, out.ssrc, sender, this.#block(wallMicros));
    size += writeDescription(s, size, out.ssrc, CNAME);
    this.#io.queue(this.sockets.rtcp, this.#rtcpDest, s, 0, size);
  }

  /** Gives back what it holds of the PacketIO but its sockets. */
  release(): void {
    if (this.#dest >= 0) this.#io.freeDest(this.#dest);
    if (this.#rtcpDest >= 0) this.#io.freeDest(this.#rtcpDest);
    this.#dest = -1;
    this.#rtcpDest = -1;
  }

  stats(): LegStats {
    const line = this.line;
    return {
      leg: this.id,
      received: this.#received,
      receivedOctets: this.#octets,
      lost: line.lost,
      duplicates: line.duplicates,
      reordered: line.reordered,
      jitterMs: (line.sequence.jitter * 1000) / limits.SAMPLE_RATE,
      ssrcChanges: line.ssrcChanges,
      timestampJumps: line.jumps,
      sent: this.output.sent,
      sentOctets: this.output.octets,
      strangers: this.strangers,
      garbage: this.garbage,
      unknownPayload: this.#unknown,
      held: this.#held,
      remoteLost: this.#remoteLost,
      remoteJitterMs: this.#remoteJitterMs,
      roundTripMs: this.#roundTripMs,
      firstPacketMicros: this.#firstMicros,
      lastPacketMicros: this.lastMicros,
    };
  }

  #take(
    settings: LegSettings,
    data: Uint8Array,
    offset: number,
    length: number,
    ip: number,
    port: number,
    arrivals: Float64Array,
    index: number,
    relay: boolean,
  ): void {
    const v = this.#view;
    if (!v.read(data, offset, length) || v.payloadLength === 0 || v.payloadLength > limits.MAX_PAYLOAD) {
      this.garbage++;
      return;
    }
    const arrivalMicros = arrivals[index] ?? 0;
    const kind = this.#kinds[v.payloadType] ?? UNKNOWN;
    if (kind === UNKNOWN) {
      // A phone that says that nobody speaks is there.
      if (v.payloadType === COMFORT_NOISE) {
        if (this.#latch.take(ip, port)) this.#aim();
        this.#lastMicros = arrivalMicros;
      }
      this.#unknown++;
      return;
    }
    if (this.#latch.take(ip, port)) this.#aim();
    this.#lastMicros = arrivalMicros;
    if (!settings.receiveFromPhone) {
      this.#held++;
      return;
    }
    const samples = kind === DTMF ? 0 : v.payloadLength;
    const line = this.line;
    line.arrival = lineOf(arrivalMicros);
    if (!line.take(v, samples)) return;
    this.#received++;
    this.#octets += v.payloadLength;
    if (this.#firstMicros === undefined) {
      this.#firstMicros = arrivalMicros;
      this.#onFirst(this.id, arrivalMicros);
    }
    if (!this.#pausedAnywhere() && line.position >= this.captureFrom) {
      this.#history.push(data, v.payloadOffset, v.payloadLength, line, kind | (v.marker ? MARKER : 0));
    }
    if (relay) this.#handOn(kind, v, data);
    const marker = v.marker || (line.fresh && kind !== DTMF);
    for (let i = 0; i < this.feeds.length; i++) {
      this.feeds[i]?.capture(kind, marker, line, data, v.payloadOffset, v.payloadLength);
    }
  }

  /** Sends a packet of another phone, which `at` has just placed. */
  relay(source: number, fresh: boolean, kind: number, v: RtpView, at: Spot, data: Uint8Array, offset: number): void {
    const s = this.settings;
    if (s === undefined || !s.sendToPhone || this.#dest < 0) return;
    this.output.send(
      this.#io,
      this.sockets.rtp,
      this.#dest,
      s,
      source,
      fresh,
      kind,
      v.marker,
      v.sequence,
      at,
      data,
      offset,
      v.payloadLength,
    );
  }

  /** To all who hear it, in whatever way, and who listen. */
  #handOn(kind: number, v: RtpView, data: Uint8Array): void {
    for (let i = 0; i < this.passages.length; i++) this.passages[i]?.pass(kind, v, this.line, data);
    const input = this.input;
    if (input !== undefined) {
      input.take(kind, this.line, data, v.payloadOffset, v.payloadLength);
      if (kind === DTMF) this.#handOnKey(input, v, data);
    }
    this.ear?.take(kind, v, this.line, data);
  }

  /** A key reaches who hears a mix as it came (RFC 4733). */
  #handOnKey(input: MixInput, v: RtpView, data: Uint8Array): void {
    // A frame's time stamp is that of its end.
    this.#keyAt.position = input.position + limits.FRAME;
    for (let i = 0; i < this.keyTargets.length; i++) {
      this.keyTargets[i]?.sendMixed(DTMF, this.#keyAt, data, v.payloadOffset, v.payloadLength);
    }
  }

  #takeEarly(wallMicros: number): void {
    const e = this.#early;
    const settings = this.settings;
    if (settings === undefined) return;
    const since = wallMicros - limits.LEG_HISTORY_MS * 1000;
    for (let i = 0; i < e.count; i++) {
      const ip = e.ip(i);
      const port = e.port(i);
      if (e.at(i) < since || !this.#latch.admits(ip, port, false)) continue;
      // Not relayed: two seconds of the past in one burst are noise to a phone.
      this.#earlyArrival[0] = e.at(i);
      this.#take(settings, e.data, e.offset(i), e.length(i), ip, port, this.#earlyArrival, 0, false);
    }
    e.clear();
  }

  #pausedAnywhere(): boolean {
    for (let i = 0; i < this.feeds.length; i++) {
      const tap = this.feeds[i]?.tap;
      if (tap?.paused === true && !tap.unbegun) return true;
    }
    return false;
  }

  #aim(): void {
    if (this.#dest >= 0) this.#io.freeDest(this.#dest);
    this.#dest = this.#io.destOf(this.#latch.ip, this.#latch.port);
    this.#aimRtcp();
  }

  #aimRtcp(): void {
    if (this.#rtcpDest >= 0) this.#io.freeDest(this.#rtcpDest);
    this.#rtcpDest =
      this.#rtcpPort > 0 && this.#rtcpPort < 65_536 ? this.#io.destOf(this.#latch.ip, this.#rtcpPort) : -1;
  }

  #block(wallMicros: number): ReportBlock | undefined {
    const ssrc = this.line.ssrc;
    if (ssrc === undefined) return undefined;
    const since = this.#remoteReport === 0 ? 0 : (wallMicros - this.#remoteReportAt) / 1_000_000;
    return {
      ssrc,
      fractionLost: this.line.sequence.fractionLost(),
      lost: this.line.sequence.lost,
      highestSequence: this.line.sequence.highest,
      jitter: Math.round(this.line.sequence.jitter),
      lastReport: this.#remoteReport,
      delaySinceLastReport: Math.round(since * 65_536),
    };
  }

  #takeBlock(b: ReportBlock, arrivalMicros: number): void {
    this.#remoteLost = b.lost;
    this.#remoteJitterMs = (b.jitter * 1000) / limits.SAMPLE_RATE;
    if (b.lastReport === 0) return;
    const units = (ntpMiddleOf(arrivalMicros) - b.lastReport - b.delaySinceLastReport) >>> 0;
    // A negative round trip wraps to something huge.
    if (units < 60 * 65_536) this.#roundTripMs = (units * 1000) / 65_536;
  }
}

/** When one of the others was heard last in a conference, wall-clock µs; undefined where none was. */
function lastHeard(conference: Conference, but: Leg): number | undefined {
  let last: number | undefined;
  for (const { leg } of voicesIn(conference, but)) {
    const at = leg.lastMicros;
    if (at !== undefined && (last === undefined || at > last)) last = at;
  }
  return last;
}
