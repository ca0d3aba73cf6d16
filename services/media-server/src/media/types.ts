import type { RtpConfig } from "@sidetone/config";
import type { Clock, Logger, RandomBytes } from "@sidetone/foundation";
import type { PacketIOKind, PortPairStats, SrtpParameters } from "@sidetone/rtp";
import type {
  AlertTone,
  AudioNode,
  ConferenceOptions,
  Detection,
  DigitOptions,
  FileRecordingEnd,
  FileRecordingOptions,
  FileRecordingReason,
  FileRecordingResult,
  OpenAudioFile,
  PlayCommand,
  PlayOptions,
  StreamSettings,
} from "./audio-types.ts";

/** The two forms of G.711 that legs and taps carry. */
export type AudioCodec = "PCMU" | "PCMA";

/** What the engine needs from outside. */
export interface MediaEngineOptions {
  readonly rtp: RtpConfig;
  readonly log: Logger;
  /** Clock of the calling thread; the worker reads the machine's own. */
  readonly clock: Clock;
  readonly random?: RandomBytes;
  /** A leg that should receive and does not for this long raises `inactive`, again after each such span; ms. Default 90,000 (R33). */
  readonly inactiveAfterMs?: number;
  /** Writes local recordings. Absent: `startFileRecording` rejects with "no-file-recording". */
  readonly openAudioFile?: OpenAudioFile;
}

/** A leg's sockets. They receive from the moment of `openLeg`. */
export interface OpenedLeg {
  readonly leg: number;
  /** The address to write into SDP (`rtp.advertise`). */
  readonly address: string;
  readonly rtpPort: number;
  readonly rtcpPort: number;
}

/** Where the phone said that it receives. */
export interface LegRemote {
  /** IPv4 literal. 0.0.0.0 (hold of RFC 2543) leaves the address before as it was. */
  readonly host: string;
  readonly port: number;
  /** Default `port + 1`. */
  readonly rtcpPort?: number;
}

/** What offer and answer settled for a leg. Each call replaces the one before. */
export interface LegSettings {
  /** Absent while no SDP of the phone is known: its packets wait (2 s of them), nothing is sent. */
  readonly remote?: LegRemote;
  readonly codec: AudioCodec;
  readonly payloadType: number;
  readonly dtmfPayloadType?: number;
  /** False while the phone must not hear anything (`sendonly`, `inactive` from the phone's side). */
  readonly sendToPhone: boolean;
  /** False: what the phone sends all the same is dropped and counted. */
  readonly receiveFromPhone: boolean;
  /** Packet time the phone asked for; ms. Kept for statistics: packets are relayed as they come. */
  readonly ptimeMs?: number;
  /** The phone is behind NAT: the first source of any address is latched. Default false. */
  readonly nat?: boolean;
}

/** A replica of what one phone sends, or of what several send, mixed. */
export interface TapOptions {
  readonly legs: readonly number[];
  /** Legs whose prompts are heard here, too, where they are played with `capture`. Default none. */
  readonly others?: readonly number[];
  /** Undefined: as it comes (static payload types 0 and 8). */
  readonly codec: AudioCodec | undefined;
  readonly payloadType: number;
  readonly dtmfPayloadType?: number;
  /** How much of the past is wanted, ms before now; at most 2,000. What was said in a pause is not in it. */
  readonly backfillSinceMs: number;
  readonly paused: boolean;
  /** With `paused`: nobody paused, capture has not begun yet. History goes on for the backfill of `resumeTap`. Default false: a real pause (R19). */
  readonly unbegun?: boolean;
}

/** A tap's sockets and the SSRC of its stream. */
export interface OpenedTap {
  readonly tap: number;
  readonly ssrc: number;
  /** Address to write into SDP. */
  readonly address: string;
  readonly localPort: number;
  readonly localRtcpPort: number;
}

/** Where a recorder takes a tap's stream. */
export interface TapDestination {
  /** IPv4 literal. */
  readonly host: string;
  readonly port: number;
  /** Default `port + 1`. */
  readonly rtcpPort?: number;
  readonly payloadType: number;
  readonly codec: AudioCodec | undefined;
  /** Default: the one of `openTap`. */
  readonly dtmfPayloadType?: number;
  /** What RTP and RTCP are protected with; absent: nothing. */
  readonly srtp?: SrtpParameters;
}

/** Counters of one leg since it was opened. */
export interface LegStats {
  readonly leg: number;
  /** RTP packets of the latched source that were taken. */
  readonly received: number;
  readonly receivedOctets: number;
  /** Expected minus received (RFC 3550 A.3); below 0 with duplicates. */
  readonly lost: number;
  readonly duplicates: number;
  readonly reordered: number;
  /** Interarrival jitter, ms (RFC 3550 A.8). */
  readonly jitterMs: number;
  readonly ssrcChanges: number;
  readonly timestampJumps: number;
  /** RTP packets sent to the phone. */
  readonly sent: number;
  readonly sentOctets: number;
  /** Datagrams from any address but the latched one. */
  readonly strangers: number;
  /** STUN, DTLS, garbage, too long or empty. */
  readonly garbage: number;
  readonly unknownPayload: number;
  /** Packets that came although `receiveFromPhone` is false. */
  readonly held: number;
  /** From the phone's last receiver report. */
  readonly remoteLost: number | undefined;
  readonly remoteJitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
  readonly firstPacketMicros: number | undefined;
  readonly lastPacketMicros: number | undefined;
}

/** Counters of one tap. */
export interface TapStats {
  readonly tap: number;
  readonly legs: readonly number[];
  readonly captured: number;
  readonly sent: number;
  readonly sentOctets: number;
  readonly buffered: number;
  /** Packets that left the buffer unsent since it was full (15 s). */
  readonly overflowed: number;
  readonly paused: boolean;
}

/** What the engine holds and did. */
export interface EngineStats {
  readonly packetIo: PacketIOKind;
  readonly legs: number;
  readonly taps: number;
  readonly connections: number;
  /** Conferences that are mixed: three members and more. */
  readonly conferences: number;
  readonly ports: PortPairStats;
  readonly received: number;
  readonly sent: number;
  /** Packets that the kernel did not take for want of room. */
  readonly dropped: number;
  readonly strangers: number;
  readonly garbage: number;
  readonly perLeg: readonly LegStats[];
  readonly perTap: readonly TapStats[];
}

/** Events of the engine with their arguments. */
export type MediaEngineEvents = {
  /** Leg, how long nothing came from its phone in ms. */
  inactive: [leg: number, silentMs: number];
  /** Leg, arrival of the first packet taken, wall-clock µs. */
  "first-packet": [leg: number, wallMicros: number];
  /** Tap whose full buffer (15 s) has begun to lose packets; again after it was emptied. */
  overflow: [tap: number, packets: number];
  /** Leg that is replicated, should be heard and was not once for this long in ms, while its peer was; once per phone that is there. */
  silent: [leg: number, silentMs: number];
  /** The first packet came from a leg that was `silent`; how long it was. */
  heard: [leg: number, silentMs: number];
  /** A play has come to its end; how much was played in ms. */
  played: [play: number, ms: number];
  /** As above, where its `maxTimeMs` was over before. */
  "play-timeout": [play: number, ms: number];
  /** A phone's key, once when it begins (0 ms) and once when it ends, with its length in ms. */
  dtmf: [leg: number, digit: string, phase: "start" | "end", ms: number];
  /** A phone begins or ceases to speak; its level in dBm0. */
  voice: [leg: number, speaking: boolean, levelDb: number];
  /** Who speaks in a conference, loudest first, where that has changed (RFC 5707 8.6.2). One that is joined to it is one of them. */
  speakers: [conference: string, speakers: readonly AudioNode[]];
  /** A recording to a file has ended by itself. Its file is complete. */
  recorded: [recording: number, reason: FileRecordingReason, result: FileRecordingResult];
  /** The worker ended by itself: every leg and tap is gone. */
  failed: [error: Error];
};

/**
 * Relays, mixes and replicates RTP in a worker thread. Every method rejects with a `SidetoneError`: `unknown-leg`, `unknown-tap`,
 * `leg-connected`, `leg-playing`, `bad-audio`, `no-file-recording`, `rtp-ports-exhausted`, `bad-address`, `media-engine-closed`.
 */
export interface MediaEngine {
  readonly id: string;
  readonly closed: boolean;
  /** Opens a port pair. It receives, and keeps the last 2 s, from now on. Its SSRC towards the phone stays the same until `closeLeg`. */
  openLeg(): Promise<OpenedLeg>;
  configureLeg(leg: number, settings: LegSettings): Promise<void>;
  /** Streams both ways, as they come. A leg has one peer at a time. Connecting twice does nothing. */
  connect(a: number, b: number): Promise<void>;
  disconnect(a: number, b: number): Promise<void>;
  /**
   * Makes these the members of a conference, both ways; none end it. Its members may have been connected to each other before. Settings of
   * the streams of those who stay are kept, new ones have none.
   */
  setConference(name: string, legs: readonly number[]): Promise<void>;
  /**
   * How a conference is mixed, whether it has members yet or not, until `setConference` with none. A conference comes to be where it is
   * first named, and is forgotten where nothing is left of it and nothing is set.
   */
  configureConference(name: string, options: ConferenceOptions): Promise<void>;
  /**
   * One direction from a leg or a conference to another one: begins it or changes its settings, live. Between conferences the one hears all
   * of the other but what it says there itself, without delay; they must not be joined in a ring (what comes round is silence). A leg hears the sum of all that goes to it. Who hears one leg only is sent its packets undecoded, or each of them changed in its
   * place: what anybody hears has no hole whatever is set.
   */
  setStream(from: AudioNode, to: AudioNode, settings?: StreamSettings): Promise<void>;
  /** Ends one direction; nothing where there is none. */
  endStream(from: AudioNode, to: AudioNode): Promise<void>;
  /**
   * A leg hears what another one says and hears, or all of a conference, besides what it hears already; a conference hears what a leg
   * hears, without what that one says (RFC 5707 8.11). Again: changes the settings.
   * Nobody notices, it is in no replica, and conferences do not count it.
   */
  monitor(listener: AudioNode, target: AudioNode, settings?: StreamSettings): Promise<void>;
  endMonitor(listener: AudioNode, target: AudioNode): Promise<void>;
  /** Replicates what the phones of legs send: one as it comes, more mixed. Keeps up to 15 s whether there is a destination or not. */
  openTap(options: TapOptions): Promise<OpenedTap>;
  /** Who is replicated from now on. The stream's SSRC, numbers and time line go on; without a leg its time stamp jumps. */
  setTapSources(tap: number, legs: readonly number[], others?: readonly number[]): Promise<void>;
  /**
   * Sends there from now on, the buffer first, with original time stamps. `undefined`: buffers again, beginning with what was
   * captured in the last `rewindMs` (default 0, at most what the buffer holds), which whoever took it may not have kept.
   */
  setTapDestination(tap: number, destination: TapDestination | undefined, rewindMs?: number): Promise<void>;
  /** Packets of these taps that are not sent yet; a tap that is gone has none. */
  waiting(taps: readonly number[]): Promise<number>;
  /** When this resolves nothing is captured any more; what was captured before is still sent. */
  pauseTap(tap: number): Promise<void>;
  /**
   * Captures from now on. A tap that was opened `unbegun` and never paused since begins `backfillMs` (at most 2,000) before
   * now; what was said in a real pause never comes back.
   */
  resumeTap(tap: number, backfillMs?: number): Promise<void>;
  closeTap(tap: number): Promise<TapStats>;
  /**
   * Plays to the phone of a leg, or to all members of a conference; what they say goes where it went. Resolves to the play's number,
   * which `played` and `play-timeout` name when it ends by itself; not where its leg or conference has ended.
   */
  play(target: AudioNode, options: PlayOptions): Promise<number>;
  /** Pauses, goes on, skips. False where it has ended already. */
  controlPlay(play: number, command: PlayCommand): Promise<boolean>;
  /** Ends a play, also one of digits. How much was played, ms; undefined where it has ended already. */
  stopPlay(play: number): Promise<number | undefined>;
  /** Sends keys to the phone of a leg. Resolves to a number as of `play`: `played` tells the end. */
  sendDigits(leg: number, options: DigitOptions): Promise<number>;
  /** What a leg's phone is listened to for; undefined: nothing any more. */
  setDetection(leg: number, detection: Detection | undefined): Promise<void>;
  /**
   * Begins an alert tone of this name, or changes it (who hears it; the rhythm goes on), or ends it (undefined). What the legs hear
   * stays relayed but for the moments of the tone.
   */
  setAlertTone(name: string, tone: AlertTone | undefined): Promise<void>;
  /** Records to a local file. Resolves, once the file is open, to a number that `recorded` names when it ends by itself. */
  startFileRecording(options: FileRecordingOptions): Promise<number>;
  /** What is said from now on is discarded; false where it has ended already. */
  pauseFileRecording(recording: number): Promise<boolean>;
  resumeFileRecording(recording: number): Promise<boolean>;
  /** Ends a recording; its file is complete when this resolves. Undefined where it has ended already. */
  stopFileRecording(recording: number, end?: FileRecordingEnd): Promise<FileRecordingResult | undefined>;
  /** Closes the leg and its connection; taps go on without it. */
  closeLeg(leg: number): Promise<LegStats>;
  stats(): Promise<EngineStats>;
  on<K extends keyof MediaEngineEvents>(event: K, listener: (...args: MediaEngineEvents[K]) => void): () => void;
  /** Closes everything and ends the worker. Idempotent, done within 500 ms. */
  close(): Promise<void>;
}
