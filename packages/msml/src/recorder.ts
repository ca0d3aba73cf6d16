import type { ConnRef } from "./identifiers.ts";

/** Namespace of our extension of `<modifyconference>`: a recorder is a property of a conference. */
export const recorderNamespace = "urn:sidetone:msml:recorder:1";

/** What a recorder command asks for. `update` brings parameters or parties without changing the state. */
export const recorderStates = ["start", "pause", "resume", "stop", "update"] as const;
export type RecorderState = (typeof recorderStates)[number];

/** Names of the events that tell what became of a recorder. */
export const recorderEvents = [
  "recorder.started",
  "recorder.paused",
  "recorder.resumed",
  "recorder.stopped",
  "recorder.failed",
  "recorder.degraded",
  "recorder.switched",
] as const;
export type RecorderEventName = (typeof recorderEvents)[number];

/** The side of a call; R26 fixes it when the recording starts. Left channel = customer. */
export type Side = "customer" | "agent";

/** One party's media in the recording. */
export interface RecorderStream {
  /** SDP label of the stream it goes into: `1` = customer's side, `2` = agent's side. */
  readonly label: string;
  readonly side: Side;
  readonly conn: ConnRef;
  readonly aor?: string;
  readonly dn?: string;
  readonly name?: string;
}

/** `<rec:alert-tone>`: what tells the parties that they are recorded. */
export interface AlertTone {
  /** From one tone's beginning to the next one's; ms. */
  readonly everyMs: number;
  /** Of the tone; ms. A file is as long as it is. */
  readonly durationMs: number;
  /** Hz. */
  readonly frequencyHz: number;
  /** URI of a sound file that is played in place of the tone. */
  readonly file?: string;
  /** Who hears it. */
  readonly sides: readonly Side[];
  /** Whether it is heard in the recording too. */
  readonly recorded: boolean;
}

/** What an alert tone is that says no more than how often. */
export const defaultAlertTone = {
  durationMs: 200,
  frequencyHz: 1400,
  sides: ["customer", "agent"],
  recorded: true,
} as const;

/** `<rec:recorder>`. */
export interface RecorderCommand {
  readonly state: RecorderState;
  /** `start` only: `paused` where a paused recording is recovered. */
  readonly initial?: "recording" | "paused";
  /**
   * The recording begins this many milliseconds before now, from what the server kept. With `start`, and with the
   * `resume` that begins a recording started `initial="paused"`; after a real pause nothing was kept, and it counts nothing.
   */
  readonly backfillMs?: number;
  /** Rises with each recovery of the same recording (R30). */
  readonly epoch?: number;
  /** `rec:param`: id, filename, calluuid, connid, recordDN, dest, dest2 ... in document order, names as written. */
  readonly params: ReadonlyMap<string, string>;
  /** `rec:user-param`: generic parameters of R7, passed on untouched. */
  readonly userParams: ReadonlyMap<string, string>;
  readonly streams: readonly RecorderStream[];
  /** With `start` and `update`; absent with `update`: as it was. */
  readonly alertTone?: AlertTone | "off";
}

/** The value of a parameter, its name compared without regard to case (R7). */
export function paramOf(params: ReadonlyMap<string, string>, name: string): string | undefined {
  const exact = params.get(name);
  if (exact !== undefined) return exact;
  const wanted = name.toLowerCase();
  for (const [key, value] of params) {
    if (key.toLowerCase() === wanted) return value;
  }
  return undefined;
}
