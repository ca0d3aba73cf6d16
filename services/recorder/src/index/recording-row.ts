import type { RecordingState } from "@sidetone/recording-file";

/** Someone who was in the call. */
export interface RecordedParticipant {
  readonly aor: string | undefined;
  readonly name: string | undefined;
  readonly dn: string | undefined;
  readonly side: "customer" | "agent" | undefined;
  /** Where this one is heard; undefined where the metadata do not say. */
  readonly channel?: "left" | "right" | undefined;
  /** RFC 3339; undefined where the metadata do not say. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Something that happened, at a position of the file. */
export interface RecordedEvent {
  readonly event: string;
  readonly atMs: number;
  readonly untilMs?: number;
  readonly [detail: string]: unknown;
}

/** One of the copies that clients made of a recording (R10), each with files of its own. */
export interface RecordingSource {
  /** The id under which this copy can be asked for by itself. */
  readonly id: string;
  /** 1, 2 ...: what the client called it. */
  readonly copy: number;
  readonly folder: string;
  readonly startTime: string;
  readonly durationMs: number;
  readonly state: RecordingState;
  /** Both channels together. */
  readonly lostMs: number;
  /** The recording's audio is this one's. */
  readonly primary: boolean;
}

/** One recording as the API shows it. */
export interface RecordingDocument {
  readonly id: string;
  readonly fileName: string;
  readonly callUuid: string | undefined;
  readonly connId: string | undefined;
  readonly startTime: string;
  readonly endTime: string | undefined;
  readonly durationMs: number;
  readonly state: RecordingState;
  readonly channels: readonly {
    readonly channel: "left" | "right";
    readonly side: "customer" | "agent";
    readonly lostMs: number;
    readonly lostPackets: number;
  }[];
  readonly codec: "pcmu" | "pcma" | undefined;
  readonly participants: readonly RecordedParticipant[];
  readonly events: readonly RecordedEvent[];
  readonly parameters: Readonly<Record<string, string>>;
  readonly warnings: readonly { readonly code: string; readonly text: string; readonly atMs: number }[];
  /** Where there are several copies: all of them, the primary one first. Everything else here is the primary one's. */
  readonly sources?: readonly RecordingSource[];
}

/** The kinds of exact search. */
export const searchKeys = ["dn", "ani", "dnis", "agent", "conn-id", "call-uuid"] as const;
export type SearchKey = (typeof searchKeys)[number];

/** What the index keeps of a recording. */
export interface RecordingRow {
  readonly document: RecordingDocument;
  /** Folder below the storage. */
  readonly folder: string;
  readonly startMicros: number;
  readonly keys: readonly (readonly [kind: SearchKey, value: string])[];
  /** Lower-case text for `q`. */
  readonly text: string;
}

/** What is searched for; everything given must hold. */
export interface RecordingQuery {
  readonly fromMicros?: number;
  readonly toMicros?: number;
  readonly id?: string;
  readonly state?: RecordingState;
  readonly keys: readonly (readonly [kind: SearchKey, value: string])[];
  readonly q?: string;
  readonly limit: number;
  /** The last row of the page before. */
  readonly after?: { readonly startMicros: number; readonly id: string };
}

/** A page of the search, newest first. */
export interface RecordingPage {
  readonly rows: readonly RecordingRow[];
  readonly more: boolean;
}

/** Where the index is kept. One contract, whatever the database. */
export interface RecordingIndex {
  put(row: RecordingRow): Promise<void>;
  /** Takes a row out. */
  remove(id: string): Promise<void>;
  /** With its keys, so that it can be put again. */
  get(id: string): Promise<RecordingRow | undefined>;
  /** Rows without their keys. */
  search(query: RecordingQuery): Promise<RecordingPage>;
  /** Folders of the recordings in a state. */
  foldersIn(state: RecordingState): Promise<readonly string[]>;
  count(): Promise<number>;
  close(): Promise<void>;
}
