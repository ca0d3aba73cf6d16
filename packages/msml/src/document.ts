import type { AuditResult, AuditState } from "./audit.ts";
import type { DialogContent } from "./dialog.ts";
import type { ConfRef, ConnRef, DialogRef, ObjectRef, WildcardRef } from "./identifiers.ts";
import type { AudioMix, MediaStream } from "./media.ts";
import type { RecorderCommand } from "./recorder.ts";
import type { ResponseCode } from "./response-codes.ts";

/** One `<msml>` document: a request, the result of one, or an event. */
export type MsmlDocument =
  | { readonly kind: "request"; readonly operations: readonly MsmlOperation[] }
  | { readonly kind: "result"; readonly result: MsmlResult }
  | { readonly kind: "event"; readonly event: MsmlEvent };

/** What a request asks for; the elements of RFC 5707 sections 7.2, 8, 9.6 and 10. */
export type MsmlOperation =
  | Send
  | CreateConference
  | ModifyConference
  | DestroyConference
  | Join
  | ModifyStream
  | Unjoin
  | Monitor
  | DialogStart
  | DialogEnd
  | Audit;

interface Marked {
  /** Named in the result of a request that failed later on (RFC 5707 section 5). */
  readonly mark?: string;
}

/** RFC 5707 7.2: an event for an object. */
export interface Send extends Marked {
  readonly op: "send";
  readonly event: string;
  readonly target: SendTarget;
  /** `valuelist` (MSML 1.0: `namelist`), taken apart at white space. */
  readonly values: readonly string[];
}

/** Who an event is for. */
export interface SendTarget {
  readonly root: ObjectRef;
  /** Name of a dialog of it. */
  readonly dialog?: string;
  /** With `dialog`: what a `<send>` inside the dialog would say: `record`, `play.id`, `group`. */
  readonly primitive?: string;
}

/** RFC 5707 8.3. */
export interface CreateConference extends Marked {
  readonly op: "createconference";
  /** Without one the server chooses and says it in the result. */
  readonly name?: string;
  /** When the conference goes by itself. The section's text gives the default, `nomedia`; its schema differs. */
  readonly deleteWhen: "nomedia" | "nocontrol" | "never";
  /** Whether the connections that are left are ended with the conference. Default true. */
  readonly term: boolean;
  readonly audiomix?: AudioMix;
  readonly reserve?: Reserve;
}

/** RFC 5707 8.3.1. */
export interface Reserve {
  /** False: the conference is made also where not everything can be reserved. Default true. */
  readonly required: boolean;
  readonly resources: readonly ReservedResource[];
}

/** RFC 5707 8.3.1.1. */
export interface ReservedResource {
  /** How many. Default 1. */
  readonly n: number;
  /** For each participant, or for all of them together. Default individual. */
  readonly type: "individual" | "shared";
  /** Names of the elements that describe it. */
  readonly elements: readonly string[];
}

/** RFC 5707 8.4, with our extension. What is absent stays as it is. */
export interface ModifyConference extends Marked {
  readonly op: "modifyconference";
  readonly id: ConfRef;
  readonly audiomix?: AudioMix;
  readonly recorder?: RecorderCommand;
}

/** RFC 5707 8.5. */
export interface DestroyConference extends Marked {
  readonly op: "destroyconference";
  readonly id: ConfRef;
  /** Only the audio mixer goes. */
  readonly audiomix?: { readonly id?: string };
}

/** RFC 5707 8.8. */
export interface Join extends Marked {
  readonly op: "join";
  readonly id1: ObjectRef;
  readonly id2: ObjectRef;
  /** Empty: audio both ways. */
  readonly streams: readonly MediaStream[];
}

/** RFC 5707 8.9. At most one side is a wildcard. */
export interface ModifyStream extends Marked {
  readonly op: "modifystream";
  readonly id1: ObjectRef | WildcardRef;
  readonly id2: ObjectRef | WildcardRef;
  /** At least one; what a stream does not say stays as it is. */
  readonly streams: readonly MediaStream[];
}

/** RFC 5707 8.10. At most one side is a wildcard. */
export interface Unjoin extends Marked {
  readonly op: "unjoin";
  readonly id1: ObjectRef | WildcardRef;
  readonly id2: ObjectRef | WildcardRef;
  /** Empty: every stream between the two. */
  readonly streams: readonly MediaStream[];
}

/** RFC 5707 8.11: `id2` gets a copy of what `id1` hears. Ended by an `unjoin` of the two. */
export interface Monitor extends Marked {
  readonly op: "monitor";
  readonly id1: ConnRef;
  readonly id2: ObjectRef;
  /** Copied undecoded. Default false. */
  readonly compressed: boolean;
}

/** RFC 5707 9.6.1. */
export interface DialogStart extends Marked {
  readonly op: "dialogstart";
  readonly target: ObjectRef;
  /** Without one the server chooses and says it in the result. */
  readonly name?: string;
  readonly content: DialogContent;
}

/** RFC 5707 9.6.2. */
export interface DialogEnd extends Marked {
  readonly op: "dialogend";
  readonly id: DialogRef;
}

/** RFC 5707 10.1.1. */
export interface Audit extends Marked {
  readonly op: "audit";
  readonly query: ObjectRef | WildcardRef;
  /** Wildcards resolved; empty: the ids only. */
  readonly states: readonly AuditState[];
}

/** RFC 5707 7.3. */
export interface MsmlResult {
  readonly response: ResponseCode;
  /** Mark of the last operation that succeeded, where a later one failed. */
  readonly mark?: string;
  readonly description?: string;
  readonly confIds: readonly ConfRef[];
  readonly dialogIds: readonly string[];
  /** Ids of the recordings that this request started, in document order; ours. */
  readonly recorderIds: readonly string[];
  /** One of each object that an `audit` found. */
  readonly audits?: readonly AuditResult[];
}

/** RFC 5707 7.4; the names that the RFC gives are in `events.ts`. */
export interface MsmlEvent {
  readonly name: string;
  /** The conference, connection or dialog that it comes from. */
  readonly id: string;
  readonly values: readonly (readonly [name: string, value: string])[];
}
