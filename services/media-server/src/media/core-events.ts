import type { CapturedAudio } from "./file-recordings.ts";
import type { MediaEngineEvents } from "./types.ts";

/** Events of the core: those of the engine but for those that the main thread makes, and what it needs for these. */
export type CoreEvents = Omit<MediaEngineEvents, "failed" | "recorded"> & {
  /** Audio of a recording, on its way to the main thread, which writes it. */
  "file-audio": [recording: number, octets: Uint8Array];
  /** A recording to a file has ended by itself. */
  "file-end": [recording: number, reason: "time" | "octets" | "source", captured: CapturedAudio];
};

/** Every one of them once, for who passes them on. */
export const CORE_EVENTS = [
  "inactive",
  "first-packet",
  "overflow",
  "silent",
  "heard",
  "played",
  "play-timeout",
  "dtmf",
  "voice",
  "speakers",
  "file-audio",
  "file-end",
] as const satisfies readonly (keyof CoreEvents)[];
