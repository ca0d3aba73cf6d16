import type {
  Collect,
  DialogAction,
  DialogFailure,
  DialogRecord,
  DialogScript,
  DtmfGen,
  Group,
  MsmlEvent,
  Play,
  ToneGen,
} from "@sidetone/msml";
import type { PlayCommand } from "../media/index.ts";
import type { CollectRun } from "./collect.ts";
import type { GenerateRun } from "./generate.ts";
import type { PlayRun } from "./play.ts";
import type { RecordRun } from "./record.ts";

/** A primitive that runs. */
export type Run = PlayRun | GenerateRun | CollectRun | RecordRun;

/** A group that runs. */
export interface GroupRun {
  readonly group: Group;
  /** Keys of the members that have not ended. */
  readonly open: ReadonlySet<string>;
}

/** A dialog (RFC 5707 9.6). Plain data. A key is the way to a step: `2`, in a group `2.0`, nested `2.0.1`; what a composite plays first has `/` behind. */
export interface DialogState {
  readonly phase: "new" | "running" | "over";
  readonly script: DialogScript;
  /** The step that runs. */
  readonly at: number;
  readonly runs: ReadonlyMap<string, Run>;
  readonly groups: ReadonlyMap<string, GroupRun>;
  /** Shadow variables (RFC 5707 9.2). */
  readonly values: ReadonlyMap<string, string>;
  /** The digit buffer: keys that nobody has collected. */
  readonly typed: readonly string[];
  /** `dialogend`: nothing that makes or takes media begins any more. */
  readonly ending: boolean;
  readonly failure: DialogFailure | undefined;
  readonly listening: Listening;
}

/** What the target is listened to for. */
export interface Listening {
  readonly keys: boolean;
  readonly voice: boolean;
}

/** What happens to a dialog. */
export type DialogInput =
  | { readonly kind: "begin" }
  /** `<send>`: to what runs under that name (`play`, `record.id`, `group`), without one to all that runs. */
  | { readonly kind: "event"; readonly event: string; readonly target?: string }
  /** `dialogend`, or the target is gone. */
  | { readonly kind: "end" }
  /** A play, a tone or digits came to their end; `timeout`: by `maxtime`. */
  | { readonly kind: "played"; readonly key: string; readonly ms: number; readonly timeout: boolean }
  /** A play was stopped. */
  | { readonly kind: "stopped"; readonly key: string; readonly ms: number }
  /** The record captures. */
  | { readonly kind: "recording"; readonly key: string }
  /** The record has ended: stopped, or as `reason` says. `ms`: how long it is, where that is known. */
  | {
      readonly kind: "recorded";
      readonly key: string;
      readonly ms: number | undefined;
      readonly reason: "stopped" | "maxlength" | "gone";
    }
  /** What was asked for cannot be done. */
  | { readonly kind: "failed"; readonly key: string; readonly failure: DialogFailure }
  /** A key of the phone, when it begins and when it ends. */
  | { readonly kind: "key"; readonly digit: string; readonly phase: "start" | "end"; readonly ms: number }
  | { readonly kind: "voice"; readonly speaking: boolean }
  | { readonly kind: "timer"; readonly timer: string };

/** What is to be done outside, in order. */
export type DialogEffect =
  | { readonly kind: "play"; readonly key: string; readonly play: Play }
  | { readonly kind: "tone"; readonly key: string; readonly tone: ToneGen }
  | { readonly kind: "digits"; readonly key: string; readonly digits: DtmfGen }
  | { readonly kind: "control"; readonly key: string; readonly command: PlayCommand }
  /** Of a play, a tone or digits; answered by `stopped`. */
  | { readonly kind: "stop"; readonly key: string }
  /** Answered by `recording`. `suspended`: nothing is captured until `resume-record`. */
  | { readonly kind: "record"; readonly key: string; readonly record: DialogRecord; readonly suspended: boolean }
  | { readonly kind: "pause-record"; readonly key: string }
  | { readonly kind: "resume-record"; readonly key: string }
  /** Answered by `recorded`. */
  | { readonly kind: "stop-record"; readonly key: string; readonly how: "keep" | "cancel" | "trim" }
  | { readonly kind: "timer"; readonly timer: string; readonly ms: number }
  | { readonly kind: "cancel"; readonly timer: string }
  | { readonly kind: "listen"; readonly to: Listening }
  /** An event for the client. */
  | { readonly kind: "tell"; readonly name: string; readonly values: MsmlEvent["values"] }
  /** It has ended: `msml.dialog.exit`. `disconnect`: the connection is hung up after it. */
  | {
      readonly kind: "over";
      readonly values: MsmlEvent["values"];
      readonly failure: DialogFailure | undefined;
      readonly disconnect: boolean;
    };

/** What came of an input to one primitive. */
export interface Outcome<R> {
  /** Undefined: it has ended. */
  readonly run: R | undefined;
  readonly effects: readonly DialogEffect[];
  /** Shadow variables, without the primitive's name: `amt`. */
  readonly values: readonly (readonly [name: string, value: string])[];
  readonly actions: readonly DialogAction[];
  /** Of what a composite played first, which has ended: its shadow variables. */
  readonly inner?: { readonly primitive: Play | ToneGen; readonly values: Outcome<R>["values"] };
  /** Keys that nobody wanted: for the digit buffer. */
  readonly typed?: readonly string[];
  readonly failure?: DialogFailure;
}

/** Nothing came of it. */
export function unchanged<R>(run: R): Outcome<R> {
  return { run, effects: [], values: [], actions: [] };
}

/** Milliseconds as MSML writes them. */
export function duration(ms: number): string {
  return `${Math.round(ms)}ms`;
}

/** The names by which a primitive is called: its type, with a `collect` also that of its other name (RFC 5707 9.7.5). */
export function typesOf(primitive: Play | ToneGen | DtmfGen | Collect | DialogRecord): readonly string[] {
  return primitive.kind === "collect" ? ["dtmf", "collect"] : [primitive.kind];
}
