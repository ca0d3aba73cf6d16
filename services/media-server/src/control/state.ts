import type { ConfRef, Play, RecorderCommand } from "@sidetone/msml";

/** A SIP dialog with media: `conn:<tag>`. The tag is the To tag of our answer. */
export interface Connection {
  readonly tag: string;
  /** Name of the conference it is joined to. */
  readonly conference: string | undefined;
  /** Tag of the connection it is joined to directly. */
  readonly peer: string | undefined;
  /** Name of the dialog that plays to it. */
  readonly dialog: string | undefined;
}

/** A recorder that is a property of a conference; its recording sessions are the recorder object's own matter. */
export interface ConferenceRecorder {
  readonly id: string;
  readonly epoch: number;
  readonly capture: "recording" | "paused";
}

/** `conf:<name>`. */
export interface Conference {
  readonly name: string;
  readonly deleteWhen: "nomedia" | "nocontrol" | "never";
  readonly term: boolean;
  /** Tags in the order in which they joined. */
  readonly members: readonly string[];
  /** Dialog that brought `createconference`. */
  readonly controlledBy: string;
  /** Dialog that brought the last recorder command: events go there (contract, "MSML that SIP Server sends"). */
  readonly recorderDialog: string | undefined;
  readonly recorder: ConferenceRecorder | undefined;
  /** Highest epoch met; an older one is refused (R30). */
  readonly epoch: number;
}

/** What the media server has, to be looked up. */
export interface ControlView {
  connection(tag: string): Connection | undefined;
  conference(name: string): Conference | undefined;
  connections(): Iterable<Connection>;
}

/** What is to be done outside, in order. */
export type ControlEffect =
  | { readonly kind: "connect"; readonly a: string; readonly b: string }
  | { readonly kind: "disconnect"; readonly a: string; readonly b: string }
  /** These hear each other: none or one ends the conference's media, two are relayed, more are mixed. */
  | { readonly kind: "members"; readonly conference: string; readonly members: readonly string[] }
  | { readonly kind: "recorder"; readonly conference: string; readonly id: string; readonly command: RecorderCommand }
  /** The conference is gone: its recorder ends with it. */
  | { readonly kind: "end-recorder"; readonly conference: string; readonly reason: string }
  /** `files`: names in the folder of prompts. */
  | {
      readonly kind: "play";
      readonly tag: string;
      readonly dialog: string;
      readonly files: readonly string[];
      readonly play: Play;
    }
  | { readonly kind: "end-play"; readonly tag: string; readonly dialog: string }
  | { readonly kind: "event"; readonly conference: string; readonly name: string; readonly id: ConfRef }
  /** BYE, because a conference with `term="true"` went. */
  | { readonly kind: "hang-up"; readonly tag: string; readonly reason: string };

/** New versions of objects; `undefined` = gone. */
export interface ControlChanges {
  readonly connections: ReadonlyMap<string, Connection>;
  readonly conferences: ReadonlyMap<string, Conference | undefined>;
}
