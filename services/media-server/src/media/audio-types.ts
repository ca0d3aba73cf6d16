import type { AudioCodec } from "./types.ts";

/** Where audio comes from or goes to: a leg by its number, a conference by its name. */
export type AudioNode = number | string;

/** How loudness is held (RFC 5707 8.12.1.1 `agc`). */
export interface AutomaticGain {
  /** Level that speech is brought to, dBm0: -40 to 0. */
  readonly targetDb: number;
  /** Most that is added, dB: 0 to 40. */
  readonly maxGainDb: number;
}

/** What happens to audio on its way in one direction (RFC 5707 8.12.1). Absent = as it comes. */
export interface StreamSettings {
  /** dB, -96 to 36. Not together with `automaticGain`. Default 0. */
  readonly gainDb?: number;
  /** Nothing passes, keys neither. Default false. */
  readonly mute?: boolean;
  readonly automaticGain?: AutomaticGain;
  /** Keys are taken out: telephone-events (RFC 4733) and their tones within the audio. Default false. */
  readonly clampDtmf?: boolean;
  /** From a leg to a conference: mixed whatever `nLoudest` says (RFC 5707 8.12 `preferred`). Default false. */
  readonly preferred?: boolean;
}

/** How a conference is mixed (RFC 5707 8.6). Each call replaces the one before. */
export interface ConferenceOptions {
  /** How many of the loudest are mixed, 1 to 32. Undefined: all. */
  readonly nLoudest?: number;
  /** `speakers` is raised while this is set. */
  readonly speakers?: {
    /** Least time between two events; ms, at least 100. */
    readonly intervalMs: number;
    /** Who is louder speaks, dBm0: -96 to 0. Quieter than -60 counts as silence at any threshold. */
    readonly thresholdDb: number;
  };
  /** Members of a mixed conference hear this where nobody speaks, dBm0; undefined: digital silence. */
  readonly comfortNoiseDb?: number;
}

/** What is played. */
export interface PlayOptions {
  /** 16-bit samples, 8000 per second, played one after another. On shared memory they are not copied. */
  readonly audio: readonly Int16Array[];
  /** -1 = until it is stopped. */
  readonly iterations: number;
  /** Which of `audio` the times after the first begin with. Default 0. */
  readonly loopFrom?: number;
  /** Silence between two times; ms. */
  readonly intervalMs: number;
  /** After this it ends by itself; ms. Pauses do not count. */
  readonly maxTimeMs?: number;
  /** It goes into the taps that name the leg, or a member of the conference, among their `others`. */
  readonly capture: boolean;
  /**
   * To a leg: `instead` of what it would hear (default, one at a time), or as an `overlay` on it (any number). To a conference this says
   * nothing: a play is one more participant there.
   */
  readonly mode?: "instead" | "overlay";
  /** Where the first time begins; ms. Default 0. */
  readonly offsetMs?: number;
  /** Default 0; dB, -96 to 36. */
  readonly gainDb?: number;
  /** Begins paused. Default false. */
  readonly paused?: boolean;
}

/** What may be done to a play that runs (RFC 5707 9.7.1). */
export type PlayCommand =
  | { readonly kind: "pause" | "resume" | "toggle" | "restart" }
  /** Forwards, or backwards where it is below 0; ms. Never beyond the beginning; beyond the end the round is over. */
  | { readonly kind: "skip"; readonly ms: number };

/** Keys that are sent to a phone (RFC 5707 9.7.2): as telephone-events where it took them, else as tones over what it hears. */
export interface DigitOptions {
  /** `0-9 * # A-D`. */
  readonly digits: string;
  /** Default 100; ms, 40 to 8,000. */
  readonly toneMs?: number;
  /** Default 100; ms, 40 to 8,000. */
  readonly intervalMs?: number;
  /** Default -6; dBm0. */
  readonly levelDb?: number;
}

/** What a leg is listened to for, while somebody wants to know. Each call replaces the one before. */
export interface Detection {
  /** `dtmf` is raised. `both`: telephone-events, and tones within the audio of a phone that sent none of them. */
  readonly dtmf?: "events" | "both";
  /** `voice` is raised where speech begins and ends. */
  readonly voice?: {
    /** Louder is speech, dBm0. Default -40. */
    readonly thresholdDb?: number;
    /** Quieter for this long is its end; ms. Default 400. */
    readonly hangoverMs?: number;
  };
}

/** A tone that says that a call is recorded, over what legs hear, again and again. */
export interface AlertTone {
  /** 16-bit samples, 8000 per second. On shared memory they are not copied. */
  readonly samples: Int16Array;
  /** From beginning to beginning; ms, at least 100 more than the tone's length. */
  readonly everyMs: number;
  /** Who hears it. */
  readonly legs: readonly number[];
  /** It goes into the taps that name a hearer among their `others`. */
  readonly recorded: boolean;
  /** Until the first one; ms. Default 0. */
  readonly firstAfterMs?: number;
}

/** A recording to a local file (RFC 5707 9.7.4). */
export interface FileRecordingOptions {
  /** Handed to the `openAudioFile` of the engine's options as it is. */
  readonly file: string;
  /** A leg, or the mix of a conference with what is played to it. */
  readonly source: AudioNode;
  /** Of a leg: what its phone says, or that and what it hears. Default `says`. */
  readonly direction?: "says" | "both";
  readonly format: "PCM" | AudioCodec;
  /** Goes on where the file ends. Default false. */
  readonly append?: boolean;
  /** Begins in `suspend`: nothing is kept until `resume`. Default false. */
  readonly paused?: boolean;
  /** Ends it; ms of what is kept. */
  readonly maxTimeMs?: number;
  /** Ends it; octets of audio in this recording. */
  readonly maxOctets?: number;
}

/** How a recording is ended. */
export interface FileRecordingEnd {
  /** Silence at the end is left out (`terminate.finalsilence`). Default false. */
  readonly trimFinalSilence?: boolean;
  /** The file is deleted, or left as it was before `append` (`terminate.cancelled`). Default false. */
  readonly discard?: boolean;
}

/** Why a recording has ended: a limit, its leg or conference is gone, or the file could not be written. */
export type FileRecordingReason = "time" | "octets" | "source" | "failed";

/** What was recorded. */
export interface FileRecordingResult {
  /** Without what was paused. */
  readonly durationMs: number;
  readonly octets: number;
}

/** A file as the engine writes it, by the main thread, never by the one of the packets. Calls come one after another. */
export interface AudioFile {
  /** Adds to the end. */
  write(octets: Uint8Array): Promise<void>;
  /**
   * Ends it; `trim` octets of audio at its end are taken away, sizes in its header are made right. What was written is on its place
   * when this resolves.
   */
  finish(trim: number): Promise<void>;
  /** Takes away what was written. */
  discard(): Promise<void>;
}

/** What a file is opened with; the opener writes the WAV header. */
export interface AudioFileFormat {
  readonly format: "PCM" | AudioCodec;
  readonly append: boolean;
}

/** Opens a file. Rejects with a `SidetoneError` where it may not or cannot be written, or has another format to append to. */
export type OpenAudioFile = (file: string, format: AudioFileFormat) => Promise<AudioFile>;
