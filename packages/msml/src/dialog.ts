/** Type of the dialog descriptions that are served: RFC 5707's own. */
export const dialogType = "application/moml+xml";

/** What a dialog does (RFC 5707 9.6.1). */
export type DialogContent =
  | { readonly kind: "inline"; readonly script: DialogScript }
  /** To be fetched: it reads with `readMoml`. 423 where it cannot be had, 424 and 425 where it cannot be read. */
  | { readonly kind: "external"; readonly src: string };

/** Steps, one after another; after `exit` or `disconnect` none comes. */
export type DialogScript = readonly DialogStep[];
/** One step of a dialog. */
export type DialogStep = Primitive | Group | DialogAction;
/** What makes or takes media; `primitive` in RFC 5707 9.2. */
export type Primitive = Play | DtmfGen | ToneGen | DialogRecord | Collect;

/** What an exit or a pattern does, in order. */
export type DialogAction = DialogSend | DialogExit | DialogDisconnect;

/** RFC 5707 9.6.3. */
export interface DialogSend {
  readonly kind: "send";
  readonly event: string;
  /** A primitive's type with or without `.id`, `group`, `source` with or without `.anything`; any other name is the environment too. */
  readonly target: string;
  /** Shadow variables (`play.amt`, `record.len`) whose values go along. */
  readonly names: readonly string[];
}

/** RFC 5707 9.6.4: the event `moml.exit` takes the values of the shadow variables along. */
export interface DialogExit {
  readonly kind: "exit";
  readonly names: readonly string[];
}

/** RFC 5707 9.6.5: and the connection is hung up. */
export interface DialogDisconnect {
  readonly kind: "disconnect";
  readonly names: readonly string[];
}

interface Identified {
  /** Told apart by it in the target of a `send`. */
  readonly id?: string;
}

/** How often something is done; `FOREVER` = until it is ended. */
export type Iterations = number;
/** `iterate="forever"`, and `-1` of the schema. */
export const FOREVER = -1;

/** RFC 5707 9.7.1, with our `rec:capture`. */
export interface Play extends Identified {
  readonly kind: "play";
  /** Played one after another; at least one, at most `MAX_AUDIO`. */
  readonly media: readonly PlayMedia[];
  readonly iterate: Iterations;
  /** Silence between two times; ms. */
  readonly intervalMs: number;
  /** `suspend`: begins with `resume`. */
  readonly initial: "generate" | "suspend";
  /** After this it ends, finished or not; ms. */
  readonly maxTimeMs?: number;
  /** A key ends it, and stays in the digit buffer. */
  readonly barge: boolean;
  /** The digit buffer is emptied before. */
  readonly clearDigits: boolean;
  /** Where it begins; ms; negative: that much before the end. */
  readonly offsetMs?: number;
  /** How far `forward` and `backward` go; ms. */
  readonly skipMs: number;
  readonly language?: string;
  /** What the connection hears is recorded too, in the streams of the other labels (R28). */
  readonly capture: boolean;
  readonly onExit: readonly DialogAction[];
}

/** What a `<play>` holds. */
export type PlayMedia = AudioClip | Variable;

/** RFC 5707 9.7.1.1. */
export interface AudioClip {
  readonly kind: "audio";
  readonly uri: string;
  readonly iterate: Iterations;
  /** As the client says; a file says itself what it holds. */
  readonly format?: MediaFormat;
  readonly language?: string;
}

/** RFC 5707 9.7.1.4: words put together from recorded ones. */
export interface Variable {
  readonly kind: "var";
  readonly type: (typeof variableTypes)[number];
  readonly subtype?: string;
  readonly value: string;
  readonly language?: string;
}

/** What a `<var>` can say. */
export const variableTypes = [
  "date",
  "digits",
  "duration",
  "month",
  "money",
  "number",
  "silence",
  "time",
  "weekday",
] as const;

/** `audio/wav;codecs=mulaw`. */
export interface MediaFormat {
  /** File type: what follows the slash; empty where the client named a codec only (`format="g729"`). */
  readonly fileType: string;
  readonly codecs: readonly string[];
  /** Hz; said in kHz. */
  readonly sampleRate?: number;
  /** Bits. */
  readonly sampleSize?: number;
}

/** RFC 5707 9.7.2. */
export interface DtmfGen extends Identified {
  readonly kind: "dtmfgen";
  /** Of `0-9 A-D # *`. */
  readonly digits: string;
  /** dBm0, -96 to 0. */
  readonly levelDb: number;
  /** Of each tone; ms. */
  readonly durationMs: number;
  /** Silence after each; ms. */
  readonly intervalMs: number;
  readonly onExit: readonly DialogAction[];
}

/** RFC 5707 9.7.3. */
export interface ToneGen extends Identified {
  readonly kind: "tonegen";
  readonly parts: readonly TonePart[];
  readonly iterate: Iterations;
  readonly onExit: readonly DialogAction[];
}

/** A tone with silences behind it, or silence. */
export type TonePart =
  | {
      readonly kind: "tone";
      /** One or two at once. */
      readonly sines: readonly Sine[];
      /** ms; 0 = for ever. */
      readonly durationMs: number;
      /** Together with the silence. */
      readonly iterate: Iterations;
      /** After each time; ms. */
      readonly silenceMs: number;
    }
  | { readonly kind: "silence" /** ms. */; readonly durationMs: number };

/** One frequency of a tone. */
export interface Sine {
  /** Hz, 0 to 3999. */
  readonly frequency: number;
  /** dBm0, -96 to 0. */
  readonly levelDb: number;
}

/** RFC 5707 9.7.4. */
export interface DialogRecord extends Identified {
  readonly kind: "record";
  /** `dest`, also said `recordingdest`: a file, or a recorder's SIP URI for a recording session. */
  readonly dest?: string;
  readonly audioDest?: string;
  readonly append: boolean;
  readonly format: MediaFormat;
  readonly initial: "create" | "suspend";
  /** ms. */
  readonly maxTimeMs: number;
  /** Silence at the beginning that ends it; ms; 0 = none does. */
  readonly preSpeechMs: number;
  /** Silence later on that ends it; ms; 0 = none does. */
  readonly postSpeechMs: number;
  /** A key that ends it; not put into the digit buffer. */
  readonly termKey?: string;
  /** Played before. */
  readonly before: readonly (Play | ToneGen)[];
  readonly onExit: readonly DialogAction[];
}

/** `<collect>`, also said `<dtmf>` (RFC 5707 9.7.5): targets and shadow variables say `dtmf`, clients also `collect`. */
export interface Collect extends Identified {
  readonly kind: "collect";
  /** The digit buffer is emptied before; else what is in it counts at once. Default true. */
  readonly clearDigits: boolean;
  /** Time for the first digit; ms; 0 = for ever. */
  readonly firstDigitMs: number;
  /** Time between digits; ms. */
  readonly interDigitMs: number;
  /** Time for a termination key after a match; ms. */
  readonly extraDigitMs: number;
  /** The first digit's timer starts by itself, not with the event `starttimer`. */
  readonly startTimer: boolean;
  /** For the children that do not say their own. */
  readonly iterate: Iterations;
  /** From this on a digit is long (`#L`); ms; 0 = none is. */
  readonly longDigitMs: number;
  /** Played before. */
  readonly play?: Play;
  readonly patterns: readonly Pattern[];
  /** At the first digit, once. */
  readonly onDetect: readonly DialogAction[];
  readonly onNoInput?: Repeated;
  readonly onNoMatch?: Repeated;
  readonly onExit: readonly DialogAction[];
}

/** What may happen several times. */
export interface Repeated {
  /** The times it may happen; the `collect` ends with the last. */
  readonly iterate: Iterations;
  readonly actions: readonly DialogAction[];
}

/** RFC 5707 9.7.5.2; `digit-pattern.ts` compiles it. */
export interface Pattern extends Repeated {
  readonly digits: string;
  readonly format: PatternFormat;
}

/** How digits are described. */
export const patternFormats = ["moml+digits", "mgcp", "megaco"] as const;
/** RFC 5707 9.7.5.2. */
export type PatternFormat = (typeof patternFormats)[number];

/** RFC 5707 9.8: primitives and groups that run at the same time. */
export interface Group extends Identified {
  readonly kind: "group";
  readonly topology: "parallel" | "serial" | "fullduplex";
  readonly members: readonly (Primitive | Group)[];
  readonly onExit: readonly DialogAction[];
}

/** A `<play>` of sound files that says no more than it must. */
export function playOf(uris: readonly string[], more: Partial<Omit<Play, "kind" | "media">> = {}): Play {
  const media = uris.map((uri): AudioClip => ({ kind: "audio", uri, iterate: 1 }));
  return { kind: "play", media, ...playDefaults, ...more };
}

/** RFC 5707 9.7.1: what a `<play>` means that says nothing else. */
export const playDefaults = {
  iterate: 1,
  intervalMs: 0,
  initial: "generate",
  barge: false,
  clearDigits: false,
  skipMs: 3000,
  capture: false,
  onExit: [],
} as const;
