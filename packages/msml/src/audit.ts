import type { ConfRef, ConnRef, ObjectRef } from "./identifiers.ts";
import type { AudioMix, Clamp, Gain } from "./media.ts";

/** States of a conference (RFC 5707 10.2.1, 10.4.1, 10.5.1), without `audit.conf.`. */
export const confStates = [
  "confconfig",
  "confconfig.audiomix",
  "confconfig.audiomix.asn",
  "confconfig.audiomix.n-loudest",
  "confconfig.videolayout",
  "confconfig.videolayout.root",
  "confconfig.videolayout.selector",
  "confconfig.controller",
  "dialog",
  "dialog.duration",
  "dialog.primitive",
  "dialog.controller",
  "stream",
  "stream.clamp",
  "stream.gain",
  "stream.visual",
] as const;

/** States of a connection (RFC 5707 10.3.1, 10.4.1, 10.5.1), without `audit.conn.`. */
export const connStates = [
  "sipdialog",
  "sipdialog.localseq",
  "sipdialog.remoteseq",
  "sipdialog.localURI",
  "sipdialog.remoteURI",
  "sipdialog.remotetarget",
  "sipdialog.routeset",
  "localsdp",
  "remotesdp",
  "dialog",
  "dialog.duration",
  "dialog.primitive",
  "dialog.controller",
  "stream",
  "stream.clamp",
  "stream.gain",
  "stream.visual",
] as const;

/** A state that can be asked for; one of `confStates` for a conference, of `connStates` for a connection. */
export type AuditState = (typeof confStates)[number] | (typeof connStates)[number];

/** True where a state or one below it is asked for. */
export function asksFor(states: readonly AuditState[], state: AuditState): boolean {
  return states.some((asked) => asked === state || asked.startsWith(`${state}.`));
}

/** `<auditresult>` (RFC 5707 10.1.2): one object, with the states that were asked for and exist. */
export type AuditResult = AuditedConference | AuditedConnection;

/** What an audit says of a conference and of a connection. */
interface Audited {
  readonly target: ObjectRef;
  readonly dialogs?: readonly AuditedDialog[];
  readonly streams?: readonly AuditedStream[];
}

/** RFC 5707 10.2.2. */
export interface AuditedConference extends Audited {
  readonly target: ConfRef;
  readonly config?: {
    readonly deleteWhen?: "nomedia" | "nocontrol" | "never";
    readonly term?: boolean;
    readonly audiomix?: AudioMix;
    /** Connection of the SIP dialog that made the conference. */
    readonly controller?: ConnRef;
  };
}

/** RFC 5707 10.3.2. */
export interface AuditedConnection extends Audited {
  readonly target: ConnRef;
  readonly sipDialog?: {
    readonly callId: string;
    readonly localTag: string;
    readonly remoteTag: string;
    readonly localSeq?: number;
    readonly remoteSeq?: number;
    readonly localUri?: string;
    readonly remoteUri?: string;
    readonly remoteTarget?: string;
    /** URIs in their order. */
    readonly routeSet?: readonly string[];
  };
  readonly localSdp?: string;
  readonly remoteSdp?: string;
}

/** RFC 5707 10.4.2. */
export interface AuditedDialog {
  readonly name: string;
  readonly src?: string;
  /** s. */
  readonly duration?: number;
  readonly primitive?: AuditedPrimitive;
  /** Connection of the SIP dialog that started it. */
  readonly controller?: ConnRef;
}

/** What a dialog does just now. */
export const auditedPrimitives = ["play", "dtmf", "collect", "dtmfgen", "tonegen", "record", "none"] as const;
/** RFC 5707 10.4.2.2. */
export type AuditedPrimitive = (typeof auditedPrimitives)[number];

/** RFC 5707 10.5.2. One of each direction. */
export interface AuditedStream {
  readonly joinWith: ObjectRef;
  readonly media: "audio" | "video";
  /** Seen from the audited object: `to` it, `from` it. */
  readonly dir: "from" | "to";
  readonly compressed?: boolean;
  readonly preferred?: boolean;
  readonly gain?: Gain;
  readonly clamp?: Clamp;
}
