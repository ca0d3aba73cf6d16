import type { ConfRef, ConnRef, ObjectRef, WildcardRef } from "./identifiers.ts";
import type { DialogRef, Play } from "./play.ts";
import type { RecorderCommand } from "./recorder.ts";
import type { ResponseCode } from "./response-codes.ts";

/** One `<msml>` document: a request, the result of one, or an event. */
export type MsmlDocument =
  | { readonly kind: "request"; readonly operations: readonly MsmlOperation[] }
  | { readonly kind: "result"; readonly result: MsmlResult }
  | { readonly kind: "event"; readonly event: MsmlEvent };

/** What a request asks for; the elements of RFC 5707 sections 8 and 9.6 that are served. */
export type MsmlOperation =
  | CreateConference
  | ModifyConference
  | DestroyConference
  | Join
  | Unjoin
  | DialogStart
  | DialogEnd;

interface Marked {
  /** Named in the result of a request that failed later on (RFC 5707 section 5). */
  readonly mark?: string;
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
}

/** RFC 5707 8.4, with our extension. */
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
}

/** RFC 5707 8.8. */
export interface Join extends Marked {
  readonly op: "join";
  readonly id1: ObjectRef;
  readonly id2: ObjectRef;
  /** Empty: audio both ways. */
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

/** RFC 5707 9.6.1: plays to a connection. */
export interface DialogStart extends Marked {
  readonly op: "dialogstart";
  readonly target: ConnRef;
  /** Without one the server chooses and says it in the result. */
  readonly name?: string;
  readonly play: Play;
}

/** RFC 5707 9.6.2. */
export interface DialogEnd extends Marked {
  readonly op: "dialogend";
  readonly id: DialogRef;
}

/** RFC 5707 8.6. */
export interface AudioMix {
  readonly id?: string;
  /** Hz. Default 8000. */
  readonly sampleRate: number;
  /** Mix only that many of the loudest. */
  readonly nLoudest?: number;
}

/** RFC 5707 8.12. */
export interface MediaStream {
  readonly media: "audio" | "video";
  readonly dir?: "from-id1" | "to-id1";
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
}

/** RFC 5707 7.4. */
export interface MsmlEvent {
  readonly name: string;
  /** The conference, connection or dialog that it comes from. */
  readonly id: string;
  readonly values: readonly (readonly [name: string, value: string])[];
}
