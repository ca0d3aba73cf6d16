/** Namespace of RFC 7865. */
export const recordingNamespace = "urn:ietf:params:xml:ns:recording:1";
/** Namespace of Sidetone's extension; `schema/sidetone.xsd`. */
export const sidetoneNamespace = "urn:sidetone:siprec:1";

/** The media type that is sent (RFC 9806). */
export const metadataContentType = "application/rs-metadata+xml";
/** What RFC 7866 9.1 wants on the metadata's part of a body. */
export const metadataDisposition = "recording-session";

/** True for the media type of recording metadata, the one of RFC 7866 or the corrected one, parameters ignored. */
export function isMetadataContentType(value: string): boolean {
  const end = value.indexOf(";");
  const bare = (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
  return bare === metadataContentType || bare === "application/rs-metadata";
}

/** True for the media types that a wish for a snapshot comes in: that of metadata, or RFC 8068's `application/rs-metadata-request`. */
export function isSnapshotContentType(value: string): boolean {
  const bare = value.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return isMetadataContentType(bare) || bare === "application/rs-metadata-request";
}

/** A recording's metadata (RFC 7865 section 5). Times are wall-clock microseconds. Ids are opaque text; ours are base64 of 16 bytes. */
export interface RecordingMetadata {
  readonly dataMode: "complete" | "partial";
  readonly groups: readonly MetadataGroup[];
  readonly sessions: readonly MetadataSession[];
  readonly participants: readonly MetadataParticipant[];
  readonly streams: readonly MetadataStream[];
  readonly sessionRecordings: readonly SessionRecording[];
  readonly participantSessions: readonly ParticipantSession[];
  readonly participantStreams: readonly ParticipantStream[];
  /** Sidetone's own, absent in foreign documents. */
  readonly call: RecordedCall | undefined;
  /** What foreign extensions say, flat: name of the innermost element and its text, in order; names are unique. Absent where there is none. */
  readonly foreign?: readonly (readonly [name: string, value: string])[];
}

interface Association {
  readonly associateTime?: number;
  readonly disassociateTime?: number;
}

/** RFC 7865 6.2: sessions that belong together, e.g. a call and its consultation. */
export interface MetadataGroup extends Association {
  readonly id: string;
}

/** RFC 7865 6.3: a communication session. */
export interface MetadataSession {
  readonly id: string;
  readonly sipSessionIds: readonly string[];
  readonly reasons: readonly { readonly cause: number | undefined; readonly protocol: string; readonly text: string }[];
  readonly groupId?: string;
  readonly startTime?: number;
  readonly stopTime?: number;
}

/** RFC 7865 6.5. */
export interface MetadataParticipant {
  readonly id: string;
  readonly names: readonly { readonly aor: string; readonly name?: string; readonly lang?: string }[];
  /** Sidetone's own. */
  readonly party?: { readonly side: "customer" | "agent"; readonly dn?: string };
  /** A foreign extension says whether this one called. */
  readonly calling?: boolean;
}

/** RFC 7865 6.7. */
export interface MetadataStream {
  readonly id: string;
  readonly sessionId?: string;
  /** The SDP `a=label` of the m-line that carries it. */
  readonly label?: string;
  /** Older drafts: it is a mix of several streams. */
  readonly mixed?: boolean;
}

/** RFC 7865 6.4: when the session is recorded here. */
export interface SessionRecording extends Association {
  readonly sessionId: string;
}

/** RFC 7865 6.6: when a participant was in the session. */
export interface ParticipantSession extends Association {
  readonly participantId: string;
  readonly sessionId: string;
  readonly params: readonly (readonly [name: string, value: string])[];
}

/** RFC 7865 6.8: which streams a participant sends and receives. */
export interface ParticipantStream extends Association {
  readonly participantId: string;
  readonly send: readonly string[];
  readonly recv: readonly string[];
}

/** What Sidetone's parts tell each other about a recorded call. */
export interface RecordedCall {
  readonly recordingId: string;
  readonly state: "recording" | "paused" | "stopped";
  readonly callUuid?: string;
  readonly connId?: string;
  readonly agentId?: string;
  readonly recordDn?: string;
  /** Without extension. */
  readonly fileName?: string;
  /** 1, or 2 for the duplicate of R10. */
  readonly copy?: number;
  /** Rises with each recovery of the same recording (R30). */
  readonly epoch?: number;
  /** What else Sidetone knows: ani, dnis, calltype, queue ... */
  readonly params: ReadonlyMap<string, string>;
  /** Generic parameters of R7. */
  readonly userParams: ReadonlyMap<string, string>;
  /** In order of time: pause, resume, hold, transfer ... */
  readonly events: readonly CallEvent[];
}

/** Something that happened to a recording. */
export interface CallEvent {
  readonly name: string;
  readonly time: number;
  readonly reason?: string;
}
