import type { CallFacts } from "./call-facts.ts";

/** Who takes part in a journal's lines: a column of the ladder. */
export interface Participant {
  /** `sip-server`, `resource-manager`, `media-server`, `phone:7001`, `trunk:pstn`, `application:desk`. */
  readonly id: string;
  readonly kind: "sip-server" | "resource-manager" | "media-server" | "phone" | "trunk" | "application";
  /** What people call it. */
  readonly name: string;
}

/** What every line has. */
interface Line {
  /** Unique in the document, and the same whenever it is asked for. */
  readonly id: string;
  /** RFC 3339 with microseconds. */
  readonly time: string;
  /** Of the call that it is of. */
  readonly callUuid: string;
  /** Participants; the same where something happens inside SIP Server. */
  readonly from: string;
  readonly to: string;
  /** What stands on the arrow, e.g. `INVITE`, `180 Ringing`, `EventRinging`. */
  readonly label: string;
  /** What there is to say in few words; empty where the label says it all. */
  readonly summary: string;
}

/** A SIP message. */
export interface SipLine extends Line {
  readonly kind: "sip";
  readonly direction: "in" | "out";
  readonly transport: string;
  /** `host:port` of SIP Server, then of the other. */
  readonly local: string;
  readonly remote: string;
  readonly callId: string;
  readonly cseq: string;
  readonly method: string;
  readonly status: number | null;
  /** URIs of the From and To headers. */
  readonly fromUri: string;
  readonly toUri: string;
  /** The same message was sent or received before. */
  readonly repeated: boolean;
  /** The message, secrets masked; null where it was not asked for. */
  readonly text: string | null;
  /** Its length in bytes; the text may have been cut. */
  readonly bytes: number;
}

/** A T-Library request, its direct answer, or an event; `to` is the first of those who were told. */
export interface TlibLine extends Line {
  readonly kind: "tlib";
  readonly form: "request" | "response" | "event";
  readonly thisDn: string | null;
  readonly reference: number | null;
  /** Further participants that were told. */
  readonly others: readonly string[];
  readonly session: string | null;
  /** In short: user data by their names only. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A change of the recording (R20, R21), or something that happened to it. */
export interface RecordingLine extends Line {
  readonly kind: "recording";
  /** `On`, `Off`, `Paused`, `failed`, `recovered`, `alarm`. */
  readonly state: string;
  readonly cause: string | null;
  readonly recordingId: string | null;
}

/** A change of the call as SIP Server sees it, or what somebody was allowed or refused (`audit`). */
export interface CallLine extends Line {
  readonly kind: "call" | "audit";
}

/** SIP messages that are not here, since the journal's writer was behind: of some call at that time, maybe this one. */
export interface GapLine extends Line {
  readonly kind: "gap";
  readonly dropped: number;
  readonly until: string;
}

/** A line of a journal. */
export type JournalLine = SipLine | TlibLine | RecordingLine | CallLine | GapLine;

/** Another call that this one came from or went on in. */
export interface RelatedCall extends CallFacts {
  /** `consultation`: begun from it; `origin`: it was begun from that one. */
  readonly relation: "consultation" | "origin";
}

/** `GET /api/v1/journal`. */
export interface CallJournalDocument {
  readonly call: CallFacts;
  readonly related: readonly RelatedCall[];
  /** In the order in which they are best drawn: callers' side, SIP Server, others. */
  readonly participants: readonly Participant[];
  /** In order of time. */
  readonly lines: readonly JournalLine[];
  /** There are more lines than are shown. */
  readonly cut: boolean;
  /** SIP messages are kept at all (`sip-server.journal.messages`). */
  readonly messages: boolean;
}
