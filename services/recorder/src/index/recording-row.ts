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
  /** Attached data of the call, as SIP Server told them (T-Library); absent where none are known. */
  readonly userData?: Readonly<Record<string, string>>;
  readonly warnings: readonly { readonly code: string; readonly text: string; readonly atMs: number }[];
  /** Where there are several copies: all of them, the primary one first. Everything else here is the primary one's. */
  readonly sources?: readonly RecordingSource[];
}

/** The kinds of exact search that have a name of their own. */
export const searchKeys = ["dn", "ani", "dnis", "agent", "conn-id", "call-uuid"] as const;
/** What a recording is found by, exactly but for upper and lower case: one of `searchKeys`, or a parameter or piece of user data by its name in lower case. */
export type SearchKey = (typeof searchKeys)[number] | `param.${string}` | `user-data.${string}`;

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
  /** Began at or after this. */
  readonly fromMicros?: number;
  /** Began before this. */
  readonly toMicros?: number;
  /** At least this long. */
  readonly minDurationMs?: number;
  /** At most this long. */
  readonly maxDurationMs?: number;
  readonly id?: string;
  readonly state?: RecordingState;
  /** Each must be one of the recording's keys. */
  readonly keys: readonly (readonly [kind: SearchKey, value: string])[];
  /** The recording has at least one of these values; at most 500. For those who compare many calls at once. */
  readonly oneOf?: { readonly kind: SearchKey; readonly values: readonly string[] };
  /** Stands anywhere in the recording's text, whatever its case. */
  readonly q?: string;
  /** Patterns in lower case: a DN of the recording fits one of them. See `dn-scope.ts`. */
  readonly scope?: readonly string[];
  readonly limit: number;
  /** The last row of the page before. */
  readonly after?: RecordingPlace;
}

/** The place of a row in the order of every search: newest first, then by id in the order of its UTF-8 bytes, downwards. */
export interface RecordingPlace {
  readonly startMicros: number;
  readonly id: string;
}

/** A page of the search, newest first. */
export interface RecordingPage {
  readonly rows: readonly RecordingRow[];
  readonly more: boolean;
}

/** What is counted of a search in one go: few rows, so that whoever asks for a page meanwhile need not wait. */
export interface CountQuery extends Omit<RecordingQuery, "limit"> {
  /** Hits of a block. */
  readonly every: number;
  /** Rows that are looked at, at most, where the hits are not few; they need not be hits. */
  readonly examine: number;
}

/** Hits that stand next to each other in the order of a search. */
export interface HitBlock {
  /** Just before the first of them; undefined: from the newest on. */
  readonly after: RecordingPlace | undefined;
  readonly size: number;
}

/** A part of all hits, from `after` of the query on. */
export interface CountedHits {
  readonly blocks: readonly HitBlock[];
  /** Where the next part begins; undefined: everything is counted. */
  readonly next: RecordingPlace | undefined;
}

/**
 * Where the index is kept: one contract, whatever the database, proven by `index-contract.ts`. It shows the recordings of one storage folder,
 * also where several recorders share a PostgreSQL database. `openIndex` opens it, its tables brought to the newest version.
 * Every method rejects with SidetoneError `index-not-available` or `database-damaged` where the database cannot be asked.
 */
export interface RecordingIndex {
  /** Puts a row in, or another one in its place. On the disk when it resolves. Marking a recording is putting its changed row. */
  put(row: RecordingRow): Promise<void>;
  /** All of them or none: one commit. Of two rows with the same id the last one counts. */
  putMany(rows: readonly RecordingRow[]): Promise<void>;
  /** Takes a row out. */
  remove(id: string): Promise<void>;
  /** With its keys, so that it can be put again. */
  get(id: string): Promise<RecordingRow | undefined>;
  /** Rows without their keys. */
  search(query: RecordingQuery): Promise<RecordingPage>;
  /** Counts a part of the hits, and says where every so many of them begin. */
  countHits(query: CountQuery): Promise<CountedHits>;
  /** Different values of a key that begin so, in lower case, in the order of their bytes. */
  valuesOf(kind: SearchKey, prefix: string, limit: number): Promise<readonly string[]>;
  /** Folders of the recordings in a state. */
  foldersIn(state: RecordingState): Promise<readonly string[]>;
  count(): Promise<number>;
  /**
   * Puts these rows in and then takes out all that are not among them. Broken off, it leaves the old rows beside the new ones.
   * @returns how many were put, and how many taken out
   */
  rebuild(rows: Iterable<RecordingRow> | AsyncIterable<RecordingRow>): Promise<{ put: number; removed: number }>;
  /** Idempotent. */
  close(): Promise<void>;
}
