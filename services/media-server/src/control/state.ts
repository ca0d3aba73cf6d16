import type {
  AudioMix,
  AuditResult,
  ConfRef,
  ConnRef,
  DialogContent,
  DialogRef,
  ObjectRef,
  RecorderCommand,
} from "@sidetone/msml";
import type { StreamSettings } from "../media/index.ts";

/** One direction of a join (RFC 5707 8.12). */
export interface StreamState {
  readonly muted: boolean;
  /** As it was set last; a mute leaves it. */
  readonly loudness:
    | { readonly kind: "fixed"; readonly db: number }
    | { readonly kind: "agc"; readonly targetDb: number; readonly maxGainDb: number }
    | undefined;
  readonly clamp: { readonly dtmf: boolean; readonly tone: boolean } | undefined;
  /** From a connection to a conference. */
  readonly preferred: boolean;
}

/** What is joined with another object, seen from this one. At least one of the three. */
export interface Link {
  /** From here to there. */
  readonly from?: StreamState;
  readonly to?: StreamState;
  /** This one gets a copy of what the other one hears (RFC 5707 8.11). */
  readonly listens?: boolean;
  /** The other one gets a copy of what this one hears. */
  readonly isHeard?: boolean;
}

/** A dialog that runs on an object. Its own state is the server's matter. */
export interface ControlDialog {
  readonly name: string;
  /** SIP dialog that carried its `dialogstart`. */
  readonly startedBy: string;
  /** `now` of its start, ms. */
  readonly startedAt: number;
  readonly src?: string;
}

interface Controlled {
  /** By the other object's identifier. */
  readonly links: ReadonlyMap<ObjectRef, Link>;
  readonly dialogs: ReadonlyMap<string, ControlDialog>;
}

/** A SIP dialog with media: `conn:<tag>`. The tag is the To tag of our answer. */
export interface Connection extends Controlled {
  readonly tag: string;
  /** Names of conferences that get a copy of what it hears. */
  readonly copiedTo: readonly string[];
}

/** A recorder that is a property of a conference; its recording sessions are the recorder object's own matter. */
export interface ConferenceRecorder {
  readonly id: string;
  readonly epoch: number;
  readonly capture: "recording" | "paused";
  /** Name of the dialog whose `<record>` it is; undefined: `<rec:recorder>` began it. */
  readonly dialog?: string;
}

/** `conf:<name>`. */
export interface Conference extends Controlled {
  readonly name: string;
  readonly deleteWhen: "nomedia" | "nocontrol" | "never";
  readonly term: boolean;
  readonly audiomix: AudioMix;
  /** Tags of the connections that it has streams with, in the order in which they joined. */
  readonly members: readonly string[];
  /** Dialog that brought `createconference`. */
  readonly controlledBy: string;
  /** Dialog that asked for active speakers last. */
  readonly speakersTo: string | undefined;
  /** Dialog that brought the last recorder command: events go there (contract, "MSML that SIP Server sends"). */
  readonly recorderDialog: string | undefined;
  readonly recorder: ConferenceRecorder | undefined;
  /** Highest epoch met; an older one is refused (R30). */
  readonly epoch: number;
}

/** What one client has on the media server, to be looked up. */
export interface ControlView {
  connection(tag: string): Connection | undefined;
  conference(name: string): Conference | undefined;
  connections(): Iterable<Connection>;
  conferences(): Iterable<Conference>;
  /** Highest epoch met of a recording (R30). */
  epochOf(recording: string): number | undefined;
}

/** What is to be done outside, in order. */
export type ControlEffect =
  /** Two-way, as it comes. */
  | { readonly kind: "connect"; readonly a: string; readonly b: string }
  | { readonly kind: "disconnect"; readonly a: string; readonly b: string }
  /** These hear each other, all of them and both ways; none: the conference's media end. */
  | { readonly kind: "members"; readonly conference: string; readonly members: readonly string[] }
  | { readonly kind: "mix"; readonly conference: string; readonly audiomix: AudioMix }
  /** One direction begins or changes. */
  | {
      readonly kind: "stream";
      readonly from: ObjectRef;
      readonly to: ObjectRef;
      readonly settings: StreamSettings;
    }
  | { readonly kind: "end-stream"; readonly from: ObjectRef; readonly to: ObjectRef }
  | { readonly kind: "monitor" | "end-monitor"; readonly listener: ObjectRef; readonly target: ConnRef }
  | { readonly kind: "recorder"; readonly conference: string; readonly id: string; readonly command: RecorderCommand }
  /** The conference is gone: its recorder ends with it. */
  | { readonly kind: "end-recorder"; readonly conference: string; readonly reason: string }
  | {
      readonly kind: "start-dialog";
      readonly root: ObjectRef;
      readonly name: string;
      readonly content: DialogContent;
      readonly startedBy: string;
    }
  | { readonly kind: "end-dialog"; readonly id: DialogRef }
  /** An event for a dialog; without `primitive` for all that runs in it. */
  | {
      readonly kind: "send";
      readonly id: DialogRef;
      readonly event: string;
      readonly primitive: string | undefined;
    }
  /** For the dialog `to`, where it is still there. */
  | { readonly kind: "event"; readonly name: string; readonly id: ConfRef; readonly to: string }
  /** BYE, because a conference with `term="true"` went. */
  | { readonly kind: "hang-up"; readonly tag: string; readonly reason: string };

/** New versions of objects; `undefined` = gone. */
export interface ControlChanges {
  readonly connections: ReadonlyMap<string, Connection>;
  readonly conferences: ReadonlyMap<string, Conference | undefined>;
  /** Epochs by recording id. */
  readonly epochs: ReadonlyMap<string, number>;
}

/** What a dialog that runs does, as the server knows it. */
export interface RunningDialog {
  readonly primitive: "play" | "collect" | "dtmfgen" | "tonegen" | "record" | "none";
  /** True where something of that name runs in it now, so that an event can be sent to it. */
  runsNow(target: string): boolean;
}

/** SIP's view of a connection, for an audit. */
export type SipFacts = Pick<Extract<AuditResult, { readonly target: ConnRef }>, "sipDialog" | "localSdp" | "remoteSdp">;

/** What is left of what the media server has (RFC 5707 section 5: checked before a document is executed). */
export interface FreeResources {
  readonly conferences: number;
  readonly dialogs: number;
  /** Streams that can be replicated to a recorder: RTP port pairs that no leg has. */
  readonly taps: number;
}

/** Where a request came from, and what the media server knows beside the objects. */
export interface ExecutionContext {
  /** Tag of the dialog that carried it. */
  readonly dialog: string;
  /** ms. */
  readonly now: number;
  readonly free: FreeResources;
  /** A conference name, a dialog's name or a recording id that nothing else has. */
  newName(): string;
  /** Codec of a connection, e.g. `PCMU`. */
  readonly codecOf: (tag: string) => string | undefined;
  running(id: DialogRef): RunningDialog | undefined;
  sipOf(tag: string): SipFacts | undefined;
  /** Why a sound file or a dialog description cannot be had from there, or a recording not go there; undefined where it may. */
  refusedSource(uri: string): string | undefined;
  refusedDestination(uri: string): string | undefined;
}
